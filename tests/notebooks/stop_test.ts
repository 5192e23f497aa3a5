/**
 * The Stop button of JupyterLab sends SIGINT to the kernel. In our notebooks that ends the training and not the kernel, so
 * what was learned, and all other variables, are still there in the next cell.
 * @module
 */
import { join } from "@std/path";
import {
  type Cell,
  encodeNotebook,
  readNotebook,
  sourceOf,
  splitLines,
  studentCopy,
} from "../../tasks/_notebooks.ts";
import { assert, assertEquals } from "../assert.ts";
import { testWith } from "../needs.ts";
import { execute } from "./_execute.ts";

const ROOT = join(import.meta.dirname!, "..", "..");

const code = (id: string, text: string): Cell => ({
  cell_type: "code",
  id,
  metadata: {},
  source: splitLines(text),
  execution_count: null,
  outputs: [],
});

testWith(
  "jupyter",
  "the Stop button ends training in notebooks/mnist.ipynb and keeps the kernel",
  async (jupyter) => {
    const notebook = readNotebook(join(ROOT, "notebooks", "mnist.ipynb"));
    const fit = notebook.cells.findIndex((cell) => cell.id === "fit");
    assert(fit > 0, "the notebook has no cell called fit");
    const endless = notebook.cells.slice(0, fit + 1).map((cell) => ({
      ...cell,
      source: splitLines(sourceOf(cell).replace(/const EPOCHS = \d+;/, "const EPOCHS = 10_000;")),
    }));
    assert(
      endless.some((cell) => sourceOf(cell).includes("const EPOCHS = 10_000;")),
      "there is no EPOCHS to raise",
    );
    const runs = join(ROOT, "runs");
    Deno.mkdirSync(runs, { recursive: true });
    const folder = Deno.makeTempDirSync({ dir: runs, prefix: "stop-" });
    try {
      const changed = {
        ...notebook,
        cells: [
          ...endless.slice(0, fit),
          code("press", `setTimeout(() => Deno.kill(Deno.pid, "SIGINT"), 4000);`), // what Jupyter does at Stop
          endless[fit],
          code(
            "after",
            `const hundred = subset(test, rows.subarray(0, 100));
           const { predictions: { data: kept } } = await predict(model, hundred, { preprocessing });
           if (history.ending !== "interrupted") throw new Error("training was " + history.ending);
           if (kept.length !== 1000 || !kept.every(Number.isFinite)) throw new Error("the model is of no use");`,
          ),
        ],
      };
      const copy = studentCopy(changed, { folder, root: ROOT }); // for the paths
      Deno.writeTextFileSync(join(folder, "stop.ipynb"), encodeNotebook(copy));
      const result = await execute(jupyter, folder, "stop");
      assert("executed" in result, "error" in result ? result.error : "");
      assertEquals(result.executed.cells.length, fit + 3);
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  },
);
