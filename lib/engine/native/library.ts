/**
 * Finding TensorFlow's shared libraries on this machine: the first of a fixed list of places whose library loads.
 *
 * Order: the caller's folder or file · the cache · tfjs-node's own download · an installed Python TensorFlow · the
 * system's libtensorflow · a fresh download by pip.
 * @module
 */
import { basename, dirname, join, resolve } from "@std/path";
import manifest from "@tensorflow/tfjs-node/package.json" with { type: "json" };
import { packageFolder } from "../../base/npm_package.ts";
import type { Environment } from "../../base/environment.ts";
import { cachedFolder, fetchLibrary, type FetchOptions } from "./fetch_library.ts";
import { checkCachedLibrary } from "./library_cache.ts";
import { openLibrary } from "./native_library.ts";
import { CORE_NAMES, FRAMEWORK_NAMES, type LibraryLocation, type Os } from "./library_names.ts";

export type { LibraryLocation };

/** Options for {@linkcode findLibrary}. */
export interface LibraryOptions extends Environment, FetchOptions {
  /** Whether to download a library when none is found. @default {true} */
  fetch?: boolean;
  /** Folders of system libraries. @default {the platform's usual ones} */
  systemFolders?: readonly string[];
  /** The folder that tfjs-node's install script unpacks into. @default {that of the installed package} */
  nodeFolder?: string;
  /** Loads a library and gives its version, or throws. @default {dlopen, with every symbol that the engine calls} */
  open?: (location: LibraryLocation) => string;
}

/** Loads both libraries into this process, where they stay, and gives TensorFlow's version. */
function load({ framework, core }: LibraryLocation): string {
  return openLibrary(framework === core ? "" : framework, core).version;
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch {
    return false; // absent, or not ours to read: no library either way
  }
}

async function firstFile(folder: string, names: readonly string[]): Promise<string | undefined> {
  for (const name of names) if (await isFile(join(folder, name))) return join(folder, name);
  return undefined;
}

async function namesIn(folder: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name } of Deno.readDir(folder)) names.push(name);
  } catch {
    return []; // absent, or not ours to read
  }
  return names.sort().reverse();
}

/** The libraries in one folder, if both are there. */
async function locate(folder: string, origin: string, os: Os): Promise<LibraryLocation | undefined> {
  const core = await firstFile(folder, CORE_NAMES[os]);
  const framework = core && await firstFile(folder, FRAMEWORK_NAMES[os]);
  return core && framework ? { folder, framework, core, origin } : undefined;
}

/** A folder or file that a person named: TensorFlow's own folder, the one around it, or one of the files. */
async function* named(path: string, os: Os): AsyncGenerator<LibraryLocation> {
  const absolute = resolve(path), origin = "given";
  const isOne = await isFile(absolute);
  if (isOne && !basename(absolute).includes("framework")) {
    const folder = dirname(absolute);
    const framework = await firstFile(folder, FRAMEWORK_NAMES[os]);
    yield { folder, framework: framework ?? absolute, core: absolute, origin };
    return;
  }
  const folder = isOne ? dirname(absolute) : absolute;
  for (const inner of [folder, join(folder, "lib"), join(folder, "tensorflow")]) {
    const location = await locate(inner, origin, os);
    if (location) yield location;
  }
}

async function* cached(options: LibraryOptions, os: Os): AsyncGenerator<LibraryLocation> {
  const folder = cachedFolder(options);
  const damage = await checkCachedLibrary(folder);
  if (damage === undefined) {
    const location = await locate(folder, "cache", os);
    if (location) yield location;
  } else if ((await namesIn(folder)).length > 0) {
    options.log?.(`Skipped the TensorFlow in ${folder}: ${damage}`);
  }
}

/** Where the install script of tfjs-node, if it ever ran, put the library that it downloads. */
function downloadFolder(): string | undefined {
  try {
    return join(packageFolder(manifest), "deps", "lib");
  } catch {
    return undefined; // not installed as files
  }
}

