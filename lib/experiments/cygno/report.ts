/** Numbers and charts of the CYGNO experiments. @module */
import {
  auc,
  calibration,
  indicesByBin,
  proportion,
  regressionByBin,
  rejectionAtEfficiency,
} from "../../evaluate/mod.ts";
import { createRng } from "../../base/rng.ts";
import { DETECTOR } from "../../simulate/cygno.ts";
import * as plot from "../../plot/mod.ts";
import type { CardMetric } from "../../card/card.ts";
import type { NdArray } from "../../data/source.ts";
import type { History } from "../../train/mod.ts";
import { type CygnoData, ENERGY_EDGES, ENERGY_UNIT, SIDE } from "./data.ts";
import { WITHIN_SIGMA } from "./calibration.ts";
import { type ClusterFeatures, fitQuadratic } from "./features.ts";
import type { Figure, ShownResults } from "../../run/experiment.ts";
import { namedRoc } from "../../run/roc.ts";

/** Names of the kinds, by label. */
export const KINDS = ["Electron recoil", "Nuclear recoil"] as const;
const SHORT_KINDS = ["ER", "NR"];
/** What the bins and axes of the charts are of. */
const ENERGY = { name: "energy", units: "keV" };

/** Ends of metrics' names, by energy bin. */
const BIN_NAMES = ENERGY_EDGES.slice(1).map((high, b) => `_${ENERGY_EDGES[b]}to${high}keV`);

/** Whether both kinds are among some labels, so that they can be told apart at all. */
function hasBoth(labels: ArrayLike<number>): boolean {
  return Array.from(labels).some((label) => label === 1) && Array.from(labels).some((label) => label === 0);
}

/** Energies in keV, from `low` to below `high`. */
export interface EnergyRange {
  low: number;
  high: number;
}

/** Events and what a classical analysis measures of the first of them. */
export interface MeasuredEvents {
  clusters: readonly ClusterFeatures[];
  labels: Float32Array;
  /** keV. */
  energies: Float32Array;
}

/**
 * A cut on light density as a score, higher for what looks nuclear, its side chosen on known events of the same energies.
 *
 * The side is not the same at all energies: a nuclear recoil is short, but gives less light.
 */
export function lightCut(
  { clusters, labels, energies }: MeasuredEvents,
  { low, high }: EnergyRange,
): (cluster: ClusterFeatures) => number {
  const chosen = Uint32Array.from(clusters.keys()).filter((i) => energies[i] >= low && energies[i] < high);
  const known = pick(labels, chosen);
  if (!hasBoth(known)) return ({ density }) => density;
  const side = auc(Array.from(chosen, (i) => clusters[i].density), known).value >= 0.5 ? 1 : -1;
  return ({ density }) => side * density;
}

/** Energy from the summed light, keV, by a parabola fitted to the training events. */
export function lightEnergies({ clusters, splits }: CygnoData): Float32Array {
  const energies = splits.train.energies.subarray(0, clusters.train.length);
  const estimate = fitQuadratic(clusters.train.map(({ light }) => light), energies);
  return Float32Array.from(clusters.test, ({ light }) => estimate(light));
}

const pick = (values: ArrayLike<number>, indices: Uint32Array) =>
  Float32Array.from(indices, (i) => values[i]);

/** Events of some energies. */
export interface EnergyBin extends EnergyRange {
  title: string;
  /** Their numbers. */
  members: Uint32Array;
}

/** Events by their energy in the bins that all results are told in. */
export function energyBins(energies: ArrayLike<number>): EnergyBin[] {
  return indicesByBin(energies, ENERGY_EDGES).map((members, b) => ({
    title: `${ENERGY_EDGES[b]} to ${ENERGY_EDGES[b + 1]} keV`,
    low: ENERGY_EDGES[b],
    high: ENERGY_EDGES[b + 1],
    members: Uint32Array.from(members),
  }));
}

