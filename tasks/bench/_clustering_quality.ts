/** What networks that take tracks apart reach on fresh events, beside what needs no network: trainings, run where they are named. @module */
import type { CardMetric } from "../../lib/card/mod.ts";
import { capsnet } from "../../lib/experiments/capsnet/experiment.ts";
import { superNemoClustering } from "../../lib/experiments/supernemo_clustering/experiment.ts";
import { superNemoInstances } from "../../lib/experiments/supernemo_clustering/instances.ts";
import { superNemoVae } from "../../lib/experiments/supernemo_vae/experiment.ts";
import { formatEstimate } from "../../lib/plot/mod.ts";
import type { Experiment } from "../../lib/run/experiment.ts";
import { optionsFor } from "../../lib/run/options_for.ts";
import { type BenchContext, type BenchRow, type BenchTable, withShort } from "./_bench.ts";
import { meanOverSeeds, measured } from "./_trained.ts";

/** How much of everything. */
interface Scale {
  events: number;
  testEvents: number;
  /** Instead of each training's own epochs. */
  epochs?: number;
}

const FULL: Scale = { events: 60_000, testEvents: 10_000 };
const SHORT: Scale = { events: 400, testEvents: 200, epochs: 1 };

/** One question: an experiment with its settings, and the numbers that answer it. */
interface Question {
  experiment: Experiment;
  title: string;
  settings: Readonly<Record<string, unknown>>;
  /** Metrics in %, with the bar of their median where there is one. */
  metrics: Readonly<Record<string, number | undefined>>;
  /** Metrics whose interval is to lie above 0. */
  above?: readonly string[];
  /** Events to learn from, where two cores would take an hour for all. */
  events?: number;
}

const clustering = superNemoClustering as unknown as Experiment;
const instances = superNemoInstances as unknown as Experiment;

const TRACK_METRICS = {
  adjustedRand: 90,
  adjustedRandOfFits: undefined,
  adjustedRandOfLines: undefined,
  perfectEvents: undefined,
};

/** What the discriminators are compared by: the same events, epochs and numbers. */
const AGAINST = {
  experiment: clustering,
  metrics: { iou: undefined, perfectEvents: undefined, collapsed: undefined },
  above: ["iouAboveInput"],
  events: 1_200,
};

const QUESTIONS: Readonly<Record<string, Question>> = {
  ours: {
    experiment: clustering,
    title: "Two tracks, the left one taken away, right labels",
    settings: {},
    metrics: { iou: 95, perfectEvents: 80, precision: undefined, recall: undefined, cellAccuracy: undefined },
    above: ["iouAboveInput"],
  },
  hard: {
    experiment: clustering,
    title: "The same of the hard generator",
    settings: { generator: "hard", epochs: 8 },
    metrics: { iou: undefined, perfectEvents: undefined },
    above: ["iouAboveInput"],
    events: 30_000,
  },
  published: {
    experiment: clustering,
    title: "One to four tracks, published labels (the document trained on two alone)",
    settings: { labels: "published", tracks: "1-4", epochs: 8 },
    metrics: { cellAccuracy: 98.7, cellAccuracyOfNothing: undefined, iou: undefined },
    events: 30_000,
  },
  segnet: {
    experiment: clustering,
    title: "The SegNet with skips, two tracks, right labels",
    settings: { network: "segnet", epochs: 4 },
    metrics: { iou: undefined, perfectEvents: undefined, cellAccuracy: undefined },
    above: ["iouAboveInput"],
    events: 12_000,
  },
  against: {
    ...AGAINST,
    title: "The SegNet against the published discriminator, 30 epochs, two tracks",
    settings: { network: "segnet", against: "discriminator", epochs: 30 },
  },
  criteria: {
    ...AGAINST,
    title: "The same discriminator, also asked whether many hits are lost, left or made up",
    settings: { network: "segnet", against: "criteria", epochs: 30 },
  },
  likeness: {
    experiment: clustering,
    title:
      "The SegNet against the published discriminator, with the labels' loss beside it, 100 times, as pix2pix has it",
    settings: { network: "segnet", against: "discriminator", likeness: 100, epochs: 4 },
    metrics: AGAINST.metrics,
    above: AGAINST.above,
    events: 12_000,
  },
  latent: {
    experiment: clustering,
    title: "From the code of an event to the code of what is left of it",
    settings: { network: "latent", epochs: 6 },
    metrics: { iou: undefined, perfectEvents: undefined },
    above: ["iouAboveInput"],
    events: 8_000,
  },
  learned: {
    experiment: superNemoVae as unknown as Experiment,
    title: "Events coded and drawn again, compared by what a discriminator sees (VAE/GAN)",
    settings: { alike: "learned", epochs: 4 },
    metrics: { iou: undefined, noisyAuc: undefined, bentAuc: undefined },
    events: 2_000,
  },
  tracks: {
    experiment: instances,
    title: "One to four tracks told apart at once, by hits as points",
    settings: { epochs: 5 },
    metrics: TRACK_METRICS,
    above: ["adjustedRandAboveFits", "adjustedRandAboveNearness"],
    events: 20_000,
  },
  "tracks-hard": {
    experiment: instances,
    title: "The same of the hard generator",
    settings: { epochs: 8, generator: "hard" },
    metrics: { ...TRACK_METRICS, adjustedRand: undefined },
    above: ["adjustedRandAboveFits", "adjustedRandAboveNearness", "adjustedRandAboveLines"],
    events: 20_000,
  },
  digits: {
    experiment: capsnet as unknown as Experiment,
    title: "CapsNet on MNIST",
    settings: { epochs: 10 },
    metrics: { accuracy: 99.5 },
  },
};

