/**
 * The one place of `lib/` that looks at the process's environment, so that a notebook may call `startEngine()` or
 * `readMnist()` bare.
 *
 * Only variables that the process was granted are read; nothing is ever asked for. Tasks pass values instead.
 * @module
 */
import { join } from "@std/path";

/** What the engine and whatever is kept want to know about the machine. Every field may be passed by hand instead. */
export interface Environment {
  /** Folder or file of libtensorflow that comes before all others: `CLOUDCHAMBER_TENSORFLOW`. */
  library?: string;
  /** Where what was fetched is kept: `CLOUDCHAMBER_CACHE`, else the user's cache folder. */
  cacheFolder?: string;
  /** Folders in which programs are looked for: `PATH`. */
  searchPath?: string;
  /** The active Python environment: `VIRTUAL_ENV` or `CONDA_PREFIX`. */
  virtualEnv?: string;
  /** The user's home folder. */
  home?: string;
}

function variable(name: string): string | undefined {
  if (Deno.permissions.querySync({ name: "env", variable: name }).state !== "granted") return undefined;
  return Deno.env.get(name) || undefined;
}

/** The user's cache folder for this project by the platform's habit; `.cache` here when there is no home. */
function userCacheFolder(home: string | undefined): string {
  const { os } = Deno.build;
  const base = os === "windows"
    ? variable("LOCALAPPDATA")
    : os === "darwin"
    ? home && join(home, "Library", "Caches")
    : variable("XDG_CACHE_HOME") ?? (home && join(home, ".cache"));
  return base ? join(base, "cloudchamber") : join(".cache", "cloudchamber");
}

/**
 * Reads the variables that matter to this library, as far as `--allow-env` reaches.
 *
 * @returns A fresh object; fields whose variable is unset or not granted are absent, `cacheFolder` is always there.
 * @example
 * ```ts
 * import { readEnvironment } from "./environment.ts";
 * const { cacheFolder } = readEnvironment();
 * ```
 */
export function readEnvironment(): Environment & { cacheFolder: string } {
  const home = variable("HOME") ?? variable("USERPROFILE");
  return {
    library: variable("CLOUDCHAMBER_TENSORFLOW"),
    cacheFolder: variable("CLOUDCHAMBER_CACHE") ?? userCacheFolder(home),
    searchPath: variable("PATH"),
    virtualEnv: variable("VIRTUAL_ENV") ?? variable("CONDA_PREFIX"),
    home,
  };
}
