/**
 * The loops of convolution, its input gradient and its filter gradient over the wasm backend's memory, for any part of
 * the result.
 *
 * One image at a time is padded into scratch space, where along the width a window's numbers lie side by side: an
 * output row is then a small matrix product over (filter width × channels), summed over the filter's rows and planes.
 * The input gradient is the same convolution of the padded outgoing gradient with the turned filter, one for each phase
 * of the stride; the filter gradient sums outer products over the output pixels. Every number of a result is summed in
 * the same order whatever the parts, so that the number of threads changes no bit.
 * @module
 */
import type { Heap } from "./wasm_heap.ts";
import { tileColumns, tileRows } from "./wasm_micro.ts";
import { type Panel, panelsOf } from "./wasm_panels.ts";
import { type Part, unitsOf } from "./wasm_part.ts";

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

/** The product of sides. */
export const product = (...sides: readonly number[]): number => sides.reduce((all, side) => all * side, 1);

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
export class Padding {
  /** Whether the image has to be copied at all. */
  readonly needed: boolean;

  /** Zeros before the image, and the sides of the padded block. */
  constructor(
    private readonly inputs: Triple,
    private readonly channels: number,
    private readonly before: Triple,
    private readonly sides: Triple,
  ) {
    this.needed = before.some((zeros) => zeros !== 0) || sides.some((side, axis) => side > inputs[axis]);
  }

  /** Scratch space that one thread needs. */
  get floats(): number {
    return this.needed ? product(...this.sides, this.channels) : 0;
  }

  /** The image at `address`, padded into `scratch` if need be; the scratch block's border must be zero already. */
  place({ kernels }: Heap, address: number, scratch: number): Lattice {
    const { inputs, before, sides, channels } = this;
    if (!this.needed) return dense(address, inputs, channels);
    const from = dense(address, inputs, channels), to = dense(scratch, sides, channels);
    const [depth, height, width] = inputs.map((side, axis) => Math.min(side, sides[axis] - before[axis]));
    const floats = width * channels;
    for (let z = 0; z < depth; z++) {
      kernels.copy(
        from.address + z * from.plane,
        from.row,
        to.address + (z + before[0]) * to.plane + before[1] * to.row + before[2] * to.pixel,
        to.row,
        Math.floor(floats / 4),
        floats % 4,
        height,
      );
    }
    return to;
  }
}

/** The padding of a convolution's input: the block is what its outputs read. */
export function inputPadding(
  { inputs, inChannels, outputs, strides, filter, before }: ConvolutionShape,
): Padding {
  const sides = [0, 1, 2].map((axis) => (outputs[axis] - 1) * strides[axis] + filter[axis]);
  return new Padding(inputs, inChannels, before, sides as unknown as Triple);
}

