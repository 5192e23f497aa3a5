/** Pictures of several bands for people, and the first of a ranking on one sheet. @module */
import { robustLimits } from "../image/mod.ts";
import type { FileArray } from "../io/file_array.ts";
import * as plot from "../plot/mod.ts";
import type { Ranking } from "../score/rank.ts";
import { rawValues } from "../score/raw_array.ts";

/** A cutout for people: one band grey, three or more in colours, from median − 3 MAD to median + 10 MAD. */
export function pictureOf(
  { data, shape }: { data: ArrayLike<number>; shape: readonly number[] },
  row: number,
  options: { band?: number; low?: number; high?: number } = {},
): plot.Picture {
  const [, height, width, bands] = shape, pixels = height * width, first = row * pixels * bands;
  const chosen = options.band !== undefined ? [options.band] : bands >= 3 ? [2, 1, 0] : [0]; // the reddest band is last
  const channels = chosen.length, out = new Float32Array(pixels * channels);
  chosen.forEach((band, channel) => {
    const values = Float32Array.from({ length: pixels }, (_, i) => data[first + i * bands + band]);
    const robust = robustLimits({ data: values }), { low = robust.low, high = robust.high } = options;
    values.forEach((value, i) => out[i * channels + channel] = (value - low) / (high - low));
  });
  return { data: out, height, width, channels };
}

/** How pictures of {@linkcode pictureOf} are shaded. */
export const SHADES = { low: 0, high: 1, palette: "light" } as const;

/** How long a length is in pictures of {@linkcode pictureOf}, and what their shades stand for, in each band. */
export function scalesOf({ low, high }: { low?: number; high?: number } = {}): plot.ScalesOptions {
  const ends = { low: String(low ?? "median − 3 MAD"), high: String(high ?? "median + 10 MAD") };
  return { ...SHADES, scaleBar: {}, colorBar: [ends] };
}

/** Options for {@linkcode contactSheet}. */
export interface ContactSheetOptions {
  /** Most pictures. @default {30} */
  count?: number;
  /** Pictures in a row. @default {6} */
  columns?: number;
  /** Width of a picture in pixels. @default {96} */
  size?: number;
  /** Numbers of the examples to show. @default {the ranking's order} */
  rows?: readonly number[];
  /** Above the pictures. */
  title?: string;
}

/**
 * The first pictures of a ranking, each with its number and score; read one by one, so that the set may be larger than memory.
 *
 * @param array [examples, height, width, bands], or without bands.
 */
export async function contactSheet(
  array: FileArray,
  { scores, order, of }: Ranking,
  options: ContactSheetOptions = {},
): Promise<plot.Spec> {
  const { count = 30, columns = 6, size = 96, title = `Highest ${of}` } = options;
  const rows = options.rows?.slice(0, count) ?? Array.from(order.subarray(0, count));
  const pictures: plot.Picture[] = [];
  for (const row of rows) {
    const { data, shape } = await array.read([row, row + 1]);
    pictures.push(pictureOf({ data: rawValues(data), shape: shape.length === 4 ? shape : [...shape, 1] }, 0));
  }
  const captions = rows.map((row) => `${row}\n${scores[row].toPrecision(3)}`);
  return plot.plotImageGrid(pictures, { ...scalesOf(), captions, columns, size, limit: count, title });
}
