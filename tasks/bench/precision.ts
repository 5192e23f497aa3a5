/**
 * Whether mixed precision learns as much as float32: an experiment's own training from three seeds in each, side by side. Where it
 * finds no loss it writes so to `lib/experiments/precision_evidence.json`, without which `--precision auto` stays float32.
 * @module
 */
import { join } from "@std/path";
import { EXPERIMENTS } from "../../lib/experiments/registry.ts";
import type { PrecisionEvidence } from "../../lib/run/experiment.ts";
import { readRecord, runPaths } from "../../lib/run/run_folder.ts";
import { decodeHistory } from "../../lib/train/history.ts";
import {
  type BenchContext,
  type BenchTable,
  chooseParts,
  measureProgram,
  type ProgramCost,
  rowOfPrograms,
} from "./_bench.ts";
import { EVIDENCE_FILE, isAsGood, keepEvidence, scatterOf } from "./_keep_evidence.ts";
import { meanDifference } from "./_mean_difference.ts";

/** Name on the command line. */
export const name = "precision";
/** What it measures. */
export const summary =
  "Mixed precision against float32: quality from three seeds, and time (parts: experiments' names)";

const SEEDS = [1, 2, 3], USUAL = ["mnist", "fashion", "cygno"];
const PRECISIONS = ["float32", "mixed"] as const;

/** One training. */
interface Trained {
  cost: ProgramCost;
  /** The experiment's first metric on the test examples. */
  metric: string;
  value: number;
  /** The last epoch's, on the training examples. */
  loss: number;
}

async function train(args: readonly string[], folder: string): Promise<Trained> {
  const script = new URL("../train.ts", import.meta.url).pathname;
  const cost = await measureProgram(Deno.execPath(), ["run", "-A", script, ...args, "--out", folder]);
  const { metrics = {} } = (await readRecord(folder))!;
  const [[metric, { value }]] = Object.entries(metrics as Record<string, { value: number }>);
  const epochs = decodeHistory(await Deno.readTextFile(runPaths(folder).history));
  return { cost, metric, value, loss: epochs.at(-1)!.loss };
}

/**
 * Trains from each seed in both precisions, in turns.
 *
 * @param args More options of `train`.
 */
export async function comparePrecisions(
  experiment: string,
  { folder, say }: Pick<BenchContext, "folder" | "say">,
  args: readonly string[] = [],
): Promise<{ table: BenchTable; evidence: PrecisionEvidence; isAsGood: boolean }> {
  const runs: Record<typeof PRECISIONS[number], Trained[]> = { float32: [], mixed: [] };
  for (const seed of SEEDS) {
    for (const precision of PRECISIONS) {
      say(`${experiment}, seed ${seed}, ${precision}`);
      const options = ["--seed", String(seed), "--precision", precision, ...args];
      runs[precision].push(
        await train([experiment, ...options], join(folder, `${experiment}_${precision}_${seed}`)),
      );
    }
  }
  return judge(experiment, runs);
}

function judge(experiment: string, { float32, mixed }: Record<typeof PRECISIONS[number], Trained[]>) {
  const valuesOf = (runs: readonly Trained[]) => runs.map(({ value }) => value);
  const lossesOf = (runs: readonly Trained[]) => runs.map(({ loss }) => loss);
  const costs = (runs: readonly Trained[]) => runs.map(({ cost }) => cost);
  const { mean, low, high } = meanDifference(valuesOf(mixed), valuesOf(float32));
  const loss = meanDifference(lossesOf(mixed), lossesOf(float32)), scatter = lossesOf(float32);
  const evidence: PrecisionEvidence = {
    measured: new Date().toISOString().slice(0, 10),
    metric: float32[0].metric,
    float32: valuesOf(float32),
    mixed: valuesOf(mixed),
    difference: [low, high],
  };
  const isEqual = isAsGood(evidence) && Math.abs(loss.mean) <= scatterOf(scatter), peer = "float32";
  const table: BenchTable = {
    title: `${experiment} in mixed precision and in float32, seeds ${SEEDS.join(", ")}`,
    rows: [
      {
        what: `${evidence.metric} on the test examples`,
        unit: "",
        peer,
        ours: evidence.mixed,
        theirs: evidence.float32,
      },
      { what: "loss of the last epoch", unit: "", peer, ours: lossesOf(mixed), theirs: lossesOf(float32) },
      { what: "start to exit", peer, ...rowOfPrograms({ ours: costs(mixed), theirs: costs(float32) }) },
    ],
    notes: [
      `${evidence.metric}, mixed less float32: ${mean.toPrecision(3)} (95 %: ${low.toPrecision(3)} to ` +
      `${high.toPrecision(3)}), paired by seed.`,
      `Loss, mixed less float32: ${loss.mean.toPrecision(3)} (${loss.low.toPrecision(3)} to ${
        loss.high.toPrecision(3)
      }); float32's own seeds lie ${scatterOf(scatter).toPrecision(3)} apart.`,
      isEqual
        ? `Both are within what seeds differ by, so that ${experiment} may be trained with --precision auto: kept in ` +
          `lib/experiments/precision_evidence.json.`
        : `That is more than seeds differ by: ${experiment} stays in float32 under --precision auto.`,
    ],
  };
  return { table, evidence, isAsGood: isEqual };
}

/** Compares the experiments that are named, or the usual ones. */
export async function run(context: BenchContext): Promise<BenchTable[]> {
  const tables: BenchTable[] = [];
  for (const part of chooseParts(context.parts, EXPERIMENTS.map(({ name }) => name), USUAL)) {
    const { table, evidence, isAsGood } = await comparePrecisions(part, context);
    await keepEvidence(EVIDENCE_FILE, part, isAsGood ? evidence : undefined);
    tables.push(table);
  }
  return tables;
}
