import { type FrameData, sameType } from "../image/frame.ts";
import { drawFrom, fitted, type Picture, type Range } from "./picture.ts";

/** A turn, zoom, shear and shift about the middle of a picture; plain data, so that it can be kept and replayed. */
export interface Affine {
  /** Shift downwards, in pixels. */
  rows: number;
  /** Shift to the right, in pixels. */
  columns: number;
  /** Turn against the clock, as the picture is looked at, in degrees. */
  degrees: number;
  /** Magnification: 2 shows everything twice as large. */
  zoom: number;
  /** Slant: pixels to the right for each pixel upwards from the middle. */
  shear: number;
}

/** Ranges for {@linkcode sampleAffine}; what is left out stays as it is. */
export interface AffineRanges {
  /** Pixels. @default {0} */
  rows?: Range;
  /** Pixels. @default {0} */
  columns?: Range;
  /** Degrees. @default {0} */
  degrees?: Range;
  /** Magnifications, drawn evenly in their logarithm; 1.2 stands for [1 / 1.2, 1.2]. @default {1} */
  zoom?: Range;
  /** Pixels a pixel. @default {0} */
  shear?: Range;
}

/** How {@linkcode applyAffine} makes values between and beyond pixels. */
export interface ApplyAffineOptions {
  /** "nearest" for masks and labels, whose values must not be mixed. @default {"bilinear"} */
  interpolation?: "bilinear" | "nearest";
  /** Value beyond the border, or "edge" to go on with the outermost pixel. @default {0} */
  fill?: number | "edge";
}

/** Does nothing. */
export const IDENTITY: Affine = { rows: 0, columns: 0, degrees: 0, zoom: 1, shear: 0 };

/**
 * Draws a turn, zoom, shear and shift: always five numbers, so that leaving one range out does not change the others.
 *
 * @example
 * ```ts
 * import { createRng } from "../base/rng.ts";
 * const affine = sampleAffine(createRng(7), { degrees: 15, rows: 2, columns: 2, zoom: 1.1 });
 * ```
 */
export function sampleAffine(rng: () => number, ranges: AffineRanges = {}): Affine {
  const { rows = 0, columns = 0, degrees = 0, zoom = 1, shear = 0 } = ranges;
  const [least, most] = typeof zoom === "number" ? [1 / zoom, zoom] : zoom;
  return {
    rows: drawFrom(rows, rng),
    columns: drawFrom(columns, rng),
    degrees: drawFrom(degrees, rng),
    zoom: Math.exp(drawFrom([Math.log(least), Math.log(most)], rng)),
    shear: drawFrom(shear, rng),
  };
}

/**
 * Moves a picture: sheared, zoomed and turned about its middle, then shifted, in one step of interpolation.
 *
 * Shape: as it comes, any number of channels.
 *
 * @param picture Not modified.
 * @returns A new picture of the same number type; whole numbers are rounded.
 * @throws {RangeError} If the zoom is not positive.
 * @example One pixel down
 * ```ts
 * const picture = { data: Uint8Array.of(1, 2, 3, 4), height: 2, width: 2 };
 * applyAffine(picture, { ...IDENTITY, rows: 1 }).data; // 0, 0, 1, 2
 * ```
 */
export function applyAffine<P extends Picture>(
  picture: P,
  affine: Affine,
  options: ApplyAffineOptions = {},
): P {
  const { interpolation = "bilinear", fill = 0 } = options;
  const { height, width, channels = 1 } = picture, source: FrameData = picture.data;
  const data = sameType(source, source.length);
  const { middle: [my, mx], back: [yy, yx, xy, xx] } = mapping(affine, height, width);
  const at = (y: number, x: number, c: number): number => {
    if (y < 0 || x < 0 || y >= height || x >= width) {
      if (fill !== "edge") return fill;
      y = Math.min(height - 1, Math.max(0, y));
      x = Math.min(width - 1, Math.max(0, x));
    }
    return source[(y * width + x) * channels + c];
  };
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const dy = row - my - affine.rows, dx = column - mx - affine.columns;
      // Rounded to a billionth of a pixel: a quarter turn must land on pixels, not beside them by rounding errors.
      const y = Math.round((my + yy * dy + yx * dx) * 1e9) / 1e9,
        x = Math.round((mx + xy * dy + xx * dx) * 1e9) / 1e9;
      const to = (row * width + column) * channels;
      if (interpolation === "nearest") {
        const ny = Math.round(y), nx = Math.round(x);
        for (let c = 0; c < channels; c++) data[to + c] = fitted(source, at(ny, nx, c));
        continue;
      }
      const top = Math.floor(y), left = Math.floor(x), fy = y - top, fx = x - left;
      for (let c = 0; c < channels; c++) {
        const above = fx === 0 ? at(top, left, c) : (1 - fx) * at(top, left, c) + fx * at(top, left + 1, c);
        const value = fy === 0
          ? above
          : (1 - fy) * above + fy * ((1 - fx) * at(top + 1, left, c) + fx * at(top + 1, left + 1, c));
        data[to + c] = fitted(source, value);
      }
    }
  }
  return { ...picture, data };
}

/** Where a point of the picture, as [row, column], is after {@linkcode applyAffine}: for vertices, boxes and tracks. */
export function moveByAffine(
  [row, column]: readonly [row: number, column: number],
  affine: Affine,
  height: number,
  width: number,
): [row: number, column: number] {
  const { middle: [my, mx], forth: [yy, yx, xy, xx] } = mapping(affine, height, width);
  const dy = row - my, dx = column - mx;
  return [my + yy * dy + yx * dx + affine.rows, mx + xy * dy + xx * dx + affine.columns];
}

/** The middle, and the linear part there and back as [row by row, row by column, column by row, column by column]. */
function mapping({ degrees, zoom, shear }: Affine, height: number, width: number) {
  if (!(zoom > 0)) throw new RangeError(`Cannot move a picture as its zoom must be positive: got ${zoom}`);
  const angle = degrees * Math.PI / 180, cos = Math.cos(angle), sin = Math.sin(angle);
  // First the shear (column - shear · row, as rows run downwards), then the zoom, then the turn.
  const yy = zoom * (cos + sin * shear), yx = -zoom * sin, xy = zoom * (sin - cos * shear), xx = zoom * cos;
  const determinant = yy * xx - yx * xy;
  const back = [xx / determinant, -yx / determinant, -xy / determinant, yy / determinant] as const;
  return { middle: [(height - 1) / 2, (width - 1) / 2] as const, forth: [yy, yx, xy, xx] as const, back };
}
