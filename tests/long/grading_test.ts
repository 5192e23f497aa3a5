/**
 * nbgrader's marks are those that copies deserve: one with all answers, one with none, one with a wrong one.
 * @module
 */
import { join } from "@std/path";
import { encodeNotebook, readNotebook, sourceOf } from "../../tasks/_notebooks.ts";
import { assert, assertEquals } from "../assert.ts";
import { testWith } from "../needs.ts";
import { answered, withCourse } from "../notebooks/_grading.ts";

/** Cells of a notebook that its graded cells need, so that a copy runs in seconds. */
const CELLS = [
  "constants",
  "simulate",
  "scatter",
  "frames-solution",
  "frames-test",
  "order-solution",
  "order-test",
];

testWith(
  "nbgrader",
  "nbgrader gives a full, an empty and a wrong copy the marks that they deserve",
  (python) =>
    withCourse(python, ["ecal"], async ({ folder, nbgrader }) => {
      const path = join(folder, "source", "ecal", "ecal.ipynb"), whole = readNotebook(path);
      const cells = whole.cells.filter(({ id }) => CELLS.includes(id));
      assertEquals(cells.map(({ id }) => id), CELLS);
      const few = cells.map((cell) => ({
        ...cell,
        source: cell.source.map((line) => line.replace("2_000", "120")),
      }));
      Deno.writeTextFileSync(path, encodeNotebook({ ...whole, cells: few }));
      await nbgrader(["generate_assignment", "ecal"]);
      const released = readNotebook(join(folder, "release", "ecal", "ecal.ipynb"));
      const right = Object.fromEntries(
        few.filter((c) => sourceOf(c).includes("SOLUTION")).map((c) => [c.id, c.source]),
      );
      const late = right["frames-solution"].map((line) => line.replace("film[frame", "film[(20 - frame)"));
      assert(late.join("") !== right["frames-solution"].join(""));
      const copies = { full: right, empty: {}, wrong: { ...right, "frames-solution": late } };
      for (const [student, answers] of Object.entries(copies)) {
        const place = join(folder, "submitted", student, "ecal");
        Deno.mkdirSync(place, { recursive: true });
        Deno.writeTextFileSync(join(place, "ecal.ipynb"), encodeNotebook(answered(released, answers)));
      }
      await nbgrader(["autograde", "ecal", "--create"]);
      await nbgrader(["export"]);
      const [header, ...rows] = Deno.readTextFileSync(join(folder, "grades.csv")).trim().split("\n")
        .map((line) => line.split(","));
      const column = (name: string) => rows.map((row) => row[header.indexOf(name)]);
      const marks = column("student_id").map((student, i) => [student, Number(column("score")[i])]);
      assertEquals(Object.fromEntries(marks), { full: 4, empty: 0, wrong: 2 });
      assertEquals(new Set(column("max_score").map(Number)), new Set([4]));
      for (const [student, failed] of Object.entries({ full: 0, empty: 2, wrong: 1 })) {
        const said = await nbgrader(["validate", "ecal.ipynb"], join(folder, "submitted", student, "ecal"));
        const wanted = failed === 0
          ? "Success! Your notebook passes all the tests."
          : `VALIDATION FAILED ON ${failed} CELL(S)!`;
        assert(said.includes(wanted), said);
      }
    }),
);
