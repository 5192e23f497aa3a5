/**
 * The filters that chunks of HDF5 most often went through, undone: deflate, shuffle, LZF and Fletcher's checksum.
 *
 * Source: HDF5 File Format Specification 3.0, IV.A.2.l; liblzf 3.6 by M. Lehmann and h5py's lzf_filter.c; H5checksum.c of
 * the HDF5 library. @module
 */
import { inflateSync } from "node:zlib";
import type { FilterStep } from "./_hdf5_header.ts";

const DEFLATE = 1, SHUFFLE = 2, FLETCHER32 = 3, LZF = 32000;

/** Whether {@linkcode undoFilters} knows all of them. */
export function knowsFilters(filters: readonly FilterStep[]): boolean {
  return filters.every(({ id }) => [DEFLATE, SHUFFLE, FLETCHER32, LZF].includes(id));
}

/**
 * Undoes a chunk's filters, the last one first.
 *
 * @param raw The chunk as it is in the file.
 * @param mask A set bit says that the filter of this number was left out for this chunk.
 * @param out Zeros, as many as the chunk has bytes; may be where its values are wanted in the end.
 * @param size Bytes of a value.
 * @throws {SyntaxError} If the chunk is damaged.
 */
export function undoFilters(
  raw: Uint8Array,
  filters: readonly FilterStep[],
  mask: number,
  out: Uint8Array,
  size: number,
): void {
  const used = filters.filter((_, i) => (mask >> i & 1) === 0);
  let bytes = raw;
  for (let i = used.length - 1; i >= 0; i--) {
    const into = i === 0 ? out : undefined, { id } = used[i];
    const rest = used.slice(0, i).filter((step) => step.id === FLETCHER32).length * 4;
    const length = out.length + rest; // what comes out of this step
    if (id === DEFLATE) bytes = inflate(bytes, length);
    else if (id === FLETCHER32) bytes = checkFletcher32(bytes);
    else if (id === LZF) {
      const unpacked = into ?? new Uint8Array(length);
      unpackLzf(bytes, unpacked);
      bytes = unpacked;
    } else if (id === SHUFFLE) {
      if (bytes.length !== length) throw new SyntaxError(`it has ${bytes.length} bytes, not ${length}`);
      const unshuffled = into ?? new Uint8Array(length);
      unshuffle(bytes, unshuffled, size);
      bytes = unshuffled;
    } else throw new TypeError(`its filter ${id} is not known`);
  }
  if (bytes.length !== out.length) throw new SyntaxError(`it has ${bytes.length} bytes, not ${out.length}`);
  if (bytes !== out) out.set(bytes);
}

function inflate(packed: Uint8Array, length: number): Uint8Array {
  try {
    // One byte of room beyond what is expected shows whether there is more.
    return inflateSync(packed, { chunkSize: Math.max(64, length + 1), maxOutputLength: length + 1 });
  } catch (error) {
    throw new SyntaxError(`its deflate data: ${(error as Error).message}`, { cause: error });
  }
}

/**
 * LZF: a control byte below 32 starts that many + 1 literals; others copy 3 to 264 bytes from up to 8,192 bytes before.
 *
 * @param out Zeros at first: a run of zeros is passed over rather than written, which is most of a sparse image.
 */
export function unpackLzf(packed: Uint8Array, out: Uint8Array): void {
  const end = packed.length, size = out.length;
  let from = 0, to = 0;
  while (from < end) {
    const control = packed[from++];
    if (control < 32) {
      const count = control + 1;
      if (to + count > size || from + count > end) throw new SyntaxError("its LZF data are damaged");
      for (let i = 0; i < count; i++) out[to++] = packed[from++];
      continue;
    }
    let length = control >> 5;
    if (length === 7) length += packed[from++];
    const distance = ((control & 31) << 8) + packed[from++] + 1;
    length += 2;
    let source = to - distance;
    if (!(source >= 0 && to + length <= size)) throw new SyntaxError("its LZF data are damaged");
    if (distance === 1) {
      const value = out[source];
      if (value !== 0) out.fill(value, to, to + length);
      to += length;
    } else if (length > 24 && distance >= length) {
      out.copyWithin(to, source, source + length);
      to += length;
    } else {
      for (const stop = to + length; to < stop;) out[to++] = out[source++];
    }
  }
  if (to !== size) throw new SyntaxError(`its LZF data give ${to} bytes, not ${size}`);
}

/** Bytes that were put together by their place in a value, back in their values; left-over bytes stay at the end. */
function unshuffle(bytes: Uint8Array, out: Uint8Array, size: number): void {
  const count = Math.floor(bytes.length / size);
  if (size === 4) {
    const b = count, c = 2 * count, d = 3 * count;
    for (let i = 0, at = 0; i < count; i++, at += 4) {
      out[at] = bytes[i];
      out[at + 1] = bytes[b + i];
      out[at + 2] = bytes[c + i];
      out[at + 3] = bytes[d + i];
    }
  } else {
    for (let b = 0; b < size; b++) {
      for (let i = 0, from = b * count, at = b; i < count; i++, at += size) out[at] = bytes[from + i];
    }
  }
  out.set(bytes.subarray(count * size), count * size);
}

/** Checks and cuts off the sum of 32 bits behind a chunk. */
export function checkFletcher32(bytes: Uint8Array): Uint8Array {
  const length = bytes.length - 4;
  if (length < 0) throw new SyntaxError("it is too short for its checksum");
  const content = bytes.subarray(0, length), view = new DataView(bytes.buffer, bytes.byteOffset);
  const sum = fletcher32(content), stored = view.getUint32(length, true);
  // Versions of the library before 1.6.3 kept the bytes of each half the other way round.
  const swapped = ((sum & 0x00ff00ff) << 8 | (sum >>> 8) & 0x00ff00ff) >>> 0;
  if (stored !== sum && stored !== swapped) throw new SyntaxError("its checksum differs");
  return content;
}

/** Fletcher's sum over 16-bit words, high byte first; a last odd byte is a high one. */
export function fletcher32(bytes: Uint8Array): number {
  let low = 0, high = 0;
  const even = bytes.length - bytes.length % 2;
  for (let at = 0; at < even;) {
    for (const stop = Math.min(even, at + 720); at < stop; at += 2) {
      low += bytes[at] << 8 | bytes[at + 1];
      high += low;
    }
    low = (low & 0xffff) + (low >>> 16);
    high = (high & 0xffff) + (high >>> 16);
  }
  if (bytes.length % 2 === 1) {
    low += bytes[even] << 8;
    high += low;
  }
  for (let i = 0; i < 2; i++) {
    low = (low & 0xffff) + (low >>> 16);
    high = (high & 0xffff) + (high >>> 16);
  }
  return (high << 16 | low) >>> 0;
}
