/**
 * `deno task compile`: the server as one program, for machines without Deno or this source tree.
 *
 * Server and workers are bundled first, each into one file, and only the parts of ONNX Runtime for this machine are put
 * beside them. `deno compile` on the sources would embed every package of the project, more than 900 MB, and does not
 * get that far: it parses what it embeds and overflows its stack at a test file of prom-client's dependency bintrees.
 * @module
 */
import process from "node:process";
import { dirname, join, resolve } from "@std/path";
import { bundle, runDeno } from "./_bundle.ts";
import { CliError, createOutput, JSON_OPTION, readOptions, runTask } from "./_cli.ts";

const OPTIONS = {
  out: { type: "string", default: "cloudchamber-serve", hint: "FILE", help: "The binary" },
  folder: {
    type: "string",
    hint: "FOLDER",
    help: "Write the program there, for deno run FOLDER/serve.js, and no binary",
  },
  json: JSON_OPTION,
} as const;

const PERMISSIONS = ["read", "write", "env", "sys", "ffi", "net"].map((what) => `--allow-${what}`);
const WORKERS = ["compute_worker", "picture_worker"];
/** Not bundled: the native build is a shared library, and the wasm build is none that a server uses. */
const RUNTIMES = ["onnxruntime-node", "onnxruntime-web/wasm"];

/** Runs the task; see `--help`. */
export function main(args: string[]): Promise<number> {
  return runTask(async () => {
    const { options } = readOptions(args, OPTIONS, {
      usage: "deno task compile",
      summary: "Makes one binary of `deno task serve`, for this machine's system and processor.\n" +
        "Its base is downloaded by Deno at the first use, or is the file that DENORT_BIN names.",
      examples: [
        "deno task compile",
        "deno task compile --out /usr/local/bin/cloudchamber-serve",
        "deno task compile --folder build   # then: deno run --allow-all build/serve.js --store file:store",
      ],
    });
    const output = createOutput(options);
    if (options.folder !== undefined) {
      await writeProgram(options.folder);
      const path = join(options.folder, "serve.js");
      output.record("program", { path }, `The server is in ${path}`);
      return;
    }
    const folder = await Deno.makeTempDir({ prefix: "cloudchamber-compile-" });
    try {
      await writeProgram(folder);
      await compileProgram(folder, options.out);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
    const { size } = await Deno.stat(options.out);
    output.record(
      "binary",
      { path: options.out, bytes: size },
      `The server is in ${options.out} (${Math.round(size / 2 ** 20)} MiB)`,
    );
  });
}

/** Writes everything that the server needs into a folder; `serve.js` there starts it. */
export async function writeProgram(folder: string): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  const target = resolve(folder);
  await Promise.all([
    bundle("tasks/serve.ts", join(target, "serve.js"), RUNTIMES),
    ...WORKERS.map((worker) => bundle(`lib/score/${worker}.ts`, join(target, `${worker}.js`), RUNTIMES)),
  ]);
  for (const worker of WORKERS) { // the name that it is started by
    await Deno.writeTextFile(join(folder, `${worker}.ts`), `import "./${worker}.js";\n`);
  }
  await Deno.writeTextFile(join(folder, "deno.json"), JSON.stringify({ nodeModulesDir: "manual" }));
  const dependencies = await copyRuntime(join(folder, "node_modules"));
  await Deno.writeTextFile(join(folder, "package.json"), JSON.stringify({ dependencies }));
}

/** Puts a program that {@linkcode writeProgram} wrote on the base of a binary. */
export async function compileProgram(folder: string, out: string): Promise<void> {
  const include = [...WORKERS.map((worker) => `${worker}.ts`), "node_modules"];
  const options = ["--quiet", "--no-check", "--no-prompt", ...PERMISSIONS];
  try {
    await runDeno([
      "compile",
      ...options,
      "--self-extracting", // a shared library can only be loaded from a disk
      ...include.flatMap((name) => ["--include", name]),
      "-o",
      resolve(out),
      "serve.js",
    ], folder);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    throw new CliError(`${error.message} (Deno downloads the base of a binary; DENORT_BIN may name one)`);
  }
}

/** Copies ONNX Runtime for this system and processor; gives packages and versions. */
async function copyRuntime(modules: string): Promise<Record<string, string>> {
  const native = join("bin", "napi-v6", process.platform, process.arch);
  const entry = await Deno.realPath(new URL(import.meta.resolve("onnxruntime-node")));
  const source = dirname(dirname(entry)), common = join(dirname(source), "onnxruntime-common");
  const versions: Record<string, string> = {};
  for (
    const [name, from, parts] of [
      ["onnxruntime-node", source, ["dist", native]],
      ["onnxruntime-common", await Deno.realPath(common), [join("dist", "cjs")]],
    ] as const
  ) {
    const manifest = await Deno.readTextFile(join(from, "package.json"));
    versions[name] = JSON.parse(manifest).version;
    for (const part of parts) await copyFolder(join(from, part), join(modules, name, part));
    await Deno.writeTextFile(join(modules, name, "package.json"), manifest);
  }
  return versions;
}

/** Copies what a program reads of a package's folder: neither types nor source maps. */
async function copyFolder(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    if (isDirectory) await copyFolder(join(from, name), join(to, name));
    else if (!/\.(map|d\.ts)$/.test(name)) await Deno.copyFile(join(from, name), join(to, name));
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
