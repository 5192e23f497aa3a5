/** Numbers and charts of the ECAL experiment. @module */
import { createRng } from "../../base/rng.ts";
import type { CardMetric } from "../../card/mod.ts";
import { ECAL_KINDS } from "../../data/ecal.ts";
import {
  accuracy,
  argMaxRows,
  auc,
  confusionMatrix,
  mostFrequentClass,
  rejectionAtEfficiency,
} from "../../evaluate/mod.ts";
import * as plot from "../../plot/mod.ts";
import type { Figure, ShownResults } from "../../run/experiment.ts";
import { learningCurveFigure } from "../../run/learning_curve.ts";
import { reliabilityFigures } from "../../run/reliability.ts";
import { namedRoc } from "../../run/roc.ts";
import type { EcalData } from "./data.ts";
import { dataFigures, energyBar, logEnergies, SCALE_BAR } from "./figures.ts";
import { fitTrees } from "./boosted_trees.ts";
import { SHAPE_NAMES } from "./shapes.ts";

/** Edges of the energy sum, in the files' 50 GeV. */
const SUM_EDGES = [0, 1.05, 1.25, Infinity] as const;

/** Probabilities of an electron, [n] of the test images. */
export interface Scores {
  /** Of the network that was trained. */
  own: Float32Array;
  /** What it saw. */
  saw: "energy alone" | "energy and time";
  /** Of the same network that saw the other. */
  other?: Float32Array;
}

const otherOf = (saw: Scores["saw"]) => saw === "energy alone" ? "energy and time" : "energy alone";

/** The second of two columns: the probability of an electron. */
export function electronScores(probabilities: Float32Array): Float32Array {
  return Float32Array.from({ length: probabilities.length / 2 }, (_, i) => probabilities[2 * i + 1]);
}

/** Scores of trees on shower shapes for the test images. */
function shapeScores({ shapes }: EcalData): Float64Array {
  return Float64Array.from(shapes.test, fitTrees(shapes.train, shapes.trainLabels));
}

const pick = (values: ArrayLike<number>, members: readonly number[]) => members.map((i) => values[i]);

/** Test images apart by something; a part without both kinds is left out. */
interface Part {
  /** End of its metric's name. */
  name: string;
  title: string;
  members: number[];
}

function partsOf({ parts: { test }, shapes, truths }: EcalData): { sums: Part[]; conversions: Part[] } {
  const all = Array.from(test.labels, (_, i) => i), sum = SHAPE_NAMES.indexOf("sum");
  const sums = SUM_EDGES.slice(1).map((high, b): Part => {
    const low = SUM_EDGES[b], gev = (value: number) => String(Math.round(50 * value * 10) / 10);
    const title = high === Infinity
      ? `above ${gev(low)} GeV`
      : low === 0
      ? `below ${gev(high)} GeV`
      : `${gev(low)} to ${gev(high)} GeV`;
    const name = high === Infinity ? `_above${gev(low)}GeV` : `_${gev(low)}to${gev(high)}GeV`;
    return {
      name,
      title,
      members: all.filter((i) => shapes.test[i][sum] >= low && shapes.test[i][sum] < high),
    };
  });
  const converted = (wanted: boolean) =>
    all.filter((i) => test.labels[i] === 1 || (truths!.convertedAt[i] > 0) === wanted);
  const conversions = truths
    ? [
      { name: "_unconverted", title: "photons that reached the crystals", members: converted(false) },
      { name: "_converted", title: "photons that became pairs before", members: converted(true) },
    ]
    : [];
  const hasBoth = ({ members }: Part) => new Set(pick(test.labels, members)).size === 2;
  return { sums: sums.filter(hasBoth), conversions: conversions.filter(hasBoth) };
}

/**
 * AUC, rejection of photons at 90 % of electrons and accuracy; AUC by energy sum, by conversion, and with or without times.
 */
