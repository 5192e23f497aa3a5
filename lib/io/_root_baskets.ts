/**
 * Baskets of a branch unpacked and put together to a column, without going entry by entry where values lie side by side.
 *
 * Source: ROOT's TBasket and TKey as described in uproot 5 (models/TBasket.py), and RZip.cxx for the blocks. @module
 */
import { inflateSync, zstdDecompressSync } from "node:zlib";
import type { ByteSource } from "./byte_source.ts";
import { loadJsroot, type RootBranchObject } from "./_root_file.ts";

/** A basket, unpacked. */
export interface Basket {
  /** Number of its first entry. */
  first: number;
  entries: number;
  /** Values of all its entries. */
  data: Uint8Array;
  /** Where each entry starts in `data`, and where the last one ends; undefined where all are of one size. */
  starts: Int32Array | undefined;
}

/** Most bytes that a basket may unpack to. */
const MOST_BASKET = 2 ** 30;

/** Reads the baskets that hold entries `first` to before `end`, in order. */
export async function* readBaskets(
  source: ByteSource,
  branch: RootBranchObject,
  first: number,
  end: number,
): AsyncGenerator<Basket> {
  const { fWriteBasket, fBasketEntry, fBasketSeek, fBasketBytes } = branch;
  let next = first; // entries come without gaps, or the file is damaged
  for (let i = 0; i <= fWriteBasket && next < end; i++) {
    const start = Number(fBasketEntry[i] ?? NaN), stop = Number(fBasketEntry[i + 1] ?? NaN);
    if (stop <= first && i < fWriteBasket) continue;
    const seek = Number(fBasketSeek[i] ?? 0), packed = fBasketBytes[i];
    let basket: Basket;
    try {
      basket = seek > 0
        ? await readBasket(source, seek, packed, start)
        : heldBasket(branch, i, Number.isNaN(start) ? 0 : start, end);
    } catch (error) {
      if (!(error instanceof SyntaxError || error instanceof RangeError)) throw error;
      throw new SyntaxError(`entry ${start}, basket ${i}: ${error.message}`, { cause: error });
    }
    if (basket.entries === 0) continue;
    if (!(basket.first <= next && basket.first + basket.entries > next)) {
      throw new SyntaxError(
        `entry ${next}: basket ${i} holds ${basket.entries} entries from ${basket.first}`,
      );
    }
    next = basket.first + basket.entries;
    yield basket;
  }
  if (next < end) throw new SyntaxError(`entry ${next}: no basket holds it`);
}

async function readBasket(source: ByteSource, seek: number, bytes: number, first: number): Promise<Basket> {
  const raw = source.readSync?.(seek, bytes) ?? await source.read(seek, bytes);
  const head = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  const length = head.getInt32(6), keyBytes = head.getInt16(14);
  if (length < 0 || length > MOST_BASKET || keyBytes < 26 || keyBytes > bytes) {
    throw new SyntaxError("its header is damaged");
  }
  const entries = head.getInt32(keyBytes - 9), border = head.getInt32(keyBytes - 5) - keyBytes;
  const body = raw.subarray(keyBytes);
  const data = body.length === length ? body : await unpackBlocks(body, length);
  if (!(entries >= 0 && border >= 0 && border <= length)) throw new SyntaxError("its header is damaged");
  if (border === length) return { first, entries, data, starts: undefined };
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  if (border + 4 + 4 * entries > length) throw new SyntaxError("its entries' places are cut off");
  const starts = new Int32Array(entries + 1);
  for (let i = 0; i < entries; i++) starts[i] = view.getInt32(border + 4 + 4 * i) - keyBytes;
  starts[entries] = border;
  return { first, entries, data: data.subarray(0, border), starts: checkedStarts(starts) };
}

