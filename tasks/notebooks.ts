/**
 * `deno task notebooks`: opens the notebooks in JupyterLab on Deno's kernel, or writes copies for students.
 *
 * Deno's kernel is set up in a temporary folder, so nothing of the user's own Jupyter is changed.
 * @module
 */
import { nearest } from "../lib/base/nearest.ts";
import { basename, join, resolve } from "@std/path";
import { CliError, createOutput, readOptions, runTask } from "./_cli.ts";
import { findComponent } from "./_components.ts";
import { encodeNotebook, readNotebook, studentCopy, writeKernel } from "./_notebooks.ts";

const OPTIONS = {
  student: { type: "boolean", default: false, help: "Write copies with the solutions taken out, and stop." },
  out: { type: "string", default: "runs/notebooks", hint: "FOLDER", help: "Where --student writes." },
  force: { type: "boolean", default: false, help: "Let --student replace files that are there." },
  port: { type: "integer", default: 8888, min: 1, max: 65535, help: "Port of JupyterLab." },
  browser: { type: "boolean", default: true, help: "Open a browser." },
} as const;

const ROOT = resolve(import.meta.dirname!, "..");

/** Names of the notebooks, without `.ipynb`. */
function listNotebooks(): string[] {
  return [...Deno.readDirSync(join(ROOT, "notebooks"))]
    .filter((entry) => entry.isFile && entry.name.endsWith(".ipynb"))
    .map((entry) => basename(entry.name, ".ipynb"))
    .sort();
}

/** Runs the task; see `--help`. */
export function main(args: string[]): Promise<number> {
  return runTask(async () => {
    const { options, words } = readOptions(args, OPTIONS, {
      usage: "deno task notebooks [NAME…]",
      summary: "Opens the notebooks in JupyterLab, or writes copies for students.",
      examples: [
        "deno task notebooks",
        "deno task notebooks mnist",
        "deno task notebooks --student --out course",
      ],
    });
    const known = listNotebooks();
    const names = words.map((word) => basename(word, ".ipynb"));
    for (const name of names) {
      if (known.includes(name)) continue;
      const near = nearest(name, known);
      throw new CliError(
        `Unknown notebook "${name}"${near ? ` (nearest: ${near})` : ""}: there are ${known.join(", ")}`,
      );
    }
    if (options.student) return writeStudentCopies(names.length > 0 ? names : known, options);
    return await openLab(names[0], options);
  });
}

function writeStudentCopies(names: string[], { out, force }: { out: string; force: boolean }): void {
  const output = createOutput();
  const folder = resolve(out);
  const paths = names.map((name) => join(folder, `${name}.ipynb`));
  const copies = names.map((name) =>
    studentCopy(readNotebook(join(ROOT, "notebooks", `${name}.ipynb`)), { folder, root: ROOT })
  );
  Deno.mkdirSync(folder, { recursive: true });
  const present = force ? undefined : paths.find((path) => exists(path));
  if (present) {
    throw new CliError(
      `Cannot write "${present}" as it is there and may hold someone's work: --force replaces it`,
    );
  }
  copies.forEach((copy, i) => {
    const temporary = `${paths[i]}.${crypto.randomUUID()}.tmp`;
    try {
      Deno.writeTextFileSync(temporary, encodeNotebook(copy));
      Deno.renameSync(temporary, paths[i]);
    } catch (error) {
      if (exists(temporary)) Deno.removeSync(temporary);
      throw error;
    }
    output.say(paths[i]);
  });
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function openLab(name: string | undefined, { port, browser }: { port: number; browser: boolean }) {
  const lab = findComponent("lab");
  if (lab.path === undefined) {
    throw new CliError(
      `JupyterLab is needed to open notebooks, and there is ${lab.reason}: deno task setup --with lab`,
    );
  }
  const folder = Deno.makeTempDirSync({ prefix: "cloudchamber-jupyter-" });
  try {
    const address = name ? `/lab/tree/notebooks/${name}.ipynb` : "/lab/tree/notebooks";
    const child = new Deno.Command(lab.path, {
      args: [
        "lab",
        "--ip=127.0.0.1",
        `--port=${port}`,
        `--ServerApp.root_dir=${ROOT}`,
        `--LabApp.default_url=${address}`,
        ...(browser ? [] : ["--no-browser"]),
        ...(Deno.build.os !== "windows" && Deno.uid() === 0 ? ["--allow-root"] : []),
      ],
      env: writeKernel(folder),
    }).spawn();
    // Ctrl+C goes to the whole terminal group: JupyterLab asks, and this process waits for its answer.
    const ignore = () => {};
    const stop = () => child.kill("SIGTERM");
    Deno.addSignalListener("SIGINT", ignore);
    if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", stop);
    return (await child.status).code;
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
