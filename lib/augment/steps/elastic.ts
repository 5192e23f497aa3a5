import { z } from "../../base/zod.ts";
import { tf } from "../../engine/mod.ts";
import { lawOf } from "../laws.ts";
import {
  type DrawnArrays,
  type DrawnTensors,
  type Range,
  rangeSchema,
  type Resampling,
  resamplingFields,
  type Site,
  type WarpKind,
  type Written,
} from "../step.ts";

/**
 * Bends images: every pixel is taken from a place beside it, neighbours from nearly the same.
 *
 * Source: Simard, Steinkraus and Platt, "Best practices for convolutional neural networks" (ICDAR 2003): random
 * displacements smoothed by a Gaussian; here with normal numbers, and an amplitude in pixels.
 */
export interface Elastic extends Resampling {
  op: "elastic";
  /** Root mean square displacement along each axis, in pixels, away from the border. */
  amplitude: Range;
  /** Width of the smoothing in pixels: how far one bend reaches. */
  sigma: number;
}

/** Checks {@linkcode Elastic}. */
export const elasticSchema: z.ZodType<Elastic, Written<Elastic, keyof Resampling>> = z.strictObject({
  op: z.literal("elastic"),
  amplitude: rangeSchema,
  sigma: z.number().positive(),
  ...resamplingFields,
});

/** Elastic deformation. */
export const elastic: WarpKind<Elastic> = {
  kind: "warp",
  laws: ({ amplitude }, { height, width }: Site) => ({
    amplitude: lawOf(amplitude),
    rows: { law: "normal", shape: [height, width] },
    columns: { law: "normal", shape: [height, width] },
  }),
  tensor({ sigma }: Elastic, { batch, height, width }: Site, drawn: DrawnTensors): tf.Tensor {
    const down = tf.tensor2d(smoothing(height, sigma), [height, height]); // symmetric
    const across = tf.tensor2d(smoothing(width, sigma), [width, width]);
    const smooth = (normal: tf.Tensor): tf.Tensor => {
      const rows = tf.matMul(tf.reshape(normal, [batch * height, width]), across);
      const turned = tf.transpose(tf.reshape(rows, [batch, height, width]), [0, 2, 1]);
      const both = tf.matMul(tf.reshape(turned, [batch * width, height]), down);
      return tf.transpose(tf.reshape(both, [batch, width, height]), [0, 2, 1]);
    };
    const bends = tf.stack([smooth(drawn.rows), smooth(drawn.columns)], 3);
    return tf.mul(bends, tf.reshape(drawn.amplitude, [batch, 1, 1, 1]));
  },
  array({ sigma }: Elastic, { batch, height, width }: Site, drawn: DrawnArrays): Float32Array {
    const down = smoothing(height, sigma), across = smoothing(width, sigma), size = height * width;
    const reach = Math.ceil(4 * sigma);
    const out = new Float32Array(batch * size * 2), half = new Float32Array(size);
    for (let i = 0; i < batch; i++) {
      [drawn.rows.data, drawn.columns.data].forEach((normal, axis) => {
        const amplitude = drawn.amplitude.data[i];
        half.fill(0);
        for (let r = 0; r < height; r++) {
          for (let c = 0; c < width; c++) {
            let sum = 0;
            const end = Math.min(width - 1, c + reach);
            for (let k = Math.max(0, c - reach); k <= end; k++) {
              sum += across[c * width + k] * normal[i * size + r * width + k];
            }
            half[r * width + c] = sum;
          }
        }
        for (let r = 0; r < height; r++) {
          for (let c = 0; c < width; c++) {
            let sum = 0;
            const end = Math.min(height - 1, r + reach);
            for (let k = Math.max(0, r - reach); k <= end; k++) {
              sum += down[r * height + k] * half[k * width + c];
            }
            out[(i * size + r * width + c) * 2 + axis] = sum * amplitude;
          }
        }
      });
    }
    return out;
  },
};

/** The smoothing of a line as a matrix, [length, length]: normal numbers stay of deviation 1 away from the border. */
function smoothing(length: number, sigma: number): Float32Array {
  const reach = Math.ceil(4 * sigma), matrix = new Float32Array(length * length);
  let squares = 0;
  for (let k = -reach; k <= reach; k++) squares += Math.exp(-(k * k) / (sigma * sigma));
  const scale = 1 / Math.sqrt(squares);
  for (let i = 0; i < length; i++) {
    for (let k = Math.max(0, i - reach); k <= Math.min(length - 1, i + reach); k++) {
      matrix[i * length + k] = scale * Math.exp(-((k - i) ** 2) / (2 * sigma * sigma));
    }
  }
  return matrix;
}
