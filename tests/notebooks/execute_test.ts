/**
 * Every notebook, with less to do, runs top to bottom on Deno's kernel without one error; its copy for students parses,
 * holds no solution, and stops at its first gap.
 * @module
 */
import { basename, join } from "@std/path";
import {
  type Cell,
  encodeNotebook,
  GAP_MESSAGE,
  movedCopy,
  type Notebook,
  readNotebook,
  sourceOf,
  splitLines,
  studentCopy,
} from "../../tasks/_notebooks.ts";
import { assert, assertEquals } from "../assert.ts";
import { testWith } from "../needs.ts";
import { assertRan, execute, makeRunFolder, plain, tellingCopy } from "./_execute.ts";
import { shortCopy } from "./_short.ts";

const ROOT = join(import.meta.dirname!, "..", "..");
const FOLDER = join(ROOT, "notebooks");
const NAMES = [...Deno.readDirSync(FOLDER)]
  .filter((entry) => entry.isFile && entry.name.endsWith(".ipynb"))
  .map((entry) => basename(entry.name, ".ipynb"))
  .sort();

const isSolved = (cell: Cell) => cell.cell_type === "code" && sourceOf(cell).includes("### BEGIN SOLUTION");
const hasGaps = (notebook: Notebook) => notebook.cells.some(isSolved);

Deno.test("notebooks are committed light: no outputs, and in Deno's language", () => {
  assert(NAMES.length >= 2, `there are only ${NAMES}`);
  for (const name of NAMES) {
    const notebook = readNotebook(join(FOLDER, `${name}.ipynb`));
    assertEquals((notebook.metadata.kernelspec as { name: string }).name, "deno");
    for (const cell of notebook.cells) assertEquals(cell.outputs ?? [], [], `${name} has outputs`);
    const ids = notebook.cells.map((cell) => cell.id);
    assertEquals(new Set(ids).size, ids.length, `${name} has cells of the same id`);
    const text = notebook.cells.map(sourceOf).join("\n");
    assert(text.includes('from "cloudchamber/notebook"'), `${name} lacks the import that heeds Stop`);
    assert(!text.includes('"../lib/'), `${name} imports by a path, which a graded copy loses`);
    for (const cell of notebook.cells.filter((cell) => cell.cell_type === "markdown")) {
      assert(
        !/### (BEGIN|END) SOLUTION/.test(sourceOf(cell)),
        `${name} quotes a marker, which nbgrader takes for one`,
      );
    }
    for (const cell of notebook.cells) {
      const marks = cell.metadata.nbgrader as
        | { grade: boolean; points?: number; grade_id: string }
        | undefined;
      assertEquals(
        marks !== undefined && !marks.grade,
        isSolved(cell),
        `${name}, cell ${cell.id}: nbgrader needs its metadata`,
      );
      if (marks) assert(marks.grade_id === cell.id || !marks.grade, `${name}, cell ${cell.id}`);
      if (marks?.grade) assert(marks.points! > 0, `${name}, cell ${cell.id} is graded without points`);
    }
  }
});

Deno.test("a chart is the last value of its cell, as the kernel shows no other", () => {
  for (const name of NAMES) {
    for (const cell of readNotebook(join(FOLDER, `${name}.ipynb`)).cells) {
      const charts = sourceOf(cell).split(/^(?=display\()/m).slice(1);
      assert(charts.length <= 1, `${name}, cell ${cell.id} shows ${charts.length} charts`);
      const behind = charts[0]?.trimEnd().split("\n").slice(1).filter((line) => /^[a-z]/.test(line)) ?? [];
      assertEquals(behind, [], `${name}, cell ${cell.id} goes on behind its chart`);
    }
  }
});

Deno.test("copies for students hold no solution, and each of their cells parses", async () => {
  const cells = Deno.makeTempDirSync();
  try {
    for (const name of NAMES) {
      const copy = studentCopy(readNotebook(join(FOLDER, `${name}.ipynb`)), { folder: FOLDER, root: ROOT });
      assert(!copy.cells.some(isSolved), `the copy of ${name} has a solution left`);
      copy.cells.forEach((cell, c) => {
        if (cell.cell_type === "code") Deno.writeTextFileSync(join(cells, `${name}-${c}.ts`), sourceOf(cell));
      });
    }
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["fmt", "--no-config", cells],
      stderr: "piped",
    }).output();
    assert(success, plain(new TextDecoder().decode(stderr)));
  } finally {
    Deno.removeSync(cells, { recursive: true });
  }
});

