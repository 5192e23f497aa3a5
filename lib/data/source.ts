/**
 * Where training examples come from: named input arrays, named target arrays, and a weight where examples count
 * differently; in memory, or read on demand.
 * @module
 */

/** Values, row-major. */
export type Values = Uint8Array | Int32Array | Float32Array;

/** An array of any rank; in a source its first axis counts the examples. */
export interface NdArray<D extends Values = Values> {
  /** Values, row-major. */
  data: D;
  /** Sides, slowest first. */
  shape: readonly number[];
}

/** Arrays by name. */
export type NamedArrays = Readonly<Record<string, NdArray>>;

/** An array that an engine keeps, in its own memory. */
export interface DeviceArray {
  /** Sides, slowest first. */
  readonly shape: readonly number[];
  /** Type of a value. */
  readonly dtype: "uint8" | "int32" | "float32";
  /** Frees the memory. */
  dispose(): void;
}

/** One named array of a source, without its first axis. */
export interface ArraySpec {
  /** Shape of one example; [] for a number. */
  shape: readonly number[];
  /** Type of a value. */
  dtype: "uint8" | "int32" | "float32";
  /** How many of the input's preprocessing steps reading has done already, such as a crop. @default {0} */
  applied?: number;
  /** What a white pixel has, for steps that ask. @default {255} */
  white?: number;
}

/** Some examples. */
export interface Batch {
  /** What the model takes, by name. */
  inputs: Record<string, NdArray>;
  /** What it should give, by name. */
  targets: Record<string, NdArray>;
  /** One weight an example. */
  weight?: Float32Array;
}

/** All examples in memory. Several sources may share the arrays, each with its own rows. */
export interface HeldArrays {
  /** What the model takes, by name. */
  inputs: Readonly<Record<string, NdArray | DeviceArray>>;
  /** What it should give, by name. */
  targets: Readonly<Record<string, NdArray | DeviceArray>>;
  /** One weight an example. */
  weight?: Float32Array;
  /** Which rows are the examples. @default {all rows in order} */
  rows?: Uint32Array;
}

/** Training, validation or test examples. */
export interface Source {
  /** Number of examples. */
  readonly size: number;
  /** What each input holds, by name. */
  readonly inputs: Readonly<Record<string, ArraySpec>>;
  /** What each target holds, by name. */
  readonly targets: Readonly<Record<string, ArraySpec>>;
  /** Whether examples have weights in the loss. @default {false} */
  readonly weighted?: boolean;
  /** Where all examples are in memory: an engine then keeps them once and gathers batches inside its compiled step. */
  readonly held?: HeldArrays;
  /**
   * Reads the examples with these numbers, in their order.
   *
   * @param indices From 0 to `size - 1`.
   */
  read(indices: Uint32Array): Promise<Batch>;
}

/** Options for {@linkcode fromArrays}. */
export interface FromArraysOptions {
  /** How many leading preprocessing steps each input has behind it, by name. @default {none} */
  applied?: Readonly<Record<string, number>>;
  /** One weight an example. */
  weight?: Float32Array;
  /** Which rows are the examples. @default {all in order} */
  rows?: Uint32Array;
}

/** Whether an array's values are here, rather than in an engine's memory. */
export function isNdArray(array: NdArray | DeviceArray): array is NdArray {
  return !("dtype" in array);
}

function dtypeOf(array: NdArray | DeviceArray): ArraySpec["dtype"] {
  if (!isNdArray(array)) return array.dtype;
  if (array.data instanceof Uint8Array) return "uint8";
  return array.data instanceof Int32Array ? "int32" : "float32";
}

function named(
  arrays: NdArray | DeviceArray | Readonly<Record<string, NdArray | DeviceArray>>,
  name: string,
): Record<string, NdArray | DeviceArray> {
  const single = Array.isArray((arrays as NdArray).shape);
  return single ? { [name]: arrays as NdArray } : { ...arrays as Record<string, NdArray> };
}

/** Rows of an array, copied in the order given. */
export function takeRowsOf<D extends Values>(
  { data, shape }: NdArray<D>,
  rows: ArrayLike<number>,
): NdArray<D> {
  const width = shape.slice(1).reduce((product, side) => product * side, 1);
  const out = new (data.constructor as new (length: number) => D)(rows.length * width);
  for (let i = 0; i < rows.length; i++) {
    out.set(data.subarray(rows[i] * width, (rows[i] + 1) * width), i * width);
  }
  return { data: out, shape: [rows.length, ...shape.slice(1)] };
}

/**
 * Rows of several arrays in one, copied, one array's after the other's.
 *
 * @param parts One or more; their rows have the same shape.
 * @example
 * ```ts
 * const one = { data: Float32Array.of(1, 2), shape: [1, 2] };
 * joinRowsOf([one, one]).shape; // [2, 2]
 * ```
 */
export function joinRowsOf<D extends Values>(parts: readonly NdArray<D>[]): NdArray<D> {
  const [{ data: first, shape }] = parts, length = parts.reduce((sum, { data }) => sum + data.length, 0);
  const out = new (first.constructor as new (length: number) => D)(length);
  let at = 0, rows = 0;
  for (const part of parts) {
    out.set(part.data, at);
    at += part.data.length;
    rows += part.shape[0];
  }
  return { data: out, shape: [rows, ...shape.slice(1)] };
}

