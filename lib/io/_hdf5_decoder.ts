/**
 * Chunks read, unpacked, cut to a slab and kept: on this thread, or on several for a local file. @module
 */
import { createPool, type Pool } from "../base/worker_pool.ts";
import type { ByteSource } from "./byte_source.ts";
import { type ChunkIndex, copyCommon, type Slab } from "./_hdf5_chunks.ts";
import { undoFilters } from "./_hdf5_filters.ts";
import type { FilterStep } from "./_hdf5_header.ts";

/** What a slab is cut out of. */
export interface ChunkJob {
  filters: readonly FilterStep[];
  /** A value's bytes, for chunks never written; undefined for zeros. */
  fill: Uint8Array | undefined;
  /** Bytes of a value. */
  size: number;
  slab: Slab;
  /** The chunks that it touches. */
  cells: Iterable<{ cell: number; origin: number[] }>;
}

/** Reads chunks of one file. */
export interface ChunkDecoder {
  /** Puts a slab into `raw`, which is zeros at first. `key` tells datasets apart. */
  readChunks(key: string, index: ChunkIndex, job: ChunkJob, raw: Uint8Array): Promise<void>;
  close(): void;
}

/** What a thread is told of a chunk. */
export interface DecodeOrder {
  at: number;
  packed: number;
  mask: number;
  /** Bytes of the chunk, unpacked. */
  bytes: number;
  size: number;
  filters: readonly FilterStep[];
}

/** Packed bytes that are asked for together from a source that is far away. */
const AHEAD_BYTES = 1 << 24;

/** Makes one; its threads start when first needed. */
export function createChunkDecoder(
  source: ByteSource,
  { workers, cacheBytes }: { workers: number; cacheBytes: number },
): ChunkDecoder {
  const kept = new Map<string, Uint8Array>(); // oldest use first
  let keptBytes = 0;
  const url = new URL("./_hdf5_worker.ts", import.meta.url);
  const pool: Pool<DecodeOrder, Uint8Array> | undefined = workers > 0
    ? createPool({ url, size: workers, setup: { path: source.name } })
    : undefined;

  function keep(name: string, bytes: Uint8Array): void {
    if (bytes.length > cacheBytes) return;
    const before = kept.get(name);
    if (before) keptBytes -= before.length;
    kept.delete(name);
    kept.set(name, bytes);
    keptBytes += bytes.length;
    for (const [oldest, { length }] of kept) {
      if (keptBytes <= cacheBytes) break;
      kept.delete(oldest);
      keptBytes -= length;
    }
  }

  async function readChunks(key: string, index: ChunkIndex, job: ChunkJob, raw: Uint8Array): Promise<void> {
    const { sides } = index, { filters, fill, size, slab, cells } = job;
    const bytes = sides.reduce((a, b) => a * b, size);
    const outRow = slab.slice(1).reduce((n, [first, end]) => n * (end - first), size);
    // A chunk that spans all other axes lies in the result in one piece.
    const spans = slab.every(([first, end], axis) => axis === 0 || (first === 0 && end === sides[axis]));
    const [start, stop] = slab[0];

    /** Unpacks a chunk into `into`, zeros at first. */
    const unpack = async (cell: number, into: Uint8Array): Promise<void> => {
      const order = {
        at: index.at[cell],
        packed: index.size[cell],
        mask: index.mask[cell],
        bytes,
        size,
        filters,
      };
      if (pool) into.set(await pool.run(order));
      else {
        const packed = source.readSync?.(order.at, order.packed) ?? await source.read(order.at, order.packed);
        undoFilters(packed, filters, order.mask, into, size);
      }
    };

    const one = async ({ cell, origin }: { cell: number; origin: number[] }): Promise<void> => {
      const row = origin[0], isWhole = spans && row >= start && row + sides[0] <= stop;
      if (index.size[cell] === 0) {
        if (fill) copyCommon(filled(bytes, fill), origin, sides, raw, slab, size);
        return;
      }
      const name = `${key}\0${cell}`, before = kept.get(name);
      if (before) {
        keep(name, before);
        copyCommon(before, origin, sides, raw, slab, size);
      } else if (isWhole) {
        const at = (row - start) * outRow;
        await unpack(cell, raw.subarray(at, at + bytes)); // not kept: whoever reads whole chunks goes on to others
      } else {
        const chunk = new Uint8Array(bytes);
        await unpack(cell, chunk);
        keep(name, chunk);
        copyCommon(chunk, origin, sides, raw, slab, size);
      }
    };

    if (!pool && source.readSync) {
      for (const cell of cells) await one(cell);
      return;
    }
    const most = pool ? 4 * workers : Infinity;
    let together: Promise<void>[] = [], packed = 0;
    for (const cell of cells) {
      together.push(one(cell));
      packed += index.size[cell.cell];
      if (together.length < most && packed < AHEAD_BYTES) continue;
      await Promise.all(together);
      together = [];
      packed = 0;
    }
    await Promise.all(together);
  }

  return {
    readChunks,
    close() {
      kept.clear();
      pool?.close();
    },
  };
}

function filled(bytes: number, fill: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes);
  for (let at = 0; at < bytes; at += fill.length) out.set(fill, at);
  return out;
}
