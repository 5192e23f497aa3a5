/** Detector images as pictures inside a chart: PNG in a data address, so that a chart needs no other file. @module */
import { encodePng } from "../io/png.ts";

/** An image to show: row-major values, channels interleaved; any units. */
export interface Picture {
  /** Values, row-major. */
  data: ArrayLike<number>;
  /** Rows. */
  height: number;
  /** Columns. */
  width: number;
  /** 1 for grey values, 3 for red, green, blue. @default {1} */
  channels?: number;
}

/** How values become shades. */
export interface ShadeOptions {
  /** Value drawn as nothing. @default {smallest of the picture} */
  low?: number;
  /** Value drawn in full. @default {largest of the picture} */
  high?: number;
  /** `ink` is dark on white, `light` is bright on black, `heat` goes from black over violet and orange to pale yellow. @default {"ink"} */
  palette?: "ink" | "light" | "heat";
  /** Small pictures are magnified by whole pixels to at least this width, so that no viewer blurs them. @default {168} */
  minimumWidth?: number;
}

/** Stops of matplotlib's "inferno" at equal distances, red, green, blue. */
const HEAT = [
  [0, 0, 4],
  [40, 11, 84],
  [101, 21, 110],
  [159, 42, 99],
  [212, 72, 66],
  [245, 125, 21],
  [250, 193, 39],
  [252, 255, 164],
];

/**
 * Cuts a batch into its images; each is a view of the batch where it is a typed array.
 *
 * Shapes: [n, height, width] or [n, height, width, channels], row-major.
 *
 * @throws {RangeError} If the number of values is not that of the shape.
 * @example Two images of 2 × 2
 * ```ts
 * picturesOf(new Uint8Array(8), [2, 2, 2]).length; // 2
 * ```
 */
export function picturesOf(
  data: Uint8Array | Uint16Array | Float32Array,
  shape: readonly number[],
): Picture[] {
  const [count, height, width, channels = 1] = shape;
  const size = height * width * channels;
  if ((shape.length !== 3 && shape.length !== 4) || data.length !== count * size) {
    throw new RangeError(
      `Cannot cut images as the shape must be [n, height, width] or [n, height, width, channels] of ${data.length} ` +
        `values: got [${shape.join(", ")}]`,
    );
  }
  return Array.from(
    { length: count },
    (_, i) => ({ data: data.subarray(i * size, (i + 1) * size), height, width, channels }),
  );
}

/** Smallest and largest finite value. */
function rangeOf(data: ArrayLike<number>): [low: number, high: number] {
  let low = Infinity, high = -Infinity;
  for (let i = 0; i < data.length; i++) {
    if (data[i] < low) low = data[i];
    if (data[i] > high && data[i] !== Infinity) high = data[i];
  }
  return low <= high ? [low, high] : [0, 1];
}

/** Red, green, blue of a fraction of the heat palette. */
function heat(fraction: number): number[] {
  const at = fraction * (HEAT.length - 1), below = Math.min(Math.floor(at), HEAT.length - 2);
  return HEAT[below].map((c, i) => Math.round(c + (at - below) * (HEAT[below + 1][i] - c)));
}

/** Repeats every pixel `factor` times in both directions. */
function magnify(data: Uint8Array, size: { height: number; width: number }, factor: number) {
  const { height, width } = size, channels = data.length / height / width;
  const rowLength = width * factor * channels;
  const out = new Uint8Array(height * factor * rowLength);
  for (let row = 0; row < height; row++) {
    const first = row * factor * rowLength;
    for (let column = 0; column < width * factor; column++) {
      const from = (row * width + Math.floor(column / factor)) * channels;
      for (let c = 0; c < channels; c++) out[first + column * channels + c] = data[from + c];
    }
    for (let copy = 1; copy < factor; copy++) {
      out.copyWithin(first + copy * rowLength, first, first + rowLength);
    }
  }
  return { data: out, height: height * factor, width: width * factor };
}

/** A picture in shades: 8 bits, one channel or three. */
export interface Shaded {
  /** Shades, row-major. */
  data: Uint8Array;
  /** Rows. */
  height: number;
  /** Columns. */
  width: number;
  /** One for grey, three for colours. */
  channels: 1 | 3;
}

/**
 * A picture's values as shades.
 *
 * @throws {RangeError} If the number of values is not height × width × channels, or channels are neither 1 nor 3.
 * @example Ink is dark where the value is high
 * ```ts
 * shadesOf({ data: [0, 1], height: 1, width: 2 }).data; // 255, 0
 * ```
 */
export function shadesOf(picture: Picture, options: ShadeOptions = {}): Shaded {
  const { data, height, width, channels = 1 } = picture, { palette = "ink" } = options;
  if ((channels !== 1 && channels !== 3) || data.length !== height * width * channels) {
    throw new RangeError(
      `Cannot draw a picture as it must hold height × width × (1 or 3) values: ` +
        `got ${height} × ${width} × ${channels} and ${data.length} values`,
    );
  }
  const [smallest, largest] = rangeOf(data);
  const { low = smallest, high = largest } = options;
  const fraction = (x: number) => high > low ? Math.min(Math.max((x - low) / (high - low), 0), 1) || 0 : 0;
  const colored = channels === 1 && palette === "heat";
  const out = new Uint8Array(height * width * (colored ? 3 : channels));
  for (let i = 0; i < data.length; i++) {
    const f = fraction(data[i]);
    if (colored) out.set(heat(f), 3 * i);
    else out[i] = Math.round(255 * (channels === 1 && palette === "ink" ? 1 - f : f));
  }
  return { data: out, height, width, channels: colored || channels === 3 ? 3 : 1 };
}

/**
 * A picture as the address of its own PNG, `data:image/png;base64,…`.
 *
 * @throws {RangeError} If the number of values is not height × width × channels, or channels are neither 1 nor 3.
 * @example One dark pixel
 * ```ts
 * pictureUri({ data: [0, 1], height: 1, width: 2 }).startsWith("data:image/png;base64,"); // true
 * ```
 */
export function pictureUri(picture: Picture, options: ShadeOptions = {}): string {
  const { minimumWidth = 168 } = options;
  const { data, channels, ...size } = shadesOf(picture, options);
  const magnified = magnify(data, size, Math.ceil(minimumWidth / size.width));
  return `data:image/png;base64,${encodePng({ ...magnified, channels }).toBase64()}`;
}
