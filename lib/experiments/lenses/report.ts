/** Numbers and charts of a search for rare objects. @module */
import {
  auc,
  bootstrapIndices,
  calibration,
  clopperPearson,
  efficiencyAtRejection,
  meanOf,
  rocCurve,
} from "../../evaluate/mod.ts";
import { createRng } from "../../base/rng.ts";
import type { CardMetric } from "../../card/mod.ts";
import type { NdArray } from "../../data/source.ts";
import * as plot from "../../plot/mod.ts";
import { pictureOf, scalesOf } from "../../run/contact_sheet.ts";
import type { Figure, ShownResults } from "../../run/experiment.ts";
import { namedRoc } from "../../run/roc.ts";
import type { LensesData } from "./data.ts";

/** Share of lenses among what a survey shows: the document's set has one in 26, the sky has not. */
export const SKY_PRIOR = 1e-3;
/** Radius of the middle whose brightness the baseline looks at, pixels. */
const CENTER_RADIUS = 3;
const RESAMPLES = 1000;
const BASELINE = "central surface brightness cut";
const CLASS_NAMES = ["other", "lens"] as const;

/** Labels of some examples. */
export function labelsOf({ labels }: LensesData, rows: ArrayLike<number>): Float32Array {
  return Float32Array.from(rows, (row) => labels[row]);
}

/** Mean count of each cutout within three pixels of its middle, over all bands. */
export function centralBrightness(
  { data, shape }: NdArray<Float32Array>,
  rows: ArrayLike<number>,
): Float32Array {
  const [, height, width, bands] = shape, size = height * width * bands;
  const middle = [(height - 1) / 2, (width - 1) / 2];
  return Float32Array.from(rows, (row) => {
    let sum = 0, count = 0;
    for (let at = 0; at < height * width; at++) {
      const distance = Math.hypot(Math.floor(at / width) - middle[0], at % width - middle[1]);
      if (distance > CENTER_RADIUS) continue;
      for (let band = 0; band < bands; band++) sum += data[row * size + at * bands + band];
      count += bands;
    }
    return sum / count;
  });
}

/** Brightness as a score whose side is chosen on the training examples. */
function baselineScores(data: LensesData): Float32Array {
  const trained = centralBrightness(data.crops, data.split.train);
  const side = auc(trained, labelsOf(data, data.split.train)).value >= 0.5 ? 1 : -1;
  return centralBrightness(data.crops, data.split.test).map((value) => side * value);
}

/**
 * A probability learned at one share of lenses, at another.
 *
 * @example Learned on as many of either; one in a thousand in the sky
 * ```ts
 * atPrior(0.5, 0.5, 0.001); // 0.001
 * ```
 */
export function atPrior(probability: number, learned: number, prior: number): number {
  const factor = prior / (1 - prior) * (1 - learned) / learned;
  const odds = probability * factor;
  return odds / (odds + 1 - probability);
}

/** Purity of what a cut keeps, of a sky with this share of lenses. */
export function purityAt(prior: number, completeness: number, kept: number): number {
  return prior * completeness / (prior * completeness + (1 - prior) * kept);
}

/** Purity where half of the lenses are kept, and its interval from that of the others kept. */
function purityAtHalf(scores: Float32Array, labels: Float32Array, prior: number) {
  const curve = rocCurve(scores, labels), at = curve.truePositiveRate.findIndex((share) => share >= 0.5);
  const others = labels.reduce((sum, label) => sum + 1 - label, 0);
  const share = curve.falsePositiveRate[at], completeness = curve.truePositiveRate[at];
  const { low, high } = clopperPearson(Math.round(share * others), others);
  return {
    value: purityAt(prior, completeness, share),
    low: purityAt(prior, completeness, high),
    high: purityAt(prior, completeness, low),
  };
}