/** Every folder `…/site-packages/tensorflow` of the active environment and of each python3 on the search path. */
async function* installedInPython(options: LibraryOptions, os: Os): AsyncGenerator<LibraryLocation> {
  const { virtualEnv, home, searchPath = "" } = options;
  const prefixes = new Set<string>(virtualEnv ? [virtualEnv] : []);
  for (const folder of searchPath.split(os === "windows" ? ";" : ":").filter(Boolean)) {
    for (const program of ["python3", "python"]) {
      if (!await isFile(join(folder, program))) continue;
      prefixes.add(dirname(folder));
      const real = await Deno.realPath(join(folder, program)).catch(() => undefined);
      if (real) prefixes.add(dirname(dirname(real)));
    }
  }
  if (home) prefixes.add(join(home, ".local"));
  if (prefixes.has("/usr")) prefixes.add("/usr/local"); // Debian's pip installs there
  for (const prefix of prefixes) {
    for (const lib of ["lib", "lib64"]) {
      for (const python of (await namesIn(join(prefix, lib))).filter((n) => /^python3(\.\d+)?$/.test(n))) {
        for (const packages of ["site-packages", "dist-packages"]) {
          const location = await locate(join(prefix, lib, python, packages, "tensorflow"), "Python", os);
          if (location) yield location;
        }
      }
    }
  }
}

const SYSTEM_FOLDERS: Record<Os, readonly string[]> = {
  linux: [
    "/usr/local/lib",
    "/usr/lib",
    "/usr/lib64",
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/opt/tensorflow/lib",
  ],
  darwin: ["/opt/homebrew/lib", "/usr/local/lib", "/opt/local/lib"],
  windows: [],
};

async function* candidates(options: LibraryOptions, os: Os): AsyncGenerator<LibraryLocation> {
  const { library, nodeFolder = downloadFolder(), systemFolders = SYSTEM_FOLDERS[os], log } = options;
  if (library) {
    let found = false;
    for await (const location of named(library, os)) {
      found = true;
      yield location;
    }
    if (!found) {
      log?.(`Skipped "${library}": it holds no ${CORE_NAMES[os].join(" or ")} with its framework library`);
    }
  }
  yield* cached(options, os);
  const own = nodeFolder && await locate(nodeFolder, "tfjs-node", os);
  if (own) yield own;
  yield* installedInPython(options, os);
  for (const folder of systemFolders) {
    const location = await locate(folder, "system", os);
    if (location) yield location;
  }
}

/**
 * Finds the first TensorFlow library that loads, downloading one when there is none.
 *
 * Every place that was passed over, and why, is one line to `log`. A download that fails is a line too, not an error:
 * the caller's ladder goes on to the next backend.
 *
 * @param options What to look at; `readEnvironment()` gives the usual values.
 * @returns The location with its version, loaded into this process; undefined if no library can be had.
 * @example
 * ```ts
 * import { readEnvironment } from "../../base/environment.ts";
 * import { findLibrary } from "./library.ts";
 * const location = await findLibrary({ ...readEnvironment(), fetch: false });
 * ```
 */
export async function findLibrary(options: LibraryOptions = {}): Promise<LibraryLocation | undefined> {
  const { log = () => {}, open = load, fetch = true } = options;
  const os = (options.platform ?? Deno.build).os as Os;
  if (!(os in CORE_NAMES)) {
    log(`No TensorFlow library is made for ${os}`);
    return undefined;
  }
  const tried = new Set<string>();
  for await (const location of candidates(options, os)) {
    if (tried.has(location.core)) continue;
    tried.add(location.core);
    try {
      return { ...location, version: open(location) };
    } catch (error) {
      log(`Skipped the TensorFlow in ${location.folder}: ${firstLine(error)}`);
    }
  }
  if (!fetch) return undefined;
  try {
    const location = await fetchLibrary(options);
    return { ...location, version: open(location) };
  } catch (error) {
    log(`No TensorFlow library can be had: ${firstLine(error)}`);
    return undefined;
  }
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0];
}

export { fetchLibrary };
