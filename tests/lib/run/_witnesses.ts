/**
 * Two small experiments of shapes that none of the registry has: two inputs and two heads, and an image to a mask. Each
 * keeps what `predict` said of its test examples, so that a test can hold every other way of asking against it.
 * @module
 */
import { createRng, drawInteger } from "../../../lib/base/rng.ts";
import type { CardInput } from "../../../lib/card/mod.ts";
import { fromArrays, type NdArray, subset } from "../../../lib/data/source.ts";
import { tf } from "../../../lib/engine/mod.ts";
import { accuracy, argMaxRows, regression, segmentation } from "../../../lib/evaluate/mod.ts";
import { parsePreprocessing } from "../../../lib/image/preprocessing/mod.ts";
import { plotEpochCurves } from "../../../lib/plot/mod.ts";
import {
  type Data,
  defineExperiment,
  type Experiment,
  type Figure,
  type Results,
} from "../../../lib/run/experiment.ts";
import * as train from "../../../lib/train/mod.ts";

/** Examples in all, and those of them that are tested. */
const COUNT = 120, TESTED = 24;

/** An experiment with what it is asked about afterwards. */
export interface Witness {
  experiment: Experiment<typeof OPTIONS, Data>;
  /** The test examples before preprocessing, all in one array for each input. */
  raw(): Record<string, NdArray>;
  /** What `predict` said of them in the run that ended last. */
  predictions(): train.Predictions;
}

const SCALE = parsePreprocessing([{ op: "scale", factor: 1 / 255 }]);
const OPTIONS = {} as const;
const all = Uint32Array.from({ length: COUNT }, (_, i) => i);

function rowsOf({ data, shape }: NdArray, count: number): NdArray {
  const size = data.length / shape[0];
  return { data: data.slice(0, count * size), shape: [count, ...shape.slice(1)] };
}

function rowAt({ data, shape }: NdArray, row: number): NdArray {
  const size = data.length / shape[0];
  return { data: data.slice(row * size, (row + 1) * size), shape: shape.slice(1) };
}

function lossFigure({ history }: Results): Figure[] {
  const loss = history.epochs.map((numbers) => numbers.loss);
  return [{ name: "loss", section: "Training", spec: plotEpochCurves({ loss }, { quantity: "Loss" }) }];
}

/** Splits arrays whose first examples are tested; `raw` gives them as a user has them. */
function dataOf(inputs: Record<string, NdArray>, targets: Record<string, NdArray>): Data {
  const source = fromArrays(inputs, targets);
  return {
    train: subset(source, all.subarray(TESTED + 16)),
    validation: subset(source, all.subarray(TESTED, TESTED + 16)),
    test: subset(source, all.subarray(0, TESTED)),
    fingerprint: "seeded",
    raw: (rows) =>
      Promise.resolve(
        rows.map((row) =>
          Object.fromEntries(Object.entries(inputs).map(([name, array]) => [name, rowAt(array, row)]))
        ),
      ),
    dispose() {},
  };
}

/** Side of the pair's images. */
const PAIR_SIDE = 12;

/** Images of a stripe across or up, and two numbers whose sum, with the stripe's brightness, is the energy. */
function pairArrays() {
  const rng = createRng(5), size = PAIR_SIDE ** 2;
  const image = Uint8Array.from({ length: COUNT * size }, () => 40 * rng());
  const scalars = new Float32Array(COUNT * 2), kind = new Int32Array(COUNT), energy = new Float32Array(COUNT);
  for (let i = 0; i < COUNT; i++) {
    kind[i] = i % 2;
    const at = drawInteger(rng, PAIR_SIDE), light = 100 + drawInteger(rng, 100);
    for (let k = 0; k < PAIR_SIDE; k++) {
      image[i * size + (kind[i] ? k * PAIR_SIDE + at : at * PAIR_SIDE + k)] += light;
    }
    scalars.set([rng(), rng()], 2 * i);
    energy[i] = scalars[2 * i] + scalars[2 * i + 1] + light / 100;
  }
  return {
    inputs: {
      image: { data: image, shape: [COUNT, PAIR_SIDE, PAIR_SIDE, 1] },
      scalars: { data: scalars, shape: [COUNT, 2] },
    },
    targets: { kind: { data: kind, shape: [COUNT] }, energy: { data: energy, shape: [COUNT] } },
  };
}

const glorot = (seed: number) => tf.initializers.glorotUniform({ seed });

