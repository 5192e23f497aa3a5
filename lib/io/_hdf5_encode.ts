/**
 * Pieces of an HDF5 file: little-endian fields, messages of object headers, checksums.
 *
 * Source: HDF5 File Format Specification 3.0; lookup3.c by B. Jenkins (public domain), which the library takes for
 * checksums. @module
 */
import { field, joinParts, type Part, u8 } from "./_parts.ts";
import type { NpyType, NpyValues } from "./npy_type.ts";

/** Fields, low byte first. */
export const u16 = (value: number): Uint8Array => field(2, (view) => view.setUint16(0, value, true));
export const u32 = (value: number): Uint8Array => field(4, (view) => view.setUint32(0, value, true));
export const u64 = (value: number): Uint8Array =>
  field(8, (view) => view.setBigUint64(0, BigInt(value), true));
/** The address that stands for none. */
export const NOWHERE = new Uint8Array(8).fill(255);

/** A message of an object header of version 2. */
export function message(type: number, body: Part, flags = 0): Part {
  const bytes = joinParts(body);
  if (bytes.length > 0xffff) throw new RangeError(`${bytes.length} bytes exceed the 65,535 of a message`);
  return [u8(type), u16(bytes.length), u8(flags), bytes];
}

/** An object header of version 2: signature, messages, checksum. */
export function objectHeader(messages: readonly Part[]): Uint8Array {
  const body = joinParts(messages);
  const head = joinParts([new TextEncoder().encode("OHDR"), u8(2, 2), u32(body.length), body]);
  return joinParts([head, u32(lookup3(head))]);
}

/** A type of numbers; `b1` is the enumeration of FALSE and TRUE that h5py takes for booleans. */
export function datatype(dtype: NpyType): Part {
  const kind = dtype[0], size = Number(dtype[1]);
  if (kind === "b") {
    const names = new TextEncoder().encode("FALSE\0TRUE\0");
    return [u8(0x38, 2, 0, 0), u32(1), datatype("i1"), names, u8(0, 1)];
  }
  if (kind !== "f") return [u8(0x10, kind === "i" ? 8 : 0, 0, 0), u32(size), u16(0), u16(8 * size)];
  const [exponentAt, exponentBits, mantissaBits, bias] = ({
    2: [10, 5, 10, 15],
    4: [23, 8, 23, 127],
    8: [52, 11, 52, 1023],
  } as Record<number, number[]>)[size];
  const head = u8(0x11, 0x20, 8 * size - 1, 0); // the mantissa's first 1 is not written; the sign is the highest bit
  return [head, u32(size), u16(0), u16(8 * size), u8(exponentAt, exponentBits, 0, mantissaBits), u32(bias)];
}

/** A shape, and how far it may grow; none for a single number. */
export function dataspace(shape: readonly number[]): Part {
  return [u8(2, shape.length, 0, shape.length === 0 ? 0 : 1), shape.map(u64)];
}

/** NumPy's name of an array's own type. */
export function ownType(data: NpyValues): NpyType {
  const name = data.constructor.name;
  const kind = name.startsWith("Float") ? "f" : name.includes("Uint") ? "u" : "i";
  return `${kind}${data.BYTES_PER_ELEMENT}` as NpyType;
}

