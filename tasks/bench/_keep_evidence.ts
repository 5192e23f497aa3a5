/** Where the outcome of a comparison of precisions is kept, for the experiments to go by. @module */
import { fileURLToPath } from "node:url";
import { writeDurably } from "../../lib/base/durable_file.ts";
import { meanOf } from "../../lib/evaluate/mean.ts";
import type { PrecisionEvidence } from "../../lib/run/experiment.ts";

/** The file that the experiments read. */
export const EVIDENCE_FILE = fileURLToPath(
  new URL("../../lib/experiments/precision_evidence.json", import.meta.url),
);

/** How far the seeds of one precision lie apart. */
export const scatterOf = (values: readonly number[]): number => Math.max(...values) - Math.min(...values);

/**
 * Whether mixed precision comes out as float32 does: zero lies in the interval of the difference, and in the mean the two are no
 * further apart than seeds are. A gain has to be as small as a loss, since it would be no less of a surprise.
 */
export function isAsGood({ float32, mixed, difference: [low, high] }: PrecisionEvidence): boolean {
  return low <= 0 && high >= 0 && Math.abs(meanOf(mixed) - meanOf(float32)) <= scatterOf(float32);
}

/**
 * Writes what was found of an experiment into a file, beside what is known of others; a loss takes out what was there.
 *
 * @param evidence What was found; undefined for a loss.
 */
export async function keepEvidence(
  file: string,
  experiment: string,
  evidence: PrecisionEvidence | undefined,
): Promise<void> {
  const { [experiment]: _, ...others } = JSON.parse(await Deno.readTextFile(file));
  const all = Object.entries({ ...others, ...(evidence && { [experiment]: evidence }) });
  const sorted = Object.fromEntries(all.sort(([a], [b]) => a < b ? -1 : 1));
  await writeDurably(file, JSON.stringify(sorted, undefined, 2) + "\n");
}
