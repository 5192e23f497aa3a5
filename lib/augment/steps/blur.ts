import { z } from "../../base/zod.ts";
import { tf } from "../../engine/mod.ts";
import { lawOf } from "../laws.ts";
import {
  type DrawnArrays,
  type DrawnTensors,
  type Fill,
  fillSchema,
  type ImageArray,
  type PixelKind,
  type Range,
  rangeSchema,
  type Written,
} from "../step.ts";

/**
 * Blurs by a Gaussian point spread function, each image by its own.
 *
 * Source: SciPy's `ndimage.gaussian_filter`: the kernel ends at 4 σ of the largest σ and has the sum 1.
 */
export interface Blur {
  op: "blur";
  /** Standard deviation in pixels. */
  sigma: Range;
  /** What lies beyond the border; 0 where it is constant. @default {"reflect"} */
  fill: Fill;
}

/** Checks {@linkcode Blur}. */
export const blurSchema: z.ZodType<Blur, Written<Blur, "fill">> = z.strictObject({
  op: z.literal("blur"),
  sigma: rangeSchema,
  fill: fillSchema.default("reflect"),
}).refine(({ sigma }) => (typeof sigma === "number" ? sigma : sigma[0]) >= 0, "sigma must not be negative");

/** Last pixel of the kernel on each side. */
function radiusOf({ sigma }: Blur): number {
  return Math.floor(4 * (typeof sigma === "number" ? sigma : sigma[1]) + 0.5);
}

/** A width of 0 must not divide. */
const LEAST = 1e-3;

/** Gaussian blur. */
export const blur: PixelKind<Blur> = {
  kind: "pixels",
  laws: ({ sigma }) => ({ sigma: lawOf(sigma) }),
  tensor(step: Blur, image: tf.Tensor, { sigma }: DrawnTensors): tf.Tensor {
    const { shape } = image, batch = shape[0], channels = shape[shape.length - 1];
    const [height, width] = shape.slice(-3), frames = image.rank === 5 ? shape[1]! : 1;
    const radius = radiusOf(step);
    const square = tf.square(tf.range(-radius, radius + 1));
    const width2 = tf.square(tf.maximum(sigma, LEAST));
    const raw = tf.exp(tf.div(tf.neg(square), tf.mul(tf.expandDims(width2, 1), 2))); // [batch, taps]
    const kernel = tf.div(raw, tf.sum(raw, 1, true));
    const along = (length: number) =>
      tf.reshape(tf.matMul(kernel, foldings(length, radius, step.fill)), [batch, length, length]);
    const rows = tf.transpose(tf.reshape(image, [batch, frames, height, width * channels]), [0, 2, 1, 3]);
    const down = tf.matMul(along(height), tf.reshape(rows, [batch, height, frames * width * channels]));
    const columns = tf.transpose(tf.reshape(down, [batch, height * frames, width, channels]), [0, 2, 1, 3]);
    const across = tf.matMul(along(width), tf.reshape(columns, [batch, width, height * frames * channels]));
    const whole = tf.reshape(across, [batch, width, height, frames, channels]);
    return tf.reshape(tf.transpose(whole, [0, 3, 2, 1, 4]), shape);
  },
  array(step: Blur, image: ImageArray, { sigma }: DrawnArrays): void {
    const { data, batch, frames, height, width, channels } = image, radius = radiusOf(step);
    const line = width * channels, size = height * line, taps = new Float64Array(2 * radius + 1);
    for (let i = 0; i < batch; i++) {
      fillKernel(taps, sigma.data[i]);
      for (let frame = 0; frame < frames; frame++) {
        const plane = data.subarray((i * frames + frame) * size, (i * frames + frame + 1) * size);
        convolve(plane, taps, { count: 1, apart: size, length: height, step: line, run: line }, step.fill);
        convolve(
          plane,
          taps,
          { count: height, apart: line, length: width, step: channels, run: channels },
          step.fill,
        );
      }
    }
  },
};

function fillKernel(taps: Float64Array, sigma: number): void {
  const radius = (taps.length - 1) / 2, wide = Math.max(sigma, LEAST);
  let sum = 0;
  for (let k = -radius; k <= radius; k++) sum += taps[k + radius] = Math.exp(-(k * k) / (2 * wide * wide));
  for (let k = 0; k < taps.length; k++) taps[k] /= sum;
}

/** Which pixel stands at `index`, or −1 for a constant one. */
function folded(index: number, length: number, fill: Fill): number {
  if (index >= 0 && index < length) return index;
  if (fill === "constant") return -1;
  if (fill === "nearest") return index < 0 ? 0 : length - 1;
  const period = fill === "wrap" ? length : 2 * length;
  const at = ((index % period) + period) % period;
  return at < length ? at : period - 1 - at;
}

/** For every tap the matrix that takes a line of pixels to its neighbours, [taps, length²]. */
function foldings(length: number, radius: number, fill: Fill): tf.Tensor2D {
  const taps = 2 * radius + 1, values = new Float32Array(taps * length * length);
  for (let k = 0; k < taps; k++) {
    for (let i = 0; i < length; i++) {
      const from = folded(i + k - radius, length, fill);
      if (from >= 0) values[(k * length + i) * length + from] += 1;
    }
  }
  return tf.tensor2d(values, [taps, length * length]);
}

/** Where the lines of a plane lie: `count` groups `apart`, in each `length` steps of `step`, `run` lines side by side. */
interface Lines {
  count: number;
  apart: number;
  length: number;
  step: number;
  run: number;
}

/** Convolves every line of a plane in place. */
function convolve(plane: Float32Array, taps: Float64Array, lines: Lines, fill: Fill): void {
  const { count, apart, length, step, run } = lines, radius = (taps.length - 1) / 2;
  const before = new Float32Array(length * run), sum = new Float64Array(run);
  for (let group = 0; group < count; group++) {
    const at = group * apart;
    for (let i = 0; i < length; i++) before.set(plane.subarray(at + i * step, at + i * step + run), i * run);
    for (let i = 0; i < length; i++) {
      sum.fill(0);
      for (let k = 0; k < taps.length; k++) {
        const from = folded(i + k - radius, length, fill);
        if (from < 0) continue;
        const weight = taps[k];
        for (let j = 0; j < run; j++) sum[j] += weight * before[from * run + j];
      }
      for (let j = 0; j < run; j++) plane[at + i * step + j] = sum[j];
    }
  }
}
