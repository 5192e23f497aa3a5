/**
 * Convolution, its input gradient and its filter gradient for the wasm backend, in one to three dimensions.
 *
 * Everything is a volume [batch, depth, height, width, channels] with a filter [depth, height, width, in, out]; an
 * image has depth 1. Here the filter is packed and scratch space taken; the loops are cut into parts for the threads.
 * @module
 */
import type { tf } from "../tf.ts";
import {
  BLOCK_BYTES,
  type ConvolutionShape,
  filterTiles,
  inputPadding,
  planBackInput,
  product,
  STRIPES,
  type Triple,
} from "./wasm_convolution_loops.ts";
import { clear } from "./wasm_heap.ts";
import type { WasmMemory } from "./wasm_memory.ts";
import { packPanels } from "./wasm_panels.ts";

export type { ConvolutionShape, Triple };

/** Multiply-adds of a convolution or of one of its gradients. */
function workOf({ batch, outputs, filter, inChannels, outChannels }: ConvolutionShape): number {
  return product(batch, ...outputs, ...filter, inChannels, outChannels);
}

/** Whether a convolution is one of single pixels, which is a matrix product. */
function isPlain({ inputs, filter, strides, outputs }: ConvolutionShape): boolean {
  return product(...filter, ...strides) === 1 && product(...inputs) === product(...outputs);
}

/** A convolution of single pixels over one image whose rows are as long as can be: of all images, where there are several. */
function flattened(shape: ConvolutionShape): ConvolutionShape {
  if (!isPlain(shape)) return shape;
  const { batch, inputs: [depth, height, width] } = shape;
  const rows: Triple = batch > 1 ? [1, batch, depth * height * width] : [1, depth * height, width];
  return { ...shape, batch: 1, inputs: rows, outputs: rows };
}

/**
 * y = x ∗ filter.
 *
 * @param x Float32 volume of the shape's inputs.
 * @param filter Float32 [depth, height, width, in, out].
 * @param y Float32 volume of the shape's outputs; overwritten.
 */
export function convolve(
  memory: WasmMemory,
  whole: ConvolutionShape,
  x: tf.TensorInfo,
  filter: tf.TensorInfo,
  y: tf.TensorInfo,
): void {
  const shape = flattened(whole), { batch, outputs, inChannels, outChannels } = shape;
  const { floats } = inputPadding(shape), terms = product(...shape.filter, inChannels);
  memory.withScratch([terms * outChannels, floats * memory.threads], (packed, scratch) => {
    const from = memory.address(filter);
    packPanels(memory, packed, outChannels, [{ from, count: terms, step: outChannels * 4, turned: false }]);
    clear(memory, scratch, floats * memory.threads);
    const job = { shape, x: memory.address(x), y: memory.address(y), packed, scratch };
    memory.run("convolve", job, { units: batch * outputs[0] * outputs[1], work: workOf(shape) });
  });
}

/**
 * dx = the gradient of a convolution with respect to its input.
 *
 * @param dy Float32 volume of the shape's outputs.
 * @param filter Float32 [depth, height, width, in, out].
 * @param dx Float32 volume of the shape's inputs; overwritten.
 */
export function convolveBackInput(
  memory: WasmMemory,
  whole: ConvolutionShape,
  dy: tf.TensorInfo,
  filter: tf.TensorInfo,
  dx: tf.TensorInfo,
): void {
  const shape = flattened(whole), { batch, inChannels, outChannels } = shape;
  const { padding: { floats }, jobs, complete } = planBackInput(shape);
  const weights = product(...shape.filter, inChannels, outChannels);
  memory.withScratch([weights, floats * memory.threads], (packed, scratch) => {
    const from = memory.address(filter), [, rows, columns] = shape.filter;
    let next = packed;
    for (const [z, y, x] of jobs) {
      const blocks = z.taps.flatMap((a) =>
        y.taps.flatMap((b) =>
          x.taps.map((c) => ({
            from: from + ((a * rows + b) * columns + c) * inChannels * outChannels * 4,
            count: outChannels,
            step: outChannels * 4,
            turned: true,
          }))
        )
      );
      packPanels(memory, next, inChannels, blocks);
      next += blocks.length * outChannels * inChannels * 4;
    }
    clear(memory, scratch, floats * memory.threads);
    if (!complete) clear(memory, memory.address(dx), dx.shape.reduce((size, side) => size * side, 1));
    const job = { shape, dy: memory.address(dy), dx: memory.address(dx), packed, scratch };
    memory.run("backInput", job, { units: STRIPES * batch, work: workOf(shape) });
  });
}

/**
 * dw = the gradient of a convolution with respect to its filter.
 *
 * @param x Float32 volume of the shape's inputs.
 * @param dy Float32 volume of the shape's outputs.
 * @param dw Float32 [depth, height, width, in, out]; overwritten.
 */
export function convolveBackFilter(
  memory: WasmMemory,
  whole: ConvolutionShape,
  x: tf.TensorInfo,
  dy: tf.TensorInfo,
  dw: tf.TensorInfo,
): void {
  const shape = isPlain(whole) ? cutRow(whole) : whole;
  const { floats } = inputPadding(shape);
  memory.withScratch([floats * memory.threads], (scratch) => {
    clear(memory, scratch, floats * memory.threads);
    clear(memory, memory.address(dw), product(...shape.filter, shape.inChannels, shape.outChannels));
    const job = { shape, x: memory.address(x), dy: memory.address(dy), dw: memory.address(dw), scratch };
    // Every part pads every image for itself, so there is but one a thread.
    memory.run("backFilter", job, { units: filterTiles(shape).length, work: workOf(shape), perThread: 1 });
  });
}

/** All pixels of a convolution of single pixels as rows of equal length, short enough for the cache. */
function cutRow(shape: ConvolutionShape): ConvolutionShape {
  const { batch, inputs, inChannels, outChannels } = shape, pixels = batch * product(...inputs);
  const most = Math.max(1, Math.floor(BLOCK_BYTES / (4 * (inChannels + outChannels))));
  let length = Math.max(1, Math.min(most, pixels));
  while (pixels % length) length--;
  const sides: Triple = [1, pixels / length, length];
  return { ...shape, batch: 1, inputs: sides, outputs: sides };
}
