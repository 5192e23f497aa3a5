/** A notebook that is run again and again in one kernel takes no more memory each time. @module */
import { join } from "@std/path";
import { type Cell, encodeNotebook, movedCopy, type Notebook, readNotebook } from "../../tasks/_notebooks.ts";
import { assert } from "../assert.ts";
import { testWith } from "../needs.ts";
import { execute, makeRunFolder } from "../notebooks/_execute.ts";
import { shortCopy } from "../notebooks/_short.ts";

const ROOT = join(import.meta.dirname!, "..", "..");
/** Runs from top to bottom, after which the program has all it will keep (compiled code, caches, arenas), and those compared. */
const SETTLED = 4, COMPARED = 5, PASSES = SETTLED + 2 * COMPARED;

/** Says what the kernel holds by then. */
function memoryCell(pass: number): Cell {
  const source = ["console.log(`memory ${Deno.memoryUsage().rss}`);"];
  return {
    cell_type: "code",
    id: `memory-${pass}`,
    metadata: {},
    source,
    execution_count: null,
    outputs: [],
  };
}

function repeated(notebook: Notebook): Notebook {
  const passes = Array.from({ length: PASSES }, (_, pass) => [
    ...notebook.cells.map((cell) => ({ ...cell, id: `${cell.id}-${pass}` })),
    memoryCell(pass),
  ]);
  return { ...notebook, cells: passes.flat() };
}

testWith(
  "jupyter",
  "notebooks/mnist.ipynb run fourteen times in one kernel is flat within 5 %",
  async (jupyter) => {
    const folder = makeRunFolder("memory-");
    try {
      const notebook = shortCopy(readNotebook(join(ROOT, "notebooks", "mnist.ipynb")), "mnist");
      const moved = movedCopy(repeated(notebook), { folder, root: ROOT });
      Deno.writeTextFileSync(join(folder, "mnist.ipynb"), encodeNotebook(moved));
      const result = await execute(jupyter, folder, "mnist");
      assert("executed" in result, "error" in result ? result.error : "");
      const text = JSON.stringify(result.executed.cells.map(({ outputs }) => outputs));
      const bytes = [...text.matchAll(/memory (\d+)/g)].map(([, digits]) => Number(digits));
      console.log(`MiB after each pass: ${bytes.map((count) => Math.round(count / 2 ** 20)).join(", ")}`);
      // Deno's kernel now and then sends an output after it has said that the cell is done: it is lost.
      assert(bytes.length >= PASSES - 2, `${bytes.length} of ${PASSES} passes said what they hold`);
      // What the collector has not yet taken back comes and goes by a tenth: means of several passes are compared.
      const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
      const growth = mean(bytes.slice(-COMPARED)) / mean(bytes.slice(-2 * COMPARED, -COMPARED));
      assert(
        growth <= 1.05,
        `the last ${COMPARED} passes hold ${growth.toFixed(3)} of what those before held`,
      );
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  },
);
