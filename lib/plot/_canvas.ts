/** Charts laid out by hand, in pixels from the upper left corner: grids of pictures with captions and small bars. @module */
import { type Spec, toSpec, type View } from "./spec.ts";

/** Something drawn at a place; `x` and `y` are its middle, in pixels. */
export interface Placed {
  x: number;
  y: number;
}
export interface PlacedPicture extends Placed {
  url: string;
}
export interface PlacedText extends Placed {
  text: string;
  /** @default {the theme's text colour} */
  color?: string;
}
export interface PlacedBox {
  x: number;
  y: number;
  x2: number;
  y2: number;
  color: string;
}

/** What a hand-laid chart shows; all in pixels. */
export interface Canvas {
  width: number;
  height: number;
  title?: string;
  /** Smaller lines under the title. */
  subtitle?: readonly string[];
  /** Pictures, by their size. */
  pictures?: { width: number; height: number; items: PlacedPicture[] }[];
  texts?: { size: number; items: PlacedText[] }[];
  boxes?: PlacedBox[];
}

/** A hand-laid chart as a specification. */
export function canvasSpec(canvas: Canvas): Spec {
  const { width, height, title, subtitle = [], pictures = [], texts = [], boxes = [] } = canvas;
  const position = (field: string, length: number, reverse: boolean): View => ({
    field,
    type: "quantitative",
    axis: null,
    scale: { domain: [0, length], nice: false, zero: false, reverse },
  });
  const encoding = { x: position("x", width, false), y: position("y", height, true) };
  const layer: View[] = [];
  if (boxes.length > 0) {
    layer.push({
      data: { values: boxes },
      mark: { type: "rect" },
      encoding: {
        ...encoding,
        x2: { field: "x2" },
        y2: { field: "y2" },
        color: { field: "color", type: "nominal", scale: null },
      },
    });
  }
  for (const { items, width, height } of pictures) {
    layer.push({
      data: { values: items },
      mark: { type: "image", width, height, aspect: false, smooth: false },
      encoding: { ...encoding, url: { field: "url", type: "nominal" } },
    });
  }
  for (const { size, items } of texts) {
    const colors = new Set(items.map((item) => item.color));
    for (const color of colors) {
      layer.push({
        data: {
          values: items.filter((item) => item.color === color).map(({ x, y, text }) => ({ x, y, text })),
        },
        mark: { type: "text", fontSize: size, ...(color && { color }) },
        encoding: { ...encoding, text: { field: "text", type: "nominal" } },
      });
    }
  }
  const heading = subtitle.length > 0 ? { text: title ?? "", subtitle } : title;
  const count = pictures.reduce((sum, { items }) => sum + items.length, 0);
  return toSpec({
    description: `${count} pictures`,
    width,
    height,
    ...(heading && { title: heading }),
    layer,
  });
}