/** A basket that was not full when the file was written. */
function heldBasket(branch: RootBranchObject, index: number, first: number, end: number): Basket {
  const all = Array.from(branch.fBaskets.arr), held = all[index] ?? all.findLast((basket) => basket);
  const buffer = held?.fBufferRef?.arr;
  if (!buffer && Number(branch.fTotBytes) === 0) { // every entry is an empty list: nothing was written
    return { first, entries: end - first, data: new Uint8Array(0), starts: undefined };
  }
  if (!held || !buffer) throw new SyntaxError("it is not in the file");
  const border = held.fLast - held.fKeylen, entries = held.fNevBuf;
  if (!(border >= 0 && border <= buffer.byteLength && entries >= 0)) throw new SyntaxError("it is damaged");
  const data = new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  // jsroot gives the buffer with the key in front where the tree kept it so.
  const offset = data.length >= held.fLast && data.length !== border ? held.fKeylen : 0;
  const values = data.subarray(offset, offset + border);
  if (!held.fEntryOffset || held.fEntryOffset.length < entries) {
    return { first, entries, data: values, starts: undefined };
  }
  const starts = new Int32Array(entries + 1);
  for (let i = 0; i < entries; i++) starts[i] = held.fEntryOffset[i] - held.fKeylen;
  starts[entries] = border;
  return { first, entries, data: values, starts: checkedStarts(starts) };
}

function checkedStarts(starts: Int32Array): Int32Array {
  for (let i = 0; i + 1 < starts.length; i++) {
    if (starts[i] < 0 || starts[i] > starts[i + 1]) throw new SyntaxError("its entries' places are damaged");
  }
  return starts;
}

/** Unpacks blocks of at most 16 MiB, each behind a header of nine bytes. @throws {SyntaxError} If they are damaged. */
export async function unpackBlocks(packed: Uint8Array, size: number): Promise<Uint8Array> {
  const out = new Uint8Array(size);
  for (let from = 0, to = 0; to < size;) {
    if (from + 9 > packed.length) throw new SyntaxError("a packed block is cut off");
    const packedSize = packed[from + 3] | packed[from + 4] << 8 | packed[from + 5] << 16;
    const plainSize = packed[from + 6] | packed[from + 7] << 8 | packed[from + 8] << 16;
    const block = packed.subarray(from, from + 9 + packedSize);
    if (plainSize === 0 || to + plainSize > size || block.length < 9 + packedSize) {
      throw new SyntaxError("a packed block is damaged");
    }
    const plain = await unpackBlock(block, plainSize);
    if (plain.length !== plainSize) throw new SyntaxError("a packed block is damaged");
    out.set(plain, to);
    from += 9 + packedSize;
    to += plainSize;
  }
  return out;
}

async function unpackBlock(block: Uint8Array, size: number): Promise<Uint8Array> {
  const kind = String.fromCharCode(block[0], block[1]), limits = { maxOutputLength: size };
  try {
    if (kind === "ZL") return inflateSync(block.subarray(9), { chunkSize: Math.max(64, size), ...limits });
    if (kind === "ZS") return zstdDecompressSync(block.subarray(9), limits);
    if (kind === "L4") return unpackLz4(block.subarray(17), size); // a checksum of 8 bytes comes first
    if (!["XZ", "CS"].includes(kind)) throw new Error(`compression "${kind}" is not known`);
    const { R__unzip } = await loadJsroot(), view = await R__unzip(new DataView(block.slice().buffer), size);
    if (!view) throw new Error("jsroot cannot unpack it");
    return new Uint8Array(view.buffer, view.byteOffset, view.byteLength).subarray(0, size);
  } catch (error) {
    throw new SyntaxError(`a packed block is damaged: ${(error as Error).message}`, { cause: error });
  }
}

/** LZ4's block format: literals, then a copy of what came before, again and again. */
export function unpackLz4(packed: Uint8Array, size: number): Uint8Array {
  const out = new Uint8Array(size);
  let from = 0, to = 0;
  const more = (start: number) => {
    let length = start;
    if (start === 15) {
      for (let byte = 255; byte === 255;) length += byte = packed[from++];
    }
    return length;
  };
  while (from < packed.length) {
    const token = packed[from++], literals = more(token >> 4);
    if (!(to + literals <= size && from + literals <= packed.length)) {
      throw new Error("LZ4 literals run over");
    }
    out.set(packed.subarray(from, from + literals), to);
    from += literals;
    to += literals;
    if (from >= packed.length) break;
    const distance = packed[from] | packed[from + 1] << 8;
    from += 2;
    const length = more(token & 15) + 4;
    if (!(distance > 0 && distance <= to && to + length <= size)) throw new Error("an LZ4 copy runs over");
    if (distance >= length) out.copyWithin(to, to - distance, to - distance + length);
    else for (let i = 0; i < length; i++) out[to + i] = out[to + i - distance];
    to += length;
  }
  return out.subarray(0, to);
}
