/**
 * Takes the tracks of SuperNEMO's events apart on maps of their hits: an event without its left track, that track alone, or
 * all tracks at once. @module
 */
import { createRng } from "../../base/rng.ts";
import { fromArrays, type NdArray } from "../../data/source.ts";
import { argMaxRows } from "../../evaluate/mod.ts";
import type { TrackerHits } from "../../image/tracker_events.ts";
import { MAP_SHAPE } from "../../image/tracker_views.ts";
import { type Data, defineExperiment, type Options, type Results } from "../../run/experiment.ts";
import { learningCurveFigure } from "../../run/learning_curve.ts";
import { predictNamed } from "../../run/named_predictions.ts";
import { unlessGiven } from "../../run/unless_given.ts";
import * as train from "../../train/mod.ts";
import { loadSplits, RATE_OPTION, smallRecipe, trackCountsOf } from "../supernemo/data.ts";
import { cellsOf, drawMaps, MAP_OPTIONS, MAP_SEEN, mapInput } from "../supernemo/maps.ts";
import { buildSuperNemoCritic } from "../../models/supernemo_critic.ts";
import { collapseOf } from "./collapse.ts";
import { CRITERIA } from "./criteria.ts";
import { estimatesFigure, sortedFigure, tracksFigure } from "./figures.ts";
import { leftLabels, publishedLabels, startLabels, TRACK_LABELS, trackLabels } from "./labels.ts";
import { latentLoss } from "./latent_loss.ts";
import { measureSorting, type SortedEvents } from "./measure.ts";
import { measureTracks } from "./measure_tracks.ts";
import { buildNetwork, NETWORK_OPTIONS } from "./networks.ts";
import { findThreshold } from "./threshold.ts";

const OPTIONS = {
  ...MAP_OPTIONS,
  task: {
    changesLoss: true,
    type: "choice",
    choices: ["remove-left", "keep-one", "all"],
    default: "remove-left",
    help: "What is to be said: the event without its left track, that track alone, or each hit's track.",
  },
  labels: {
    changesLoss: true,
    type: "choice",
    choices: ["right", "published"],
    default: "right",
    help: "Right labels, or the published ones of remove-left with their three faults.",
  },
  tracks: {
    type: "choice",
    choices: ["1", "2", "3", "4", "1-4"],
    default: "2",
    help: "Tracks of simulated events (default with --task all: 1-4).",
  },
  ...NETWORK_OPTIONS,
  rate: {
    ...RATE_OPTION,
    default: 3e-3,
    help:
      "Learning rate: our network's peak, and constant of the others (default 1e-3; of one track against a discriminator 1e-4, as published).",
  },
  against: {
    changesLoss: true,
    type: "choice",
    choices: ["labels", "discriminator", "criteria"],
    default: "labels",
    help:
      "What the network learns by: labels, or the published discriminator, which sees the event beside what is left of it, or the same that is also asked whether many hits are lost, left or made up.",
  },
  likeness: {
    changesLoss: true,
    type: "number",
    default: 0,
    min: 0,
    max: 1000,
    help: "Against a discriminator: weight of the labels' loss beside its judgement; 0 as published.",
  },
} as const;

type ClusteringOptions = Options<typeof OPTIONS>;

/** Events of one split with what is to be said of them. */
interface LabelledEvents extends SortedEvents {
  hits: TrackerHits;
  /** |x| of the first layer's wires. */
  firstWireMm: number;
}

/** The loaded events. */
export interface ClusteringData extends Data {
  readonly watched: LabelledEvents;
  readonly measured: LabelledEvents;
}

function labelsOf(hits: TrackerHits, { task, labels }: ClusteringOptions): NdArray<Uint8Array> {
  if (labels === "right") return task === "all" ? trackLabels(hits) : leftLabels(hits, task);
  if (task === "remove-left") return publishedLabels(hits);
  throw new RangeError(
    `Cannot make published labels of task "${task}" as there are some of "remove-left" only`,
  );
}

