/**
 * `deno task notebooks`: opens the notebooks in JupyterLab on Deno's kernel, writes copies for students or a course for
 * nbgrader, or checks a notebook's cells.
 *
 * Deno's kernel is set up in a temporary folder, so nothing of the user's own Jupyter is changed.
 * @module
 */
import { writeDurably } from "../lib/base/durable_file.ts";
import { nearest } from "../lib/base/nearest.ts";
import { pathToFileURL } from "node:url";
import { basename, dirname, join, resolve } from "@std/path";
import { CliError, createOutput, readOptions, runTask } from "./_cli.ts";
import { findComponent } from "./_components.ts";
import {
  encodeNotebook,
  moduleOf,
  NBGRADER_CONFIG,
  readNotebook,
  studentCopy,
  writeKernel,
} from "./_notebooks.ts";

const OPTIONS = {
  student: { type: "boolean", default: false, help: "Write copies with the solutions taken out, and stop." },
  course: {
    type: "boolean",
    default: false,
    help: "Write a course for nbgrader: its configuration, and each notebook as an assignment's source.",
  },
  check: {
    type: "boolean",
    default: false,
    help: "Say what is wrong in the cells of notebooks, yours (FILE.ipynb) or these, without running them.",
  },
  out: {
    type: "string",
    hint: "FOLDER",
    help: "Where --student and --course write (default: runs/notebooks, runs/course).",
  },
  force: {
    type: "boolean",
    default: false,
    help: "Let --student and --course replace files that are there.",
  },
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
        "deno task notebooks --student --out copies",
        "deno task notebooks --course fashion   # then, in runs/course: nbgrader generate_assignment fashion",
        "deno task notebooks --check mine.ipynb",
      ],
    });
    const known = listNotebooks();
    if (options.check) return await checkNotebooks(words, known);
    const names = words.map((word) => basename(word, ".ipynb"));
    for (const name of names) {
      if (known.includes(name)) continue;
      const near = nearest(name, known);
      throw new CliError(
        `Unknown notebook "${name}"${near ? ` (nearest: ${near})` : ""}: there are ${known.join(", ")}`,
      );
    }
    const chosen = names.length > 0 ? names : known;
    if (options.student) return writeStudentCopies(chosen, options);
    if (options.course) return writeCourse(chosen, options);
    return await openLab(names[0], options);
  });
}

interface WriteOptions {
  out?: string;
  force: boolean;
}

const notebookPath = (name: string) => join(ROOT, "notebooks", `${name}.ipynb`);

function writeStudentCopies(names: string[], { out = "runs/notebooks", force }: WriteOptions): Promise<void> {
  const folder = resolve(out);
  return writeFiles(
    names.map((name) => ({
      path: join(folder, `${name}.ipynb`),
      text: encodeNotebook(studentCopy(readNotebook(notebookPath(name)), { folder, root: ROOT })),
    })),
    force,
  );
}

/** The notebooks as they are, each an assignment of its own, below a folder in which nbgrader runs. */
function writeCourse(names: string[], { out = "runs/course", force }: WriteOptions): Promise<void> {
  const folder = resolve(out);
  return writeFiles(
    [
      { path: join(folder, "nbgrader_config.py"), text: NBGRADER_CONFIG },
      ...names.map((name) => ({
        path: join(folder, "source", name, `${name}.ipynb`),
        text: Deno.readTextFileSync(notebookPath(name)),
      })),
    ],
    force,
  );
}

async function writeFiles(files: { path: string; text: string }[], force: boolean): Promise<void> {
  const output = createOutput();
  const present = force ? undefined : files.find(({ path }) => exists(path));
  if (present) {
    throw new CliError(
      `Cannot write "${present.path}" as it is there and may hold someone's work: --force replaces it`,
    );
  }
  for (const { path, text } of files) {
    Deno.mkdirSync(dirname(path), { recursive: true });
    await writeDurably(path, text);
    output.say(path);
  }
}

/** Checks the cells of notebooks as one program each: Deno's kernel shows nothing of a cell that it cannot read. */
async function checkNotebooks(words: readonly string[], known: readonly string[]): Promise<number> {
  const output = createOutput();
  let wrong = 0;
  for (const word of words.length > 0 ? words : known) {
    const path = known.includes(word) && !exists(word) ? notebookPath(word) : resolve(word);
    const { text, places } = moduleOf(readNotebook(path));
    const module = join(dirname(path), `.${basename(path, ".ipynb")}.${crypto.randomUUID().slice(0, 8)}.ts`);
    try {
      Deno.writeTextFileSync(module, text);
      const { success, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["check", module],
        env: { NO_COLOR: "1" },
        stdin: "null",
        stdout: "null",
        stderr: "piped",
      }).output();
      if (success) output.say(`${basename(path)}: nothing is wrong`);
      else {
        wrong++;
        output.say(`${basename(path)}:\n${whereInCells(new TextDecoder().decode(stderr), module, places)}`);
      }
    } finally {
      Deno.removeSync(module);
    }
  }
  return wrong > 0 ? 1 : 0;
}

/** What the checker said, with places in the module as places in cells. */
function whereInCells(said: string, module: string, places: ReturnType<typeof moduleOf>["places"]): string {
  const address = pathToFileURL(module).href;
  return said.split("\n")
    .filter((line) => !/^(Check |Found \d|error: Type checking|Stack backtrace|\s+0: <unknown>)/.test(line))
    .join("\n")
    .replaceAll(new RegExp(`${RegExp.escape(address)}(?::(\\d+):(\\d+))?`, "g"), (_, line, column) => {
      const place = line && places[Number(line) - 1];
      return place ? `code cell ${place.cell}, line ${place.line}, column ${column}` : "the notebook";
    })
    .trim();
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