/** Executes a copy of a notebook with less to do that stands elsewhere in the project. */
async function executeCopy(
  jupyter: string,
  name: string,
  copyOf: (notebook: Notebook, folder: string) => Notebook,
) {
  const folder = makeRunFolder("notebook-");
  try {
    const copy = copyOf(shortCopy(readNotebook(join(FOLDER, `${name}.ipynb`)), name), folder);
    Deno.writeTextFileSync(join(folder, `${name}.ipynb`), encodeNotebook(copy));
    return await execute(jupyter, folder, name);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

/** Where the student's copy of a notebook has its first gap. */
const firstGap = ({ cells }: Notebook) => cells.findIndex((cell) => sourceOf(cell).includes(GAP_MESSAGE));

/** A cell that does what a student's copy does at its first gap, and writes down how that ends. */
function gapCell(copy: Notebook, path: string): Cell {
  const gap = copy.cells[firstGap(copy)], written = `Deno.writeTextFileSync(${JSON.stringify(path)}, `;
  const text = `try {\n${sourceOf(gap)}\n} catch (error) {\n  ${written}String(error));\n}`;
  return { ...gap, id: "gap", source: splitLines(text) };
}

/** How a notebook went, and what a student's copy of it says at its first gap. */
interface Ran {
  result: Awaited<ReturnType<typeof executeCopy>>;
  /** What it displayed. */
  charts: string;
  gap: string;
}

/** Whose models a notebook loads. */
const BEFORE: Readonly<Record<string, string>> = { "cygno-2-deploy": "cygno-1-train" };
const ran = new Map<string, Promise<Ran>>();

/**
 * Executes a notebook once, and before it the one whose models it loads, whatever the order of the tests. The student's gap
 * comes last, as up to there the copies are alike and take minutes.
 */
function executeInTurn(jupyter: string, name: string): Promise<Ran> {
  const known = ran.get(name);
  if (known !== undefined) return known;
  const running = (async () => {
    if (BEFORE[name] !== undefined) await executeInTurn(jupyter, BEFORE[name]);
    const said = Deno.makeTempFileSync(), shown = Deno.makeTempFileSync();
    const result = await executeCopy(jupyter, name, (notebook, folder) => {
      const copy = tellingCopy(movedCopy(notebook, { folder, root: ROOT }), shown);
      if (!hasGaps(notebook)) return copy;
      return {
        ...copy,
        cells: [...copy.cells, gapCell(studentCopy(notebook, { folder, root: ROOT }), said)],
      };
    });
    const [gap, charts] = [said, shown].map((path) => Deno.readTextFileSync(path));
    for (const path of [said, shown]) Deno.removeSync(path);
    return { result, charts, gap };
  })();
  ran.set(name, running);
  return running;
}

for (const name of NAMES) {
  testWith("jupyter", `notebooks/${name}.ipynb with less to do runs top to bottom`, async (jupyter) => {
    const { result, charts } = await executeInTurn(jupyter, name);
    assert("executed" in result, "error" in result ? result.error : "");
    const { executed } = result;
    assertRan({ ...executed, cells: executed.cells.filter(({ id }) => id !== "gap") }, name, charts);
  });

  if (!hasGaps(readNotebook(join(FOLDER, `${name}.ipynb`)))) continue;
  testWith(
    "jupyter",
    `notebooks/${name}.ipynb without solutions says so at its first gap`,
    async (jupyter) => {
      assertEquals((await executeInTurn(jupyter, name)).gap, `Error: ${GAP_MESSAGE}`);
    },
  );
}

testWith(
  "jupyter",
  "a notebook without solutions runs up to its first gap, and stops there",
  async (jupyter) => {
    const result = await executeCopy(jupyter, "supernemo-2-association-and-fits", (notebook, folder) => {
      const copy = studentCopy(notebook, { folder, root: ROOT });
      return { ...copy, cells: copy.cells.slice(0, firstGap(copy) + 1) }; // what follows needs its result
    });
    assert("error" in result, "the gap does not stop the notebook");
    assert(result.error.includes(GAP_MESSAGE), result.error);
  },
);
