/** The colours of matplotlib's "viridis". @module */

/** Its colours at equal distances, red, green and blue from 0 to 255. */
export const VIRIDIS: readonly (readonly [red: number, green: number, blue: number])[] = [
  [68, 1, 84],
  [70, 50, 126],
  [54, 92, 141],
  [39, 127, 142],
  [31, 161, 135],
  [74, 193, 109],
  [160, 218, 57],
  [253, 231, 37],
];

/**
 * The colour of a share, straight between those of {@linkcode VIRIDIS}.
 *
 * @param share From 0 to 1.
 * @example The last
 * ```ts
 * viridis(1); // 253, 231, 37
 * ```
 */
export function viridis(share: number): [red: number, green: number, blue: number] {
  const place = share * (VIRIDIS.length - 1), stop = Math.min(Math.floor(place), VIRIDIS.length - 2);
  const rest = place - stop, next = VIRIDIS[stop + 1];
  const [red, green, blue] = VIRIDIS[stop].map((from, c) => Math.round(from + rest * (next[c] - from)));
  return [red, green, blue];
}
