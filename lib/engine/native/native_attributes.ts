/**
 * Writing an op's attributes through the C API, which has the same eight setters twice: for eager ops and for graph
 * operations.
 * @module
 */
import { cName, type NativeSymbols } from "./native_library.ts";
import { AttributeKind, type OpAttribute } from "./native_types.ts";

type Target = Deno.PointerValue;
type Bytes = Uint8Array<ArrayBuffer>;

/** One family of setters. */
export interface AttributeSetters {
  string(target: Target, key: Bytes, text: Bytes, length: bigint): void;
  int(target: Target, key: Bytes, value: bigint): void;
  intList(target: Target, key: Bytes, values: BigInt64Array<ArrayBuffer>, length: number): void;
  float(target: Target, key: Bytes, value: number): void;
  floatList(target: Target, key: Bytes, values: Float32Array<ArrayBuffer>, length: number): void;
  bool(target: Target, key: Bytes, value: number): void;
  type(target: Target, key: Bytes, value: number): void;
  shape(target: Target, key: Bytes, sides: BigInt64Array<ArrayBuffer>, rank: number): void;
}

/** The setters of eager ops (`TFE_Op`). */
export function eagerSetters(c: NativeSymbols, status: Deno.PointerValue): AttributeSetters {
  return {
    string: c.TFE_OpSetAttrString,
    int: c.TFE_OpSetAttrInt,
    intList: c.TFE_OpSetAttrIntList,
    float: c.TFE_OpSetAttrFloat,
    floatList: c.TFE_OpSetAttrFloatList,
    bool: c.TFE_OpSetAttrBool,
    type: c.TFE_OpSetAttrType,
    shape: (target, key, sides, rank) => c.TFE_OpSetAttrShape(target, key, sides, rank, status),
  };
}

/** The setters of graph operations (`TF_OperationDescription`). */
export function graphSetters(c: NativeSymbols): AttributeSetters {
  return {
    string: c.TF_SetAttrString,
    int: c.TF_SetAttrInt,
    intList: c.TF_SetAttrIntList,
    float: c.TF_SetAttrFloat,
    floatList: c.TF_SetAttrFloatList,
    bool: c.TF_SetAttrBool,
    type: c.TF_SetAttrType,
    shape: c.TF_SetAttrShape,
  };
}

/** Writes one attribute. @throws {TypeError} If its kind is none of tfjs-node's. */
export function setAttribute(setters: AttributeSetters, target: Target, attribute: OpAttribute): void {
  const { name, type, value } = attribute;
  const key = cName(name);
  switch (type) {
    case AttributeKind.STRING: {
      const text = new TextEncoder().encode(String(value));
      return setters.string(target, key, text, BigInt(text.length));
    }
    case AttributeKind.INT:
      return Array.isArray(value)
        ? setters.intList(target, key, BigInt64Array.from(value, BigInt), value.length)
        : setters.int(target, key, BigInt(value as number));
    case AttributeKind.FLOAT:
      return Array.isArray(value)
        ? setters.floatList(target, key, Float32Array.from(value), value.length)
        : setters.float(target, key, value as number);
    case AttributeKind.BOOL:
      return setters.bool(target, key, value ? 1 : 0);
    case AttributeKind.TYPE:
      return setters.type(target, key, value as number);
    case AttributeKind.SHAPE: {
      const shape = (value ?? []) as number[];
      return setters.shape(target, key, BigInt64Array.from(shape, BigInt), shape.length);
    }
    default:
      throw new TypeError(`Cannot set attribute "${name}" of kind ${type}`);
  }
}
