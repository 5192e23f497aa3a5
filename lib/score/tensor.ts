/**
 * Tensors as they travel between a client, the batcher and ONNX Runtime: row-major typed arrays with the data types
 * of the Open Inference Protocol. @module
 */
import type { NpyValues } from "../io/npy_type.ts";

/** Data types of the Open Inference Protocol that a model here can take or give. */
export type TensorType =
  | "BOOL"
  | "UINT8"
  | "UINT16"
  | "UINT32"
  | "UINT64"
  | "INT8"
  | "INT16"
  | "INT32"
  | "INT64"
  | "FP32"
  | "FP64";

/** The values of a tensor, row-major. BOOL travels as bytes 0 and 1. */
export type TensorData = NpyValues;

/** A named tensor. */
export interface Tensor {
  /** As the model calls it. */
  name: string;
  /** Type of a value. */
  type: TensorType;
  /** Every dimension, the batch first. */
  shape: number[];
  /** Values, row-major. */
  data: TensorData;
}

/** What a model says of one of its inputs or outputs; -1 is a dimension that may vary. */
export interface TensorInfo {
  /** As the model calls it. */
  name: string;
  /** Type of a value. */
  type: TensorType;
  /** Sides, slowest first; -1 where any number fits. */
  shape: number[];
}

interface TypeEntry {
  bytes: number;
  make(length: number): TensorData;
  view(buffer: ArrayBuffer, offset: number, length: number): TensorData;
}

/** Width and array class of every data type. */
export const TENSOR_TYPES: Readonly<Record<TensorType, TypeEntry>> = {
  BOOL: { bytes: 1, make: (n) => new Uint8Array(n), view: (b, o, n) => new Uint8Array(b, o, n) },
  UINT8: { bytes: 1, make: (n) => new Uint8Array(n), view: (b, o, n) => new Uint8Array(b, o, n) },
  UINT16: { bytes: 2, make: (n) => new Uint16Array(n), view: (b, o, n) => new Uint16Array(b, o, n) },
  UINT32: { bytes: 4, make: (n) => new Uint32Array(n), view: (b, o, n) => new Uint32Array(b, o, n) },
  UINT64: { bytes: 8, make: (n) => new BigUint64Array(n), view: (b, o, n) => new BigUint64Array(b, o, n) },
  INT8: { bytes: 1, make: (n) => new Int8Array(n), view: (b, o, n) => new Int8Array(b, o, n) },
  INT16: { bytes: 2, make: (n) => new Int16Array(n), view: (b, o, n) => new Int16Array(b, o, n) },
  INT32: { bytes: 4, make: (n) => new Int32Array(n), view: (b, o, n) => new Int32Array(b, o, n) },
  INT64: { bytes: 8, make: (n) => new BigInt64Array(n), view: (b, o, n) => new BigInt64Array(b, o, n) },
  FP32: { bytes: 4, make: (n) => new Float32Array(n), view: (b, o, n) => new Float32Array(b, o, n) },
  FP64: { bytes: 8, make: (n) => new Float64Array(n), view: (b, o, n) => new Float64Array(b, o, n) },
};

/** The name that ONNX Runtime has for each data type. */
export const ONNX_TYPES: Readonly<Record<TensorType, string>> = {
  BOOL: "bool",
  UINT8: "uint8",
  UINT16: "uint16",
  UINT32: "uint32",
  UINT64: "uint64",
  INT8: "int8",
  INT16: "int16",
  INT32: "int32",
  INT64: "int64",
  FP32: "float32",
  FP64: "float64",
};

/** Whether a word names a data type that tensors here can have. */
export function isTensorType(word: unknown): word is TensorType {
  return typeof word === "string" && Object.hasOwn(TENSOR_TYPES, word);
}

/** The data type behind ONNX Runtime's name for it. @throws {TypeError} If there is none here. */
export function fromOnnxType(name: string): TensorType {
  for (const [type, onnx] of Object.entries(ONNX_TYPES)) if (onnx === name) return type as TensorType;
  throw new TypeError(
    `Cannot use ONNX tensor of type "${name}" as only ${Object.values(ONNX_TYPES).join(", ")} are known`,
  );
}

/**
 * Number of values in a shape, refusing what no tensor can have.
 *
 * @param shape Dimensions from 0 up; their product at most `limit`.
 * @throws {RangeError} If a dimension is negative or no whole number, or the product passes `limit`.
 * @example
 * ```ts
 * import { countValues } from "./tensor.ts";
 * countValues([2, 28, 28, 1]); // 1568
 * ```
 */
export function countValues(shape: readonly number[], limit = 2 ** 31): number {
  let count = 1;
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0) {
      throw new RangeError(
        `Cannot use shape [${shape}] as every dimension must be a whole number from 0: got ${size}`,
      );
    }
    count *= size;
    if (count > limit) {
      throw new RangeError(`Cannot use shape [${shape}] as it has more than ${limit} values`);
    }
  }
  return count;
}

/** Rows `first` to `last` (not included) of a tensor's first axis, sharing its memory. */
export function sliceRows(tensor: Tensor, first: number, last: number): Tensor {
  const width = countValues(tensor.shape.slice(1));
  const data = tensor.data.subarray(first * width, last * width) as TensorData;
  return { name: tensor.name, type: tensor.type, shape: [last - first, ...tensor.shape.slice(1)], data };
}

/** Tensors of the same type and sides, one after the other along their first axis. */
export function joinRows(parts: readonly Tensor[]): Tensor {
  const [{ name, type, shape: [, ...sides] }] = parts;
  const rows = parts.reduce((sum, { shape }) => sum + shape[0], 0);
  const shape = [rows, ...sides];
  const data = TENSOR_TYPES[type].make(countValues(shape));
  let offset = 0;
  for (const part of parts) {
    (data as Float32Array).set(part.data as Float32Array, offset);
    offset += part.data.length;
  }
  return { name, type, shape, data };
}
