/** Running a notebook by nbconvert on Deno's kernel. @module */
import { join } from "@std/path";
import { type Notebook, readNotebook, sourceOf, splitLines, writeKernel } from "../../tasks/_notebooks.ts";
import { assert } from "../assert.ts";

// deno-lint-ignore no-control-regex -- terminal colours are what is taken out
export const plain = (text: string) => text.replaceAll(/\x1b\[[0-9;]*m/g, "");

const RUNS = join(import.meta.dirname!, "..", "..", "runs");

/** A new folder below this checkout: git ignores it, and deno.json is found upwards from it. */
export function makeRunFolder(prefix: string): string {
  Deno.mkdirSync(RUNS, { recursive: true });
  return Deno.makeTempDirSync({ dir: RUNS, prefix });
}

/**
 * Executes a notebook that stands in `folder` by nbconvert, in a Jupyter of its own, up to the first cell that fails,
 * or to the end where `allowErrors`.
 *
 * Failure is read from the kernel's reply, not from the outputs: Deno's kernel now and then sends an output after it has
 * said that the cell is done, and nbconvert drops it.
 */
export async function execute(
  jupyter: string,
  folder: string,
  name: string,
  { allowErrors = false } = {},
): Promise<{ executed: Notebook } | { error: string }> {
  const own = Deno.makeTempDirSync({ prefix: "cloudchamber-kernel-" });
  try {
    const { success, stderr } = await new Deno.Command(jupyter, {
      args: [
        "nbconvert",
        "--to=notebook",
        "--execute",
        "--ExecutePreprocessor.kernel_name=deno",
        "--ExecutePreprocessor.timeout=1800",
        "--ExecutePreprocessor.startup_timeout=600", // of a minute, which a busy machine may take
        `--ExecutePreprocessor.allow_errors=${allowErrors}`,
        `--output-dir=${own}`,
        join(folder, `${name}.ipynb`),
      ],
      env: writeKernel(own),
      stdout: "null",
      stderr: "piped",
    }).output();
    if (!success) return { error: plain(new TextDecoder().decode(stderr)).slice(-4000) };
    return { executed: readNotebook(join(own, `${name}.ipynb`)) };
  } finally {
    Deno.removeSync(own, { recursive: true });
  }
}

const DISPLAY = /(import \{[^}]*?)\bdisplay\b([^}]*\} from "cloudchamber\/notebook";)/;

/**
 * A copy that writes each chart down where it displays it, a line of JSON each: Deno's kernel now and then sends an output
 * after it has said that the cell is done, and nbconvert drops it.
 */
export function tellingCopy(notebook: Notebook, path: string): Notebook {
  const told = `const display = (chart) => {
  Deno.writeTextFileSync(${JSON.stringify(path)}, JSON.stringify(chart) + "\\n", { append: true });
  return displayInJupyter(chart);
};`;
  const cells = notebook.cells.map((cell) => {
    if (cell.cell_type !== "code" || !DISPLAY.test(sourceOf(cell))) return cell;
    const renamed = (_: string, before: string, after: string) =>
      `${before}display as displayInJupyter${after}\n${told}`;
    return { ...cell, source: splitLines(sourceOf(cell).replace(DISPLAY, renamed)) };
  });
  return { ...notebook, cells };
}

/** Characters that a chart may have as it is kept in a notebook: more makes it slow to open and to send. */
const LARGEST_CHART = 300_000;
/** Of so many charts not every one is dropped. */
const MANY_CHARTS = 5;

/** What a notebook's outputs hold of charts. */
function chartsShown({ cells }: Notebook): string[] {
  const outputs = cells.flatMap((cell) => cell.outputs ?? []);
  return outputs.flatMap(({ data }) => data?.["application/vnd.vegalite.v5+json"] ?? []).map((chart) =>
    JSON.stringify(chart)
  );
}

/**
 * Fails unless every cell of a notebook ran, and its charts were displayed, none of them large.
 *
 * @param told What a {@linkcode tellingCopy} wrote down: of all charts. Without, half of them must be shown.
 */
export function assertRan(notebook: Notebook, name: string, told?: string): void {
  const { cells } = notebook, shown = chartsShown(notebook), charts = told?.split("\n").slice(0, -1) ?? shown;
  for (const { length } of charts) {
    assert(length <= LARGEST_CHART, `${name} has a chart of ${length} characters`);
  }
  const wanted = cells.filter((cell) => /^display\(/m.test(sourceOf(cell))).length;
  const least = told === undefined ? wanted / 2 : wanted;
  assert(wanted >= 2 && charts.length >= least, `${name} displays ${charts.length} charts of ${wanted}`);
  assert(wanted < MANY_CHARTS || shown.length > 0, `${name} shows none of ${wanted} charts`);
  for (const cell of cells) {
    if (cell.cell_type === "code") assert(cell.execution_count != null, `cell ${cell.id} was not run`);
  }
}
