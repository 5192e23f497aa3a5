/** Arrays of files as images: which axis counts examples, frames, rows, columns, channels. @module */
import type { FileArray } from "../../io/file_array.ts";
import type { OpenedFile } from "../../io/formats.ts";
import type { NpyType, NpyValues } from "../../io/npy_type.ts";

/** One image as its file has it, channels last. */
export interface OwnPixels {
  data: Uint8Array | Uint16Array | Float32Array;
  /** [height, width, channels] or [frames, height, width, channels]. */
  shape: number[];
  /** Kept in 8 bits, 16 bits without sign, or as floats. */
  type: "8-bit" | "16-bit" | "float";
  /** The format says that these are colours (and opacity, where there are 2 or 4 of them). */
  isPicture: boolean;
}

/** An image that is read when it is asked for. */
export interface OwnImage {
  /** For messages and captions. */
  readonly name: string;
  read(): Promise<OwnPixels>;
}

/** How many channels an axis may have to be taken for them without being told. */
const MOST_CHANNELS = 8;

const AXES = /^n?d?(hwc?|chw)$/;

/**
 * Checks what a user says of an array's axes: letters for examples (n), frames (d), rows (h), columns (w), channels (c).
 *
 * @throws {RangeError} If it cannot be.
 */
export function checkAxes(axes: string): string {
  if (AXES.test(axes)) return axes;
  throw new RangeError(
    `Cannot take axes "${axes}" as they must be n (examples), d (frames), h, w and c (channels), ` +
      `such as nhwc, nchw or ndhw`,
  );
}

/**
 * The axes of an array that says nothing of them.
 *
 * @param examples Whether the first axis counts examples.
 * @param planes What planes that come first are, where that is known: frames (d) or channels (c).
 * @throws {TypeError} If they can be two things.
 */
export function guessAxes(
  name: string,
  shape: readonly number[],
  examples: boolean,
  planes?: "d" | "c",
): string {
  const n = examples ? "n" : "", sides = shape.slice(examples ? 1 : 0);
  const [first] = sides, last = sides[sides.length - 1];
  if (sides.length === 2) return `${n}hw`;
  if (sides.length === 3 && last <= MOST_CHANNELS && first > MOST_CHANNELS) return `${n}hwc`;
  if (sides.length === 4 && last <= MOST_CHANNELS) return `${n}dhwc`;
  if (sides.length === 3 && planes !== undefined) return `${n}${planes}hw`;
  if (sides.length === 3 && first > MOST_CHANNELS && last > MOST_CHANNELS) return `${n}dhw`;
  const choices = sides.length === 3 ? [`${n}hwc`, `${n}chw`, `${n}dhw`] : ["nhwc", "nchw", "ndhw", "ndhwc"];
  throw new TypeError(
    `Cannot tell what the axes of "${name}", [${shape.join(", ")}], are: say --axes ${
      choices.join(" or ")
    } ` +
      `(n examples, d frames, h rows, w columns, c channels)`,
  );
}

function typeOf(dtype: NpyType): OwnPixels["type"] {
  if (dtype === "u1") return "8-bit";
  return dtype === "u2" ? "16-bit" : "float";
}

/** Values as they are kept: 8 and 16 bits without sign as they are, all else as floats. */
function keptValues(data: NpyValues, dtype: NpyType): OwnPixels["data"] {
  if (data instanceof Uint8Array && dtype === "u1") return data;
  if (data instanceof Uint16Array || data instanceof Float32Array) return data;
  return Float32Array.from<number | bigint>(data, Number);
}

/** Reorders one example to channels last. */
function channelsLast(data: OwnPixels["data"], channels: number): OwnPixels["data"] {
  const out = data.slice(), size = data.length / channels;
  for (let c = 0; c < channels; c++) {
    for (let p = 0; p < size; p++) out[p * channels + c] = data[c * size + p];
  }
  return out;
}

/**
 * One example's values and axes (without n) as an image. Three channels of 8 bits that come last are colours in arrays
 * too; channels that come first are bands, also where each was a picture.
 */
function imageOf(
  data: OwnPixels["data"],
  shape: readonly number[],
  axes: string,
  file: FileArray,
): OwnPixels {
  const type = typeOf(file.dtype);
  if (axes.endsWith("c")) {
    const isPicture = file.isPicture || (type === "8-bit" && shape[shape.length - 1] === 3);
    return { data, shape: [...shape], type, isPicture };
  }
  if (!axes.includes("c")) return { data, shape: [...shape, 1], type, isPicture: file.isPicture };
  const [channels, height, width] = shape.slice(-3);
  return { data: channelsLast(data, channels), shape: [height, width, channels], type, isPicture: false };
}

/** Checks that axes are as many as an array's sides. */
function fitted(axes: string, { shape }: FileArray, name: string): string {
  if (axes.length === shape.length) return axes;
  throw new RangeError(`Cannot take "${name}" as --axes ${axes}: it has shape [${shape.join(", ")}]`);
}

/**
 * An array as images: each of its first axis, or all of it as one.
 *
 * @param axes As {@linkcode checkAxes} has them.
 * @throws {RangeError} If the axes are not as many as the array's.
 */
export function imagesOf(array: FileArray, name: string, axes: string): OwnImage[] {
  fitted(axes, array, name);
  const shape = array.shape;
  if (!axes.startsWith("n")) {
    return [{
      name,
      async read() {
        const { data } = await array.read();
        return imageOf(keptValues(data, array.dtype), shape, axes, array);
      },
    }];
  }
  return Array.from({ length: shape[0] }, (_, i) => ({
    name: `${name}[${i}]`,
    async read() {
      const { data } = await array.read([i, i + 1]);
      return imageOf(keptValues(data, array.dtype), shape.slice(1), axes.slice(1), array);
    },
  }));
}

/** The pages of a file as one array, where they are several of one shape; a single array as it is. */
export function stackOf(file: OpenedFile): FileArray | undefined {
  const { arrays } = file, [first] = arrays;
  if (arrays.length < 2) return first;
  if (file.format !== "tiff" && file.format !== "fits") return undefined;
  const alike = arrays.every(({ shape, dtype }) =>
    String(shape) === String(first.shape) && dtype === first.dtype
  );
  if (!alike) return undefined;
  const channels = first.isPicture && first.shape.at(-1) === 1 ? first.shape.slice(0, -1) : first.shape;
  return {
    ...first,
    name: "",
    shape: [arrays.length, ...channels],
    async read([from, end] = [0, arrays.length]) {
      const pages = await Promise.all(arrays.slice(from, end).map((array) => array.read()));
      const size = pages[0].data.length;
      const data = new (pages[0].data.constructor as new (length: number) => Uint8Array)(pages.length * size);
      pages.forEach((page, i) => data.set(page.data as Uint8Array, i * size));
      return { data, shape: [pages.length, ...channels] };
    },
  };
}
