/** Frames of an image that unfolds, as a page that plays them. @module */
import { pageHtml } from "./_page.ts";
import script from "./page/movie_player.js" with { type: "text" };

/** Options for {@linkcode moviePlayerHtml}. */
export interface MoviePlayerOptions {
  /** Above the movie. */
  title: string;
  /** What stands at each frame. */
  captions: readonly string[];
  /** How long a frame stands, milliseconds. @default {200} */
  delayMs?: number;
  /** What a value means, at the scale. @default {""} */
  valueTitle?: string;
}

/**
 * Writes the page: a button plays, a slider goes to a frame; zeros are white, and one scale holds for all frames.
 *
 * @param values [frames, height, width], row-major, not negative.
 * @throws {RangeError} If there are not as many values as the shape says, or not a caption for each frame.
 * @example Two frames of one pixel
 * ```ts
 * const page = moviePlayerHtml(Float32Array.of(0, 1), [2, 1, 1], { title: "On", captions: ["dark", "light"] });
 * page.includes("Play"); // true
 * ```
 */
export function moviePlayerHtml(
  values: Float32Array,
  shape: readonly [frames: number, height: number, width: number],
  options: MoviePlayerOptions,
): string {
  const { title, captions, delayMs = 200, valueTitle = "" } = options, [frames, height, width] = shape;
  if (values.length !== frames * height * width || values.length === 0) {
    throw new RangeError(`Cannot play frames of [${shape.join(", ")}] as there are ${values.length} values`);
  }
  if (captions.length !== frames) {
    throw new RangeError(`Cannot play ${frames} frames as there are ${captions.length} captions`);
  }
  const most = values.reduce((largest, value) => Math.max(largest, value), 0);
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const body =
    `<canvas width="600" height="500" role="img" aria-label="The movie, frame by frame"></canvas>` +
    `<div class="bar"><button type="button">Play</button>` +
    `<input type="range" min="1" max="${frames}" value="1" aria-label="Frame"><output></output></div>`;
  const data = { values: bytes.toBase64(), height, width, most, captions, delayMs };
  return pageHtml({ title: valueTitle ? `${title}: ${valueTitle}` : title, body, data, script });
}
