/**
 * Convolution, its input gradient and its filter gradient for the wasm backend, in one to three dimensions.
 *
 * Everything is a volume [batch, depth, height, width, channels] with a filter [depth, height, width, in, out]; an
 * image has depth 1. One image at a time is padded into scratch space, where along the width a window's numbers lie
 * side by side: an output row is then a small matrix product over (filter width × channels), summed over the filter's
 * rows and planes. The input gradient is the same convolution of the padded outgoing gradient with the turned filter,
 * one for each phase of the stride; the filter gradient sums outer products over the output pixels.
 * @module
 */
import type { tf } from "../tf.ts";
import { packPanels, type Panel, type WasmMemory } from "./wasm_memory.ts";
import { tileColumns, tileRows } from "./wasm_micro.ts";

/** Depth, height, width. */
export type Triple = readonly [number, number, number];

/** A convolution without dilation, channels last. */
export interface ConvolutionShape {
  batch: number;
  inputs: Triple;
  inChannels: number;
  outputs: Triple;
  outChannels: number;
  filter: Triple;
  strides: Triple;
  /** Zeros before the first plane, row and column. */
  before: Triple;
}

const product = (...sides: readonly number[]) => sides.reduce((all, side) => all * side, 1);

/** Volume of planes, rows and pixels in memory; all steps in bytes. */
interface Lattice {
  address: number;
  plane: number;
  row: number;
  pixel: number;
}

/** A dense volume at an address. */
function dense(address: number, [, height, width]: Triple, channels: number): Lattice {
  const pixel = channels * 4, row = width * pixel;
  return { address, plane: height * row, row, pixel };
}

/** Where one image of a volume goes in a zero-padded block, and back-to-back copies of it. */
class Padding {
  /** Sides of the padded block. */
  readonly sides: Triple;
  readonly needed: boolean;

  constructor(
    private readonly inputs: Triple,
    private readonly channels: number,
    private readonly before: Triple,
    sides: Triple,
  ) {
    this.sides = sides;
    this.needed = before.some((zeros) => zeros !== 0) || sides.some((side, axis) => side > inputs[axis]);
  }

  get floats(): number {
    return this.needed ? product(...this.sides, this.channels) : 0;
  }

  /** The image at `address`, padded into `scratch` if need be; the scratch block's border must be zero already. */
  place(floats: Float32Array, address: number, scratch: number): Lattice {
    const { inputs, before, sides, channels } = this;
    if (!this.needed) return dense(address, inputs, channels);
    const from = dense(address, inputs, channels), to = dense(scratch, sides, channels);
    const [depth, height, width] = inputs.map((side, axis) => Math.min(side, sides[axis] - before[axis]));
    for (let z = 0; z < depth; z++) {
      for (let y = 0; y < height; y++) {
        const start = (from.address + z * from.plane + y * from.row) / 4;
        const target = to.address + (z + before[0]) * to.plane + (y + before[1]) * to.row +
          before[2] * to.pixel;
        floats.copyWithin(target / 4, start, start + width * channels);
      }
    }
    return to;
  }
}

/** Sides of the block that a convolution reads. */
function extent({ outputs, strides, filter }: ConvolutionShape): Triple {
  return [0, 1, 2].map((axis) => (outputs[axis] - 1) * strides[axis] + filter[axis]) as unknown as Triple;
}

/** All output pixels of one image: `image` [padded] with packed filter panels, into `out`. */
function correlate(
  memory: WasmMemory,
  image: Lattice,
  panels: readonly Panel[],
  [planes, rows, columns]: Triple,
  channels: number,
  [stepZ, stepY, stepX]: Triple,
  out: Lattice,
  [depth, height, width]: Triple,
): void {
  const tiles = tileRows(width), run = columns * channels;
  for (let z = 0; z < depth; z++) {
    for (let y = 0; y < height; y++) {
      const a = image.address + z * stepZ * image.plane + y * stepY * image.row;
      const c = out.address + z * out.plane + y * out.row;
      for (const { address, width: tileWidth, column } of panels) {
        const kernels = memory.kernels.rows[tileWidth], planeOfB = rows * run * tileWidth * 4;
        let x = 0;
        for (const tile of tiles) {
          for (let p = 0; p < planes; p++) {
            kernels[tile - 1](
              a + p * image.plane + x * stepX * image.pixel,
              stepX * image.pixel,
              address + p * planeOfB,
              c + x * out.pixel + column * 4,
              out.pixel,
              run,
              rows,
              image.row,
              p,
            );
          }
          x += tile;
        }
      }
    }
  }
}