/** Events of every energy. */
export function allEnergies(energies: ArrayLike<number>): EnergyBin {
  const members = Uint32Array.from({ length: energies.length }, (_, i) => i);
  return { title: "all energies", low: 0, high: Infinity, members };
}

/** Measured events of some energies. */
interface Part extends EnergyBin {
  name: string;
}

/** The same split into events of every energy and of each bin; a bin without both kinds is left out. */
function parts(data: CygnoData): Part[] {
  const { labels, energies } = data.splits.test;
  const bins = energyBins(energies).map((bin, b) => ({ ...bin, name: BIN_NAMES[b] }));
  const whole = { ...allEnergies(energies), name: "" };
  return [whole, ...bins].filter(({ members }) => hasBoth(pick(labels, members)));
}

/**
 * AUC and background rejection at 90 % signal efficiency, overall and by energy, each beside a cut on light density.
 *
 * @param scores Probability of a nuclear recoil, [n] of the measured events.
 */
export function measureClassifier(
  scores: Float32Array,
  data: CygnoData,
  seed: number,
): Record<string, CardMetric> {
  const { measuredOn: split, clusters, splits } = data;
  const rng = createRng(seed, 2), metrics: Record<string, CardMetric> = {};
  const name = "light density cut";
  const found = parts(data);
  const known = { clusters: clusters.train, ...splits.train };
  const cuts = found.map((part) => {
    const cut = lightCut(known, part);
    return Float32Array.from(part.members, (i) => cut(clusters.test[i]));
  });
  for (const [b, { name: bin, members }] of found.entries()) {
    const labels = pick(splits.test.labels, members);
    const { value, low, high, n } = auc(pick(scores, members), labels);
    const baseline = { name, value: auc(cuts[b], labels).value };
    metrics[`auc${bin}`] = { value, low, high, n, split, baseline };
  }
  for (const [b, { name: bin, members }] of found.entries()) {
    const labels = pick(splits.test.labels, members), options = { rng, resamples: 200 };
    const { value, low, high, n } = rejectionAtEfficiency(pick(scores, members), labels, 0.9, options);
    const cut = rejectionAtEfficiency(cuts[b], labels, 0.9, { rng, resamples: 1 });
    metrics[`rejection90${bin}`] = { value, low, high, n, split, baseline: { name, value: cut.value } };
  }
  return metrics;
}

/**
 * Resolution and bias of the energy, overall and by true energy, each beside the estimate from the summed light.
 *
 * @param energies Predicted energy, keV, [n] of the measured events.
 */
export function measureRegressor(
  energies: Float32Array,
  data: CygnoData,
  seed: number,
): Record<string, CardMetric> {
  const { measuredOn: split, splits: { test } } = data, light = lightEnergies(data);
  const options = { rng: createRng(seed, 3), resamples: 200 };
  const range = [Math.min(0, ...test.energies), Math.max(...test.energies) + 1];
  const metrics: Record<string, CardMetric> = {};
  for (const what of ["resolution", "bias"] as const) {
    for (const [edges, names] of [[range, [""]], [ENERGY_EDGES, BIN_NAMES]] as const) {
      const ours = regressionByBin(energies, test.energies, edges, options);
      const theirs = regressionByBin(light, test.energies, edges, { ...options, resamples: 1 });
      names.forEach((bin, b) => {
        const { value, low, high, n } = ours[b][what];
        if (n < 3) return;
        const baseline = { name: "summed light", value: theirs[b][what].value };
        metrics[`energy${what === "bias" ? "Bias" : "Resolution"}${bin}`] = {
          value,
          low,
          high,
          n,
          split,
          units: "keV",
          baseline,
        };
      });
    }
  }
  return metrics;
}

/**
 * What the predicted energy is off by, in bins of it; undefined where a bin has too few events.
 *
 * An uncertainty is of single events: what a bin is biased by belongs to it.
 *
 * @param energies Predicted energy, keV, [n] of the measured events.
 */