/** Options that say how many events there are; the digits are as many as they are. */
function sizesOf({ experiment }: Question, { events, testEvents, epochs }: Scale) {
  const own = experiment.name === capsnet.name
    ? (epochs === undefined ? {} : { filters: 8, capsules: 2 })
    : { events, testEvents };
  return { ...own, ...(epochs !== undefined && { epochs }) };
}

/** Trains with each seed, and measures on events that no training saw; what was measured before is read. */
async function answer(name: string, given: Scale, context: BenchContext): Promise<BenchTable> {
  const question = QUESTIONS[name], { seeds = 1, isShort } = context;
  const scale = isShort ? given : { ...given, events: question.events ?? given.events };
  const { experiment, title, settings, metrics, above = [] } = question;
  const found: Record<string, CardMetric>[] = [], notes: string[] = [];
  for (let seed = 1; seed <= seeds; seed++) {
    const options = optionsFor(experiment, { ...settings, ...sizesOf(question, scale), seed });
    const start = performance.now();
    found.push(await measured(context, { name: `clustering/${name}-${seed}`, experiment, options }));
    const words = Object.entries(found.at(-1)!).map(([name, metric]) => {
      const beside = metric.baseline ? ` (${metric.baseline.name}: ${metric.baseline.value.toFixed(4)})` : "";
      return `${name} ${formatEstimate(metric)}${beside}`;
    });
    const minutes = ((performance.now() - start) / 60_000).toFixed(1);
    notes.push(`Seed ${seed}, ${options.epochs} epochs, ${minutes} minutes: ${words.join("; ")}`);
    context.say(notes.at(-1)!);
  }
  const means = Object.keys(metrics).map((name) =>
    `${name} ${formatEstimate(meanOverSeeds(found.map((one) => one[name])))}`
  );
  if (seeds > 1) notes.push(`Mean over ${seeds} seeds: ${means.join("; ")}`);
  notes.push(
    "Intervals are over events (bootstrap, or Clopper-Pearson of shares); --seeds 3 trains from others, too.",
  );
  const row = (what: string, ours: number[], limit?: number): BenchRow => ({
    what,
    unit: "%",
    better: "higher",
    ours,
    ...(limit !== undefined && { limit }),
  });
  const rows = Object.entries(metrics).map(([name, limit]) =>
    row(name, found.map((one) => 100 * one[name].value), limit)
  );
  const ends = above.map((name) => row(`${name}, lower end`, found.map((one) => 100 * one[name].low), 0));
  return { title, rows: [...rows, ...ends], notes };
}

const TRAININGS = Object.fromEntries(
  Object.keys(QUESTIONS).map((name) => [
    name,
    (context: BenchContext, scale: Scale) => answer(name, scale, context),
  ]),
);

/** Trainings by their names, and each with little to see that it runs. */
export const LONG = withShort(TRAININGS, FULL, SHORT);
