/**
 * The programs that tests, notebooks and benches use and that npm does not carry: which there are, where they are
 * found, and whether what is found is what was asked for. `tasks/setup.ts` installs them.
 * @module
 */
import { join } from "@std/path";
import { createHash } from "node:crypto";
import { readEnvironment } from "../lib/base/environment.ts";

/** Go modules that are compiled into the cache, with the version that tests are written for. */
export const GO_PROGRAMS = {
  versitygw: { module: "github.com/versity/versitygw/cmd/versitygw", version: "v1.8.0" },
  minio: { module: "github.com/minio/minio", version: "v0.0.0-20260212201848-7aac2a2c5b7c" },
} as const;

/** Python packages, installed together into one virtual environment in the cache. */
export const PYTHON_SETS = {
  keras: [
    "tensorflow-cpu==2.21.0",
    "keras==3.15.1",
    "h5py==3.14.0",
    "onnx==1.23.2",
    "onnxruntime==1.32.0",
    "numpy==2.4.6",
    "pillow==13.0.0",
    "dask==2026.8.0",
  ],
  formats: [
    "h5py==3.14.0",
    "hdf5plugin==7.1.0",
    "uproot==5.7.7",
    "awkward==2.14.0",
    "tifffile==2026.3.3",
    "imagecodecs==2026.3.6",
    "astropy==8.0.2",
    "pillow==13.0.0",
    "numpy==2.4.6",
  ],
  jupyter: ["nbconvert==7.17.2", "jupyter-client==8.10.0"],
  lab: ["jupyterlab==4.6.6"],
  nbgrader: ["nbgrader==0.9.6"],
  tritonclient: ["tritonclient[http]==2.73.0"],
  kserve: ["kserve==0.21.0"],
  schemathesis: ["schemathesis==4.32.5"],
  torch: ["torch==2.15.0"],
  trees: ["scikit-learn==1.9.1"],
  optuna: [
    "optuna==5.0.0",
    "cmaes==0.13.1",
    "scipy==1.17.1",
    "torch==2.15.0",
  ],
  kerastuner: ["keras-tuner==1.4.8", "kt-legacy==1.0.5"],
  albumentations: [
    "albumentations==2.0.8",
    "opencv-python-headless==5.0.0.93",
    "scipy==1.17.1",
    "numpy==2.4.6",
  ],
  servers: [
    "fastapi==0.165.0",
    "uvicorn==0.54.0",
    "python-multipart==0.0.34",
    "litserve==0.2.19",
    "bentoml==1.4.40",
    "onnxruntime==1.32.0",
    "pillow==13.0.0",
  ],
} as const;

/** Debian packages by component. */
export const APT_PACKAGES = {
  chromium: ["chromium", "fonts-dejavu-core"],
  slurm: ["slurm-wlm", "munge"],
  wrk: ["wrk"],
  curl: ["curl"],
  fashion: ["dataset-fashion-mnist"],
  cpp: ["g++", "libc6-dev", "libhdf5-dev"],
} as const;

/** Everything that {@linkcode findComponent} knows. */
export type ComponentName =
  | keyof typeof GO_PROGRAMS
  | keyof typeof PYTHON_SETS
  | keyof typeof APT_PACKAGES;

/** One line on each component, for `deno task setup --help` and its report. */
export const COMPONENTS: Readonly<Record<ComponentName, string>> = {
  versitygw: "S3 server of the tests",
  minio: "S3 server of the long tests, with notifications per bucket",
  keras: "Python with Keras, TensorFlow, onnx, onnxruntime, Pillow and dask, to compare with",
  formats: "Python's readers and writers of HDF5, ROOT, TIFF and FITS, to compare with",
  jupyter: "nbconvert, which runs the notebooks in tests",
  lab: "JupyterLab, for `deno task notebooks`",
  nbgrader: "nbgrader, which makes assignments of the notebooks and grades them in tests",
  tritonclient: "NVIDIA's client of the Open Inference Protocol",
  kserve: "KServe's client of the Open Inference Protocol",
  schemathesis: "schemathesis, which tries what an OpenAPI description allows",
  torch: "PyTorch, a peer of the benches",
  trees: "scikit-learn, whose boosted trees are a baseline of the benches",
  albumentations: "albumentations, OpenCV and SciPy, peers of the augmentation bench",
  optuna: "Optuna with its samplers, a peer of the search",
  kerastuner: "KerasTuner, beside Keras, a peer of the search",
  servers: "FastAPI, LitServe and BentoML, peers of the serving benches",
  chromium: "browser that tests the page",
  slurm: "batch system that tests the search",
  wrk: "load generator of the serving benches",
  curl: "HTTP client of the README's examples",
  fashion: "Fashion-MNIST as published, from Debian",
  cpp: "C++ compiler with HDF5, for the example in C++",
};

/** The components that the test suite uses; continuous integration fails where one is missing. */
export const TEST_COMPONENTS: readonly ComponentName[] = [
  "versitygw",
  "keras",
  "formats",
  "trees",
  "jupyter",
  "nbgrader",
  "tritonclient",
  "kserve",
  "schemathesis",
  "chromium",
  "slurm",
  "curl",
  "fashion",
];

/** What a search for a component gave: the path of the program (or folder, for data), or why there is none. */
export type Found = { path: string; note: string } | { path?: undefined; reason: string };

/** Where Debian puts the headers of HDF5. */
export const HDF5_HEADERS = "/usr/include/hdf5/serial";

const remembered = new Map<ComponentName, Found>();

/**
 * Looks for a component: `CLOUDCHAMBER_<NAME>` (a path), then the cache, whose content is verified, then PATH.
 *
 * The path is a program, except for `fashion` (a folder with four idx.gz files) and the Python sets `keras`,
 * `tritonclient` and so on (the interpreter that imports them); `jupyter` and `lab` are the `jupyter` command.
 */