export function measure(
  { own: scores, saw, other }: Scores,
  data: EcalData,
  seed: number,
): Record<string, CardMetric> {
  const { labels } = data.parts.test,
    shapes = shapeScores(data),
    split = "test",
    cut = "trees on shower shapes";
  const area = (members: readonly number[], of: ArrayLike<number> = scores): CardMetric => {
    const { value, low, high, n } = auc(pick(of, members), pick(labels, members));
    const baseline = { name: cut, value: auc(pick(shapes, members), pick(labels, members)).value };
    return { value, low, high, n, split, baseline };
  };
  const all = Array.from(labels, (_, i) => i), { sums, conversions } = partsOf(data);
  const options = { rng: createRng(seed, 2), resamples: 200 };
  const { threshold: _, ...rejection } = rejectionAtEfficiency(scores, labels, 0.9, options);
  const byShapes = rejectionAtEfficiency(shapes, labels, 0.9, { ...options, resamples: 1 }).value;
  const called = Int32Array.from(scores, (score) => Number(score >= 0.5));
  return {
    auc: area(all),
    ...(other && {
      [saw === "energy alone" ? "aucWithTime" : "aucEnergyAlone"]: {
        ...area(all, other),
        baseline: { name: saw, value: auc(scores, labels).value },
      },
    }),
    rejection90: { ...rejection, split, baseline: { name: cut, value: byShapes } },
    accuracy: {
      ...accuracy(called, labels),
      split,
      baseline: mostFrequentClass(labels, data.parts.train.labels),
    },
    ...Object.fromEntries(
      [...sums, ...conversions].map(({ name, members }) => [`auc${name}`, area(members)]),
    ),
  };
}

/** The charts of a run. */
export async function figuresOf(
  scores: Scores,
  data: EcalData,
  { history, occlusion }: Pick<ShownResults, "history" | "occlusion">,
): Promise<Figure[]> {
  return [
    ...await dataFigures(data),
    learningCurveFigure(history),
    ...testFigures(scores, data),
    await worstFigure(scores, data, occlusion),
  ];
}

/** The images whose score is farthest from the truth, and what in them mattered for it. */
async function worstFigure(
  { own: scores }: Scores,
  data: EcalData,
  occlusion: ShownResults["occlusion"],
): Promise<Figure> {
  const { labels, images } = data.parts.test;
  const worst = Array.from(plot.worstEvents(scores, labels).subarray(0, 12)).filter((i) => i < images.length);
  const energies = logEnergies(images.read(worst).data), most = Math.max(...energies);
  const pictures = plot.picturesOf(energies, [worst.length, 32, 32]), maps = await occlusion(worst);
  return {
    name: "worst_events",
    section: "Test images",
    caption: "The images whose score is farthest from the truth; energies on a logarithmic scale.",
    spec: plot.plotWorstEvents(pictures, pick(scores, worst), pick(labels, worst), {
      classNames: ECAL_KINDS,
      low: 0,
      high: most,
      ...(maps.length > 0
        ? { saliency: maps, columns: 3 }
        : { scaleBar: SCALE_BAR, colorBar: [energyBar(most)] }),
    }),
  };
}

function testFigures({ own: scores, saw, other }: Scores, data: EcalData): Figure[] {
  const { labels } = data.parts.test, section = "Test images", { sums, conversions } = partsOf(data);
  const plain = { band: false };
  const byPart = (parts: readonly Part[]) =>
    parts.map(({ title, members }) => namedRoc(title, pick(scores, members), pick(labels, members), plain));
  const both = Float32Array.from(
    { length: 2 * scores.length },
    (_, i) => i % 2 === 1 ? scores[i >> 1] : 1 - scores[i >> 1],
  );
  const figures: Figure[] = [
    {
      name: "roc",
      section,
      caption: "Electrons called electrons against photons called so.",
      spec: plot.plotRoc([
        namedRoc(saw, scores, labels),
        ...(other ? [namedRoc(otherOf(saw), other, labels, plain)] : []),
        namedRoc("trees on shower shapes", shapeScores(data), labels, plain),
      ], { axes: "rates" }),
    },
    { name: "response", section, spec: plot.plotResponse(scores, labels, { classNames: ECAL_KINDS }) },
    {
      name: "confusion",
      section,
      spec: plot.plotConfusion(confusionMatrix(argMaxRows(both, 2), labels, 2), [...ECAL_KINDS], {
        size: 90,
      }),
    },
    ...reliabilityFigures(both, labels, 2),
  ];
  if (sums.length > 0) {
    figures.push({
      name: "roc_by_sum",
      section,
      caption: "By the sum of all energies in the picture.",
      spec: plot.plotRoc(byPart(sums), { axes: "rates" }),
    });
  }
  if (conversions.length > 0) {
    figures.push({
      name: "roc_by_conversion",
      section,
      caption:
        "All electrons against photons that converted in the tracker and those that did not, by the simulation's truth.",
      spec: plot.plotRoc(byPart(conversions), { axes: "rates" }),
    });
  }
  return figures;
}
