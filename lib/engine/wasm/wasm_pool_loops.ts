/**
 * The loops of maximum pooling of images and its gradient over the wasm backend's memory, for any part of the batch.
 *
 * @module
 */
import { type PoolShape, windows } from "../ops/pools.ts";
import { clear, type Heap } from "./wasm_heap.ts";
import { type Part, unitsOf } from "./wasm_part.ts";

/** What a thread is told to pool, of depth 1 and with whole vectors of channels; addresses in bytes. */
export interface PoolJob {
  shape: PoolShape;
  x: number;
  y: number;
}

/** Windows of one size side by side, none of them empty. */
interface Run {
  /** First input, in pixels. */
  left: number;
  /** Inputs of each window, in pixels. */
  wide: number;
  /** How many windows, and how many come before them. */
  count: number;
  before: number;
}

/** The windows along the width: those that the borders cut are runs of their own. */
function runsOf(shape: PoolShape): Run[] {
  const runs: Run[] = [], step = shape.strides[2];
  for (const [before, [left, wide]] of windows(shape, 2).entries()) {
    const last = runs.at(-1);
    const goesOn = last && last.before + last.count === before && last.wide === wide &&
      left === last.left + last.count * step;
    if (goesOn) last.count++;
    else if (wide > 0) runs.push({ left, wide, count: 1, before });
  }
  return runs;
}

/** Calls `visit` for each run of windows of a part's images, with byte offsets of its first input and first output. */
function overWindows(
  shape: PoolShape,
  part: Part,
  visit: (input: number, output: number, tall: number, run: Run) => void,
): void {
  const { batch, channels, inputs: [, height, width], outputs } = shape, pixel = channels * 4;
  const rows = windows(shape, 1), runs = runsOf(shape), [first, end] = unitsOf(batch, part);
  for (let image = first; image < end; image++) {
    for (const [row, [top, tall]] of rows.entries()) {
      if (tall === 0) continue;
      const output = (image * rows.length + row) * outputs[2];
      for (const run of runs) {
        const input = (image * height + top) * width + run.left;
        visit(input * pixel, (output + run.before) * pixel, tall, run);
      }
    }
  }
}

/** Largest input of each window; none of them is empty. */
export function maxPoolLoops({ kernels }: Heap, { shape, x, y }: PoolJob, part: Part): void {
  const { channels, inputs: [, , width], strides } = shape, pixel = channels * 4;
  overWindows(shape, part, (input, output, tall, { wide, count }) => {
    const quads = channels / 4, next = strides[2] * pixel;
    kernels.largest(x + input, y + output, quads, tall, wide, width * pixel, pixel, count, next);
  });
}

/** What a thread is told of a pooling's gradient; addresses in bytes. */
export interface PoolGradientJob extends PoolJob {
  dy: number;
  dx: number;
}

/** Whether every input is in one window, and in one alone. */
function isTiling({ inputs, outputs, filter, strides, before }: PoolShape): boolean {
  return [1, 2].every((axis) =>
    before[axis] === 0 && filter[axis] === strides[axis] && inputs[axis] === outputs[axis] * strides[axis]
  );
}

/** The gradient goes to the first largest input of each window. */
export function maxPoolGradientLoops(
  heap: Heap,
  { shape, x, y, dy, dx }: PoolGradientJob,
  part: Part,
): void {
  const { kernels } = heap, { batch, channels, inputs: [, height, width], strides } = shape;
  const pixel = channels * 4, image = height * width * channels, tiling = isTiling(shape);
  const [first, end] = unitsOf(batch, part);
  if (!tiling) clear(heap, dx + first * image * 4, (end - first) * image);
  const kernel = tiling ? kernels.setLargestGradient : kernels.addLargestGradient;
  overWindows(shape, part, (input, output, tall, { wide, count }) => {
    kernel(
      x + input,
      y + output,
      dy + output,
      dx + input,
      channels / 4,
      tall,
      wide,
      width * pixel,
      pixel,
      count,
      strides[2] * pixel,
    );
  });
}
