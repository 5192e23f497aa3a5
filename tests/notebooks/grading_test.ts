/** nbgrader takes the notebooks as they are; `tests/long/grading_test.ts` has it give marks. @module */
import { join } from "@std/path";
import { GAP_MESSAGE, readNotebook, sourceOf } from "../../tasks/_notebooks.ts";
import { assert, assertEquals } from "../assert.ts";
import { testWith } from "../needs.ts";
import { withCourse } from "./_grading.ts";

testWith(
  "nbgrader",
  "nbgrader makes an assignment of a notebook: gaps, no solution, locked tests",
  (python) =>
    withCourse(python, ["cygno-1-train"], async ({ folder, nbgrader }) => {
      await nbgrader(["generate_assignment", "cygno-1-train"]);
      const [source, released] = ["source", "release"].map((part) =>
        readNotebook(join(folder, part, "cygno-1-train", "cygno-1-train.ipynb"))
      );
      assertEquals(released.cells.map(({ id }) => id), source.cells.map(({ id }) => id));
      const gaps = released.cells.filter((cell) => sourceOf(cell).includes(GAP_MESSAGE));
      assertEquals(
        gaps.map(({ id }) => id),
        source.cells.filter((c) => sourceOf(c).includes("SOLUTION")).map((c) => c.id),
      );
      assert(!released.cells.some((cell) => sourceOf(cell).includes("SOLUTION")), "a marker is left");
      const graded = released.cells.filter(({ metadata }) =>
        (metadata.nbgrader as { grade?: boolean })?.grade
      );
      assert(graded.length >= 12 && graded.every(({ metadata }) => metadata.editable === false));
    }),
);
