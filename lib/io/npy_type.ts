/** Types of values by NumPy's names, which every format of arrays here goes by. @module */

/** Arrays that a .npy file is decoded to. */
export type NpyValues =
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Float32Array
  | Float64Array;

/** NumPy's names of the types understood here, without the byte order. `f2` is read into 32-bit, `b1` into 0 and 1. */
export type NpyType = "b1" | "u1" | "u2" | "u4" | "u8" | "i1" | "i2" | "i4" | "i8" | "f2" | "f4" | "f8";

/** The arrays that values of each type are decoded to. */
export const NPY_ARRAYS = {
  b1: Uint8Array,
  u1: Uint8Array,
  u2: Uint16Array,
  u4: Uint32Array,
  u8: BigUint64Array,
  i1: Int8Array,
  i2: Int16Array,
  i4: Int32Array,
  i8: BigInt64Array,
  f2: Float32Array,
  f4: Float32Array,
  f8: Float64Array,
} as const satisfies Readonly<Record<NpyType, new (length: number) => NpyValues>>;
