/** Figures of benches that take hours, kept as they come, so that a run may be stopped and go on. @module */
import { join } from "@std/path";
import { writeDurably } from "../../lib/base/durable_file.ts";
import { makeFolderOnce } from "../../lib/data/made_once.ts";
import type { BenchContext } from "./_bench.ts";

/** What was measured, and with which settings. */
interface Kept {
  settings: unknown;
  value: unknown;
}

/**
 * Measures once: what an earlier run measured with the same settings is read instead.
 *
 * Each figure is a JSON file `KEEP/NAME.json`, of a short form `KEEP/short/NAME.json`, so that several runs may share a folder;
 * without `--keep` nothing is kept.
 *
 * @param name The figure's, by which its file is called: letters, digits, `_`, `-` and `/`.
 * @param settings What the figure depends on; with others it is measured anew.
 * @param measure Gives a value that JSON can hold.
 * @throws What the signal was aborted with, before anything is measured.
 * @throws {RangeError} If the name is no such name.
 * @throws {SyntaxError} If a file is there that holds no figure; it is named.
 */
export async function measureOnce<T>(
  { keep, isShort, say, signal }: Pick<BenchContext, "keep" | "isShort" | "say" | "signal">,
  name: string,
  settings: unknown,
  measure: () => Promise<T>,
): Promise<T> {
  if (!/^[\w-]+(\/[\w-]+)*$/.test(name)) throw new RangeError(`Cannot keep a figure as "${name}"`);
  signal?.throwIfAborted();
  if (keep === undefined) return await measure();
  const file = join(keep, isShort ? "short" : "", `${name}.json`), text = JSON.stringify(settings);
  const kept = await readFigure(file);
  if (kept && JSON.stringify(kept.settings) === text) {
    say(`${name}: kept`);
    return kept.value as T;
  }
  const value = await measure();
  await Deno.mkdir(join(file, ".."), { recursive: true });
  await writeDurably(file, `${JSON.stringify({ settings, value } satisfies Kept)}\n`);
  return value;
}

async function readFigure(file: string): Promise<Kept | undefined> {
  const text = await Deno.readTextFile(file).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  try {
    const kept = JSON.parse(text);
    if ("settings" in kept && "value" in kept) return kept;
  } catch {
    // no JSON, or no object
  }
  throw new SyntaxError(`Cannot read a kept figure from "${file}": got ${JSON.stringify(text.slice(0, 60))}`);
}

/** Where a bench that takes hours puts its data sets: beside its figures, so that they are made once. */
export const keptFolder = ({ keep, folder }: Pick<BenchContext, "keep" | "folder">): string =>
  keep === undefined ? folder : join(keep, "data");

/**
 * A data set's folder among those, filled where no earlier run has done it.
 *
 * @param name What the folder is called by: all that the set depends on.
 */
export async function keptSet(
  context: BenchContext,
  name: string,
  fill: (folder: string) => Promise<unknown>,
): Promise<string> {
  const place = join(keptFolder(context), name);
  await makeFolderOnce(place, fill, { signal: context.signal, log: context.say });
  return place;
}
