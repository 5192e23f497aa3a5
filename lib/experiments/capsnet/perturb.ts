/** What a capsule's numbers stand for: the image drawn anew with each of them moved. @module */
import type { NdArray } from "../../data/source.ts";
import { tf } from "../../engine/mod.ts";
import { decodeCapsules } from "../../models/capsnet.ts";

/** By how much each number is moved; the paper's range. */
export const VARIED: readonly number[] = [-0.25, -0.15, -0.05, 0.05, 0.15, 0.25];

/**
 * Draws images with each number of their longest capsule moved in turn.
 *
 * @param images [n, rows, columns, 1], bytes.
 * @returns Fractions of full scale, [numbers · n · steps, pixels]: a row a number, in it image after image, each in all steps.
 */
export function perturb(model: tf.LayersModel, { data, shape }: NdArray<Uint8Array>): NdArray<Float32Array> {
  return tf.tidy(() => {
    const x = tf.div(tf.tensor(Float32Array.from(data), [...shape]), 255);
    const upTo = tf.model({
      inputs: model.inputs,
      outputs: model.getLayer("classes").output as tf.SymbolicTensor,
    });
    const capsules = upTo.predict(x) as tf.Tensor3D, [count, classes, size] = capsules.shape;
    const best = tf.cast(tf.argMax(tf.sum(tf.square(capsules), 2), 1), "int32");
    const chosen = tf.expandDims(tf.oneHot(best, classes, 1, 0, "float32"), 2); // [n, classes, 1]
    const moved = Array.from(
      { length: size },
      (_, number) =>
        Array.from({ length: count }, (_, row) =>
          VARIED.map((step) => {
            const shift = tf.oneHot(tf.tensor1d([number], "int32"), size, step, 0, "float32"); // [1, size]
            const one = tf.slice(capsules, [row, 0, 0], [1, -1, -1]),
              own = tf.slice(chosen, [row, 0, 0], [1, -1, -1]);
            return tf.reshape(tf.mul(tf.add(one, shift), own), [1, classes * size]);
          })),
    );
    const drawn = decodeCapsules(model, tf.concat(moved.flat(2), 0));
    return { data: drawn.dataSync<"float32">().slice(), shape: [...drawn.shape] };
  });
}