/** A convolution of single pixels is a matrix product: all pixels of the batch become one row. */
function flattened(shape: ConvolutionShape): ConvolutionShape {
  const { batch, inputs, filter, strides, outputs } = shape;
  if (product(...filter, ...strides) !== 1 || product(...inputs) !== product(...outputs)) return shape;
  const row: Triple = [1, 1, batch * product(...inputs)];
  return { ...shape, batch: 1, inputs: row, outputs: row };
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
  const shape = flattened(whole);
  const { batch, inputs, inChannels, outputs, outChannels } = shape;
  const padding = new Padding(inputs, inChannels, shape.before, extent(shape));
  const terms = product(...shape.filter, inChannels);
  memory.withScratch([terms * outChannels, padding.floats], (packed, scratch) => {
    const { floats } = memory, weights = memory.address(filter) / 4;
    const panels = packPanels(
      floats,
      packed,
      terms,
      tileColumns(outChannels),
      (k) => weights + k * outChannels,
      1,
    );
    floats.fill(0, scratch / 4, scratch / 4 + padding.floats);
    const imageBytes = product(...inputs, inChannels) * 4, outBytes = product(...outputs, outChannels) * 4;
    for (let image = 0; image < batch; image++) {
      const source = padding.place(floats, memory.address(x) + image * imageBytes, scratch);
      const out = dense(memory.address(y) + image * outBytes, outputs, outChannels);
      correlate(memory, source, panels, shape.filter, inChannels, shape.strides, out, outputs);
    }
  });
}

/** The inputs along one axis that share a phase of the stride, and the filter taps that reach them. */
interface Phase {
  /** First input of the phase; the others follow at the stride. */
  first: number;
  count: number;
  /** Filter taps, in the order in which the turned filter meets the outgoing gradient. */
  taps: number[];
  /** Output that meets the first tap at the first input; may lie before the first output. */
  start: number;
}

/** Input i receives output o by tap k where o · stride + k = i + before; so k ≡ i + before modulo the stride. */
function phases(inputs: number, stride: number, taps: number, before: number): Phase[] {
  const found: Phase[] = [];
  for (let first = 0; first < Math.min(stride, inputs); first++) {
    const rest = (first + before) % stride, quotient = (first + before - rest) / stride;
    const reached: number[] = [];
    for (let tap = rest; tap < taps; tap += stride) reached.unshift(tap);
    found.push({
      first,
      count: Math.ceil((inputs - first) / stride),
      taps: reached,
      start: quotient - (reached.length - 1),
    });
  }
  return found;
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
  const shape = flattened(whole);
  const { batch, inputs, inChannels, outputs, outChannels } = shape;
  const axes = [0, 1, 2].map((axis) =>
    phases(inputs[axis], shape.strides[axis], shape.filter[axis], shape.before[axis])
  );
  // One block serves all phases: zeros enough before the first output and after the last.
  const reaches = axes.map((axis, i) => {
    const used = axis.filter(({ taps }) => taps.length > 0);
    const before = Math.max(0, ...used.map(({ start }) => -start));
    const last = Math.max(
      outputs[i],
      ...used.map(({ start, count, taps }) => start + count - 1 + taps.length),
    );
    return { before, side: before + last };
  });
  const before = reaches.map((reach) => reach.before) as unknown as Triple;
  const padding = new Padding(
    outputs,
    outChannels,
    before,
    reaches.map(({ side }) => side) as unknown as Triple,
  );
  const weights = memory.address(filter) / 4, [, filterRows, filterColumns] = shape.filter;
  memory.withScratch(
    [product(...shape.filter, inChannels, outChannels), padding.floats],
    (packed, scratch) => {
      const { floats } = memory;
      floats.fill(0, scratch / 4, scratch / 4 + padding.floats);
      let next = packed;
      const every = product(...axes.map((axis) => axis.length));
      const jobs = axes[0].flatMap((z) => axes[1].flatMap((y) => axes[2].map((x) => [z, y, x])))
        .filter((job) => job.every(({ taps, count }) => taps.length > 0 && count > 0))
        .map((job) => {
          const [z, y, x] = job.map(({ taps }) => taps);
          const taps = z.flatMap((a) =>
            y.flatMap((b) => x.map((c) => (a * filterRows + b) * filterColumns + c))
          );
          const rowAt = (k: number) =>
            weights + taps[Math.floor(k / outChannels)] * inChannels * outChannels + k % outChannels;
          const rows = taps.length * outChannels;
          const panels = packPanels(floats, next, rows, tileColumns(inChannels), rowAt, outChannels);
          next += rows * inChannels * 4;
          return { job, panels, turned: [z.length, y.length, x.length] as Triple };
        });
      if (jobs.length < every) memory.values(dx).fill(0); // a stride beyond the filter leaves inputs unused
      const imageBytes = product(...inputs, inChannels) * 4, outBytes = product(...outputs, outChannels) * 4;
      for (let image = 0; image < batch; image++) {
        const source = padding.place(floats, memory.address(dy) + image * outBytes, scratch);
        const target = dense(memory.address(dx) + image * imageBytes, inputs, inChannels);
        for (const { job: [z, y, x], panels, turned } of jobs) {
          const from = source.address + (z.start + before[0]) * source.plane +
            (y.start + before[1]) * source.row +
            (x.start + before[2]) * source.pixel;
          const to = target.address + z.first * target.plane + y.first * target.row + x.first * target.pixel;
          const [stepZ, stepY, stepX] = shape.strides;
          correlate(
            memory,
            { ...source, address: from },
            panels,
            turned,
            outChannels,
            [1, 1, 1],
            {
              address: to,
              plane: target.plane * stepZ,
              row: target.row * stepY,
              pixel: target.pixel * stepX,
            },
            [z.count, y.count, x.count],
          );
        }
      }
    },
  );
}

