/** What something was when somebody last looked at it, kept in a file beside its test: a line of JSON each. @module */
import { assertClose, assertEquals } from "./assert.ts";

/** Reads what is kept. */
export async function readKept<T extends { name: string }>(file: URL): Promise<T[]> {
  return (await Deno.readTextFile(file)).trim().split("\n").map((line) => JSON.parse(line));
}

/** Writes it anew. */
export async function writeKept(file: URL, all: readonly { name: string }[]): Promise<void> {
  await Deno.writeTextFile(file, all.map((one) => JSON.stringify(one) + "\n").join(""));
}

/** Compares values by their paths: the same paths, with numbers that are calculated within their last digits. */
export function assertValuesKept(
  now: Readonly<Record<string, unknown>>,
  before: Readonly<Record<string, unknown>>,
): void {
  assertEquals(Object.keys(now), Object.keys(before));
  for (const [path, value] of Object.entries(now)) {
    const old = before[path];
    if (typeof value === "number" && typeof old === "number") assertClose(value, old, 1e-9, path);
    else assertEquals(value, old, path);
  }
}

/** Every value of something by its path, for {@linkcode assertValuesKept}. */
export function valuesByPath(value: unknown, path = "$"): Record<string, unknown> {
  if (typeof value !== "object" || value === null) return { [path]: value };
  const inside = Object.entries(value).map(([key, one]) => valuesByPath(one, `${path}.${key}`));
  return inside.length > 0 ? Object.assign({}, ...inside) : { [path]: Array.isArray(value) ? "[]" : "{}" };
}
