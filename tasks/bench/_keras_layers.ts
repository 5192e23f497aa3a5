/**
 * Which layer classes of Keras 3 are read here, as README shows it. @module
 */
import { CHANGES } from "../../lib/layers/augmenting.ts";
import { LAYERS } from "../../lib/layers/registry.ts";

/** Classes that models of images, volumes and sequences use, as Keras's documentation groups them. */
export const KERAS_GROUPS: Readonly<Record<string, readonly string[]>> = {
  core: [
    "InputLayer",
    "Dense",
    "EinsumDense",
    "Activation",
    "Embedding",
    "ReversibleEmbedding",
    "Identity",
    "Masking",
  ],
  convolution: [
    "Conv1D",
    "Conv2D",
    "Conv3D",
    "SeparableConv1D",
    "SeparableConv2D",
    "DepthwiseConv1D",
    "DepthwiseConv2D",
    "Conv1DTranspose",
    "Conv2DTranspose",
    "Conv3DTranspose",
  ],
  pooling: ["Max", "Average", "GlobalMax", "GlobalAverage", "AdaptiveMax", "AdaptiveAverage"].flatMap((
    kind,
  ) => [1, 2, 3].map((rank) => `${kind}Pooling${rank}D`)),
  recurrent: [
    "LSTM",
    "GRU",
    "SimpleRNN",
    "Bidirectional",
    "TimeDistributed",
    "ConvLSTM1D",
    "ConvLSTM2D",
    "ConvLSTM3D",
    "RNN",
    "LSTMCell",
    "GRUCell",
    "SimpleRNNCell",
    "StackedRNNCells",
  ],
  attention: ["MultiHeadAttention", "Attention", "AdditiveAttention", "GroupQueryAttention"],
  normalization: [
    "BatchNormalization",
    "LayerNormalization",
    "GroupNormalization",
    "RMSNormalization",
    "UnitNormalization",
    "SpectralNormalization",
    "Normalization",
  ],
  regularization: [
    "Dropout",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
    "GaussianDropout",
    "GaussianNoise",
    "AlphaDropout",
    "ActivityRegularization",
  ],
  shapes: [
    "Flatten",
    "Reshape",
    "Permute",
    "RepeatVector",
    "Cropping1D",
    "Cropping2D",
    "Cropping3D",
    "ZeroPadding1D",
    "ZeroPadding2D",
    "ZeroPadding3D",
    "UpSampling1D",
    "UpSampling2D",
    "UpSampling3D",
    "Resizing",
    "CenterCrop",
    "Rescaling",
  ],
  contrast: ["AutoContrast", "ContrastLimitedAdaptiveHistogramEqualization"],
  merging: ["Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate", "Dot"],
  activation: ["ReLU", "LeakyReLU", "ELU", "PReLU", "Softmax"],
};

/** Layers that change examples in training; scored, what goes in comes out. */
export const KERAS_AUGMENTING: readonly string[] = [
  "AugMix",
  "CutMix",
  "Equalization",
  "MixUp",
  "Pipeline",
  "RandAugment",
  "RandomBrightness",
  "RandomColorDegeneration",
  "RandomColorJitter",
  "RandomContrast",
  "RandomCrop",
  "RandomElasticTransform",
  "RandomErasing",
  "RandomFlip",
  "RandomGaussianBlur",
  "RandomGrayscale",
  "RandomHue",
  "RandomInvert",
  "RandomPerspective",
  "RandomPosterization",
  "RandomRotation",
  "RandomSaturation",
  "RandomSharpness",
  "RandomShear",
  "RandomTranslation",
  "RandomZoom",
  "Solarization",
];

/** Classes for texts, tables, sound and boxes, code of other libraries, and what is no layer by itself. */
export const KERAS_OTHERS: readonly string[] = [
  "CategoryEncoding",
  "Discretization",
  "FlaxLayer",
  "HashedCrossing",
  "Hashing",
  "IntegerLookup",
  "JaxLayer",
  "Lambda",
  "Layer",
  "MaxNumBoundingBoxes",
  "MelSpectrogram",
  "STFTSpectrogram",
  "StringLookup",
  "TFSMLayer",
  "TextVectorization",
  "TorchModuleWrapper",
  "Wrapper",
];

/** Whether files with the class are read. */
export const isRead = (className: string): boolean => className === "InputLayer" || LAYERS.has(className);

const split = (classes: readonly string[]) => ({
  read: classes.filter(isRead),
  refused: classes.filter((name) => !isRead(name)),
});

/** Names one after the other; the same over one, two and three axes are one. */
function listed(classes: readonly string[]): string {
  const over = (name: string, axes: number) => name.replace(/1D/, `${axes}D`);
  const whole = new Set(
    classes.filter((name) => /1D/.test(name) && [2, 3].every((axes) => classes.includes(over(name, axes)))),
  );
  const told = new Set([...whole].flatMap((name) => [2, 3].map((axes) => over(name, axes))));
  return classes.filter((name) => !told.has(name))
    .map((name) => whole.has(name) ? `${name} to 3D` : name).join(", ");
}

/** How many of the classes that count are read. */
export function shareRead(): { read: number; of: number } {
  const all = [...Object.values(KERAS_GROUPS).flat(), ...KERAS_AUGMENTING];
  return { read: split(all).read.length, of: all.length };
}

/** The table of README's section "Keras layers". */
export function layersTable(): string {
  const rows = Object.entries(KERAS_GROUPS).map(([group, classes]) => [group, split(classes)] as const);
  const cells = [["group", "read, trained, written", "refused by name"], ["---", "---", "---"]];
  for (const [group, { read, refused }] of rows) cells.push([group, listed(read), listed(refused)]);
  const { read, refused } = split(KERAS_AUGMENTING);
  const trained = read.filter((name) => name === "Pipeline" || Object.hasOwn(CHANGES, name));
  const others = read.length - trained.length;
  cells.push(["augmenting", `${listed(trained)}; ${others} others for scoring only`, listed(refused)]);
  return cells.map((row) => `| ${row.join(" | ")} |`).join("\n");
}
