/** Options of the search for lenses; the names are the document's where it has one. @module */
import type { Options } from "../../run/experiment.ts";
import type { OptionTable } from "../../base/options.ts";

/** See {@linkcode OptionTable}. */
export const LENSES_OPTIONS = {
  data: {
    type: "string",
    hint: "PLACE",
    help:
      "Folder with lenses.npy and other.npy, the file of lenses (with --others), or any labelled set: a catalogue (CSV or FITS " +
      "table) of cutouts, a folder a class, .npz, HDF5 (default: a simulated set, made once).",
  },
  others: { type: "string", hint: "FILE", help: "File of all else, where --data is the file of lenses." },
  positive: {
    type: "string",
    hint: "CLASS",
    help: "Class of a labelled set that is looked for (default: lens, lenses, positive, or 1).",
  },
  images: { type: "string", hint: "NAME", help: "Which array of a labelled set holds the cutouts." },
  labels: { type: "string", hint: "NAME", help: "Which array or table of it holds the labels." },
  column: { type: "string", hint: "NAME", help: "Which column of it is the class." },
  axes: {
    type: "string",
    hint: "AXES",
    help: "What an array's axes are, such as nhwc or nchw (not of .npy).",
  },
  lenses: { type: "integer", default: 20, min: 1, max: 1_000_000, help: "Lenses of the simulated set." },
  negatives: { type: "integer", default: 500, min: 1, max: 1_000_000, help: "Others of the simulated set." },
  nonFinite: {
    type: "choice",
    choices: ["mask", "refuse"],
    default: "mask",
    help: "What becomes of NaN and infinite pixels: 0, the sky's level, or an error.",
  },
  model: {
    type: "choice",
    choices: ["lens_net", "alexnet", "vgg16", "resnet18", "pybia_resnet18", "custom_cnn"],
    default: "lens_net",
    help: "Architecture.",
  },
  pooling: {
    type: "choice",
    choices: ["max", "min", "average"],
    help: "Pooling of the document's networks (default: each one's own).",
  },
  regularizer: {
    type: "choice",
    choices: ["none", "localResponse", "batchNorm"],
    help: "What keeps their activations in bounds (default: each one's own).",
  },
  activation: {
    type: "choice",
    choices: ["relu", "tanh", "elu", "selu", "sigmoid", "linear", "softplus"],
    help: "Of their hidden layers (default: relu).",
  },
  initializer: {
    type: "choice",
    choices: [
      "uniformScaling",
      "truncatedNormal",
      "heNormal",
      "heUniform",
      "glorotNormal",
      "glorotUniform",
      "leCunNormal",
      "leCunUniform",
    ],
    help: "How their first weights are drawn (default: uniformScaling, of dense layers truncatedNormal).",
  },
  stages: {
    type: "string",
    hint: "FxK/S,…",
    help:
      "Filters, kernel and stride of each convolution, such as 32x5,64x3/2, of custom_cnn (default: 32x5,64x5,128x5), and of " +
      "the five of alexnet and vgg16.",
  },
  augmentation: {
    type: "choice",
    choices: ["none", "document", "online"],
    default: "online",
    help: "Copies made before training as the document has it, or drawn anew for every batch.",
  },
  copies: {
    type: "integer",
    default: 25,
    min: 1,
    max: 10_000,
    range: [2, 25],
    help: "Copies of each lens in an epoch, where there is augmentation.",
  },
  crop: {
    type: "integer",
    default: 67,
    min: 8,
    max: 2048,
    help: "Side of what the network sees, pixels of the cutout (lens_net: 64).",
  },
  shrink: {
    type: "integer",
    default: 1,
    min: 1,
    max: 16,
    help: "Pixels each way that become one for the network (lens_net: 2).",
  },
  residual: {
    type: "boolean",
    default: false,
    help:
      "Add a channel: the first band less what has the middle's colour (lens_net: yes, of several bands).",
  },
  shift: { type: "integer", default: 10, min: 0, max: 100, range: [0, 10], help: "Largest shift, pixels." },
  flip: { type: "boolean", default: true, help: "Mirror both ways at random." },
  rotation: { type: "boolean", default: true, help: "Turn by any angle." },
  zoom: {
    type: "number",
    default: 0.1,
    min: 0,
    max: 0.5,
    range: [0, 0.3],
    help: "Magnify by 1 - zoom to 1 + zoom.",
  },
  skew: { type: "number", default: 0, min: 0, max: 44, range: [0, 20], help: "Largest skew, degrees." },
  numMasks: {
    type: "integer",
    default: 5,
    min: 0,
    max: 100,
    range: [0, 5],
    help: "Circles that are cut out (lens_net: 0).",
  },
  maskSize: { type: "integer", default: 5, min: 1, max: 100, range: [1, 8], help: "Their radius, pixels." },
  moreSteps: {
    type: "string",
    hint: "JSON",
    help:
      "Further steps drawn anew for every batch, after the others, in counts and in pixels after --shrink, such as " +
      '[{"op":"noise","law":"gaussian","sigma":[0,1]},{"op":"blur","sigma":[0,1]},{"op":"mixup"}]; also cutmix, elastic, ' +
      "channelDropout, blend, gain, shear.",
  },
  blend: {
    type: "number",
    default: 0,
    min: 0,
    max: 100,
    help: "Blends made, by the number of copies, from 1 on; 0 blends none (document's augmentation).",
  },
  blendOthers: {
    type: "number",
    default: 0,
    min: 0,
    max: 100,
    help: "The same of all else, which is blended among itself (document's augmentation).",
  },
  blendImages: { type: "integer", default: 2, min: 2, max: 100, help: "Most images in a blend." },
  blendBy: {
    type: "choice",
    choices: ["mean", "max", "min", "random"],
    default: "mean",
    help: "How images are blended.",
  },
  smote: {
    type: "number",
    default: 0,
    min: 0,
    max: 1,
    help: "Oversample lenses to this share of the others by SMOTE; 0 does not.",
  },
  normalize: { type: "boolean", default: true, help: "Bring each band to 0 to 1." },
  minPixel: {
    type: "string",
    hint: "A,B,…",
    help: "What becomes 0, a number a band (default: fitted to training data).",
  },
  maxPixel: {
    type: "string",
    hint: "A,B,…",
    help: "What becomes 1, a number a band (default: fitted to training data).",
  },
  stretch: {
    type: "choice",
    choices: ["asinh", "none"],
    default: "asinh",
    range: ["asinh", "none"],
    help: "Show faint and bright parts alike before the limits apply.",
  },
  loss: {
    changesLoss: true,
    type: "choice",
    choices: [
      "binaryCrossEntropy",
      "weightedBinaryCrossEntropy",
      "focal",
      "hinge",
      "squaredHinge",
      "klDivergence",
      "logCosh",
      "dice",
      "jaccard",
    ],
    default: "binaryCrossEntropy",
    help: "What is minimised.",
  },
  weight: {
    changesLoss: true,
    type: "number",
    default: 1,
    min: 0,
    max: 1e6,
    help: "Of lenses in weightedBinaryCrossEntropy.",
  },
  lensWeight: {
    type: "number",
    default: 1,
    min: 0,
    max: 1e6,
    help: "Weight of the class of lenses, in any loss.",
  },
  optimizer: {
    type: "choice",
    choices: ["adam", "sgd", "rmsprop", "adamax", "nadam", "adadelta"],
    default: "adam",
    range: ["adam", "sgd", "rmsprop"],
    help: "How weights move; sgd has a momentum of 0.9.",
  },
  rate: {
    type: "number",
    default: 1e-2,
    min: 1e-8,
    max: 10,
    range: [1e-4, 3e-2],
    log: true,
    help: "Learning rate, the peak of one cycle (the document's networks: 1e-4).",
  },
  schedule: {
    type: "choice",
    choices: ["cycle", "constant"],
    default: "cycle",
    help: "How the rate goes.",
  },
  weightDecay: {
    type: "number",
    default: 0,
    min: 0,
    max: 10,
    range: [0, 0.1],
    help: "Decoupled weight decay.",
  },
  folds: { type: "integer", default: 5, min: 2, max: 1000, help: "Parts of which one is tested on." },
  fold: { type: "integer", default: 0, min: 0, max: 999, help: "Which of them, from 0." },
  validation: {
    type: "number",
    default: 0,
    min: 0,
    max: 0.9,
    help: "Share of the training examples to watch the training by.",
  },
  patience: {
    type: "integer",
    default: 0,
    min: 0,
    max: 10_000,
    help: "Epochs without progress of the validation loss after which to stop; 0 never does.",
  },
} as const satisfies OptionTable;

/** Values of {@linkcode LENSES_OPTIONS}. */
export type LensesOptions = Options<typeof LENSES_OPTIONS>;
