/**
 * Pooling over volumes and its gradients, in plain loops over typed arrays.
 *
 * The stock gradients of the JavaScript backends visit every input once for every tap of the window, and divide an
 * average over a window that reaches into the padding by the whole window's size, where the forward pass and
 * TensorFlow count only what lies inside. The wasm backend's 3-D maximum takes numbers below zero for zero.
 * @module
 */
import type { Triple } from "../wasm/wasm_convolution_loops.ts";

/** A pooling over [batch, depth, height, width, channels]; an image has depth 1. */
export interface PoolShape {
  batch: number;
  channels: number;
  inputs: Triple;
  outputs: Triple;
  filter: Triple;
  strides: Triple;
  before: Triple;
}

/** First input and number of inputs of the window of each output along an axis, cut at the borders. */
export function windows(
  { inputs, outputs, filter, strides, before }: PoolShape,
  axis: number,
): [number, number][] {
  return Array.from({ length: outputs[axis] }, (_, out) => {
    const start = out * strides[axis] - before[axis];
    const first = Math.max(0, start), end = Math.min(inputs[axis], start + filter[axis]);
    return [first, Math.max(0, end - first)];
  });
}

/** Calls `visit` with the index of each output pixel and the indices of the input pixels under its window. */
function overWindows(shape: PoolShape, visit: (output: number, taps: Int32Array) => void): void {
  const { batch, inputs: [depth, height, width], channels } = shape;
  const [planes, rows, columns] = [0, 1, 2].map((axis) => windows(shape, axis));
  const all = new Int32Array(shape.filter[0] * shape.filter[1] * shape.filter[2]);
  let output = 0;
  for (let image = 0; image < batch; image++) {
    for (const [z0, zs] of planes) {
      for (const [y0, ys] of rows) {
        for (const [x0, xs] of columns) {
          let count = 0;
          for (let z = z0; z < z0 + zs; z++) {
            for (let y = y0; y < y0 + ys; y++) {
              const row = ((image * depth + z) * height + y) * width;
              for (let x = x0; x < x0 + xs; x++) all[count++] = (row + x) * channels;
            }
          }
          visit(output, all.subarray(0, count));
          output += channels;
        }
      }
    }
  }
}

/** Largest input of each window, into `y`. */
export function maxPool(shape: PoolShape, x: Float32Array, y: Float32Array): void {
  const { channels } = shape;
  overWindows(shape, (output, taps) => {
    for (let channel = 0; channel < channels; channel++) {
      let largest = -Infinity;
      for (let tap = 0; tap < taps.length; tap++) {
        const value = x[taps[tap] + channel];
        if (value > largest || Number.isNaN(value)) largest = value;
      }
      y[output + channel] = largest;
    }
  });
}

/** Mean of each window, counting only what lies inside, into `y`. */
export function averagePool(shape: PoolShape, x: Float32Array, y: Float32Array): void {
  const { channels } = shape;
  overWindows(shape, (output, taps) => {
    for (let channel = 0; channel < channels; channel++) {
      let sum = 0;
      for (let tap = 0; tap < taps.length; tap++) sum += x[taps[tap] + channel];
      y[output + channel] = sum / taps.length;
    }
  });
}

/**
 * Adds each output's gradient to the first largest input of its window.
 *
 * @param x Inputs of the pooling.
 * @param dy Gradient of its outputs.
 * @param dx Takes the gradient of the inputs; zeros before.
 */
export function maxPoolGradient(shape: PoolShape, x: Float32Array, dy: Float32Array, dx: Float32Array): void {
  const { channels } = shape;
  overWindows(shape, (output, taps) => {
    const count = taps.length;
    if (count === 0) return;
    for (let channel = 0; channel < channels; channel++) {
      let at = taps[0] + channel, largest = x[at];
      for (let tap = 1; tap < count; tap++) {
        const index = taps[tap] + channel, value = x[index];
        if (value > largest) {
          largest = value;
          at = index;
        }
      }
      dx[at] += dy[output + channel];
    }
  });
}

/** Spreads each output's gradient evenly over the inputs of its window. */
export function averagePoolGradient(shape: PoolShape, dy: Float32Array, dx: Float32Array): void {
  const { channels } = shape;
  overWindows(shape, (output, taps) => {
    const count = taps.length, share = 1 / count;
    for (let tap = 0; tap < count; tap++) {
      const start = taps[tap];
      for (let channel = 0; channel < channels; channel++) {
        dx[start + channel] += dy[output + channel] * share;
      }
    }
  });
}
