/**
 * What experiments measure and draw, of small simulated sets and of predictions that everybody can draw alike.
 * `reports.jsonl` keeps what that was when somebody last looked at it: metrics as they are, and of each chart how many
 * numbers and words it draws and what they add up to. Run as a program, this file writes it anew:
 *
 * ```sh
 * deno run -A tests/lib/experiments/_reports.ts
 * ```
 * @module
 */
import { join } from "@std/path";
import type { Card } from "../../../lib/card/card.ts";
import { startEngine } from "../../../lib/engine/mod.ts";
import { findExperiment } from "../../../lib/experiments/registry.ts";
import type { Data, Experiment, Figure, Options, OptionTable, Results } from "../../../lib/run/experiment.ts";
import { optionsFor } from "../../../lib/run/options_for.ts";
import { writeSet } from "../../../lib/simulate/cygno_set.ts";
import { writeEcal } from "../../../lib/simulate/ecal/set.ts";
import { encodeNpy } from "../../../lib/io/npy.ts";
import type { Predictions } from "../../../lib/train/mod.ts";
import { valuesByPath, writeKept } from "../../kept.ts";
import { generator } from "../evaluate/_sequence.ts";

/** Makes the set of each experiment, and says with which options it is read. */
export const SETS: Record<string, (folder: string) => Promise<Record<string, unknown>>> = {
  async cygno(folder) {
    const set = join(folder, "set.zip");
    await writeSet(set, { events: 40, energiesKeV: [4, 12, 30], seed: 5 });
    return { data: set, test: 15 };
  },
  async ecal(folder) {
    await writeEcal(folder, { events: 30 }, { seed: 3, workers: 1 });
    return { data: [folder], test: 10 };
  },
  async lenses(folder) {
    await writeCutouts(join(folder, "lenses.npy"), 10, (r) => Math.exp(-((r - 5) ** 2)) + Math.exp(-r));
    await writeCutouts(join(folder, "other.npy"), 40, (r) => Math.exp(-r));
    return { data: folder, crop: 16, shift: 2 };
  },
  "supernemo-top": () => Promise.resolve({ events: 80, testEvents: 40 }),
  "supernemo-calorimeter": () => Promise.resolve({ events: 60, testEvents: 30 }),
  "supernemo-hint": () => Promise.resolve({ events: 60, testEvents: 30 }),
};

/** Whose probability is the second of two shares. */
const PAIRED = ["ecal"];

/** What comes of a network that is trained for the report: how two of a dozen are ranked depends on the processor's last digits. */
const LEARNED: Readonly<Record<string, { metric: string; figure: string }>> = {
  ecal: { metric: "aucWithTime", figure: "roc" },
};

/** Names of the experiments whose reports are kept. */
export const REPORTED: readonly string[] = Object.keys(SETS);

async function writeCutouts(path: string, count: number, profile: (radius: number) => number): Promise<void> {
  const side = 24, bands = 5;
  const data = Float32Array.from({ length: count * side * side * bands }, (_, i) => {
    const at = Math.floor(i / bands) % (side * side), image = Math.floor(i / bands / side / side);
    const radius = Math.hypot(Math.floor(at / side) - 11.5, at % side - 11.5);
    return profile(radius) * (20 + image % 7 + i % bands) + Math.sin(i * 12.9898) ** 3;
  });
  await Deno.writeFile(path, encodeNpy({ data, shape: [count, side, side, bands] }));
}

/** A row of each output for every example; shares of several labels add up to 1. */
function predictionsFor(name: string, { outputs }: Pick<Card, "outputs">, n: number): Predictions {
  const next = generator(11);
  return Object.fromEntries(outputs.map((output) => {
    const labels = "labels" in output && (output.kind !== "probability" || PAIRED.includes(name))
      ? output.labels!.length
      : 1;
    const data = Float32Array.from({ length: n * labels }, next);
    for (let row = 0; row < n && labels > 1 && output.kind !== "labels"; row++) {
      const shares = data.subarray(row * labels, (row + 1) * labels), sum = shares.reduce((a, b) => a + b, 0);
      shares.forEach((share, i) => shares[i] = share / sum);
    }
    return [output.name, { data, shape: [n, labels] }];
  }));
}

/** How many numbers and words something holds, and what they add up to, each weighed by its place. */
function sumsOf(value: unknown): Record<string, number> {
  let numbers = 0, sum = 0, words = 0, letters = 0;
  for (const one of Object.values(valuesByPath(value))) {
    if (typeof one === "number") sum += one * (1 + ++numbers % 89 / 89);
    if (typeof one === "string") {
      words++;
      for (let i = 0; i < one.length; i++) letters = (letters * 31 + one.charCodeAt(i)) % 1_000_003;
    }
  }
  return { numbers, sum, words, letters };
}

/** The rows that a chart draws, wherever they stand in it; how it draws them is the charts' own test. */
function rowsOf(view: unknown): unknown[] {
  if (typeof view !== "object" || view === null) return [];
  const { data, ...rest } = view as { data?: { values?: unknown[] } };
  const inside = Object.values(rest).flatMap(rowsOf);
  return data?.values ? [data.values, ...inside] : inside;
}

/** A figure by its name and its numbers; pictures and pages only by that they are there. */
function sketch(figure: Figure): unknown {
  const { name, section } = figure;
  if (!("spec" in figure)) return { name, section };
  const rows = JSON.parse(JSON.stringify(rowsOf(figure.spec))),
    isOfPictures = JSON.stringify(rows).includes('"url":');
  return { name, section, ...isOfPictures ? {} : sumsOf(rows) };
}

/** Metrics and figures of one experiment. */
export async function reportOf(name: string): Promise<unknown> {
  const experiment = findExperiment(name) as Experiment<OptionTable, Data>;
  const folder = await Deno.makeTempDir();
  try {
    const options = optionsFor(experiment, { ...await SETS[name](folder), seed: 1 }) as Options;
    const data = await experiment.load(options, { dataFolder: folder, log: () => {} });
    const predictions = predictionsFor(name, experiment.card(options, data) as Card, data.test.size);
    const epochs = [1, 2, 3].map((epoch) => ({
      epoch,
      loss: 1 / epoch,
      validationLoss: 1.5 / epoch,
      seconds: 1,
    }));
    const history = {
      epochs,
      ending: "finished",
      steps: 9,
      seconds: 3,
      weightsOf: 3,
      shards: 1,
      precision: "float32",
      tuning: {},
      states: {},
    };
    const results = { predictions, history, models: {} } as unknown as Results;
    const measured = await experiment.evaluate(predictions, data, options, results), { metrics } = measured;
    const occlusion = (rows: readonly number[]) =>
      Promise.resolve(
        rows.map((row) => ({ values: Float32Array.of(row, 0, 1, -1), rows: 2, columns: 2, output: "" })),
      );
    const figures = await experiment.figures({ ...results, measured, occlusion }, data, options);
    data.dispose();
    const { metric = "", figure = "" } = LEARNED[name] ?? {};
    if (metric) metrics[metric] = { ...metrics[metric], value: NaN, low: NaN, high: NaN };
    const sketches = figures.map((one) =>
      one.name === figure ? { name: figure, section: one.section } : sketch(one)
    );
    return JSON.parse(JSON.stringify({ metrics, figures: sketches }));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Where they are kept: a line an experiment. */
export const KEPT = new URL("reports.jsonl", import.meta.url);

if (import.meta.main) {
  await startEngine();
  const all: { name: string; report: unknown }[] = [];
  for (const name of REPORTED) all.push({ name, report: await reportOf(name) });
  await writeKept(KEPT, all);
}
