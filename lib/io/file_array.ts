/** An array of a file, whatever its format. @module */
import { checkRows } from "./_problem.ts";
import type { NpyType, NpyValues } from "./npy_type.ts";

/** An array of a file, read when it is asked for. */
export interface FileArray {
  /** The file's own word for it: extension, dataset, key, page number; "" where a file can have one only. */
  readonly name: string;
  /** Sides, slowest first. A picture is [height, width, channels]. */
  readonly shape: readonly number[];
  /** NumPy's name of the values' type. */
  readonly dtype: NpyType;
  /** Whether the format says that this is one picture. */
  readonly isPicture: boolean;
  /** What a white pixel has, where the file says so. */
  readonly white?: number;
  /**
   * Reads all of it, or some of its first axis.
   *
   * @param rows From `first` to before `end`. @default {all}
   */
  read(rows?: readonly [first: number, end: number]): Promise<{ data: NpyValues; shape: number[] }>;
}

/** An array that decoding has put into memory already. */
export function heldArray(
  name: string,
  { data, shape, dtype = typeOfValues(data) }: { data: NpyValues; shape: readonly number[]; dtype?: NpyType },
  isPicture = false,
  white?: number,
): FileArray {
  return {
    name,
    white,
    shape,
    dtype,
    isPicture,
    read: (rows) => Promise.try(() => rowsOf(data, shape, rows)),
  };
}

/** Rows of an array in memory, as views. */
function rowsOf(data: NpyValues, shape: readonly number[], rows?: readonly [number, number]) {
  if (!rows) return { data, shape: [...shape] };
  checkRows(rows, shape);
  const [first, end] = rows;
  const size = shape.slice(1).reduce((a, b) => a * b, 1);
  return {
    data: data.subarray(first * size, end * size) as NpyValues,
    shape: [end - first, ...shape.slice(1)],
  };
}

function typeOfValues(data: NpyValues): NpyType {
  const kind = data instanceof Float32Array || data instanceof Float64Array
    ? "f"
    : data.constructor.name.includes("Uint")
    ? "u"
    : "i";
  return `${kind}${data.BYTES_PER_ELEMENT}` as NpyType;
}