export function uncertaintyOf(energies: Float32Array, { splits: { test } }: CygnoData, seed: number) {
  const options = { rng: createRng(seed, 5), resamples: 1, by: energies };
  const sigma = regressionByBin(energies, test.energies, ENERGY_EDGES, options).map(({ rms }) => rms.value);
  return sigma.every(Number.isFinite) ? { edges: [...ENERGY_EDGES], sigma } : undefined;
}

/** From which count to which shades go, and what bars tell them and the length of tracks by. */
const CAMERA = { low: 90, high: 160 };
const SCALES = { colorBar: "counts", scaleBar: { perPixel: DETECTOR.pixelMm, units: "mm" } };
/** Images that a mean is of. */
const AVERAGED = 1000;
/** Images that are shown. */
const SHOWN = 24;

/** The check of the data that the course asks for: energies, kinds, and some pictures. */
export async function dataFigures(data: CygnoData): Promise<Figure[]> {
  const { splits } = data, section = "Data";
  const { labels, energies } = splits.train;
  const averaged = Array.from({ length: Math.min(AVERAGED, labels.length) }, (_, i) => i);
  const pictures = plot.picturesOf(await data.crops("train", averaged), [averaged.length, SIDE, SIDE]);
  const shown = averaged.slice(0, SHOWN);
  return [
    {
      name: "energies",
      section,
      caption: "True energy of the training images.",
      spec: plot.plotHistogram(energies, {
        groups: labels,
        groupNames: [...KINDS],
        xTitle: "Energy [keV]",
        bins: 35,
        range: [0, 35],
      }),
    },
    {
      name: "kinds",
      section,
      spec: plot.plotClassCounts(
        Object.fromEntries(
          Object.entries(splits).filter(([, events]) => events.labels.length > 0).map((
            [name, events],
          ) => [name, events.labels]),
        ),
        [...KINDS],
      ),
    },
    {
      name: "images",
      section,
      caption: "Training images: the middle 128 × 128 pixels, counts from 90 to 160.",
      spec: plot.plotImageGrid(pictures.slice(0, SHOWN), {
        captions: shown.map((i) => `${SHORT_KINDS[labels[i]]} ${energies[i]} keV`),
        size: 110,
        ...CAMERA,
        ...SCALES,
      }),
    },
    {
      name: "class_means",
      section,
      caption: `Mean of ${averaged.length} training images by kind, with their numbers.`,
      spec: plot.plotClassMeans(pictures, averaged.map((i) => labels[i]), KINDS, {
        size: 168,
        low: 98,
        high: 110,
        ...SCALES,
      }),
    },
  ];
}

/** How the loss fell: over the batches of the first epoch where they were kept, then by epoch. */
export function trainingFigures({ epochs, states }: History): Figure[] {
  const first = states.batchLosses as { losses: number[] } | undefined;
  const column = (name: string) => epochs.map((numbers) => numbers[name]);
  const validated = epochs.some((numbers) => "validationLoss" in numbers);
  return [
    ...(first ? [{ name: "first_epoch", section: "Training", spec: plot.plotBatchLoss(first.losses) }] : []),
    {
      name: "loss",
      section: "Training",
      spec: validated
        ? plot.plotTrainValidation(column("loss"), column("validationLoss"), {
          title: `Loss over ${epochs.length} epochs`,
        })
        : plot.plotBatchLoss(column("loss"), { title: `Loss over ${epochs.length} epochs`, window: 1 }),
    },
  ];
}

/**
 * Response, ROC, both by energy, how far the probability is to be trusted, and the pictures that the classifier is most wrong about.
 *
 * @param energies What the network says of the energy, keV, if it does.
 */
