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

/** Calls `visit` for each window of a part's images, with byte offsets of its first input and of its output. */
function overWindows(
  shape: PoolShape,
  part: Part,
  visit: (input: number, output: number, tall: number, wide: number) => void,
): void {
  const { batch, channels, inputs: [, height, width] } = shape;
  const rows = windows(shape, 1), columns = windows(shape, 2), pixel = channels * 4;
  const [first, end] = unitsOf(batch, part);
  let output = first * rows.length * columns.length * pixel;
  for (let image = first; image < end; image++) {
    for (const [top, tall] of rows) {
      for (const [left, wide] of columns) {
        visit(((image * height + top) * width + left) * pixel, output, tall, wide);
        output += pixel;
      }
    }
  }
}

/** Largest input of each window. */
export function maxPoolLoops({ kernels }: Heap, { shape, x, y }: PoolJob, part: Part): void {
  const { channels, inputs: [, , width] } = shape, pixel = channels * 4;
  overWindows(shape, part, (input, output, tall, wide) => {
    kernels.largest(x + input, y + output, channels / 4, tall, wide, width * pixel, pixel);
  });
}

/** What a thread is told of a pooling's gradient; addresses in bytes. */
export interface PoolGradientJob extends PoolJob {
  dy: number;
  dx: number;
}

/** The gradient goes to the first largest input of each window. */
export function maxPoolGradientLoops(
  heap: Heap,
  { shape, x, y, dy, dx }: PoolGradientJob,
  part: Part,
): void {
  const { kernels } = heap, { batch, channels, inputs: [, height, width] } = shape;
  const pixel = channels * 4, image = height * width * channels, [first, end] = unitsOf(batch, part);
  clear(heap, dx + first * image * 4, (end - first) * image);
  overWindows(shape, part, (input, output, tall, wide) => {
    if (!tall || !wide) return;
    kernels.largestGradient(
      x + input,
      y + output,
      dy + output,
      dx + input,
      channels / 4,
      tall,
      wide,
      width * pixel,
      pixel,
    );
  });
}
