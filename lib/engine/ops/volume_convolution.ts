/**
 * Convolution of volumes and its gradients, in plain loops over typed arrays.
 *
 * For the cpu backend where a stride exceeds the filter: TensorFlow.js counts less than no zeros before such a volume
 * and shifts it.
 * @module
 */
import type { ConvolutionShape } from "../wasm/wasm_convolution_loops.ts";

/** Calls `visit` for every pair of input and output pixels and the filter tap between them, by index. */
function overTaps(
  shape: ConvolutionShape,
  visit: (input: number, output: number, tap: number) => void,
): void {
  const { batch, inputs, outputs, filter, strides, before, inChannels, outChannels } = shape;
  const pairs = [0, 1, 2].map((axis) =>
    Array.from({ length: outputs[axis] * filter[axis] }, (_, i) => {
      const output = Math.floor(i / filter[axis]), tap = i % filter[axis];
      return { output, tap, input: output * strides[axis] + tap - before[axis] };
    }).filter(({ input }) => input >= 0 && input < inputs[axis])
  );
  for (let image = 0; image < batch; image++) {
    for (const z of pairs[0]) {
      for (const y of pairs[1]) {
        for (const x of pairs[2]) {
          const input = ((image * inputs[0] + z.input) * inputs[1] + y.input) * inputs[2] + x.input;
          const output = ((image * outputs[0] + z.output) * outputs[1] + y.output) * outputs[2] + x.output;
          const tap = (z.tap * filter[1] + y.tap) * filter[2] + x.tap;
          visit(input * inChannels, output * outChannels, tap * inChannels * outChannels);
        }
      }
    }
  }
}

/** The convolution, into `y`; zeros before. */
export function convolveVolume(
  shape: ConvolutionShape,
  x: Float32Array,
  filter: Float32Array,
  y: Float32Array,
): void {
  const { inChannels, outChannels } = shape;
  overTaps(shape, (input, output, tap) => {
    for (let i = 0; i < inChannels; i++) {
      for (let o = 0; o < outChannels; o++) y[output + o] += x[input + i] * filter[tap + i * outChannels + o];
    }
  });
}

/** Gradient of the input, into `dx`; zeros before. */
export function volumeInputGradient(
  shape: ConvolutionShape,
  dy: Float32Array,
  filter: Float32Array,
  dx: Float32Array,
): void {
  const { inChannels, outChannels } = shape;
  overTaps(shape, (input, output, tap) => {
    for (let i = 0; i < inChannels; i++) {
      for (let o = 0; o < outChannels; o++) {
        dx[input + i] += dy[output + o] * filter[tap + i * outChannels + o];
      }
    }
  });
}

/** Gradient of the filter, into `dw`; zeros before. */
export function volumeFilterGradient(
  shape: ConvolutionShape,
  x: Float32Array,
  dy: Float32Array,
  dw: Float32Array,
): void {
  const { inChannels, outChannels } = shape;
  overTaps(shape, (input, output, tap) => {
    for (let i = 0; i < inChannels; i++) {
      for (let o = 0; o < outChannels; o++) dw[tap + i * outChannels + o] += x[input + i] * dy[output + o];
    }
  });
}