export async function classifierFigures(
  scores: Float32Array,
  data: CygnoData,
  occlusion: ShownResults["occlusion"],
  energies?: Float32Array,
): Promise<Figure[]> {
  const { splits: { test }, measuredOn } = data, section = `Classifier, ${measuredOn} images`;
  const found = parts(data);
  if (found.length === 0) return [];
  const curves = found.map(({ title, members }) =>
    namedRoc(title, pick(scores, members), pick(test.labels, members))
  );
  return [
    { name: "response", section, spec: plot.plotResponse(scores, test.labels, { classNames: KINDS }) },
    {
      name: "response_by_energy",
      section,
      spec: plot.plotResponseByBin(scores, test.labels, test.energies, [...ENERGY_EDGES], {
        classNames: KINDS,
        ...ENERGY,
      }),
    },
    {
      name: "roc",
      section,
      caption: "Background rejection against signal efficiency, by true energy.",
      spec: plot.plotRoc(curves),
    },
    {
      name: "rejection_factor",
      section,
      caption: "Background rejected at small shares kept, by true energy.",
      spec: plot.plotRoc(curves, { axes: "factor", title: "Background rejection" }),
    },
    ...reliabilityFigures(scores, test.labels, section, energies),
    {
      name: "efficiency",
      section,
      caption: "Share of each kind that is called nuclear, by true energy.",
      spec: plot.plotEfficiency(scores, test.labels, 0.5, test.energies, efficiencyEdges(test.energies), {
        classNames: KINDS,
        ...ENERGY,
      }),
    },
    await worstFigure(scores, data, section, occlusion),
  ];
}

/** The pictures that the classifier is most wrong about, and what in them mattered for it. */
async function worstFigure(
  scores: Float32Array,
  { crops, splits: { test } }: CygnoData,
  section: string,
  occlusion: ShownResults["occlusion"],
): Promise<Figure> {
  const worst = Array.from(plot.worstEvents(scores, test.labels).subarray(0, 12));
  const pictures = plot.picturesOf(await crops("test", worst), [worst.length, SIDE, SIDE]);
  const maps = await occlusion(worst);
  return {
    name: "worst_events",
    section,
    caption:
      "The images whose response is farthest from the truth, and beside each what in it mattered for the response.",
    spec: plot.plotWorstEvents(pictures, worst.map((i) => scores[i]), worst.map((i) => test.labels[i]), {
      classNames: ["ER", "NR"],
      details: worst.map((i) => `${test.energies[i]} keV`),
      ...CAMERA,
      ...(maps.length > 0 ? { saliency: maps, columns: 3 } : SCALES),
    }),
  };
}

/**
 * Whether a probability of a nuclear recoil means what it says, among all events and among those that are said to be in the lowest
 * bin: in bins of the true energy, which nobody knows of an event, it need not.
 */
export function reliabilityFigures(
  scores: Float32Array,
  labels: Float32Array,
  section: string,
  energies?: Float32Array,
): Figure[] {
  const [, most] = ENERGY_EDGES;
  const faint = Uint32Array.from(labels.keys()).filter((i) => energies !== undefined && energies[i] < most);
  return [
    {
      name: "reliability",
      section,
      caption: "Share of nuclear recoils among events of like predicted probability.",
      spec: plot.plotCalibration(calibration(scores, labels)),
    },
    ...(faint.length === 0 ? [] : [{
      name: "reliability_faint",
      section,
      caption: `The same among events that are said to be below ${most} ${ENERGY.units}.`,
      spec: plot.plotCalibration(calibration(pick(scores, faint), pick(labels, faint))),
    }]),
  ];
}

/** Edges of energy bins for the efficiency: the single energies where they are few, else steps of 2.5 keV. */
function efficiencyEdges(energies: Float32Array): number[] {
  const top = Math.max(...energies);
  return Array.from({ length: Math.ceil(top / 2.5) + 1 }, (_, i) => 2.5 * i);
}

