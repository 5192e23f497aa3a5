/**
 * Random tensors that a compiled function can draw anew at every call, and that a checkpoint can repeat.
 *
 * Every op has a key: (seed, counter) of the random state and the op's place in the function. On the native backend
 * TensorFlow's stateless ops draw (Philox); elsewhere the same keys feed a generator in JavaScript. The numbers of
 * two backends differ, their distribution does not.
 * @module
 */
import { nativeOp } from "../native/native_op.ts";
import { DataType, typeAttribute } from "../native/native_types.ts";
import { maskFloats, normalFloats, type StreamKey, uniformFloats } from "./random_js.ts";
import { advanceRandomState, getRandomState } from "./random_state.ts";
import { activeNative } from "../state.ts";
import { tf } from "../tf.ts";
import { rowsAtHand, rowsBefore } from "../workers/step_rows.ts";
import { drawNative, drawNativeMask, nativeKey } from "./native_draws.ts";

export { getRandomState as getState, type RandomState, setRandomState as setState } from "./random_state.ts";

/** Draws of the shards of one batch: each is made for the whole batch and cut. */
interface BatchDraws {
  /** Examples in each shard. */
  rows: readonly number[];
  shard: number;
  /** Number of the shard's next draw. */
  next: number;
  /** By draw, the parts of the shards. */
  parts: tf.Tensor[][];
  /** Whether what is drawn now is one draw for all examples, whatever its shape. */
  shared: boolean;
}

let together: BatchDraws | undefined;

/**
 * Runs a function for every shard of a batch so that what is drawn does not depend on how the batch was cut.
 *
 * Every draw whose first side is the shard's number of examples is made once for all examples and cut; any other is
 * made once and shared. The function must draw alike for every shard. In a step that several workers take together all examples
 * are those of all workers, of which this one's are drawn.
 *
 * @param rows Examples in each shard.
 * @param run Gets the number of the shard.
 * @returns What `run` gives, by shard.
 */
export function drawTogether<T>(rows: readonly number[], run: (shard: number) => T): T[] {
  if (rows.length === 1 && rowsAtHand() === undefined) return [run(0)];
  const outer = together, parts: tf.Tensor[][] = [];
  try {
    return rows.map((_, shard) => {
      together = { rows, shard, next: 0, parts, shared: false };
      return run(shard);
    });
  } finally {
    together = outer;
    tf.dispose(parts);
  }
}

/** Has what `run` draws shared by all shards of a batch, also where a shard is a single example. */
export function drawForAll<T>(run: () => T): T {
  if (!together) return run();
  const draws = together;
  draws.shared = true;
  try {
    return run();
  } finally {
    draws.shared = false;
  }
}

/**
 * Draws a shape, so many elements into the draw: as if those before had been drawn with them and left out. Parts of one draw have
 * one key on the native backend.
 */
type Draw = (shape: readonly number[], skip: number, key?: tf.Tensor) => tf.Tensor;

/** A draw by TensorFlow where it runs, elsewhere of the next key's stream in JavaScript. */
function drawBy(native: Draw, floats: (key: StreamKey, count: number) => Float32Array): Draw {
  return (shape, skip, key) =>
    activeNative() ? native(shape, skip, key) : tf.tensor(floats(nextKey(), size(shape)), [...shape]);
}

const drawUniform = drawBy((...part) => drawNative("Uniform", ...part), uniformFloats);
const drawNormal = drawBy((...part) => drawNative("Normal", ...part), normalFloats);

/** Ones where a random byte is at least the threshold, else zeros. */
const drawMask = (threshold: number) =>
  drawBy(
    (shape, skip, key) => drawNativeMask(shape, threshold, skip, key),
    (key, count) => maskFloats(key, count, threshold),
  );

/** Elements from which on each shard draws its own part, at the same time as others; a few are sooner drawn at once. */
const WORTH_SHARING = 2 ** 16;

/** The draw of a shape, or this shard's part of the batch's. */
function drawPart(shape: readonly number[], draw: Draw): tf.Tensor {
  const [first, ...rest] = shape;
  if (!together) return draw(shape, first === rowsAtHand() ? rowsBefore(first) * size(rest) : 0);
  const { rows, shard, parts } = together, number = together.next++;
  parts[number] ??= tf.tidy(() => {
    const total = rows.reduce((sum, count) => sum + count, 0);
    const isByRow = first === rows[shard] && !together!.shared;
    const cut = isByRow ? drawRows(draw, rows, rest, rowsBefore(total)) : shared(draw(shape, 0), rows.length);
    return cut.map((part) => tf.keep(part));
  });
  return tf.clone(parts[number][shard]);
}

/** A draw for a batch as the parts of its shards: the same numbers, whether each is drawn for itself or all are and then cut. */
function drawRows(
  draw: Draw,
  rows: readonly number[],
  rest: readonly number[],
  before: number,
): tf.Tensor[] {
  const total = rows.reduce((sum, count) => sum + count, 0), width = size(rest);
  if (rows.length === 1) return [draw([total, ...rest], before * width)];
  if (!activeNative() || total * width < WORTH_SHARING) {
    return tf.split(draw([total, ...rest], before * width), [...rows], 0);
  }
  const key = nativeKey();
  let first = before;
  return rows.map((count) => {
    const part = draw([count, ...rest], first * width, key);
    first += count;
    return part;
  });
}