/** How many lenses the probabilities expect in a sky of this prior, by how many there are. */
function expectedLenses(probabilities: Float32Array, labels: Float32Array, prior: number, rng: () => number) {
  const ratio = (at: Uint32Array) => {
    const sums = [0, 0], counts = [0, 0];
    for (const i of at) {
      sums[labels[i]] += probabilities[i];
      counts[labels[i]]++;
    }
    if (counts[0] === 0 || counts[1] === 0) return NaN;
    return (prior * sums[1] / counts[1] + (1 - prior) * sums[0] / counts[0]) / prior;
  };
  return bootstrapIndices(labels.length, ratio, { rng, resamples: RESAMPLES });
}

/**
 * AUC, completeness at no and at 1 % false positives, purity and expected number of lenses in a sky with one in a thousand;
 * beside each a cut on the brightness of the middle.
 *
 * @param scores Probability of a lens, [n] of the test examples.
 */
export function measure(scores: Float32Array, data: LensesData, seed: number): Record<string, CardMetric> {
  const labels = labelsOf(data, data.split.test), cut = baselineScores(data), split = "test";
  const n = labels.length, rng = createRng(seed, 34);
  const area = auc(scores, labels);
  const metric = (value: { value: number; low: number; high: number }, baseline: number): CardMetric => ({
    value: value.value,
    low: value.low,
    high: value.high,
    n,
    split,
    baseline: { name: BASELINE, value: baseline },
  });
  const recall = (rejection: number) => {
    const found = (of: Float32Array, resamples: number) =>
      efficiencyAtRejection(of, labels, rejection, { rng, resamples });
    return metric(found(scores, RESAMPLES), found(cut, 1).value);
  };
  const sky = scores.map((score) => atPrior(score, data.trainedPrior, SKY_PRIOR));
  const learned = expectedLenses(scores, labels, SKY_PRIOR, createRng(seed, 35)).value;
  const expected = expectedLenses(sky, labels, SKY_PRIOR, createRng(seed, 35));
  return {
    auc: metric(area, auc(cut, labels).value),
    recallAtNoFalsePositives: recall(1),
    recallAt1PercentFalsePositives: recall(0.99),
    purityAtHalfCompleteness: metric(
      purityAtHalf(scores, labels, SKY_PRIOR),
      purityAtHalf(cut, labels, SKY_PRIOR).value,
    ),
    expectedLensRatio: {
      ...metric(expected, learned),
      baseline: { name: "without correction for the prior", value: learned },
    },
  };
}

/** Lenses and others of the training set. */
export function dataFigures({ crops, labels, split }: LensesData): Figure[] {
  const grid = (label: number, name: string): Figure => {
    const rows = Array.from(split.train).filter((row) => labels[row] === label).slice(0, 18);
    const pictures = rows.map((row) => pictureOf(crops, row));
    return {
      name,
      section: "Data",
      caption:
        `The first ${rows.length} ${name} of the training set; each band from median − 3 to median + 10 MAD.`,
      spec: plot.plotImageGrid(pictures, { ...scalesOf(), size: 96 }),
    };
  };
  return [grid(1, "lenses"), grid(0, "others"), meanFigure({ crops, labels, split })];
}

/** Cutouts of a mean. */
const AVERAGED = 5000;

/** A cutout whose brightest values are no brighter than what is drawn in full, so that no mean is of one star alone. */
function boundedPicture(crops: LensesData["crops"], row: number): plot.Picture {
  const picture = pictureOf(crops, row);
  return {
    ...picture,
    data: Float32Array.from(picture.data, (value) => Math.min(1, Math.max(0, value || 0))),
  };
}

/** The mean cutout of each class, every cutout shaded by itself before. */
function meanFigure({ crops, labels, split }: Pick<LensesData, "crops" | "labels" | "split">): Figure {
  const rows = Array.from(split.train.subarray(0, AVERAGED));
  const pictures = rows.map((row) => boundedPicture(crops, row));
  return {
    name: "class_means",
    section: "Data",
    caption: "Mean of the training cutouts of each class, with their number; each shaded by itself before.",
    spec: plot.plotClassMeans(pictures, rows.map((row) => labels[row]), CLASS_NAMES, {
      ...scalesOf(),
      size: 192,
    }),
  };
}