/** The map, with where the left track starts beside it for a network that is told. */
function inputOf(
  map: NdArray<Uint8Array>,
  hits: TrackerHits,
  network: ClusteringOptions["network"],
): NdArray<Uint8Array> {
  if (network !== "filters") return map;
  const start = startLabels(hits), data = new Uint8Array(2 * map.data.length);
  map.data.forEach((value, i) => data.set([value, start.data[i]], 2 * i));
  return { data, shape: [map.shape[0], ...MAP_SHAPE, 2] };
}

/** Labels of the output: one mask, or all tracks. */
function maskLabels(task: ClusteringOptions["task"]): string[] {
  if (task === "all") return [...TRACK_LABELS];
  return ["goes", task === "remove-left" ? "stays" : "left track"];
}

/** Networks that learn by labels alone. */
const NOT_AGAINST: readonly string[] = ["filters", "latent"];

/** How the published network and its discriminator are trained; slower where they learn to keep one track. */
const PUBLISHED_ADVERSARIES = { batch: 256, epochs: 30 } as const,
  PUBLISHED_RATE = 1e-3,
  ONE_TRACK_RATE = 1e-4;

const TRACKS = { "1": [1], "2": [2], "3": [3], "4": [4], "1-4": [1, 2, 3, 4] } as const;

/** What each cell is said to be: the likeliest class. */
const classesOf = (values: ArrayLike<number>) => Uint8Array.from(argMaxRows(values, TRACK_LABELS.length));

/** The likeliest track of each hit by its cell; where "no track" is likeliest, that is 0. */
function tracksOfHits(values: ArrayLike<number>, hits: TrackerHits): Uint8Array {
  const classes = classesOf(values);
  return Uint8Array.from(cellsOf(hits), (cell) => classes[cell]);
}