/** The same tensor under so many names. */
function shared(x: tf.Tensor, count: number): tf.Tensor[] {
  return Array.from({ length: count }, () => tf.clone(x));
}

/** Key of the next draw off the native backend. */
function nextKey(): StreamKey {
  const key = getRandomState();
  advanceRandomState();
  return key;
}

function size(shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, 1);
}

/**
 * Numbers spread evenly over [min, max).
 *
 * @param shape Shape of the result; every side known.
 * @returns float32 of that shape.
 * @example
 * ```ts
 * import { random, startEngine } from "../mod.ts";
 * await startEngine({ backend: "cpu" });
 * random.setState({ seed: 7, counter: 0 });
 * random.uniform([2, 3]).shape; // [2, 3]
 * ```
 */
export function uniform(shape: readonly number[], min = 0, max = 1): tf.Tensor {
  return tf.tidy(() => {
    const unit = drawPart(shape, drawUniform);
    return min === 0 && max === 1 ? unit : tf.add(tf.mul(unit, max - min), min);
  });
}

/** Numbers of a normal distribution: float32 of `shape`. */
export function normal(shape: readonly number[], mean = 0, deviation = 1): tf.Tensor {
  return tf.tidy(() => {
    const standard = drawPart(shape, drawNormal);
    return mean === 0 && deviation === 1 ? standard : tf.add(tf.mul(standard, deviation), mean);
  });
}

/** Below this rate a byte is too coarse a threshold, and whole floats are drawn. */
const COARSEST_BYTE_RATE = 0.02;

/**
 * A mask of ones and zeros for dropout, and the factor that keeps the mean.
 *
 * One byte is drawn an element, a quarter of what a float costs: the rate is rounded to 1/256 and the factor follows
 * the rounded rate, so the expected value is kept exactly. Rates under 2 % draw floats.
 */
function bytesMask(shape: readonly number[], rate: number): { mask: tf.Tensor; factor: number } {
  const factor = dropoutFactor(rate);
  if (usesFloats(rate)) return { mask: tf.cast(tf.greaterEqual(uniform(shape), rate), "float32"), factor };
  return { mask: drawPart(shape, drawMask(Math.round(rate * 256))), factor };
}

/**
 * A mask that drops a share of the elements and scales up the rest.
 *
 * @param shape Shape of the mask.
 * @param rate Share that is dropped, from 0 to less than 1.
 * @returns float32 of `shape`: 0 where dropped, else 1 / (1 − rate).
 * @throws {RangeError} If `rate` is not in [0, 1).
 */
export function keepMask(shape: readonly number[], rate: number): tf.Tensor {
  checkRate(rate);
  return tf.tidy(() => {
    if (rate === 0) return tf.ones([...shape]);
    const { mask, factor } = bytesMask(shape, rate);
    return tf.mul(mask, factor);
  });
}

/**
 * Drops a share of the elements of `x` and scales up the rest.
 *
 * @param x Any float32 tensor; not modified.
 * @param rate Share that is dropped, from 0 to less than 1.
 * @param noiseShape Shape of the mask, broadcast to x's. @default {x's own}
 * @returns Same shape as `x`; differentiable.
 */
export function dropout(x: tf.Tensor, rate: number, noiseShape: readonly number[] = x.shape): tf.Tensor {
  checkRate(rate);
  if (rate === 0) return tf.clone(x);
  return tf.tidy(() => {
    const { mask, factor } = bytesMask(noiseShape, rate);
    return tf.mul(x, tf.mul(mask, factor)); // so that the gradient is one pass
  });
}

/**
 * Relu and dropout in one: what is left of `z` after both, not yet scaled up by the factor that keeps the mean.
 *
 * The result is above zero exactly where relu passed and dropout kept, so the gradient is relu's own gradient of the
 * result, one op for both. Whoever makes `z` by a linear layer scales that layer's few weights by the factor instead
 * of the many values here.
 *
 * @param z Values before the relu.
 * @param rate Share that is dropped, from 0 to less than 1.
 * @returns The values, and {@linkcode dropoutFactor} by which the mean fell.
 */
export function reluAndDrop(z: tf.Tensor, rate: number): tf.Tensor {
  checkRate(rate);
  return tf.customGrad((input, save) => {
    const value = tf.mul(tf.relu(input as tf.Tensor), bytesMask((input as tf.Tensor).shape, rate).mask);
    (save as tf.GradSaveFunc)([value]);
    return {
      value,
      gradFunc: (dy: tf.Tensor, [result]: tf.Tensor[]) =>
        activeNative()
          ? nativeOp("ReluGrad", [typeAttribute("T", DataType.FLOAT)], [dy, result])[0]
          : tf.mul(dy, tf.cast(tf.greater(result, 0), "float32")),
    };
  })(z);
}

/** The factor by which values kept at this rate are scaled up, so that the mean stays. */
export function dropoutFactor(rate: number): number {
  return usesFloats(rate) ? 1 / (1 - rate) : 256 / (256 - Math.round(rate * 256));
}

function usesFloats(rate: number): boolean {
  return rate < COARSEST_BYTE_RATE || rate > 1 - COARSEST_BYTE_RATE;
}

function checkRate(rate: number): void {
  if (!(rate >= 0 && rate < 1)) throw new RangeError(`Cannot drop a share of ${rate}: expected 0 ≤ rate < 1`);
}