/** Bytes of input and gradient that a block of rows may have, to stay in the first cache. */
const BLOCK_BYTES = 24 << 10;

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
  const flat = flattened(whole);
  // A single long row would not stay in the cache: cut it where that divides it.
  const shape = flat === whole ? flat : { ...flat, ...cutRow(flat) };
  const { batch, inputs, inChannels, outputs, outChannels, strides } = shape;
  const [planes, rows, columns] = shape.filter, [depth, height, width] = outputs;
  const padding = new Padding(inputs, inChannels, shape.before, extent(shape));
  const run = columns * inChannels, tiles = tileRows(run), widths = tileColumns(outChannels);
  const rowBytes = width * 4 * (strides[2] * inChannels + outChannels);
  const blockRows = Math.max(1, Math.floor(BLOCK_BYTES / rowBytes));
  memory.withScratch([padding.floats], (scratch) => {
    const { floats } = memory, { columns: kernels } = memory.kernels;
    memory.values(dw).fill(0);
    floats.fill(0, scratch / 4, scratch / 4 + padding.floats);
    const imageBytes = product(...inputs, inChannels) * 4, outBytes = product(...outputs, outChannels) * 4;
    const bStep = outChannels * 4, weights = memory.address(dw);
    for (let image = 0; image < batch; image++) {
      const source = padding.place(floats, memory.address(x) + image * imageBytes, scratch);
      const gradient = dense(memory.address(dy) + image * outBytes, outputs, outChannels);
      for (let z = 0; z < depth; z++) {
        for (let y = 0; y < height; y += blockRows) {
          const lines = Math.min(blockRows, height - y);
          const b = gradient.address + z * gradient.plane + y * gradient.row;
          for (let p = 0; p < planes; p++) {
            for (let r = 0; r < rows; r++) {
              const a = source.address + (z * strides[0] + p) * source.plane +
                (y * strides[1] + r) * source.row;
              let c = weights + (p * rows + r) * run * bStep, m = 0;
              for (const tile of tiles) {
                let n = 0;
                for (const tileWidth of widths) {
                  kernels[tileWidth][tile - 1](
                    a + m * 4,
                    strides[2] * source.pixel,
                    b + n * 4,
                    bStep,
                    c + n * 4,
                    bStep,
                    width,
                    lines,
                    strides[1] * source.row,
                    gradient.row,
                  );
                  n += tileWidth;
                }
                m += tile;
                c += tile * bStep;
              }
            }
          }
        }
      }
    }
  });
}

/** A single row of pixels as several rows of equal length, short enough for the cache. */
function cutRow(
  { inputs, inChannels, outChannels }: ConvolutionShape,
): Pick<ConvolutionShape, "inputs" | "outputs"> {
  const pixels = inputs[2], most = Math.max(1, Math.floor(BLOCK_BYTES / (4 * (inChannels + outChannels))));
  let length = Math.min(most, pixels);
  while (pixels % length) length--;
  const sides: Triple = [1, pixels / length, length];
  return { inputs: sides, outputs: sides };
}
