/** Pictures beside what in them mattered for an answer. @module */
import { type Picture, type ShadeOptions, shadesOf } from "./picture.ts";
import { COLORS } from "./spec.ts";

/** How much each square place of a picture speaks for an answer, [rows, columns]; negative where it speaks against it. */
export interface SaliencyMap {
  /** Row-major. */
  values: ArrayLike<number>;
  /** Places down. */
  rows: number;
  /** Places across. */
  columns: number;
}

/** How much of a place's colour covers the picture where it matters most. */
const COVER = 0.8;
/** Part of a picture's width that is left free between the two. */
const GAP = 0.04;

const channelsOf = (color: string) => [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
const FOR = channelsOf(COLORS.red), AGAINST = channelsOf(COLORS.blue);

/**
 * A picture and beside it the same one, reddened where it speaks for the answer and blued where it speaks against it; the
 * place that matters most has the full colour.
 *
 * @param options How values become shades.
 * @returns A picture in colour of twice the width and a small gap.
 * @throws {RangeError} If the map has another number of places than its sides say.
 * @example One place of four speaks for the answer
 * ```ts
 * const picture = { data: new Uint8Array(16), height: 4, width: 4 };
 * withSaliency(picture, { values: [1, 0, 0, 0], rows: 2, columns: 2 }).width; // 9
 * ```
 */
export function withSaliency(picture: Picture, map: SaliencyMap, options: ShadeOptions = {}): Picture {
  const { values, rows, columns } = map;
  if (values.length !== rows * columns) {
    throw new RangeError(`Cannot draw what mattered as ${rows} × ${columns} places are ${values.length}`);
  }
  const { data, height, width, channels } = shadesOf(picture, options);
  const most = Array.from(values).reduce((a, b) => Math.max(a, Math.abs(b)), 0) || 1;
  const side = Math.ceil(Math.max(height, width) / Math.max(rows, columns));
  const gap = Math.max(1, Math.round(width * GAP)), whole = 2 * width + gap;
  const out = new Uint8Array(height * whole * 3).fill(255); // white between the two, whatever they are
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const place = Math.floor(row / side) * columns + Math.floor(column / side);
      const weight = COVER * values[place] / most, color = weight > 0 ? FOR : AGAINST;
      for (let c = 0; c < 3; c++) {
        const shade = data[(row * width + column) * channels + (channels === 3 ? c : 0)];
        const at = (row * whole + column) * 3 + c, share = Math.abs(weight);
        out[at] = shade;
        out[at + 3 * (width + gap)] = Math.round((1 - share) * shade + share * color[c]);
      }
    }
  }
  return { data: out, height, width: whole, channels: 3 };
}

/** The width in which a picture with its saliency is drawn, where a picture alone is as wide as `size`. */
export function widthWithSaliency(size: number): number {
  return Math.round((2 + GAP) * size);
}

/** How a picture with its saliency is drawn: its shades are colours already. */
export const AS_IT_IS: ShadeOptions = { low: 0, high: 255, palette: "light" };

/** Said under charts that have such pictures. */
export const SALIENCY_WORDS = "red: speaks for the answer, blue: against it";