/** Predicted against true energy, bias and resolution by energy. */
export function regressorFigures(energies: Float32Array, data: CygnoData, seed: number): Figure[] {
  const { splits: { test }, measuredOn } = data, section = `Energy, ${measuredOn} images`;
  const options = { rng: createRng(seed, 4), resamples: 200 };
  const ofKind = (values: Float32Array, label: number) => values.filter((_, i) => test.labels[i] === label);
  const single = [...new Set(test.energies)].sort((a, b) => a - b);
  const edges = single.length <= 40 ? [...single, single[single.length - 1] + 1] : [...ENERGY_EDGES];
  return [
    {
      name: "predicted_energy",
      section,
      spec: plot.plotPredictedAgainstTrue(energies, test.energies, ENERGY),
    },
    ...(energies.length > 1
      ? [{ name: "energy_residuals", section, spec: plot.plotResiduals(energies, test.energies, ENERGY) }]
      : []),
    ...KINDS.map((kind, label) => ({ kind, label })).filter(({ label }) => test.labels.includes(label)).map((
      { kind, label },
    ) => ({
      name: `energy_${SHORT_KINDS[label].toLowerCase()}`,
      section,
      spec: plot.plotPredictedAgainstTrue(ofKind(energies, label), ofKind(test.energies, label), {
        ...ENERGY,
        title: `Predicted against true energy: ${kind.toLowerCase()}s`,
      }),
    })),
    {
      name: "energy_resolution",
      section,
      caption: "Bias and resolution at each true energy.",
      spec: plot.plotBiasAndResolution(regressionByBin(energies, test.energies, edges, options), ENERGY),
    },
  ];
}

/** Predicted energies and, where the network says them, their σ, in keV. */
export function inKeV(
  { data, shape }: NdArray<Float32Array>,
): { means: Float32Array; sigmas?: Float32Array } {
  const columns = data.length / shape[0];
  const column = (c: number) =>
    Float32Array.from({ length: shape[0] }, (_, i) => data[i * columns + c] * ENERGY_UNIT);
  return columns === 2 ? { means: column(0), sigmas: column(1) } : { means: column(0) };
}

/**
 * Share of events whose true energy lies within one stated σ, overall and by true energy.
 *
 * @param sigmas Stated σ, keV, [n] of the measured events.
 */
export function measureCoverage(
  means: Float32Array,
  sigmas: Float32Array,
  { splits: { test }, measuredOn: split }: CygnoData,
): Record<string, CardMetric> {
  const covered = (members: Uint32Array) =>
    members.filter((i) => Math.abs(means[i] - test.energies[i]) <= sigmas[i]).length;
  const all = { name: "", members: Uint32Array.from(means, (_, i) => i) };
  const bins = indicesByBin(test.energies, ENERGY_EDGES).map((members, b) => ({
    name: BIN_NAMES[b],
    members,
  }));
  const baseline = { name: "a Gaussian's", value: WITHIN_SIGMA };
  const found = [all, ...bins].filter(({ members }) => members.length > 0).map(({ name, members }) => {
    const { value, low, high, n } = proportion(covered(members), members.length);
    return [`energyCoverage${name}`, { value, low, high, n, split, baseline }] as const;
  });
  return Object.fromEntries(found);
}

/** What predictions are off by in units of the stated σ: a standard normal distribution where it is right. */
export function pullFigures(
  means: Float32Array,
  sigmas: Float32Array | undefined,
  { splits: { test }, measuredOn }: CygnoData,
): Figure[] {
  if (!sigmas || means.length < 2) return [];
  const scaled = means.map((mean, i) => mean / sigmas[i]),
    truth = test.energies.map((keV, i) => keV / sigmas[i]);
  return [{
    name: "energy_pulls",
    section: `Energy, ${measuredOn} images`,
    caption: "Predicted minus true energy over the network's own σ.",
    spec: plot.plotResiduals(scaled, truth, { title: "Pulls of the energy", units: "σ" }),
  }];
}