/** Most points of a curve. */
const POINTS = 200;

/** Where a rising curve is higher than at the last point that is drawn: the first of each height, no more than {@linkcode POINTS}. */
function risesOf(heights: ArrayLike<number>): number[] {
  const drawn: number[] = [];
  let last = 0;
  for (let i = 0; i < heights.length; i++) {
    const isTop = heights[i] === 1 && last < 1;
    if (heights[i] <= last || (heights[i] - last < 1 / POINTS && !isTop)) continue;
    drawn.push(i);
    last = heights[i];
  }
  return drawn;
}

/** Purity against completeness, of the set and of a sky with one lens in a thousand. */
export function plotCompletenessPurity(scores: Float32Array, labels: Float32Array): plot.Spec {
  const curve = rocCurve(scores, labels);
  const own = meanOf(labels);
  const skies = [["of this set", own], ["one lens in 1,000", SKY_PRIOR]] as const;
  const names = skies.map(([name]) => name);
  const drawn = risesOf(curve.truePositiveRate);
  const rows = skies.flatMap(([sky, prior]) =>
    drawn.map((i, order) => {
      const completeness = curve.truePositiveRate[i];
      return { sky, completeness, purity: purityAt(prior, completeness, curve.falsePositiveRate[i]), order };
    })
  );
  const scale = { domain: [0, 1], nice: false };
  return plot.toSpec({
    width: 320,
    height: 260,
    title: "Purity against completeness",
    data: { values: rows },
    mark: { type: "line", interpolate: "step-after", point: true },
    encoding: {
      x: plot.quantity("completeness", "Completeness, share of lenses found", { scale }),
      y: plot.quantity("purity", "Purity, share of lenses among what is kept", { scale }),
      order: { field: "order" },
      color: {
        field: "sky",
        type: "nominal",
        title: null,
        scale: { domain: names, range: plot.SERIES.slice(0, 2) },
        legend: { orient: "top" },
      },
    },
  });
}

/** Most bins of a reliability diagram of the sky, and examples that each has at least. */
const SKY_BINS = 8, SKY_EXAMPLES = 10;

/** Examples of a like probability, in a sky. */
export interface SkyBin {
  /** Mean probability. */
  predicted: number;
  /** Share of lenses, and its interval. */
  observed: number;
  low: number;
  high: number;
  /** Lenses and others of the set that lie in it. */
  lenses: number;
  others: number;
}

/**
 * How far probabilities are right in a sky of another share of lenses than the set's: every lens counts as many as there are so few
 * of. A share of lenses in a bin, and each end of its exact interval, is taken to that sky by its odds.
 *
 * @param probabilities Of that sky, see {@linkcode atPrior}.
 */
export function skyCalibration(
  probabilities: Float32Array,
  labels: Float32Array,
  prior: number,
): SkyBin[] {
  const own = meanOf(labels), weight = (i: number) => labels[i] ? prior / own : (1 - prior) / (1 - own);
  const order = Array.from(labels.keys()).sort((a, b) => probabilities[a] - probabilities[b]);
  const count = Math.min(SKY_BINS, Math.max(1, Math.floor(order.length / SKY_EXAMPLES)));
  return Array.from({ length: count }, (_, bin) => {
    const cut = (edge: number) => Math.round(edge * order.length / count);
    const inside = order.slice(cut(bin), cut(bin + 1)), weights = inside.map(weight);
    const total = weights.reduce((sum, value) => sum + value, 0);
    const lenses = inside.filter((i) => labels[i] === 1).length,
      { low, high } = clopperPearson(lenses, inside.length);
    return {
      predicted: inside.reduce((sum, i, k) => sum + weights[k] * probabilities[i], 0) / total,
      ...{ observed: atPrior(lenses / inside.length, own, prior), low: atPrior(low, own, prior) },
      ...{ high: atPrior(high, own, prior), lenses, others: inside.length - lenses },
    };
  });
}

