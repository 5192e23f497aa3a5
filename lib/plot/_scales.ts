/** What a grid of detector images needs to be read: how long a length is, and which value a shade. @module */
import type { PlacedBox, PlacedPicture, PlacedText } from "./_canvas.ts";
import { pictureUri, type ShadeOptions } from "./picture.ts";
import { COLORS } from "./spec.ts";

/** A bar of a round length. */
export interface ScaleBar {
  /** Units along one pixel. @default {1} */
  perPixel?: number;
  /** @default {"pixels"} */
  units?: string;
}

/** What the ends of the shades stand for, where it is not the values of the pictures themselves. */
export interface ColorBar {
  /** Written before the bar, where there are several. @default {nothing} */
  name?: string;
  /** At the end that is drawn as nothing, with its units. */
  low: string;
  /** At the end that is drawn in full, with its units. */
  high: string;
}

/** Options of what is drawn below pictures. */
export interface ScalesOptions extends ShadeOptions {
  /** Draws a bar of a round length below the pictures. */
  scaleBar?: ScaleBar;
  /** Draws the shades with the values they stand for: of these units, which wants `low` and `high`, or as said. */
  colorBar?: string | readonly ColorBar[];
}

/** Pictures as they are drawn. */
interface Drawn {
  /** Pixels of a picture, and the width it is drawn with. */
  pixels: number;
  size: number;
  /** Where there is room: from here down. */
  top: number;
}

/** What is drawn below the pictures. */
export interface Scales {
  /** Room that it takes. */
  width: number;
  height: number;
  boxes: PlacedBox[];
  texts: PlacedText[];
  pictures: { width: number; height: number; items: PlacedPicture[] }[];
}

const LETTER = 6.2, HEIGHT = 26, RAMP = { width: 96, height: 9 };

/** The largest of 1, 2 and 5 times a power of ten that is not above a length. */
export function roundLength(most: number): number {
  const ten = 10 ** Math.floor(Math.log10(most));
  return [5, 2, 1].map((digit) => digit * ten).find((length) => length <= most * (1 + 1e-9)) ?? ten;
}

/** The bars of the shades. @throws {RangeError} If they are to be told without the values they stand for. */
function colorBarsOf({ colorBar = [], low, high }: ScalesOptions): readonly ColorBar[] {
  if (typeof colorBar !== "string") return colorBar;
  if (low === undefined || high === undefined) {
    throw new RangeError("Cannot draw a colour bar without the values of its ends: say low and high");
  }
  return [{ low: String(low), high: `${high} ${colorBar}`.trim() }];
}

/**
 * Lays out the bars, side by side from the left.
 *
 * @throws {RangeError} If shades are to be told without the values they stand for.
 */
export function scalesBelow({ pixels, size, top }: Drawn, options: ScalesOptions): Scales {
  const { scaleBar } = options, bars = colorBarsOf(options);
  const scales: Scales = { width: 0, height: 0, boxes: [], texts: [], pictures: [] };
  const middle = top + HEIGHT / 2;
  let left = 5;
  const write = (text: string) => {
    const width = LETTER * text.length;
    scales.texts.push({ x: left + width / 2, y: middle, text });
    left += width + 8;
  };
  if (scaleBar) {
    const { perPixel = 1, units = "pixels" } = scaleBar;
    const length = roundLength(perPixel * pixels / 3), across = length / perPixel * size / pixels;
    scales.boxes.push(
      { x: left, x2: left + across, y: middle - 1, y2: middle + 1, color: COLORS.grey },
      { x: left, x2: left + 1.5, y: middle - 4, y2: middle + 4, color: COLORS.grey },
      { x: left + across - 1.5, x2: left + across, y: middle - 4, y2: middle + 4, color: COLORS.grey },
    );
    left += across + 10;
    write(`${length} ${units}`);
    left += 14;
  }
  const ramp = {
    data: Float32Array.from({ length: RAMP.width }, (_, i) => i / (RAMP.width - 1)),
    height: 1,
    width: RAMP.width,
  };
  for (const { name, low, high } of bars) {
    write(name === undefined ? low : `${name} ${low}`);
    const url = pictureUri(ramp, { palette: options.palette, low: 0, high: 1 });
    scales.pictures.push({ ...RAMP, items: [{ x: left + RAMP.width / 2, y: middle, url }] });
    left += RAMP.width + 8;
    write(high);
    left += 14;
  }
  return { ...scales, width: left, height: scales.texts.length > 0 ? HEIGHT : 0 };
}
