/** Verdicts of the conformance bench, kept as they come, so that a run of hours may be stopped and go on. @module */
import { join } from "@std/path";
import type { Verdict } from "./_conformance.ts";

/** What an earlier run found, and where this one adds what it finds. */
export interface KeptVerdicts {
  /** By earlier runs, in their order. */
  readonly earlier: readonly Verdict[];
  /** Whether a seed is still to be judged. */
  isLeft(seed: number): boolean;
  /** Writes one down. */
  add(verdict: Verdict): void;
}

/** Nothing is kept. */
const NOTHING: KeptVerdicts = { earlier: [], isLeft: () => true, add: () => {} };

/**
 * Opens the verdicts of one kind, one JSON object a line in `FOLDER/KIND.jsonl`.
 *
 * @param folder Where they are; made if it is missing. Without one nothing is kept.
 * @param seeds What is to be judged in all; verdicts of others are let be.
 * @throws {SyntaxError} If a line is none; file and line are named.
 */
export async function openVerdicts(
  folder: string | undefined,
  kind: string,
  seeds: readonly number[],
): Promise<KeptVerdicts> {
  if (folder === undefined) return NOTHING;
  await Deno.mkdir(folder, { recursive: true });
  const file = join(folder, `${kind}.jsonl`), wanted = new Set(seeds);
  const text = await Deno.readTextFile(file).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  });
  const all = text.split("\n").flatMap((line, i) =>
    line === "" ? [] : [parseVerdict(line, `${file}:${i + 1}`)]
  );
  const bySeed = new Map(
    all.filter(({ seed }) => wanted.has(seed)).map((verdict) => [verdict.seed, verdict]),
  );
  return {
    earlier: [...bySeed.values()],
    isLeft: (seed) => !bySeed.has(seed),
    add: (verdict) => Deno.writeTextFileSync(file, `${JSON.stringify(verdict)}\n`, { append: true }),
  };
}

function parseVerdict(line: string, place: string): Verdict {
  try {
    const verdict = JSON.parse(line) as Verdict;
    if (Number.isInteger(verdict.seed) && ["exact", "refused", "wrong"].includes(verdict.outcome)) {
      return verdict;
    }
  } catch {
    // no JSON: a run that was killed while it wrote
  }
  throw new SyntaxError(`Cannot read a verdict at ${place}: got ${JSON.stringify(line.slice(0, 60))}`);
}
