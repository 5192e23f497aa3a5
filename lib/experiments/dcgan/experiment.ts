/** Digits made of noise: DCGAN on MNIST, two models trained against each other. @module */
import { createRng, drawNormal } from "../../base/rng.ts";
import type { LabeledImages } from "../../data/labeled_images.ts";
import { readMnist } from "../../data/mnist.ts";
import { fromArrays, type NdArray, subset } from "../../data/source.ts";
import { encodeGif } from "../../io/gif.ts";
import { buildDiscriminator, buildGenerator } from "../../models/dcgan.ts";
import { picturesOf, plotEpochCurves, plotImageGrid } from "../../plot/mod.ts";
import { type Data, defineExperiment, type Figure } from "../../run/experiment.ts";
import { adversarial, constant, type History } from "../../train/mod.ts";
import { entropies, frechetBetween, type Opinion, TO_TANH, trainJudge } from "./judge.ts";
import { type EpochSamples, keepSamples, readSamples } from "./samples.ts";

const SIDE = 28, LATENT = 100, SHOWN = 64;

const OPTIONS = {
  generatorBatchNorm: {
    type: "boolean",
    default: true,
    help: "Batch normalisation in the generator; without it digits fail to appear.",
  },
  filters: { type: "integer", default: 64, min: 8, max: 256, help: "Channels of the 14 × 14 stages." },
  rate: {
    type: "number",
    default: 2e-4,
    min: 1e-6,
    max: 0.1,
    range: [2e-5, 2e-3],
    log: true,
    help: "Learning rate of both models.",
  },
  images: { type: "integer", default: 60_000, min: 256, max: 60_000, help: "Training images." },
  measured: {
    type: "integer",
    default: 2000,
    min: 200,
    max: 10_000,
    help: "Images made for the numbers, and real test images beside them.",
  },
  data: {
    type: "string",
    hint: "FOLDER",
    help: "Folder with the four idx files, instead of the installed ones.",
  },
} as const;

/** The digits, and the noise of the images to be shown. */
interface DcganData extends Data {
  readonly test: Data["test"];
  /** Real test images in [-1, 1]. */
  readonly real: NdArray<Float32Array>;
  /** Labelled digits, as bytes, for the judge. */
  readonly labelled: Data["train"];
  readonly shownNoise: NdArray<Float32Array>;
}

function gaussian(count: number, seed: number, stream: number): NdArray<Float32Array> {
  const rng = createRng(seed, stream);
  return {
    data: Float32Array.from({ length: count * LATENT }, () => drawNormal(rng)),
    shape: [count, LATENT],
  };
}

/** The first images of a set in the generator's range. */
function inRange({ images }: LabeledImages, count: number): NdArray<Float32Array> {
  const data = Float32Array.from(images.subarray(0, count * SIDE * SIDE), (value) => value * 2 / 255 - 1);
  return { data, shape: [count, SIDE, SIDE, 1] };
}

/** The experiment. */
export const dcgan = defineExperiment<typeof OPTIONS, DcganData>({
  name: "dcgan",
  summary: "Digits made of noise: a generator against a discriminator",
  options: OPTIONS,
  defaults: { epochs: 20, batch: 128 },

  // deno-lint-ignore require-await -- a throw is to be a rejection
  async load({ data, images, measured, seed }, { log }) {
    const set = readMnist({ folder: data, log });
    log(`${set.name} from ${set.source}`);
    const count = set.train.labels.length, shape = [count, SIDE, SIDE, 1];
    const rows = Uint32Array.from({ length: Math.min(images, count) }, (_, i) => i);
    const pixels = { data: set.train.images, shape };
    const label = { data: Int32Array.from(set.train.labels), shape: [count] };
    return {
      train: subset(fromArrays({ image: pixels }), rows),
      test: fromArrays({ noise: gaussian(measured, seed, 21) }),
      labelled: fromArrays({ image: pixels }, { label }),
      real: inRange(set.test, measured),
      shownNoise: gaussian(SHOWN, seed, 22),
      fingerprint: set.fingerprint,
      dispose() {},
    };
  },

  build: ({ generatorBatchNorm, filters, seed }) => ({
    generator: buildGenerator({ batchNorm: generatorBatchNorm, filters: 2 * filters, latent: LATENT, seed }),
    discriminator: buildDiscriminator({ filters, seed: seed + 1 }),
  }),

  recipe: ({ rate }, { shownNoise }, { generator }) => ({
    step: adversarial({ preprocessing: TO_TANH }),
    schedule: constant(rate),
    callbacks: [keepSamples(generator, shownNoise)],
  }),

  card: () => ({
    description: "Makes pictures of handwritten digits of noise. Trained on MNIST without labels.",
    inputs: [{ name: "noise", shape: [LATENT], dtype: "float32", units: "standard normal" }],
    outputs: [{ name: "image", kind: "image", units: "from -1, black, to 1, white", range: [-1, 1] }],
  }),

  async evaluate({ image }, { real, labelled }, { seed }) {
    const judge = await trainJudge(labelled);
    try {
      const seen = await judge.look(real), made = await judge.look(image);
      return { metrics: measure(seen, made, seed) };
    } finally {
      judge.dispose();
    }
  },

  figures({ history }) {
    const samples = readSamples(history.states.samples);
    return [...lossFigures(history), ...sampleFigures(samples)];
  },
});

