/**
 * Depthwise convolution and its gradients, in plain loops over typed arrays.
 *
 * x is [batch, height, width, channels], the filter [height, width, channels, multiplier], y [batch, height, width,
 * channels · multiplier].
 * @module
 */

/** A depthwise convolution, channels last. */
export interface DepthwiseShape {
  batch: number;
  inputs: readonly [height: number, width: number];
  outputs: readonly [height: number, width: number];
  filter: readonly [height: number, width: number];
  strides: readonly [height: number, width: number];
  dilations: readonly [height: number, width: number];
  /** Zeros before the first row and column. */
  before: readonly [top: number, left: number];
  channels: number;
  multiplier: number;
}

/** Calls `visit` for every pair of input and output pixels and the filter tap between them, by index. */
function overTaps(shape: DepthwiseShape, visit: (input: number, output: number, tap: number) => void): void {
  const { batch, inputs: [height, width], outputs: [rows, columns], filter, strides, dilations, before } =
    shape;
  const { channels, multiplier } = shape, outChannels = channels * multiplier;
  for (let image = 0; image < batch; image++) {
    for (let row = 0; row < rows; row++) {
      for (let tapRow = 0; tapRow < filter[0]; tapRow++) {
        const y = row * strides[0] + tapRow * dilations[0] - before[0];
        if (y < 0 || y >= height) continue;
        for (let column = 0; column < columns; column++) {
          const output = ((image * rows + row) * columns + column) * outChannels;
          for (let tapColumn = 0; tapColumn < filter[1]; tapColumn++) {
            const x = column * strides[1] + tapColumn * dilations[1] - before[1];
            if (x < 0 || x >= width) continue;
            const input = ((image * height + y) * width + x) * channels;
            visit(input, output, (tapRow * filter[1] + tapColumn) * outChannels);
          }
        }
      }
    }
  }
}

/** The convolution, into `y`; zeros before. */
export function depthwise(
  shape: DepthwiseShape,
  x: Float32Array,
  filter: Float32Array,
  y: Float32Array,
): void {
  const { channels, multiplier } = shape;
  overTaps(shape, (input, output, tap) => {
    for (let channel = 0; channel < channels; channel++) {
      const value = x[input + channel];
      for (let copy = 0; copy < multiplier; copy++) {
        const index = channel * multiplier + copy;
        y[output + index] += value * filter[tap + index];
      }
    }
  });
}

/** Gradient of the filter, into `dw`, float64 so that many small terms add up; zeros before. */
export function depthwiseFilterGradient(
  shape: DepthwiseShape,
  x: Float32Array,
  dy: Float32Array,
  dw: Float64Array,
): void {
  const { channels, multiplier } = shape;
  overTaps(shape, (input, output, tap) => {
    for (let channel = 0; channel < channels; channel++) {
      const value = x[input + channel];
      for (let copy = 0; copy < multiplier; copy++) {
        const index = channel * multiplier + copy;
        dw[tap + index] += value * dy[output + index];
      }
    }
  });
}

/** Gradient of the input, into `dx`; zeros before. */
export function depthwiseInputGradient(
  shape: DepthwiseShape,
  dy: Float32Array,
  filter: Float32Array,
  dx: Float32Array,
): void {
  const { channels, multiplier } = shape;
  overTaps(shape, (input, output, tap) => {
    for (let channel = 0; channel < channels; channel++) {
      let sum = 0;
      for (let copy = 0; copy < multiplier; copy++) {
        const index = channel * multiplier + copy;
        sum += filter[tap + index] * dy[output + index];
      }
      dx[input + channel] += sum;
    }
  });
}
