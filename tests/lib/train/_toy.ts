/** A small task that trains in a moment: bright left halves against bright right halves. @module */
import { createRng } from "../../../lib/base/rng.ts";
import { fromArrays, type Source } from "../../../lib/data/source.ts";
import { tf } from "../../../lib/engine/mod.ts";
import { parsePreprocessing } from "../../../lib/image/preprocessing/mod.ts";

/** Side of the toy's images. */
export const SIDE = 6;

/** Images as bytes and class numbers; the same for the same size. */
export function toyArrays(size: number): { images: Uint8Array; labels: Uint8Array } {
  const images = new Uint8Array(size * SIDE * SIDE), labels = new Uint8Array(size);
  let state = 12345;
  for (let i = 0; i < size; i++) {
    labels[i] = i % 2;
    for (let pixel = 0; pixel < SIDE * SIDE; pixel++) {
      state = Math.imul(state, 1664525) + 1013904223 >>> 0;
      const bright = Number(pixel % SIDE >= SIDE / 2) === labels[i];
      images[i * SIDE * SIDE + pixel] = (state >>> 25) + (bright ? 60 : 0);
    }
  }
  return { images, labels };
}

/** The toy in memory. */
export function toySource(size: number, weight?: Float32Array): Source {
  const { images, labels } = toyArrays(size);
  const x = { data: images, shape: [size, SIDE, SIDE, 1] }, y = { data: labels, shape: [size] };
  return fromArrays(x, y, { weight });
}

/** The toy read on demand. */
export function toyStream(size: number): Source {
  const { held: _, ...source } = toySource(size), rng = createRng(size);
  return {
    ...source,
    async read(indices) {
      await new Promise((resolve) => setTimeout(resolve, rng() * 3));
      return await source.read(indices);
    },
  };
}

/** A small net with everything that keeps a state: convolution, batch normalisation, dropout, a regulariser. */
export function toyModel(seed = 1, rate = 0.25): tf.LayersModel {
  const init = (offset: number) => tf.initializers.glorotUniform({ seed: seed + offset });
  return tf.sequential({
    layers: [
      tf.layers.conv2d({
        inputShape: [SIDE, SIDE, 1],
        filters: 4,
        kernelSize: 3,
        kernelInitializer: init(0),
      }),
      tf.layers.batchNormalization({ momentum: 0.8 }),
      tf.layers.activation({ activation: "relu" }),
      tf.layers.flatten(),
      tf.layers.dropout({ rate }),
      tf.layers.dense({
        units: 2,
        activation: "softmax",
        kernelInitializer: init(1),
        kernelRegularizer: tf.regularizers.l1l2({ l1: 1e-4, l2: 1e-3 }),
        name: "side",
      }),
    ],
  });
}

/** A net of one layer, whose loss is a sum over examples and a regulariser. */
export function linearToy(): tf.LayersModel {
  return tf.sequential({
    layers: [
      tf.layers.flatten({ inputShape: [SIDE, SIDE, 1] }),
      tf.layers.dense({
        units: 2,
        kernelInitializer: tf.initializers.glorotUniform({ seed: 1 }),
        kernelRegularizer: tf.regularizers.l2({ l2: 0.01 }),
      }),
    ],
  });
}

/** Bytes to [0, 1]. */
export const preprocessing = parsePreprocessing([{ op: "scale", factor: 1 / 255 }]);

/** All weights of a model as one list of numbers. */
export function weightsOf(model: tf.LayersModel): number[] {
  return model.getWeights().flatMap((weight) => [...weight.dataSync()]);
}
