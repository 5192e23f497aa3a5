/**
 * Named arrays in one buffer: the safetensors format, which Python reads too.
 *
 * Layout: 8 bytes little-endian length of the header; the header, JSON of name to dtype, shape and byte range, with
 * texts under `__metadata__`; then the bytes. Source: the format section of huggingface/safetensors' README.
 * @module
 */

/** One array. */
export interface NamedArray {
  data: Float32Array | Int32Array;
  shape: readonly number[];
}

/** What a file holds. */
export interface Safetensors {
  arrays: Map<string, NamedArray>;
  metadata: Record<string, string>;
}

interface HeaderEntry {
  dtype: string;
  shape: number[];
  data_offsets: [first: number, end: number];
}

const HEADER_LIMIT = 100_000_000; // the reference implementation's

/**
 * Packs arrays and texts into bytes.
 *
 * @example
 * ```ts
 * import { encodeSafetensors } from "./safetensors.ts";
 * const arrays = new Map([["w", { data: Float32Array.of(1, 2), shape: [2] }]]);
 * encodeSafetensors({ arrays, metadata: { epoch: "3" } }).length; // a multiple of 8
 * ```
 */
export function encodeSafetensors({ arrays, metadata }: Safetensors): Uint8Array<ArrayBuffer> {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let size = 0;
  for (const [name, { data, shape }] of arrays) {
    const dtype = data instanceof Float32Array ? "F32" : "I32";
    header[name] = { dtype, shape, data_offsets: [size, size += data.byteLength] };
  }
  const plain = new TextEncoder().encode(JSON.stringify(header));
  const text = new Uint8Array(Math.ceil(plain.length / 8) * 8).fill(32); // spaces, so that the data is aligned
  text.set(plain);
  const bytes = new Uint8Array(8 + text.length + size);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  let at = 8 + text.length;
  for (const { data } of arrays.values()) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}

/**
 * Unpacks what {@linkcode encodeSafetensors} packed, or another program, where it holds float32 and int32 only.
 *
 * @param where Name of the file for messages.
 * @throws {SyntaxError} If the bytes are not of this form: cut off, ranges that overlap or leave the file.
 */
export function decodeSafetensors(bytes: Uint8Array, where = "bytes"): Safetensors {
  const refuse = (why: string) => new SyntaxError(`Cannot decode safetensors "${where}": ${why}`);
  if (bytes.length < 8) throw refuse(`expected a header length in 8 bytes, found ${bytes.length} bytes`);
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
  if (length > HEADER_LIMIT || 8 + length > bytes.length) {
    throw refuse(`expected a header of ${length} bytes, found a file of ${bytes.length}`);
  }
  let header: Record<string, unknown>;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, 8 + length)));
  } catch (error) {
    throw refuse(`the header is no JSON (${(error as Error).message})`);
  }
  const { __metadata__: metadata = {}, ...entries } = header as Record<string, HeaderEntry>;
  const arrays = new Map<string, NamedArray>();
  const body = bytes.subarray(8 + length);
  let expected = 0;
  for (const [name, entry] of Object.entries(entries)) {
    const { dtype, shape, data_offsets: [first, end] = [NaN, NaN] } = entry;
    if (dtype !== "F32" && dtype !== "I32") {
      throw refuse(`array "${name}" has dtype ${dtype}, expected F32 or I32`);
    }
    const size = 4 * shape.reduce((product, side) => product * side, 1);
    if (first !== expected || end !== first + size || end > body.length) {
      throw refuse(`array "${name}" of ${size} bytes cannot lie at ${first} to ${end} of ${body.length}`);
    }
    const copy = body.slice(first, end).buffer;
    arrays.set(name, { data: dtype === "F32" ? new Float32Array(copy) : new Int32Array(copy), shape });
    expected = end;
  }
  if (expected !== body.length) throw refuse(`expected ${expected} bytes of arrays, found ${body.length}`);
  return { arrays, metadata: metadata as unknown as Record<string, string> };
}
