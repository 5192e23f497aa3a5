/**
 * Dilated filters with their zeros written out.
 *
 * @module
 */
import { tf } from "../tf.ts";

/** Puts `dilation - 1` zeros between the entries of an axis. */
function spread(x: tf.Tensor, axis: number, dilation: number): tf.Tensor {
  if (dilation === 1) return x;
  const { shape } = x, side = shape[axis], before = shape.slice(0, axis), after = shape.slice(axis + 1);
  const apart = tf.expandDims(x, axis + 1); // […, side, 1, …]
  const zeros = tf.zeros([...before, side, dilation - 1, ...after]);
  const filled = tf.reshape(tf.concat([apart, zeros], axis + 1), [...before, side * dilation, ...after]);
  return takeFirst(filled, axis, (side - 1) * dilation + 1);
}

/** Takes every `dilation`-th entry of an axis, from the first. */
function gatherSpread(x: tf.Tensor, axis: number, dilation: number): tf.Tensor {
  if (dilation === 1) return x;
  const { shape } = x, before = shape.slice(0, axis), after = shape.slice(axis + 1);
  const side = (shape[axis] - 1) / dilation + 1;
  const rest = tf.zeros([...before, dilation - 1, ...after]);
  const whole = tf.reshape(tf.concat([x, rest], axis), [...before, side, dilation, ...after]);
  return tf.reshape(takeFirst(whole, axis + 1, 1), [...before, side, ...after]);
}

/** The first `count` entries of an axis. */
function takeFirst(x: tf.Tensor, axis: number, count: number): tf.Tensor {
  return tf.slice(x, x.shape.map(() => 0), x.shape.map((side, i) => i === axis ? count : side));
}

/** A filter with the zeros that its dilation stands for; its first axes are the window's. */
export function dilate(filter: tf.Tensor, dilations: readonly number[]): tf.Tensor {
  return dilations.reduce((wide, dilation, axis) => spread(wide, axis, dilation), filter);
}

/** The taps of a filter with zeros between. */
export function undilate(wide: tf.Tensor, dilations: readonly number[]): tf.Tensor {
  return dilations.reduce((taps, dilation, axis) => gatherSpread(taps, axis, dilation), wide);
}