/** Output rows of one image, from `first` to before `end`: `image` [padded] with packed filter panels, into `out`. */
function correlate(
  { kernels }: Heap,
  image: Lattice,
  panels: readonly Panel[],
  [planes, rows, columns]: Triple,
  channels: number,
  [stepZ, stepY, stepX]: Triple,
  out: Lattice,
  [, height, width]: Triple,
  [first, end]: readonly [number, number],
): void {
  const tiles = tileRows(width), run = columns * channels;
  for (let line = first; line < end; line++) {
    const z = Math.floor(line / height), y = line % height;
    const a = image.address + z * stepZ * image.plane + y * stepY * image.row;
    const c = out.address + z * out.plane + y * out.row;
    for (const { address, width: tileWidth, column } of panels) {
      const ofWidth = kernels.rows[tileWidth], planeOfB = rows * run * tileWidth * 4;
      let x = 0;
      for (const tile of tiles) {
        for (let p = 0; p < planes; p++) {
          ofWidth[tile - 1](
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

/** What a thread is told to convolve; addresses in bytes. */
export interface ConvolveJob {
  shape: ConvolutionShape;
  x: number;
  y: number;
  /** The filter's panels. */
  packed: number;
  /** A padded block a thread, zero at the borders. */
  scratch: number;
}

/** A part of the output rows of all images. */
export function convolveLoops(heap: Heap, { shape, x, y, packed, scratch }: ConvolveJob, part: Part): void {
  const { batch, inputs, inChannels, outputs, outChannels } = shape;
  const padding = inputPadding(shape), block = scratch + part.thread * padding.floats * 4;
  const panels = panelsOf(packed, product(...shape.filter, inChannels), outChannels);
  const imageBytes = product(...inputs, inChannels) * 4, outBytes = product(...outputs, outChannels) * 4;
  const lines = outputs[0] * outputs[1], [first, end] = unitsOf(batch * lines, part);
  for (let image = Math.floor(first / lines); image * lines < end; image++) {
    const source = padding.place(heap, x + image * imageBytes, block);
    const out = dense(y + image * outBytes, outputs, outChannels);
    const rows = [Math.max(0, first - image * lines), Math.min(lines, end - image * lines)] as const;
    correlate(heap, source, panels, shape.filter, inChannels, shape.strides, out, outputs, rows);
  }
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

/** The phases of an input gradient, and how the outgoing gradient is padded for them. */
export interface BackInputPlan {
  padding: Padding;
  before: Triple;
  /** A phase of each axis; those alone that a filter tap reaches. */
  jobs: Phase[][];
  /** Whether every input is in one of them: a stride beyond the filter leaves inputs unused. */
  complete: boolean;
}

/** One block serves all phases: zeros enough before the first output and after the last. */
export function planBackInput(shape: ConvolutionShape): BackInputPlan {
  const { inputs, outputs, outChannels } = shape;
  const axes = [0, 1, 2].map((axis) =>
    phases(inputs[axis], shape.strides[axis], shape.filter[axis], shape.before[axis])
  );
  const reaches = axes.map((axis, i) => {
    const used = axis.filter(({ taps }) => taps.length > 0);
    const before = Math.max(0, ...used.map(({ start }) => -start));
    const ends = used.map(({ start, count, taps }) => start + count - 1 + taps.length);
    return { before, side: before + Math.max(outputs[i], ...ends) };
  });
  const before = reaches.map((reach) => reach.before) as unknown as Triple;
  const sides = reaches.map(({ side }) => side) as unknown as Triple;
  const all = axes[0].flatMap((z) => axes[1].flatMap((y) => axes[2].map((x) => [z, y, x])));
  const jobs = all.filter((job) => job.every(({ taps, count }) => taps.length > 0 && count > 0));
  const complete = jobs.length === product(...axes.map((axis) => axis.length));
  return { padding: new Padding(outputs, outChannels, before, sides), before, jobs, complete };
}

/** What a thread is told of an input gradient; addresses in bytes. */
export interface BackInputJob {
  shape: ConvolutionShape;
  dy: number;
  dx: number;
  /** The turned filter's panels, phase after phase. */
  packed: number;
  /** A padded block a thread, zero at the borders. */
  scratch: number;
}

/** Parts of an image, so that few large images give work to all threads. */
export const STRIPES = 8;

/** A part of the stripes of all images; a stripe has rows of each phase. */
export function backInputLoops(
  heap: Heap,
  { shape, dy, dx, packed, scratch }: BackInputJob,
  part: Part,
): void {
  const { batch, inputs, inChannels, outputs, outChannels, strides: [stepZ, stepY, stepX] } = shape;
  const { padding, before, jobs } = planBackInput(shape);
  const block = scratch + part.thread * padding.floats * 4;
  const imageBytes = product(...inputs, inChannels) * 4, outBytes = product(...outputs, outChannels) * 4;
  let next = packed;
  const turned = jobs.map((job) => {
    const taps = job.map(({ taps }) => taps.length) as unknown as Triple,
      rows = product(...taps, outChannels);
    const panels = panelsOf(next, rows, inChannels);
    next += rows * inChannels * 4;
    return { job, taps, panels };
  });
  const [first, end] = unitsOf(batch * STRIPES, part);
  for (let image = Math.floor(first / STRIPES); image * STRIPES < end; image++) {
    const source = padding.place(heap, dy + image * outBytes, block);
    const target = dense(dx + image * imageBytes, inputs, inChannels);
    const out = { plane: target.plane * stepZ, row: target.row * stepY, pixel: target.pixel * stepX };
    const from = Math.max(0, first - image * STRIPES), to = Math.min(STRIPES, end - image * STRIPES);
    for (const { job: [z, y, x], taps, panels } of turned) {
      const at = source.address + (z.start + before[0]) * source.plane +
        (y.start + before[1]) * source.row + (x.start + before[2]) * source.pixel;
      const address = target.address + z.first * target.plane + y.first * target.row + x.first * target.pixel;
      const lines = z.count * y.count;
      correlate(
        heap,
        { ...source, address: at },
        panels,
        taps,
        outChannels,
        [1, 1, 1],
        { ...out, address },
        [z.count, y.count, x.count],
        [Math.floor(lines * from / STRIPES), Math.floor(lines * to / STRIPES)],
      );
    }
  }
}

/** Bytes of input and gradient that a block of rows may have, to stay in the first cache. */
export const BLOCK_BYTES = 24 << 10;

/** What a thread is told of a filter gradient; addresses in bytes. */
export interface BackFilterJob {
  shape: ConvolutionShape;
  x: number;
  dy: number;
  /** Zero. */
  dw: number;
  /** A padded block a thread, zero at the borders. */
  scratch: number;
}

/** One tile of the filter's gradient: what it is the product of, by byte offsets. */
interface FilterTile {
  plane: number;
  row: number;
  /** From the row of x. */
  a: number;
  height: number;
  /** From the row of dy. */
  b: number;
  width: number;
  /** From the filter. */
  c: number;
}

/** All tiles of a filter's gradient. */
export function filterTiles({ filter, inChannels, outChannels }: ConvolutionShape): FilterTile[] {
  const [planes, rows, columns] = filter, run = columns * inChannels, tiles: FilterTile[] = [];
  for (let plane = 0; plane < planes; plane++) {
    for (let row = 0; row < rows; row++) {
      let m = 0;
      for (const height of tileRows(run)) {
        let n = 0;
        for (const width of tileColumns(outChannels)) {
          const c = (((plane * rows + row) * run + m) * outChannels + n) * 4;
          tiles.push({ plane, row, a: m * 4, height, b: n * 4, width, c });
          n += width;
        }
        m += height;
      }
    }
  }
  return tiles;
}

/** A part of the filter's gradient, over all images. */
export function backFilterLoops(heap: Heap, { shape, x, dy, dw, scratch }: BackFilterJob, part: Part): void {
  const { batch, inputs, inChannels, outputs, outChannels, strides } = shape;
  const [depth, height, width] = outputs, { columns: kernels } = heap.kernels;
  const padding = inputPadding(shape), block = scratch + part.thread * padding.floats * 4;
  const tiles = filterTiles(shape), mine = tiles.slice(...unitsOf(tiles.length, part));
  const rowBytes = width * 4 * (strides[2] * inChannels + outChannels);
  const blockRows = Math.max(1, Math.floor(BLOCK_BYTES / rowBytes));
  const imageBytes = product(...inputs, inChannels) * 4, outBytes = product(...outputs, outChannels) * 4;
  const bStep = outChannels * 4;
  for (let image = 0; image < batch; image++) {
    const source = padding.place(heap, x + image * imageBytes, block);
    const gradient = dense(dy + image * outBytes, outputs, outChannels);
    const aStep = strides[2] * source.pixel, aRow = strides[1] * source.row;
    for (let z = 0; z < depth; z++) {
      for (let y = 0; y < height; y += blockRows) {
        const lines = Math.min(blockRows, height - y);
        const a = source.address + z * strides[0] * source.plane + y * strides[1] * source.row;
        const b = gradient.address + z * gradient.plane + y * gradient.row;
        for (const tile of mine) {
          kernels[tile.width][tile.height - 1](
            a + tile.plane * source.plane + tile.row * source.row + tile.a,
            aStep,
            b + tile.b,
            bStep,
            dw + tile.c,
            bStep,
            width,
            lines,
            aRow,
            gradient.row,
          );
        }
      }
    }
  }
}