/** How far the made digits are from real ones, how evenly they are spread over the classes, and how clear each is. */
function measure(seen: Opinion, made: Opinion, seed: number) {
  const n = made.features.shape[0], split = "test";
  const [first, second] = halves(seen);
  const alike = frechetBetween(first, second, seed).value;
  const ours = entropies(made.probabilities), theirs = entropies(seen.probabilities);
  const entropy = (value: number, real: number) => ({
    value,
    low: value,
    high: value,
    n,
    split,
    units: "nats",
    baseline: { name: "real digits", value: real },
  });
  return {
    frechetDistance: {
      ...frechetBetween(seen, made, seed),
      n,
      split,
      baseline: { name: "half of the real digits against the other half", value: alike },
    },
    classEntropy: entropy(ours.overall, theirs.overall),
    imageEntropy: entropy(ours.single, theirs.single),
  };
}

/** The first and the second half of an opinion. */
function halves({ features, probabilities }: Opinion): [Opinion, Opinion] {
  const cut = (array: NdArray<Float32Array>, first: number, end: number) => {
    const [n, size] = array.shape, from = Math.floor(first * n), to = Math.floor(end * n);
    return { data: array.data.subarray(from * size, to * size), shape: [to - from, size] };
  };
  const part = (first: number, end: number) => ({
    features: cut(features, first, end),
    probabilities: cut(probabilities, first, end),
  });
  return [part(0, 0.5), part(0.5, 1)];
}

function lossFigures({ epochs }: History): Figure[] {
  const column = (name: string) => epochs.map((numbers) => numbers[name]);
  return [{
    name: "losses",
    section: "Training",
    caption: "Losses of the discriminator and the generator.",
    spec: plotEpochCurves(
      { discriminator: column("loss"), generator: column("generatorLoss") },
      { quantity: "Loss" },
    ),
  }, {
    name: "scores",
    section: "Training",
    caption: "Mean probability of being real that the discriminator gives real and made digits.",
    spec: plotEpochCurves(
      { real: column("realScore"), made: column("generatedScore") },
      { quantity: "Probability of being real" },
    ),
  }];
}

/** The last digits as a grid, and the grids of all epochs as a movie. */
function sampleFigures(samples: readonly EpochSamples[]): Figure[] {
  const last = samples.at(-1);
  if (!last) return [];
  const section = "Made of noise";
  return [{
    name: "samples",
    section,
    caption: `${SHOWN} digits after epoch ${last.epoch}.`,
    spec: plotImageGrid(picturesOf(last.pixels, [SHOWN, SIDE, SIDE]), { columns: 8, limit: SHOWN, size: 48 }),
  }, {
    name: "samples_by_epoch",
    section,
    caption: "The same noise after every epoch.",
    gif: encodeGif(samples.map(({ pixels }) => gridOf(pixels)), { delayMs: 300 }),
  }];
}

/** Images side by side in one frame of eight columns. */
function gridOf(pixels: Uint8Array): { data: Uint8Array; height: number; width: number } {
  const columns = 8, rows = SHOWN / columns, width = columns * SIDE, height = rows * SIDE;
  const data = new Uint8Array(width * height);
  for (let image = 0; image < SHOWN; image++) {
    const top = Math.floor(image / columns) * SIDE, left = image % columns * SIDE;
    for (let row = 0; row < SIDE; row++) {
      const from = (image * SIDE + row) * SIDE;
      data.set(pixels.subarray(from, from + SIDE), (top + row) * width + left);
    }
  }
  return { data, height, width };
}
