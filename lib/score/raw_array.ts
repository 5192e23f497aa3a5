/** One input's values as a file has them, before any preprocessing. @module */
import type { Image } from "../io/image.ts";
import type { NpyType, NpyValues } from "../io/npy_type.ts";
import { countValues } from "./tensor.ts";

/** The number types that values are kept in on their way to a model. */
export type RawValues = Uint8Array | Uint16Array | Float32Array;

/** Hits of a tracker's event as they were measured, for whoever draws them: [hits] each. */
export interface DrawnHits {
  /** Of the foil, 0 or 1. */
  side: number[];
  /** From the foil. */
  layer: number[];
  /** Along the foil. */
  column: number[];
  /** -1 where it is not known. */
  radiusMm: number[];
  /** 0 where it is missing. */
  heightMm: number[];
  /** Number of the pixel or the point that the model sees it as; -1 where it does not. */
  place: number[];
}

/** Values of one example of one input. */
export interface RawArray {
  /** Row-major. */
  data: RawValues;
  /** Channels last, without a batch axis. */
  shape: readonly number[];
  /** What the file had. */
  dtype: NpyType;
  /** The format says that this is a picture, which uses its type's whole range unless `white` says otherwise. */
  isPicture?: boolean;
  /** What a white pixel has, where the file says so. */
  white?: number;
  /** What its user should know of the file although it was read. */
  notes?: readonly string[];
  /** Lowest and highest value of the whole file, so that all its examples are taken by the same measure. */
  limits?: readonly [low: number, high: number];
  /** The hits that the picture was drawn of. */
  hits?: DrawnHits;
}

/** One example: the values of every input by its name. */
export type Example = Readonly<Record<string, RawArray>>;

/** A decoded picture as an array. */
export function fromImage({ data, height, width, channels, depth, white }: Image): RawArray {
  const dtype = depth === 8 ? "u1" : depth === 16 ? "u2" : "f4";
  const array = { data, shape: [height, width, channels], dtype, isPicture: depth !== 32 } as const;
  return white === undefined ? array : { ...array, white };
}

/** Values in a type that they are kept in, a view where they are in one already. */
export function rawValues(values: NpyValues, first = 0, end = values.length): RawValues {
  const part = values.subarray(first, end);
  if (part instanceof Uint8Array || part instanceof Uint16Array || part instanceof Float32Array) return part;
  return Float32Array.from<number | bigint>(part, Number);
}

/** Cuts values into so many examples of one shape, each a view, with what is said of all of them. */
export function cutExamples(
  values: RawValues,
  { examples, shape }: { examples: number; shape: readonly number[] },
  { dtype, isPicture, white, limits }: Pick<RawArray, "dtype" | "isPicture" | "white" | "limits">,
): RawArray[] {
  const size = countValues(shape);
  return Array.from({ length: examples }, (_, i) => ({
    data: values.subarray(i * size, (i + 1) * size) as RawValues,
    shape,
    dtype,
    isPicture,
    ...(white === undefined ? {} : { white }),
    ...(limits ? { limits } : {}),
  }));
}

/** The lowest and the highest of the values that are numbers; both 0 where none is. */
export function limitsOf(values: ArrayLike<number>): [low: number, high: number] {
  let low = Infinity, high = -Infinity;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : [0, 0];
}