/** Values as the file keeps them, low byte first as on every machine that this runs on. */
export function valueBytes(data: NpyValues, dtype: NpyType): Uint8Array {
  if (dtype === "f2") {
    const out = new Uint8Array(2 * data.length), view = new DataView(out.buffer);
    (data as Float32Array).forEach((value, i) => view.setFloat16(2 * i, value, true));
    return out;
  }
  if (dtype === "b1") return Uint8Array.from<number | bigint>(data, (value) => value ? 1 : 0);
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** Jenkins' hash of bytes, seeded with 0. */
export function lookup3(bytes: Uint8Array): number {
  const rotate = (value: number, by: number) => value << by | value >>> (32 - by);
  const word = (at: number) =>
    (bytes[at] ?? 0) | (bytes[at + 1] ?? 0) << 8 | (bytes[at + 2] ?? 0) << 16 | (bytes[at + 3] ?? 0) << 24;
  let a = (0xdeadbeef + bytes.length) | 0, b = a, c = a, at = 0;
  for (; bytes.length - at > 12; at += 12) {
    a = (a + word(at)) | 0;
    b = (b + word(at + 4)) | 0;
    c = (c + word(at + 8)) | 0;
    a = (a - c) ^ rotate(c, 4);
    c = (c + b) | 0;
    b = (b - a) ^ rotate(a, 6);
    a = (a + c) | 0;
    c = (c - b) ^ rotate(b, 8);
    b = (b + a) | 0;
    a = (a - c) ^ rotate(c, 16);
    c = (c + b) | 0;
    b = (b - a) ^ rotate(a, 19);
    a = (a + c) | 0;
    c = (c - b) ^ rotate(b, 4);
    b = (b + a) | 0;
  }
  if (bytes.length === at) return c >>> 0;
  a = (a + word(at)) | 0;
  b = (b + word(at + 4)) | 0;
  c = (c + word(at + 8)) | 0;
  c = ((c ^ b) - rotate(b, 14)) | 0;
  a = ((a ^ c) - rotate(c, 11)) | 0;
  b = ((b ^ a) - rotate(a, 25)) | 0;
  c = ((c ^ b) - rotate(b, 16)) | 0;
  a = ((a ^ c) - rotate(c, 4)) | 0;
  b = ((b ^ a) - rotate(a, 14)) | 0;
  c = ((c ^ b) - rotate(b, 24)) | 0;
  return c >>> 0;
}

/**
 * Packs by LZF, as `unpackLzf` of _hdf5_filters.ts undoes it.
 *
 * @returns Undefined where the result would not be shorter: such a chunk is kept as it is.
 */
export function packLzf(bytes: Uint8Array): Uint8Array | undefined {
  const size = bytes.length, out = new Uint8Array(size), last = size - 3;
  const places = new Int32Array(1 << 16).fill(-1);
  let from = 0, to = 0, literals = 0; // bytes from `literals` on are not written yet
  const flush = (end: number): boolean => {
    for (let at = literals; at < end;) {
      const count = Math.min(32, end - at);
      if (to + 1 + count > size) return false;
      out[to++] = count - 1;
      out.set(bytes.subarray(at, at + count), to);
      to += count;
      at += count;
    }
    return true;
  };
  while (from <= last) {
    const key = bytes[from] | bytes[from + 1] << 8 | bytes[from + 2] << 16;
    const slot = (Math.imul(key, 0x9e3779b1) >>> 16) & 0xffff, before = places[slot];
    places[slot] = from;
    const distance = from - before - 1;
    const same = before >= 0 && distance < 8192 && bytes[before] === bytes[from] &&
      bytes[before + 1] === bytes[from + 1] && bytes[before + 2] === bytes[from + 2];
    if (!same) {
      from++;
      continue;
    }
    const most = Math.min(264, size - from);
    let length = 3;
    while (length < most && bytes[before + length] === bytes[from + length]) length++;
    if (!flush(from) || to + 3 > size) return undefined;
    const code = length - 2;
    if (code < 7) out[to++] = code << 5 | distance >> 8;
    else {
      out[to++] = 7 << 5 | distance >> 8;
      out[to++] = code - 7;
    }
    out[to++] = distance & 255;
    from += length;
    literals = from;
  }
  if (!flush(size) || to >= size) return undefined;
  return out.slice(0, to);
}

/** Puts bytes together by their place in a value of `size` bytes. */
export function shuffleBytes(bytes: Uint8Array, size: number): Uint8Array {
  const out = new Uint8Array(bytes.length), count = Math.floor(bytes.length / size);
  for (let b = 0; b < size; b++) {
    for (let i = 0, to = b * count, at = b; i < count; i++, at += size) out[to + i] = bytes[at];
  }
  out.set(bytes.subarray(count * size), count * size);
  return out;
}