/** Least probability that the diagram of the sky shows. */
const SKY_LEAST = 1e-6;

/** {@linkcode skyCalibration} as a diagram; what is right lies on the dashed line. */
export function plotSkyCalibration(bins: readonly SkyBin[]): plot.Spec {
  const bounded = (value: number) => Math.min(1, Math.max(SKY_LEAST, value));
  const rows = bins.map(({ predicted, observed, low, high, ...rest }) => ({
    ...{ predicted: bounded(predicted), low: bounded(low), high: bounded(high), ...rest },
    observed: observed > 0 ? bounded(observed) : null, // no lens: the interval alone is drawn
  }));
  const scale = { type: "log", domain: [SKY_LEAST, 1], nice: false }, axis = { format: ".0e", tickCount: 7 };
  const x = plot.quantity("predicted", "Predicted probability", { scale, axis });
  const y = (field: string) => plot.quantity(field, "Share of lenses", { scale, axis });
  return plot.toSpec({
    width: 260,
    height: 260,
    title: "Calibration in a sky of one lens in 1,000",
    layer: [
      {
        data: { values: [SKY_LEAST, 1].map((predicted) => ({ predicted, observed: predicted })) },
        mark: { type: "line", strokeDash: [3, 4], color: "#8a8a8a", strokeWidth: 1 },
        encoding: { x, y: y("observed") },
      },
      {
        data: { values: rows },
        mark: { type: "rule", color: plot.SERIES[0], strokeWidth: 1.5 },
        encoding: { x, y: y("low"), y2: { field: "high" } },
      },
      {
        data: { values: rows.filter(({ observed }) => observed !== null) },
        mark: { type: "point", filled: true, size: 45, color: plot.SERIES[0] },
        encoding: { x, y: y("observed"), tooltip: ["predicted", "observed", "lenses", "others"] },
      },
    ],
  });
}

/** Response, ROC, completeness against purity, calibration, and the cutouts that the network is most wrong about. */
export async function testFigures(
  scores: Float32Array,
  data: LensesData,
  occlusion: ShownResults["occlusion"],
): Promise<Figure[]> {
  const { crops, split } = data, section = "Test cutouts", labels = labelsOf(data, split.test);
  const worst = Array.from(plot.worstEvents(scores, labels).subarray(0, 12));
  const pictures = worst.map((i) => pictureOf(crops, split.test[i])), maps = await occlusion(worst);
  const curves = [
    namedRoc("network", scores, labels),
    namedRoc("brightness of the middle", baselineScores(data), labels, { band: false }),
  ];
  return [
    { name: "response", section, spec: plot.plotResponse(scores, labels, { classNames: CLASS_NAMES }) },
    { name: "roc", section, spec: plot.plotRoc(curves, { axes: "rates" }) },
    {
      name: "completeness_purity",
      section,
      caption: "At the share of lenses in this set, and in a sky where one object in a thousand is one.",
      spec: plotCompletenessPurity(scores, labels),
    },
    {
      name: "reliability",
      section,
      caption: "Of this set, at the share of lenses that was trained with.",
      spec: plot.plotCalibration(calibration(scores, labels)),
    },
    {
      name: "sky_reliability",
      section,
      caption:
        "At one lens in a thousand, once probabilities are taken to that share; where no lens lies, the interval alone.",
      spec: plotSkyCalibration(skyCalibration(
        scores.map((score) => atPrior(score, data.trainedPrior, SKY_PRIOR)),
        labels,
        SKY_PRIOR,
      )),
    },
    {
      name: "worst_cutouts",
      section,
      caption: "The cutouts whose response is farthest from the truth.",
      spec: plot.plotWorstEvents(pictures, worst.map((i) => scores[i]), worst.map((i) => labels[i]), {
        ...scalesOf(),
        classNames: CLASS_NAMES,
        ...(maps.length > 0 && { saliency: maps, columns: 3 }),
      }),
    },
  ];
}