/** Two inputs, two heads. */
export function pairWitness(): Witness {
  const { inputs, targets } = pairArrays();
  let last: train.Predictions = {};
  const experiment = defineExperiment<typeof OPTIONS, Data>({
    name: "pair",
    summary: "A stripe and two numbers: which way, and how much in all",
    options: OPTIONS,
    defaults: { epochs: 16, batch: 10 },
    load: () => Promise.resolve(dataOf(inputs, targets)),
    build() {
      const image = tf.input({ shape: [PAIR_SIDE, PAIR_SIDE, 1], name: "image" });
      const scalars = tf.input({ shape: [2], name: "scalars" });
      let x = tf.layers.conv2d({
        filters: 6,
        kernelSize: 3,
        activation: "relu",
        kernelInitializer: glorot(1),
      })
        .apply(image) as tf.SymbolicTensor;
      x = tf.layers.batchNormalization({ momentum: 0.7 }).apply(x) as tf.SymbolicTensor;
      x = tf.layers.globalMaxPooling2d({}).apply(x) as tf.SymbolicTensor;
      x = tf.layers.dense({ units: 12, activation: "relu", kernelInitializer: glorot(2) }).apply(
        x,
      ) as tf.SymbolicTensor;
      const joint = tf.layers.concatenate().apply([x, scalars]) as tf.SymbolicTensor;
      const kind = tf.layers.dense({
        units: 2,
        activation: "softmax",
        name: "kind",
        kernelInitializer: glorot(3),
      })
        .apply(joint) as tf.SymbolicTensor;
      const energy = tf.layers.dense({ units: 1, name: "energy", kernelInitializer: glorot(4) })
        .apply(joint) as tf.SymbolicTensor;
      return tf.model({ inputs: [image, scalars], outputs: [kind, energy], name: "pair" });
    },
    recipe: () => ({
      loss: { kind: train.crossEntropy(), energy: { loss: train.meanSquaredError(), weight: 0.5 } },
      metrics: { kind: [train.accuracy()], energy: [train.absoluteError()] },
      preprocessing: { image: SCALE },
      augmentation: [{ op: "shift", most: 1 }, { op: "flip", horizontal: true }],
      schedule: train.constant(0.01),
    }),
    evaluate(predictions) {
      last = predictions;
      const kinds = argMaxRows(predictions.kind.data, 2), rng = createRng(1);
      const { rms } = regression(predictions.energy.data, targets.energy.data.subarray(0, TESTED), { rng });
      const right = accuracy(kinds, targets.kind.data.subarray(0, TESTED));
      return {
        metrics: { accuracy: { ...right, split: "test" }, rms: { ...rms, split: "test", units: "MeV" } },
      };
    },
    card: (): Pick<CardInput, "description" | "inputs" | "outputs"> => ({
      description: "A witness of several inputs and heads.",
      inputs: [
        {
          name: "image",
          shape: [PAIR_SIDE, PAIR_SIDE, 1],
          dtype: "float32",
          units: "fraction of full scale",
          preprocessing: SCALE,
        },
        { name: "scalars", shape: [2], dtype: "float32", units: "", columns: ["first", "second"] },
      ],
      outputs: [
        { name: "kind", kind: "classes", labels: ["across", "up"] },
        { name: "energy", kind: "value", units: "MeV" },
      ],
    }),
    figures: lossFigure,
  });
  const raw = () =>
    Object.fromEntries(Object.entries(inputs).map(([name, array]) => [name, rowsOf(array, TESTED)]));
  return { experiment, raw, predictions: () => last };
}

/** Side of the masks. */
export const MASK_SIDE = 16;

/** A blob in one corner of a noisy image; the mask is where it is. */
function maskArrays() {
  const rng = createRng(6), size = MASK_SIDE ** 2;
  const image = Uint8Array.from({ length: COUNT * size }, () => 60 * rng());
  const mask = new Uint8Array(COUNT * size);
  for (let i = 0; i < COUNT; i++) {
    const top = 1 + drawInteger(rng, 5), left = 1 + drawInteger(rng, 5);
    for (let row = top; row < top + 4; row++) {
      for (let column = left; column < left + 4; column++) {
        const at = i * size + row * MASK_SIDE + column;
        image[at] += 90;
        mask[at] = 1;
      }
    }
  }
  const shape = [COUNT, MASK_SIDE, MASK_SIDE, 1];
  return { inputs: { image: { data: image, shape } }, targets: { mask: { data: mask, shape } } };
}

/**
 * An image to a mask.
 *
 * @param follows Whether the mask follows the image's augmentation; without it nothing can be learned.
 */
export function maskWitness(follows = true): Witness {
  const { inputs, targets } = maskArrays();
  let last: train.Predictions = {};
  const experiment = defineExperiment<typeof OPTIONS, Data>({
    name: "blob",
    summary: "Where the blob is",
    options: OPTIONS,
    defaults: { epochs: 20, batch: 10 },
    load: () => Promise.resolve(dataOf(inputs, targets)),
    build: () =>
      tf.sequential({
        name: "blob",
        layers: [
          tf.layers.conv2d({
            inputShape: [MASK_SIDE, MASK_SIDE, 1],
            filters: 8,
            kernelSize: 3,
            padding: "same",
            activation: "relu",
            kernelInitializer: glorot(1),
          }),
          tf.layers.conv2d({
            filters: 1,
            kernelSize: 3,
            padding: "same",
            activation: "sigmoid",
            name: "mask",
            kernelInitializer: glorot(2),
          }),
        ],
      }),
    recipe: () => ({
      loss: train.binaryCrossEntropy(),
      metrics: [train.binaryAccuracy()],
      preprocessing: SCALE,
      augmentation: [{ op: "flip", horizontal: true, vertical: true }, { op: "shift", most: 2 }],
      augmented: { image: "image", mask: follows ? "mask" : "none" },
      schedule: train.constant(0.03),
    }),
    evaluate(predictions) {
      last = predictions;
      const size = MASK_SIDE ** 2, truth = targets.mask.data.subarray(0, TESTED * size);
      const { iou } = segmentation(predictions.mask.data, truth, size, { rng: createRng(1) });
      return { metrics: { iou: { ...iou, split: "test" } } };
    },
    card: () => ({
      description: "A witness of masks.",
      inputs: [{
        name: "image",
        shape: [MASK_SIDE, MASK_SIDE, 1],
        dtype: "float32",
        units: "fraction of full scale",
      }],
      preprocessing: SCALE,
      outputs: [{ name: "mask", kind: "mask", labels: ["background", "blob"] }],
    }),
    figures: lossFigure,
  });
  const raw = () => ({ image: rowsOf(inputs.image, TESTED) });
  return { experiment, raw, predictions: () => last };
}
