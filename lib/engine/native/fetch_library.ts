/**
 * Fetching TensorFlow's shared libraries: pip downloads the wheel, the two files that matter go to the cache.
 *
 * Any Python's pip will do, whatever its Python: the wheel is asked for by name, version and platform, and not installed.
 * @module
 */
import { join } from "@std/path";
import type { Environment } from "../../base/environment.ts";
import {
  checkCachedLibrary,
  installLibrary,
  makeTemporaryFolder,
  readCachedLibrary,
} from "./library_cache.ts";
import type { LibraryLocation } from "./library_names.ts";
import { unpackWheel } from "./wheel.ts";

/** The version that is fetched. */
export const TENSORFLOW_VERSION = "2.21.0";

/** A platform by Deno's names. */
export interface Platform {
  os: string;
  arch: string;
}

/** Options for {@linkcode fetchLibrary}. */
export interface FetchOptions extends Environment {
  /** Told what is going on, a line at a time. */
  log?: (line: string) => void;
  /** The platform to fetch for. @default {Deno.build} */
  platform?: Platform;
}

interface Wheel {
  name: string;
  tag: string;
  framework: string;
  core: string;
}

const SO = { framework: "libtensorflow_framework.so.2", core: "libtensorflow_cc.so.2" };

/** The wheels that hold a library for us. The CPU one where there is one: the other brings gigabytes of CUDA with it. */
const WHEELS: Record<string, Wheel> = {
  "linux-x86_64": { name: "tensorflow-cpu", tag: "manylinux_2_27_x86_64", ...SO },
  "linux-aarch64": { name: "tensorflow", tag: "manylinux_2_27_aarch64", ...SO },
  "darwin-aarch64": {
    name: "tensorflow",
    tag: "macosx_12_0_arm64",
    framework: "libtensorflow_framework.2.dylib",
    core: "libtensorflow_cc.2.dylib",
  },
};

/** The folder of the cache in which the library for a platform is kept. */
export function cachedFolder(
  { cacheFolder = ".cache/cloudchamber", platform = Deno.build }: FetchOptions,
): string {
  return join(cacheFolder, `tensorflow-${TENSORFLOW_VERSION}-${platform.os}-${platform.arch}`);
}

/** Every way to call a pip here, best first: the active environment's, then each program of the search path. */
async function pips({ virtualEnv, searchPath, platform = Deno.build }: FetchOptions): Promise<string[][]> {
  const windows = platform.os === "windows";
  const folders = searchPath?.split(windows ? ";" : ":").filter(Boolean);
  if (virtualEnv) folders?.unshift(join(virtualEnv, windows ? "Scripts" : "bin"));
  const commands: string[][] = [];
  for (const [program, ...args] of [["python3", "-m", "pip"], ["pip3"], ["pip"], ["python", "-m", "pip"]]) {
    if (!folders) commands.push([program, ...args]); // the search path is hidden from us, not from the system
    for (const folder of folders ?? []) {
      const path = join(folder, windows ? `${program}.exe` : program);
      if ((await Deno.stat(path).catch(() => undefined))?.isFile) commands.push([path, ...args]);
    }
  }
  return commands;
}

