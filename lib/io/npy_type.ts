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
