/**
 * The vocabulary that tfjs-node's kernels and the C API share: data types, attribute kinds, tensor records.
 *
 * Source: `TF_DataType` in `tensorflow/c/tf_datatype.h`; the attribute kinds are tfjs-node's own numbering.
 * @module
 */

/** TensorFlow's numbers for the data types that reach the engine. */
export const DataType = {
  FLOAT: 1,
  DOUBLE: 2,
  INT32: 3,
  UINT8: 4,
  STRING: 7,
  COMPLEX64: 8,
  INT64: 9,
  BOOL: 10,
  BFLOAT16: 14,
  RESOURCE: 20,
  UINT64: 23,
} as const;

/** tfjs-node's numbers for attribute kinds. */
export const AttributeKind = {
  STRING: 0,
  INT: 1,
  FLOAT: 2,
  BOOL: 3,
  TYPE: 4,
  SHAPE: 5,
  RESOURCE: 9,
} as const;

/** One attribute of an op, as tfjs-node's kernels write it. */
export interface OpAttribute {
  name: string;
  type: number;
  value: unknown;
}

/** What an op gives back: a tensor id with its shape and TensorFlow data type. */
export interface TensorRecord {
  id: number;
  shape: number[];
  dtype: number;
}

const NAMES: Record<number, string> = {
  1: "float32",
  2: "float64",
  3: "int32",
  4: "uint8",
  7: "string",
  8: "complex64",
  9: "int64",
  10: "bool",
  14: "bfloat16",
  20: "resource",
  23: "uint64",
};

/** Name of a TensorFlow data type, for messages. */
export function dataTypeName(dtype: number): string {
  return NAMES[dtype] ?? `type ${dtype}`;
}

/** Text such as `[256, 28, 28, 1] float32`, for messages. */
export function describeTensor({ shape, dtype }: { shape: readonly number[]; dtype: number }): string {
  return `[${shape.join(", ")}] ${dataTypeName(dtype)}`;
}

/** The attribute that names an element type. */
export function typeAttribute(name: string, dtype: number): OpAttribute {
  return { name, type: AttributeKind.TYPE, value: dtype };
}

/** A whole-number attribute, or a list of them. */
export function intAttribute(name: string, value: number | readonly number[]): OpAttribute {
  return { name, type: AttributeKind.INT, value };
}

/** A yes-or-no attribute. */
export function boolAttribute(name: string, value: boolean): OpAttribute {
  return { name, type: AttributeKind.BOOL, value };
}

/** A real-number attribute. */
export function floatAttribute(name: string, value: number): OpAttribute {
  return { name, type: AttributeKind.FLOAT, value };
}

/** A text attribute. */
export function stringAttribute(name: string, value: string): OpAttribute {
  return { name, type: AttributeKind.STRING, value };
}
