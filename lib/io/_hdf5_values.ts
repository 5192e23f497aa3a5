/** Bytes of a dataset as numbers of this machine. @module */
import type { NumberType } from "./_hdf5_header.ts";
import { NPY_ARRAYS, type NpyType, type NpyValues } from "./npy_type.ts";

/**
 * Turns bytes into numbers.
 *
 * @param raw Whole values; changed, and the result's memory where they are kept as they are.
 * @param type How they are kept, by default as the machine keeps `dtype`.
 */
export function toValues(raw: Uint8Array<ArrayBuffer>, dtype: NpyType, type?: NumberType): NpyValues {
  const size = Number(dtype[1]);
  if (type && !type.little && size > 1) swapBytes(raw, size);
  if (dtype === "f2") {
    const view = new DataView(raw.buffer, raw.byteOffset);
    return Float32Array.from({ length: raw.length / 2 }, (_, i) => view.getFloat16(2 * i, true));
  }
  const values = new NPY_ARRAYS[dtype](raw.buffer, raw.byteOffset, raw.length / size);
  if (type?.kind === "integer" && (type.offset > 0 || type.precision < 8 * size)) onlyUsedBits(values, type);
  return values;
}

function swapBytes(raw: Uint8Array, size: number): void {
  if (size === 2) {
    for (let i = 0; i < raw.length; i += 2) {
      const low = raw[i];
      raw[i] = raw[i + 1];
      raw[i + 1] = low;
    }
    return;
  }
  for (let at = 0; at < raw.length; at += size) raw.subarray(at, at + size).reverse();
}

/** Takes the bits that a narrower number has of its storage, the sign with them. */
function onlyUsedBits(values: NpyValues, { offset, precision, signed }: NumberType): void {
  if (values instanceof BigUint64Array || values instanceof BigInt64Array) {
    for (let i = 0; i < values.length; i++) {
      const bits = BigInt.asUintN(64, values[i]) >> BigInt(offset);
      values[i] = signed ? BigInt.asIntN(precision, bits) : BigInt.asUintN(precision, bits);
    }
    return;
  }
  const unused = 32 - precision;
  for (let i = 0; i < values.length; i++) {
    const bits = ((values[i] as number) >>> offset) << unused;
    values[i] = signed ? bits >> unused : bits >>> unused;
  }
}
