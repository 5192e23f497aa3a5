import type { Croppable } from "./crop_center.ts";
import type { FrameData } from "./frame.ts";

/** Options for {@linkcode resize}. */
export interface ResizeOptions {
  /**
   * "bilinear" weighs by a triangle that widens with the step when shrinking; "area" takes the mean of what a new pixel
   * covers, parts of pixels by their part, so that light is conserved. Neither skips a pixel (no aliasing).
   *
   * @default {"bilinear"}
   */
  filter?: "bilinear" | "area";
}

/**
 * Changes a picture's size.
 *
 * Shapes: [h, w] or [h, w, channels] in, [height, width(, channels)] out. Units: as they come.
 * Source: bilinear is Pillow's `Image.resize(…, BILINEAR)`; pixels are areas, the first has its middle at 0.5. (Keras and tf.image differ from it by not widening unless `antialias` is set.)
 *
 * @param frame Not modified.
 * @throws {RangeError} If a new side is not a positive integer.
 * @example
 * ```ts
 * resize({ data: Uint8Array.of(0, 10, 20, 30), height: 1, width: 4 }, 1, 2, { filter: "area" }).data; // 5, 25
 * ```
 */
export function resize<F extends Croppable>(
  frame: F,
  height: number,
  width: number,
  options: ResizeOptions = {},
): Omit<F, "data"> & { data: Float32Array } {
  const { filter = "bilinear" } = options;
  for (const side of [height, width]) {
    if (!(Number.isInteger(side) && side > 0)) {
      throw new RangeError(`Cannot resize to ${height} × ${width} as sides must be positive whole numbers`);
    }
  }
  const { channels = 1 } = frame, line = width * channels;
  const across = weightsOf(frame.width, width, filter), down = weightsOf(frame.height, height, filter);
  const narrow = new Float32Array(frame.height * line);
  for (let y = 0; y < frame.height; y++) {
    const row = frame.data.subarray(y * frame.width * channels, (y + 1) * frame.width * channels);
    weighLine(row, channels, across, narrow.subarray(y * line, (y + 1) * line));
  }
  const out = new Float32Array(height * line);
  weighLine(narrow, line, down, out);
  return { ...frame, data: out, height, width };
}

/** Weighs the pixels of a line, each of so many values; rows are the pixels of a column. */
function weighLine(
  line: FrameData,
  values: number,
  { first, start, factors }: Weights,
  out: Float32Array,
): void {
  for (let i = 0; i < first.length; i++) {
    const from = start[i], count = start[i + 1] - from, left = first[i] * values, into = i * values;
    if (count === 4) { // to half the size: a loop for each would take twice as long
      const a = factors[from], b = factors[from + 1], d = factors[from + 2], e = factors[from + 3];
      const second = left + values, third = second + values, fourth = third + values;
      for (let c = 0; c < values; c++) {
        out[into + c] = a * line[left + c] + b * line[second + c] + d * line[third + c] +
          e * line[fourth + c];
      }
      continue;
    }
    for (let c = 0; c < values; c++) {
      let sum = 0;
      for (let k = 0, at = left + c; k < count; k++, at += values) sum += factors[from + k] * line[at];
      out[into + c] = sum;
    }
  }
}

/**
 * What every old pixel of a line counts in every new one, [to, from] row by row, for the bilinear filter.
 *
 * @example
 * ```ts
 * resizeWeights(4, 2); // 0.42857…, 0.42857…, 0.14285…, 0, 0, 0.14285…, 0.42857…, 0.42857…
 * ```
 */
export function resizeWeights(from: number, to: number): Float32Array {
  const matrix = new Float32Array(to * from);
  const { first, start, factors } = weightsOf(from, to, "bilinear");
  for (let i = 0; i < to; i++) matrix.set(factors.subarray(start[i], start[i + 1]), i * from + first[i]);
  return matrix;
}

/** What new pixels are made of: the first old pixel that each looks at, and where its factors, of sum 1, start among all. */
interface Weights {
  first: Int32Array;
  /** One more than there are new pixels. */
  start: Int32Array;
  factors: Float64Array;
}

/** Weights of late, as the pictures of a set have one size; dropped all at once where they are many. */
const kept = new Map<string, Weights>(), MOST_KEPT = 64;

function weightsOf(from: number, to: number, filter: "bilinear" | "area"): Weights {
  const key = `${from} ${to} ${filter}`;
  let weights = kept.get(key);
  if (!weights) {
    if (kept.size >= MOST_KEPT) kept.clear();
    kept.set(key, weights = makeWeights(from, to, filter));
  }
  return weights;
}

function makeWeights(from: number, to: number, filter: "bilinear" | "area"): Weights {
  const step = from / to, stretch = Math.max(1, step);
  const first = new Int32Array(to), start = new Int32Array(to + 1), all: number[] = [];
  for (let i = 0; i < to; i++) {
    const low = i * step, high = (i + 1) * step, center = (low + high) / 2;
    const reach = filter === "area" ? step / 2 : stretch;
    first[i] = Math.max(0, Math.floor(center - reach));
    const end = Math.min(from, Math.ceil(center + reach));
    const factors = Array.from({ length: end - first[i] }, (_, k) => {
      const left = first[i] + k;
      return filter === "area"
        ? Math.max(0, Math.min(high, left + 1) - Math.max(low, left))
        : Math.max(0, 1 - Math.abs(left + 0.5 - center) / stretch);
    });
    const sum = factors.reduce((a, b) => a + b, 0);
    all.push(...factors.map((factor) => factor / sum));
    start[i + 1] = all.length;
  }
  return { first, start, factors: Float64Array.from(all) };
}