/**
 * A source of arrays: one array each of inputs and targets, or several by name.
 *
 * Shapes: the first axis of every array counts the examples. Types: uint8 inputs reach the model as float32, 0 to 255.
 *
 * @param x Inputs; a single array is called "image".
 * @param y Targets; a single array is called "label". Without targets the source serves prediction only.
 * @throws {TypeError} If an array is none.
 * @throws {RangeError} If an array's values do not fill its shape, or arrays differ in their number of examples.
 * @example Two examples of two pixels, and their classes
 * ```ts
 * import { fromArrays } from "./source.ts";
 * const x = { data: Float32Array.of(0, 1, 1, 0), shape: [2, 2] };
 * fromArrays(x, { data: Int32Array.of(0, 1), shape: [2] }).size; // 2
 * ```
 */
export function fromArrays(
  x: NdArray | DeviceArray | Readonly<Record<string, NdArray | DeviceArray>>,
  y: NdArray | DeviceArray | Readonly<Record<string, NdArray | DeviceArray>> = {},
  options: FromArraysOptions = {},
): Source {
  const { weight, rows, applied = {} } = options;
  checkArrays(x, "inputs");
  checkArrays(y, "targets");
  const inputs = named(x, "image"), targets = named(y, "label");
  const all = Object.entries({ ...inputs, ...targets });
  if (Object.keys(inputs).length === 0) throw new RangeError("Cannot make a source without inputs");
  const count = all[0][1].shape[0];
  for (const [name, array] of all) checkArray(name, array, count);
  if (weight && weight.length !== count) {
    throw new RangeError(`Cannot make a source of ${count} examples as there are ${weight.length} weights`);
  }
  const specs = (arrays: Record<string, NdArray | DeviceArray>) =>
    Object.fromEntries(
      Object.entries(arrays).map(([name, array]) => {
        const spec: ArraySpec = { shape: array.shape.slice(1), dtype: dtypeOf(array) };
        if (applied[name]) spec.applied = applied[name];
        return [name, spec];
      }),
    );
  const pick = (arrays: Record<string, NdArray | DeviceArray>, indices: Uint32Array) => {
    const picked: Record<string, NdArray> = {};
    for (const [name, array] of Object.entries(arrays)) {
      if (!isNdArray(array)) {
        throw new TypeError(`Cannot read "${name}" here as its values are in the engine's memory`);
      }
      picked[name] = takeRowsOf(array, indices);
    }
    return picked;
  };
  return {
    size: rows?.length ?? count,
    inputs: specs(inputs),
    targets: specs(targets),
    weighted: weight !== undefined,
    held: { inputs, targets, weight, rows },
    // deno-lint-ignore require-await -- a throw is to be a rejection
    async read(indices) {
      const wanted = rows ? indices.map((index) => rows[index]) : indices;
      return {
        inputs: pick(inputs, wanted),
        targets: pick(targets, wanted),
        ...(weight && { weight: Float32Array.from(wanted, (row) => weight[row]) }),
      };
    },
  };
}

/** Refuses what a script without types may hand over in place of arrays. @throws {TypeError} */
function checkArrays(arrays: unknown, what: string): void {
  const isBag = typeof arrays === "object" && arrays !== null && !ArrayBuffer.isView(arrays) &&
    !Array.isArray(arrays);
  const all = isBag ? Object.values(named(arrays as NdArray, what)) : [];
  const isArray = (one: Partial<NdArray & DeviceArray> | null | undefined) =>
    Array.isArray(one?.shape) && (ArrayBuffer.isView(one.data) || one.dtype !== undefined);
  if (isBag && all.every(isArray)) return;
  throw new TypeError(
    `Cannot make a source as its ${what} must be { data, shape } with data in a typed array, or such arrays by name`,
  );
}

function checkArray(name: string, array: NdArray | DeviceArray, count: number): void {
  const size = array.shape.reduce((product, side) => product * side, 1);
  if (isNdArray(array) && array.data.length !== size) {
    throw new RangeError(
      `Cannot use array "${name}" of shape [${array.shape}] as it must hold ${size} values: got ${array.data.length}`,
    );
  }
  if (array.shape.length === 0 || array.shape[0] !== count) {
    throw new RangeError(
      `Cannot use array "${name}" as all arrays must hold ${count} examples: got ${array.shape[0] ?? "none"}`,
    );
  }
}

/**
 * Some of a source's examples as a source of its own; shares the arrays.
 *
 * @param rows Numbers of the examples, in the order in which the new source has them.
 * @throws {RangeError} If a number is out of range.
 * @example
 * ```ts
 * import { fromArrays, subset } from "./source.ts";
 * const source = fromArrays({ data: Float32Array.of(5, 6, 7), shape: [3, 1] });
 * (await subset(source, Uint32Array.of(2)).read(Uint32Array.of(0))).inputs.image.data; // 7
 * ```
 */
export function subset(source: Source, rows: Uint32Array): Source {
  for (const row of rows) {
    if (row >= source.size) {
      throw new RangeError(`Cannot take example ${row} of a source: it has ${source.size}`);
    }
  }
  const { held } = source;
  const read = (indices: Uint32Array) => source.read(indices.map((index) => rows[index]));
  if (!held) return { ...source, size: rows.length, read };
  const chosen = held.rows ? rows.map((row) => held.rows![row]) : rows;
  return { ...source, size: rows.length, held: { ...held, rows: chosen }, read };
}
