/**
 * The Stop button of JupyterLab sends SIGINT to the kernel. With the notebooks' one import that ends the cell with an error,
 * after which "Run All" goes no further, and not the kernel: what was learned, and all other variables, are there still.
 * @module
 */
import { join } from "@std/path";
import { type Cell, encodeNotebook, readNotebook, sourceOf, splitLines } from "../../tasks/_notebooks.ts";
import { assert, assertEquals } from "../assert.ts";
import { testWith } from "../needs.ts";
import { execute, makeRunFolder, plain } from "./_execute.ts";

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
  "Stop ends the training cell of notebooks/mnist.ipynb with an error, and the kernel and model stay",
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
    const folder = makeRunFolder("stop-"),
      [ended, after] = ["ended", "after"].map((name) => join(folder, name));
    /** What a cell says goes to a file: Deno's kernel now and then sends an output when the cell is done, which is dropped. */
    const write = (path: string, what: string) => `Deno.writeTextFileSync(${JSON.stringify(path)}, ${what});`;
    // What Jupyter does at Stop, after the first epoch.
    const fitted = sourceOf(endless[fit]), onEpoch = /onEpoch: async \(.*\) => \{\n/;
    assert(onEpoch.test(fitted), "the cell does nothing after an epoch");
    const stopped = fitted.replace(onEpoch, (line) => `${line}    Deno.kill(Deno.pid, "SIGINT");\n`);
    try {
      const cells = [
        ...endless.slice(0, fit),
        code(
          "fit",
          `try {\n${stopped}\n} catch (error) {\n  ${write(ended, "error.message")}\n  throw error;\n}`,
        ),
        code("again", fitted.replace("EPOCHS,", "1,")), // the same cell once more, shorter
        code(
          "after",
          `const hundred = subset(test, rows.subarray(0, 100));
         const { predictions: { data: kept } } = await predict(model, hundred, { preprocessing });
         const right = evaluate.argMaxRows(kept, 10).filter((digit, i) => digit === mnist.test.labels[i]).length;
         ${write(after, "`${history.ending} ${right > 50}`")}`,
        ),
      ];
      Deno.writeTextFileSync(join(folder, "stop.ipynb"), encodeNotebook({ ...notebook, cells }));
      const result = await execute(jupyter, folder, "stop", { allowErrors: true });
      assert("executed" in result, "error" in result ? result.error : "");
      const failed = result.executed.cells.filter(({ outputs = [] }) =>
        outputs.some(({ output_type }) => output_type === "error")
      );
      assertEquals(failed.map(({ id }) => id).filter((id) => id !== "fit"), [], JSON.stringify(failed));
      const text = plain(Deno.readTextFileSync(ended));
      assert(/^Stopped after \d+ epochs, .* s: the model keeps what it has learned/.test(text), text);
      assertEquals(Deno.readTextFileSync(after), "finished true");
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  },
);