async function run(
  [program, ...args]: string[],
  env: Record<string, string> = {},
): Promise<string | undefined> {
  try {
    const { success, stderr, code } = await new Deno.Command(program, {
      args,
      env: { PIP_DISABLE_PIP_VERSION_CHECK: "1", PIP_NO_INPUT: "1", ...env },
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).output();
    if (success) return undefined;
    const lines = new TextDecoder().decode(stderr).trim().split("\n");
    return lines.findLast((line) => /error/i.test(line)) ?? (lines.at(-1) || `exit code ${code}`);
  } catch (error) {
    return (error as Error).message.split("\n")[0];
  }
}

/** Size of the largest file below a folder: the wheel as it grows, which pip copies once it has it. */
async function largestFile(folder: string): Promise<number> {
  let bytes = 0;
  try {
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      const path = join(folder, name);
      bytes = Math.max(bytes, isDirectory ? await largestFile(path) : (await Deno.stat(path)).size);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error; // pip moves its files while we look
  }
  return bytes;
}

const MB = 1e6;

/** Downloads the wheel into `folder` with the first pip that manages to, and gives its path. */
async function downloadWheel(wheel: Wheel, folder: string, options: FetchOptions): Promise<string> {
  const { log = () => {} } = options;
  const wanted = `${wheel.name}==${TENSORFLOW_VERSION}`;
  const commands = await pips(options);
  let reason = "";
  for (const pip of commands) {
    if (await run([...pip, "--version"]) !== undefined) continue;
    log(`Fetching ${wanted} with ${pip.join(" ")} (about 280 MB, once)`);
    let told = 0;
    const watch = setInterval(async () => {
      const bytes = await largestFile(folder);
      if (bytes > told + 20 * MB) log(`Fetching ${wanted}: ${Math.round((told = bytes) / MB)} MB so far`);
    }, 1000);
    const failure = await run(
      // deno-fmt-ignore
      [...pip, "download", "--no-deps", "--no-cache-dir", "--only-binary=:all:", "--python-version", "3.12",
        "--implementation", "cp", "--abi", "cp312", "--platform", wheel.tag, "-d", folder, wanted],
      { TMPDIR: folder },
    ).finally(() => clearInterval(watch));
    for await (const { name } of Deno.readDir(folder)) {
      if (failure === undefined && name.endsWith(".whl")) return join(folder, name);
    }
    reason = `: ${pip.join(" ")} says "${failure ?? "nothing was written"}"`;
  }
  throw new Error(
    reason
      ? `Cannot fetch ${wanted}${reason}`
      : `Cannot fetch ${wanted} as no pip works here: install Python's pip, or name a TensorFlow by CLOUDCHAMBER_TENSORFLOW`,
  );
}

/**
 * Puts the TensorFlow libraries for this platform into the cache, unless they are there and sound.
 *
 * The wheel is unpacked beside its place and renamed into it, so a reader sees all or nothing and two processes may
 * fetch at once. Checksums are compared with the wheel's own RECORD and written down for later starts.
 *
 * @returns Where the libraries lie; they have not been loaded.
 * @throws {Error} If there is no wheel for the platform, no pip, no network or no space, in one line.
 * @example
 * ```ts
 * import { readEnvironment } from "../../base/environment.ts";
 * import { fetchLibrary } from "./fetch_library.ts";
 * const setup = () => fetchLibrary({ ...readEnvironment(), log: console.log });
 * ```
 */
export async function fetchLibrary(options: FetchOptions = {}): Promise<LibraryLocation> {
  const { log = () => {}, cacheFolder = ".cache/cloudchamber", platform = Deno.build } = options;
  const wheel = WHEELS[`${platform.os}-${platform.arch}`];
  if (!wheel) {
    throw new Error(
      `Cannot fetch TensorFlow as no wheel with its C library exists for ${platform.os} ${platform.arch}`,
    );
  }
  const folder = cachedFolder(options);
  const location = {
    folder,
    framework: join(folder, wheel.framework),
    core: join(folder, wheel.core),
    origin: "download",
  };
  if (await checkCachedLibrary(folder) === undefined) {
    return { ...location, origin: "cache", version: (await readCachedLibrary(folder))?.version };
  }
  const temporary = makeTemporaryFolder(cacheFolder);
  try {
    const download = join(temporary, "download");
    await Deno.mkdir(download);
    const path = await downloadWheel(wheel, download, options);
    let told = "";
    const names = [wheel.framework, wheel.core].map((name) => `tensorflow/${name}`);
    const files = await unpackWheel(path, names, temporary, (name, _bytes, total) => {
      if (name !== told) log(`Unpacking ${told = name} (${Math.ceil(total / MB)} MB)`);
    });
    await Deno.remove(download, { recursive: true });
    await installLibrary(temporary, folder, {
      version: TENSORFLOW_VERSION,
      origin: `${wheel.name} (pip)`,
      files,
    });
    log(`TensorFlow ${TENSORFLOW_VERSION} is in ${folder}`);
    return { ...location, version: TENSORFLOW_VERSION };
  } catch (error) {
    await Deno.remove(temporary, { recursive: true }).catch(() => {});
    throw error;
  }
}
