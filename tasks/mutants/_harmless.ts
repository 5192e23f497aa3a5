/**
 * Faults that were looked at and do no harm: `tests/mutants/<room>.json`.
 *
 * Each entry names its file, the changed lines before and after (blanks at their ends left out), and why no test can
 * or need tell them apart.
 * @module
 */
import { join } from "@std/path";

/** One fault that may survive. */
export interface Harmless {
  file: string;
  /** The lines as they are. */
  line: string;
  /** The lines with the fault. */
  fault: string;
  /** Why nothing that counts differs. */
  reason: string;
}

/** Where the lists stand, a file a room. */
export const HARMLESS_FOLDER = join("tests", "mutants");

/** Reads a room's list; a room may have none. */
export async function readHarmless(room: string): Promise<Harmless[]> {
  let text: string;
  try {
    text = await Deno.readTextFile(join(HARMLESS_FOLDER, `${room}.json`));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
  return JSON.parse(text);
}

/**
 * The reason why a fault may survive, where it is on a list.
 *
 * @param diff The fault as `showMutation` shows it.
 * @example
 * ```ts
 * const known = [{ file: "a.ts", line: "b < c", fault: "b <= c", reason: "b and c never meet" }];
 * reasonFor(known, "a.ts", "-   b < c\n+   b <= c"); // "b and c never meet"
 * ```
 */
export function reasonFor(known: readonly Harmless[], file: string, diff: string): string | undefined {
  const before = linesOf(diff, "-"), after = linesOf(diff, "+");
  return known.find((it) => it.file === file && trim(it.line) === before && trim(it.fault) === after)?.reason;
}

function linesOf(diff: string, sign: string): string {
  const lines = diff.split("\n").filter((line) => line.startsWith(sign));
  return trim(lines.map((line) => line.slice(1)).join("\n"));
}

function trim(text: string): string {
  return text.split("\n").map((line) => line.trim()).join("\n");
}
