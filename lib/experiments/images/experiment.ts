/** Images of a user's own, without a line of code: `deno task train images --data PLACE`. @module */
import type { AugmentationStep } from "../../augment/mod.ts";
import type { CardInput } from "../../card/mod.ts";
import type { Labels } from "../../data/own/mod.ts";
import { tf } from "../../engine/mod.ts";
import { MODELS } from "../../models/registry.ts";
import { defineExperiment, type Experiment } from "../../run/experiment.ts";
import * as train from "../../train/mod.ts";
import { loadOwn, type OwnData } from "./data.ts";
import { ownFigures } from "./figures.ts";
import { measureOwn, rowsOf } from "./measure.ts";
import { buildOwnModel, momentsOf } from "./model.ts";

const OPTIONS = {
  data: {
    type: "string",
    hint: "PLACE",
    help: "Folder or zip with a folder a class or a labels.csv; .npz, .npy, HDF5, FITS, TIFF stacks.",
  },
  images: { type: "string", hint: "NAME", help: "Which array holds the images (.npz, HDF5)." },
  labels: { type: "string", hint: "NAME", help: "Which array, or which table, holds the labels." },
  column: { type: "string", hint: "NAME", help: "Which column of a table to learn." },
  task: {
    type: "choice",
    choices: ["auto", "classes", "labels", "value"],
    default: "auto",
    help: "One class of several, several labels at once, or a value (auto: told by the labels).",
  },
  names: { type: "list", help: "Names of the classes, in the order of their numbers." },
  axes: { type: "string", hint: "AXES", help: "What an array's axes are, such as nhwc, nchw or dhw." },
  channels: {
    type: "choice",
    choices: ["auto", "grey", "colour", "bands"],
    default: "auto",
    help: "Make colours grey, or take four channels as bands rather than colours and opacity.",
  },
  size: { type: "integer", default: 0, min: 0, max: 1024, help: "Longest side the model sees (0: chosen)." },
  fit: {
    type: "choice",
    choices: ["stretch", "crop"],
    default: "stretch",
    help: "How images come to one size: stretched, or their middle square.",
  },
  model: {
    type: "choice",
    choices: ["auto", ...Object.keys(MODELS)],
    default: "auto",
    help: "Architecture (auto: by the input).",
  },
  rate: {
    type: "number",
    default: 2e-3,
    min: 1e-6,
    max: 1,
    range: [1e-4, 1e-2],
    log: true,
    help: "Peak learning rate.",
  },
  augment: {
    type: "boolean",
    default: true,
    help: "Shift, turn and zoom training images a little at random.",
  },
  flip: {
    type: "choice",
    choices: ["none", "horizontal", "both"],
    default: "none",
    help: "Flip training images at random, where the mirror image means the same.",
  },
  validation: {
    type: "number",
    default: 0.15,
    min: 0.01,
    max: 0.5,
    help: "Share held out to watch the training by.",
  },
  test: { type: "number", default: 0.15, min: 0.01, max: 0.5, help: "Share held out to measure on." },
} as const;

/** Mean squared difference in units of the labels' spread, so that the rate suits any unit. */
function squaredError(spread: number): train.Loss {
  const plain = train.meanSquaredError();
  return {
    ...plain,
    config: { ...plain.config, spread },
    perExample: (targets, output, form) =>
      tf.div(plain.perExample(targets, output, form), tf.scalar(spread ** 2)),
  };
}

/** Loss and metrics for what is learned. */
function objectiveOf(labels: Labels, rows: Uint32Array) {
  if (labels.task === "classes") return { loss: train.crossEntropy(), metrics: [train.accuracy()] };
  if (labels.task === "labels") {
    return { loss: train.binaryCrossEntropy(), metrics: [train.binaryAccuracy()] };
  }
  const { spread } = momentsOf(rowsOf(labels.values, rows));
  return { loss: squaredError(spread), metrics: [train.absoluteError()] };
}

function augmentationOf(
  { plan }: OwnData,
  { augment, flip }: { augment: boolean; flip: "none" | "horizontal" | "both" },
): AugmentationStep[] | undefined {
  if (plan.kind === "volume") return undefined;
  const most = Math.max(1, Math.round(Math.min(...plan.shape.slice(0, 2)) / 16));
  const varied: AugmentationStep[] = augment
    ? [{ op: "shift", most }, { op: "rotate", degrees: 10 }, { op: "zoom", most: 0.1 }]
    : [];
  const flipped: AugmentationStep[] = flip === "none"
    ? []
    : [{ op: "flip", horizontal: true, vertical: flip === "both" }];
  const steps = [...varied, ...flipped];
  return steps.length > 0 ? steps : undefined;
}

function outputOf(labels: Labels, name: string): CardInput["outputs"][number] {
  if (labels.task === "value") return { name, kind: "value", units: "" };
  return { name, kind: labels.task, labels: [...labels.names] };
}

/** The experiment. */
export const images: Experiment<typeof OPTIONS, OwnData> = defineExperiment<typeof OPTIONS, OwnData>({
  name: "images",
  summary: "Images of your own, labelled by folder, table or array",
  options: OPTIONS,
  defaults: { epochs: 20, batch: 32 },
  load: loadOwn,

  build: ({ model, seed }, { plan, labels, rows }) =>
    buildOwnModel(model, plan, labels, rowsOf(labels.values, rows.train), seed),

  recipe(options, data) {
    const { plan, labels, rows } = data;
    return {
      ...objectiveOf(labels, rows.train),
      preprocessing: [...plan.geometry, ...plan.values],
      augmentation: augmentationOf(data, options),
      optimizer: train.adam(),
      schedule: train.oneCycle(options.rate, { warmUp: 0.2 }),
      globalClipNorm: 1,
      callbacks: [train.earlyStopping({ patience: Math.max(5, Math.ceil(options.epochs / 3)) })],
    };
  },

  card: (_, { plan, labels, output, set }) => ({
    description: `Learned from ${set.images.length} images of a user's own (${set.form}).`,
    inputs: [{
      name: "image",
      kind: plan.kind,
      shape: plan.shape,
      dtype: "float32",
      units: plan.units,
      ...(plan.range ? { range: plan.range } : {}),
    }],
    preprocessing: [...plan.geometry, ...plan.values],
    outputs: [outputOf(labels, output)],
  }),

  evaluate: (predictions, data, { seed }, results) =>
    measureOwn(predictions[data.output].data, data, seed, results),
  figures: (results, data) => ownFigures(results.predictions[data.output].data, data, results),
});
