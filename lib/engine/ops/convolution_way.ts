/**
 * Which of several ways a convolution is done: as it stands, by tiles, or as a product of matrices, one a row of the filter. All give the same but for
 * rounding; which is fastest depends on the processor, so a table of what was measured comes before an estimate.
 * @module
 */
import { tf } from "../tf.ts";
import { convolveColumns } from "./column_convolution.ts";
import { chooseTile, convolveTiled, estimatedShare, type Tile, transformFilter } from "./winograd.ts";

/** How a convolution can be done; the number is the side of a tile of results. */
export const WAYS = ["direct", "tiles of 2", "tiles of 4", "product", "rows"] as const;
/** One of them. */
export type Way = typeof WAYS[number];

/** What was measured to be fastest, by the name of a convolution's shape. */
export type Tuning = Readonly<Record<string, Way>>;

/** A convolution with stride 1 and its sizes. */
export interface ConvolutionSizes {
  /** Shape of the pictures, [batch, height, width, channels]. */
  x: readonly number[];
  /** Shape of the filter, [rows, columns, channels, filters]. */
  filter: readonly number[];
  padding: "same" | "valid";
}

/** The name of a convolution's shape, whatever the batch, such as `8×8×256 by 3×3 same to 256`. */
export function shapeName({ x, filter, padding }: ConvolutionSizes): string {
  const [rows, columns, , filters] = filter;
  return `${x.slice(1).join("×")} by ${rows}×${columns} ${padding} to ${filters}`;
}

/** Most of the time of a convolution as it stands that an estimate may give tiles for them to be worth a try elsewhere. */
const WORTH_TRYING = 1.7;

/** The ways worth trying, the one that the estimate would take first. */
export function waysFor(sizes: ConvolutionSizes): Way[] {
  const { x, filter, padding } = sizes, [, height, width] = x, [rows, columns] = filter;
  if (rows === 1 && columns === 1) return ["direct", "product"];
  if (isByRows(sizes)) return estimatedWay(sizes) === "rows" ? ["rows", "direct"] : ["direct", "rows"];
  const least = padding === "same" ? 2 : 4; // sides of which two results are left
  if (rows !== 3 || columns !== 3 || Math.min(height, width) < least) return ["direct"];
  const first = estimatedWay(sizes);
  const tiles = ([2, 4] as const).filter((tile) => estimatedShare(x, filter, padding, tile) <= WORTH_TRYING);
  const all: Way[] = ["direct", ...tiles.map((tile) => `tiles of ${tile}` as const)];
  return [first, ...all.filter((way) => way !== first)];
}

/** Whether a convolution is along columns alone, and by rows as many above as below. */
function isByRows({ filter: [rows, columns], padding }: ConvolutionSizes): boolean {
  return columns === 1 && rows > 1 && rows % 2 === 1 && padding === "same";
}

/** Channels from which on products of matrices are large enough, where a picture is one column. */
const MANY_CHANNELS = 32;

/** The way that an estimate takes, for a processor like those that it was made on. */
export function estimatedWay(sizes: ConvolutionSizes): Way {
  const { x, filter, padding } = sizes;
  if (isByRows(sizes)) {
    return x[2] === 1 && Math.min(filter[2], filter[3]) >= MANY_CHANNELS ? "rows" : "direct";
  }
  const tile = chooseTile(x, filter, padding);
  return tile === undefined ? "direct" : `tiles of ${tile}`;
}

let tuning: Tuning = {};

/** Has convolutions of these shapes done in these ways, all others as estimated, until it is called again. */
export function useTuning(measured: Tuning): void {
  tuning = measured;
}

/** How a convolution is to be done. */
export function chooseWay(sizes: ConvolutionSizes): Way {
  return tuning[shapeName(sizes)] ?? estimatedWay(sizes);
}

const TILES: Partial<Record<Way, Tile>> = { "tiles of 2": 2, "tiles of 4": 4 };

/** The side of a way's tiles; undefined for a way without. */
export function tileOf(way: Way): Tile | undefined {
  return TILES[way];
}

/** A convolution with a filter of 1 × 1 as one product of matrices. */
function multiplyChannels(x: tf.Tensor4D, filter: tf.Tensor4D): tf.Tensor4D {
  const [, , channels, filters] = filter.shape, [batch, height, width] = x.shape;
  const pixels = tf.reshape(x, [-1, channels]) as tf.Tensor2D;
  const product = tf.matMul(pixels, tf.reshape(filter, [channels, filters]) as tf.Tensor2D);
  return tf.reshape(product, [batch, height, width, filters]);
}

/**
 * A convolution with stride 1, done in one of its ways.
 *
 * @param x Pictures, [batch, height, width, channels].
 * @param filter [rows, columns, channels, filters]; 3 × 3 for tiles, 1 × 1 for a product, an odd number × 1 by rows.
 * @param points What `transformFilter` gave for the way's tiles. @default {transformed here}
 * @returns [batch, results down, results across, filters], differentiable in both.
 */
export function convolve(
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  padding: "same" | "valid",
  way: Way,
  points?: tf.Tensor3D,
): tf.Tensor4D {
  return tf.tidy(() => {
    const tile = tileOf(way);
    if (tile) return convolveTiled(x, points ?? transformFilter(filter, tile), padding, tile);
    if (way === "rows") return convolveColumns(x, filter);
    return way === "product" ? multiplyChannels(x, filter) : tf.conv2d(x, filter, 1, padding);
  });
}
