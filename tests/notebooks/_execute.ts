/** Running a notebook by nbconvert on Deno's kernel. @module */
import { join } from "@std/path";
import { type Notebook, readNotebook, sourceOf, writeKernel } from "../../tasks/_notebooks.ts";
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

/** Characters that a chart may have as it is kept in a notebook: more makes it slow to open and to send. */
const LARGEST_CHART = 300_000;

/** Fails unless every cell of a notebook ran, and most charts that it displays were shown, none of them large. */
export function assertRan({ cells }: Notebook, name: string): void {
  const outputs = cells.flatMap((cell) => cell.outputs ?? []);
  const charts = outputs.flatMap(({ data }) => data?.["application/vnd.vegalite.v5+json"] ?? []);
  for (const chart of charts) {
    const { length } = JSON.stringify(chart);
    assert(length <= LARGEST_CHART, `${name} has a chart of ${length} characters`);
  }
  const drawn = charts.length;
  const wanted = cells.filter((cell) => /^display\(/m.test(sourceOf(cell))).length;
  assert(wanted >= 2 && drawn >= wanted / 2, `${name} shows ${drawn} charts of ${wanted}`);
  for (const cell of cells) {
    if (cell.cell_type === "code") assert(cell.execution_count != null, `cell ${cell.id} was not run`);
  }
}