export function findComponent(name: ComponentName): Found {
  let found = remembered.get(name);
  if (!found) remembered.set(name, found = search(name));
  return found;
}

/** Forgets earlier searches, after an installation. */
export function forgetComponents(): void {
  remembered.clear();
}

function search(name: ComponentName): Found {
  const variable = `CLOUDCHAMBER_${name.toUpperCase()}`;
  const given = Deno.env.get(variable);
  if (given) {
    return exists(given)
      ? { path: given, note: variable }
      : { reason: `${variable} names "${given}": no such file` };
  }
  if (name in GO_PROGRAMS) return findGoProgram(name as keyof typeof GO_PROGRAMS);
  if (name === "jupyter") return findJupyter("jupyter", "jupyter-nbconvert");
  if (name === "lab") return findJupyter("lab", "jupyter-lab");
  if (name in PYTHON_SETS) return findPythonSet(name as keyof typeof PYTHON_SETS);
  switch (name) {
    case "chromium":
      return findProgram(["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]);
    case "slurm":
      return findProgram(["slurmctld"]);
    case "fashion":
      return exists("/usr/share/datasets/fashion-mnist")
        ? { path: "/usr/share/datasets/fashion-mnist", note: "Debian" }
        : { reason: "Debian's dataset-fashion-mnist is not installed" };
    case "cpp":
      return exists(HDF5_HEADERS)
        ? findProgram(["g++"])
        : { reason: "Debian's libhdf5-dev is not installed" };
    default:
      return findProgram([name]);
  }
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false; // not there, or behind a folder that may not be entered
  }
}

/** The first of `names` on PATH, or where Debian keeps daemons. */
function findProgram(names: readonly string[]): Found {
  for (const name of names) {
    const path = onPath(name);
    if (path) return { path, note: "on PATH" };
  }
  return { reason: `no ${names[0]} on PATH` };
}

/** The full path of a program on PATH. */
export function onPath(name: string): string | undefined {
  const separator = Deno.build.os === "windows" ? ";" : ":";
  const folders = [...(Deno.env.get("PATH") ?? "").split(separator), "/usr/sbin", "/sbin"];
  const ending = Deno.build.os === "windows" ? ".exe" : "";
  return folders.map((folder) => join(folder, name + ending)).find(exists);
}

/** Where a compiled Go program lies in the cache. */
export function goProgramPath(name: keyof typeof GO_PROGRAMS): string {
  return join(readEnvironment().cacheFolder, `${name}-${GO_PROGRAMS[name].version}`, name);
}

function findGoProgram(name: keyof typeof GO_PROGRAMS): Found {
  const path = goProgramPath(name);
  if (exists(path) && exists(`${path}.sha256`)) {
    if (sha256OfFile(path) === Deno.readTextFileSync(`${path}.sha256`).trim()) return { path, note: "cache" };
    return { reason: `${path} is damaged: its checksum differs` };
  }
  return findProgram([name]);
}

/** SHA-256 of a file, in hexadecimal. */
export function sha256OfFile(path: string): string {
  return createHash("sha256").update(Deno.readFileSync(path)).digest("hex");
}

/** The folder of the virtual environment. */
export function pythonFolder(): string {
  return join(readEnvironment().cacheFolder, "python");
}

/** A program of the virtual environment. */
export function pythonProgram(name: string): string {
  return Deno.build.os === "windows"
    ? join(pythonFolder(), "Scripts", `${name}.exe`)
    : join(pythonFolder(), "bin", name);
}

const PRINT_VERSIONS = `
import sys
from importlib.metadata import version, PackageNotFoundError
for name in sys.argv[1:]:
    try: print(name, version(name))
    except PackageNotFoundError: print(name, "-")
`;

function findPythonSet(name: keyof typeof PYTHON_SETS): Found {
  const own = Deno.env.get("CLOUDCHAMBER_PYTHON");
  const python = own ?? pythonProgram("python");
  if (!exists(python)) {
    return { reason: own ? `CLOUDCHAMBER_PYTHON names "${own}": no such file` : "not installed" };
  }
  const wanted = new Map(PYTHON_SETS[name].map((requirement) => {
    const [, packageName, version] = /^([\w-]+)(?:\[\w+\])?(?:==(.*))?$/.exec(requirement)!;
    return [packageName, version];
  }));
  const { success, stdout } = new Deno.Command(python, {
    args: ["-c", PRINT_VERSIONS, ...wanted.keys()],
    stdin: "null",
    stderr: "null",
  }).outputSync();
  if (!success) return { reason: `"${python}" does not run` };
  for (const line of new TextDecoder().decode(stdout).trim().split(/\r?\n/)) {
    const [packageName, version] = line.split(" ");
    if (version === "-") return { reason: `Python package ${packageName} is not installed` };
    // An environment of the user's own may be newer; the cache must hold what is asked for.
    if (!own && wanted.get(packageName) && wanted.get(packageName) !== version) {
      return { reason: `Python package ${packageName} is ${version}: expected ${wanted.get(packageName)}` };
    }
  }
  return { path: python, note: own ? "CLOUDCHAMBER_PYTHON" : "cache" };
}

/** The `jupyter` command of the cache, or of PATH where it has the sub-command's program too. */
function findJupyter(name: "jupyter" | "lab", program: string): Found {
  if (findPythonSet(name).path === pythonProgram("python")) {
    return { path: pythonProgram("jupyter"), note: "cache" };
  }
  const path = onPath("jupyter");
  return path && onPath(program)
    ? { path, note: "on PATH" }
    : { reason: `no ${program} in the cache or on PATH` };
}
