/** Patterns of file names, as a shell has them, and the files that they mean. @module */
import { isAbsolute, join, normalize } from "@std/path";

/** Whether a text is a pattern: has `*`, `?`, `[` or `{`. */
export function isPattern(text: string): boolean {
  return /[*?[{]/.test(text);
}

/** The expression that a pattern's segments stand for: `**` any folders, `*` and `?` within a segment, `[a-z]`, `{a,b}`. */
export function patternToRegExp(pattern: string): RegExp {
  let out = "", depth = 0;
  for (let i = 0; i < pattern.length; i++) {
    const c = pattern[i];
    if (pattern.startsWith("**/", i)) [out, i] = [out + "(?:[^/]+/)*", i + 2];
    else if (c === "*") out += "[^/]*";
    else if (c === "?") out += "[^/]";
    else if (c === "[" && pattern.indexOf("]", i + 2) > 0) {
      const end = pattern.indexOf("]", i + 2);
      out += "[" + pattern.slice(i + 1, end).replace(/^!/, "^").replace(/\\/g, "\\\\") + "]";
      i = end;
    } else if (c === "{") [out, depth] = [out + "(?:", depth + 1];
    else if (c === "}" && depth > 0) [out, depth] = [out + ")", depth - 1];
    else if (c === "," && depth > 0) out += "|";
    else out += c.replace(/[.+^$()|\\\]{}]/, "\\$&");
  }
  if (depth > 0) throw new SyntaxError(`Cannot read the pattern "${pattern}": a brace is not closed`);
  return new RegExp(`^${out}$`);
}

/** A path with `/` between its parts, on every system. */
export function withSlashes(path: string): string {
  return path.replaceAll("\\", "/");
}

/**
 * The folder in front of a pattern's first special part: where its files are looked for.
 *
 * @example
 * ```ts
 * fixedPart("data/run_1/NR/[1-6]_keV/*.png"); // "data/run_1/NR"
 * ```
 */
export function fixedPart(pattern: string): string {
  const parts = withSlashes(pattern).split("/");
  const fixed = parts.slice(0, parts.findIndex(isPattern)).join("/");
  return fixed || (isAbsolute(pattern) ? "/" : ".");
}

/** Order of names as in a sorted glob: by code unit, whatever the locale. */
export function byName(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** What other programs leave among files: macOS's shadows of files, in archives and on foreign disks. */
export function isLitter(name: string): boolean {
  return /(^|\/)(__MACOSX\/|\._)/.test(name);
}

/**
 * Every file below a folder, in order of the names in each; a symbolic link is followed, but not back to a folder that it lies in.
 *
 * @returns Paths with `/` between their parts, without macOS's shadow files. A link that leads nowhere counts as a file:
 *   whoever opens it is told.
 * @throws {Deno.errors.NotFound} If there is no such folder.
 */
export async function* walkFiles(folder: string): AsyncGenerator<string> {
  yield* walk(folder, [await Deno.realPath(folder)]);
}

async function* walk(folder: string, within: readonly string[]): AsyncGenerator<string> {
  const entries = await Array.fromAsync(Deno.readDir(folder));
  for (const entry of entries.sort((a, b) => byName(a.name, b.name))) {
    const path = join(folder, entry.name);
    let { isDirectory } = entry, inner = within;
    if (entry.isSymlink) {
      const info = await Deno.stat(path).catch(() => undefined);
      isDirectory = info?.isDirectory ?? false;
    }
    if (isDirectory) {
      const real = await Deno.realPath(path);
      if (within.includes(real)) continue;
      inner = [...within, real];
      yield* walk(path, inner);
    } else if (!isLitter(withSlashes(path))) yield withSlashes(path);
  }
}

/** The files that a pattern means, in the order of {@linkcode walkFiles}; none where nothing fits. */
export async function* filesMatching(pattern: string): AsyncGenerator<string> {
  const matcher = patternToRegExp(withSlashes(normalize(withSlashes(pattern))));
  try {
    for await (const name of walkFiles(fixedPart(pattern))) if (matcher.test(name)) yield name;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