/** The experiment. */
export const superNemoClustering = defineExperiment<typeof OPTIONS, ClusteringData>({
  name: "supernemo-clustering",
  summary: "Tracks of SuperNEMO's events taken apart, hit by hit, on maps of the cells",
  options: OPTIONS,
  defaults: { epochs: 12, batch: 128 },

  resolveOptions(options, given) {
    const own = options.task === "all" ? unlessGiven(options, given, { tracks: "1-4" }) : options;
    if (own.against === "labels") {
      return own.network === "ours" ? own : unlessGiven(own, given, { rate: PUBLISHED_RATE });
    }
    const rate = own.task === "keep-one" ? ONE_TRACK_RATE : PUBLISHED_RATE;
    return unlessGiven(own, given, { ...PUBLISHED_ADVERSARIES, rate });
  },

  async load(options, context) {
    if (options.network === "latent" && options.task === "all") {
      throw new RangeError(
        "Cannot take all tracks apart by --network latent as it leads from one code to one",
      );
    }
    if (options.network === "filters" && options.task === "all") {
      throw new RangeError("Cannot take all tracks apart by --network filters as it is told of one track");
    }
    if (options.against !== "labels" && (NOT_AGAINST.includes(options.network) || options.task === "all")) {
      throw new RangeError(
        "Cannot learn against the discriminator as it sees one channel of an event, and one of what is left, by no other loss",
      );
    }
    const tracks = TRACKS[options.tracks], seen = { ...options, ...MAP_SEEN };
    const { common, validation, test } = await loadSplits(seen, tracks, context, (hits, split) => {
      const map = drawMaps(hits), mask = labelsOf(hits, options), targets = { mask };
      const source = fromArrays({ image: inputOf(map, hits, options.network) }, targets);
      const labelled: LabelledEvents = {
        hits,
        occupied: map.data,
        truth: mask.data,
        tracks: trackCountsOf(split),
        firstWireMm: split.events.firstWireMm,
      };
      return { targets, source, labelled };
    });
    return { ...common, watched: validation.labelled, measured: test.labelled };
  },

  build(options) {
    const generator = buildNetwork(options, options.task === "all" ? TRACK_LABELS.length : 1);
    if (options.against === "labels") return generator;
    const criteria = options.against === "criteria" ? CRITERIA.count : 0;
    return { generator, discriminator: buildSuperNemoCritic({ seed: options.seed + 1, criteria }) };
  },

  recipe({ task, network, rate, against, likeness }, _data, models) {
    if (against !== "labels") {
      const [generatorOptimizer, discriminatorOptimizer] = [train.adam(), train.adam()];
      const paired = { target: "mask", likeness, ...(against === "criteria" && { criteria: CRITERIA }) };
      const step = train.adversarial({ paired, generatorOptimizer, discriminatorOptimizer });
      return { step, schedule: train.constant(rate) };
    }
    if (network === "latent") {
      const loss = latentLoss(() => train.mainModel(models));
      return { loss, optimizer: train.adam(), schedule: train.constant(rate) };
    }
    const loss = task === "all" ? train.anyOrder() : train.binaryCrossEntropy();
    const metrics = task === "all" ? [] : [train.binaryAccuracy()];
    if (network === "ours") return { loss, metrics, ...smallRecipe(rate) };
    return { loss, metrics, optimizer: train.adam(), schedule: train.constant(rate) };
  },

  card: (options) => ({
    description:
      `Takes the tracks of SuperNEMO's events apart (${options.task}, ${options.labels} labels) on ` +
      `a map of ${MAP_SHAPE.join(" × ")} columns and layers.`,
    inputs: [
      options.network === "filters"
        ? {
          name: "image",
          shape: [...MAP_SHAPE, 2],
          dtype: "float32",
          units: "1 where a cell was hit",
          kind: "bands",
          columns: ["event", "start of the left track"],
        }
        : mapInput(options),
    ],
    outputs: [{ name: "mask", kind: "mask", labels: maskLabels(options.task) }],
  }),

  async evaluate({ mask }, data, options, { models }) {
    const rng = createRng(options.seed, 31);
    if (options.task === "all") {
      const { hits, tracks: counts, firstWireMm } = data.measured;
      const events = { test: hits, counts, firstWireMm, validation: data.watched.hits };
      return { metrics: measureTracks(tracksOfHits(mask.data, hits), events, { rng }) };
    }
    const threshold = await thresholdOf(data, options, models);
    const metrics = measureSorting(mask.data, data.measured, threshold, { rng });
    const collapse = collapseOf(mask.data, data.measured, threshold), value = collapse ? 1 : 0;
    const collapsed = {
      value,
      low: value,
      high: value,
      n: data.measured.tracks.length,
      split: "test",
      units: "1 if so",
    };
    return { metrics: { ...metrics, collapsed }, outputs: { mask: { threshold } } };
  },

  figures({ predictions: { mask }, history, measured: { metrics, outputs } }, { measured }, options) {
    const curve = learningCurveFigure(history);
    if (options.task === "all") {
      return [curve, tracksFigure(measured.truth, classesOf(mask.data), measured.tracks.length)];
    }
    const threshold = outputs!.mask.threshold as number;
    const each = Object.keys(metrics).filter((name) => /^(iou|perfectEvents)(Of\d)?$/.test(name));
    return [
      curve,
      sortedFigure(mask.data, measured, threshold, collapseOf(mask.data, measured, threshold)),
      estimatesFigure(metrics, [...each, "precision", "recall"]),
    ];
  },
});

/** The threshold that sorts validation events best; 0.5 where there are none. */
async function thresholdOf(
  { validation, watched }: ClusteringData,
  options: ClusteringOptions,
  models: Results["models"],
): Promise<number> {
  if (!validation) return 0.5;
  const { mask } = await predictNamed(
    train.mainModel(models),
    validation,
    superNemoClustering.card(options, {} as ClusteringData),
  );
  return findThreshold(mask.data, watched.truth, watched.occupied);
}
