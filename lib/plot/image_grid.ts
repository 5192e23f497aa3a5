/** Pictures in rows with a caption under each. @module */
import { canvasSpec } from "./_canvas.ts";
import { scalesBelow, type ScalesOptions } from "./_scales.ts";
import { type Picture, pictureUri } from "./picture.ts";
import type { Spec } from "./spec.ts";

export type { ColorBar, ScaleBar, ScalesOptions } from "./_scales.ts";

/** Options for {@linkcode plotImageGrid}. */
export interface ImageGridOptions extends ScalesOptions {
  /** One caption a picture; a line break starts a second line. @default {none} */
  captions?: ArrayLike<string | number>;
  /** Caption colours. @default {the theme's text colour} */
  colors?: readonly (string | undefined)[];
  /** Pictures in a row. @default {6} */
  columns?: number;
  /** Most pictures shown. @default {36} */
  limit?: number;
  /** Width of a picture in pixels. @default {72} */
  size?: number;
  /** Above the pictures. */
  title?: string;
}

/**
 * The first pictures of a set in a grid, each with its label: a look at the data before anything is trained.
 *
 * @throws {RangeError} If there is nothing to show, or a colour bar has no values to show.
 * @example The first 36 digits
 * ```ts
 * import { picturesOf } from "./picture.ts";
 * plotImageGrid(picturesOf(new Uint8Array(4), [1, 2, 2]), { captions: [7] });
 * ```
 */
export function plotImageGrid(pictures: readonly Picture[], options: ImageGridOptions = {}): Spec {
  const { captions, colors = [], columns = 6, limit = 36, size = 72, title, ...shades } = options;
  const shown = pictures.slice(0, limit);
  if (shown.length === 0) throw new RangeError("Cannot draw an image grid as there is no picture");
  const lines = shown.map((_, i) => captions ? String(captions[i]).split("\n") : []);
  const lineHeight = 13, gap = 10;
  const pictureHeight = Math.round(size * shown[0].height / shown[0].width);
  const captionHeight = lineHeight * Math.max(...lines.map((one) => one.length));
  const cellWidth = size + gap, cellHeight = pictureHeight + captionHeight + gap;
  const middleOf = (i: number) => (i % columns + 0.5) * cellWidth;
  const topOf = (i: number) => Math.floor(i / columns) * cellHeight;
  const bottom = Math.ceil(shown.length / columns) * cellHeight;
  const scales = scalesBelow({ pixels: shown[0].width, size, top: bottom }, shades);
  const items = shown.map((picture, i) => ({
    x: middleOf(i),
    y: topOf(i) + pictureHeight / 2,
    url: pictureUri(picture, shades),
  }));
  const written = lines.flatMap((one, i) =>
    one.map((text, line) => ({
      x: middleOf(i),
      y: topOf(i) + pictureHeight + (line + 0.7) * lineHeight,
      text,
      color: colors[i],
    }))
  );
  return canvasSpec({
    width: Math.max(Math.min(columns, shown.length) * cellWidth, scales.width),
    height: bottom + scales.height,
    title,
    pictures: [{ width: size, height: pictureHeight, items }, ...scales.pictures],
    texts: [{ size: 11, items: [...written, ...scales.texts] }],
    boxes: scales.boxes,
  });
}
