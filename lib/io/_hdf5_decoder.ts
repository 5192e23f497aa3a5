/**
 * Chunks read, unpacked, cut to a slab and kept: on this thread, or on several for a local file. @module
 */
import { createPool, type Pool } from "../base/worker_pool.ts";
import type { ByteSource } from "./byte_source.ts";
import { type ChunkIndex, copyCommon, type Slab } from "./_hdf5_chunks.ts";
import { undoFilters } from "./_hdf5_filters.ts";
import type { FilterStep } from "./_hdf5_header.ts";

/** A chunk that a job needs, and its first value along each axis. */
interface Cell {
  cell: number;
  origin: number[];
}

/** What a slab is cut out of. */
export interface ChunkJob {
  filters: readonly FilterStep[];
  /** A value's bytes, for chunks never written; undefined for zeros. */
  fill: Uint8Array | undefined;
  /** Bytes of a value. */
  size: number;
  slab: Slab;
  /** The chunks that it touches. */
  cells: Iterable<Cell>;
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

/** Chunks that were unpacked a short while ago. */
class KeptChunks {
  readonly #most: number;
  readonly #kept = new Map<string, Uint8Array>(); // oldest use first
  #bytes = 0;

  /** @param most Bytes that are kept. */
  constructor(most: number) {
    this.#most = most;
  }

  /** A chunk, which counts as used now. */
  find(name: string): Uint8Array | undefined {
    const bytes = this.#kept.get(name);
    if (bytes) this.keep(name, bytes);
    return bytes;
  }

  /** Keeps a chunk, in place of those that were not used for the longest time. */
  keep(name: string, bytes: Uint8Array): void {
    if (bytes.length > this.#most) return;
    this.#bytes += bytes.length - (this.#kept.get(name)?.length ?? 0);
    this.#kept.delete(name);
    this.#kept.set(name, bytes);
    for (const [oldest, { length }] of this.#kept) {
      if (this.#bytes <= this.#most) break;
      this.#kept.delete(oldest);
      this.#bytes -= length;
    }
  }

  clear(): void {
    this.#kept.clear();
    this.#bytes = 0;
  }
}

/** Makes one; its threads start when first needed. */
export function createChunkDecoder(
  source: ByteSource,
  { workers, cacheBytes }: { workers: number; cacheBytes: number },
): ChunkDecoder {
  const kept = new KeptChunks(cacheBytes);
  const url = new URL("./_hdf5_worker.ts", import.meta.url);
  const pool: Pool<DecodeOrder, Uint8Array> | undefined = workers > 0
    ? createPool({ url, size: workers, setup: { path: source.name } })
    : undefined;

  /** Unpacks a chunk into `into`, zeros at first. */
  async function unpack(order: DecodeOrder, into: Uint8Array): Promise<void> {
    const { at, packed, mask, size, filters } = order;
    if (pool) {
      into.set(await pool.run(order));
      return;
    }
    const bytes = source.readSync?.(at, packed) ?? await source.read(at, packed);
    undoFilters(bytes, filters, mask, into, size);
  }

  /** Puts what a job wants of one chunk into its result. */
  async function readChunk(
    name: string,
    index: ChunkIndex,
    { filters, fill, size, slab }: ChunkJob,
    { cell, origin }: Cell,
    raw: Uint8Array,
  ): Promise<void> {
    const { sides } = index, bytes = sides.reduce((a, b) => a * b, size);
    const copy = (chunk: Uint8Array) => copyCommon(chunk, origin, sides, raw, slab, size);
    const [at, packed, mask] = [index.at[cell], index.size[cell], index.mask[cell]];
    if (packed === 0) {
      if (fill) copy(filled(bytes, fill));
      return;
    }
    const before = kept.find(name);
    if (before) return copy(before);
    const order = { at, packed, mask, bytes, size, filters },
      place = placeInResult(sides, slab, origin, size);
    if (place !== undefined) { // not kept: whoever reads whole chunks goes on to others
      await unpack(order, raw.subarray(place, place + bytes));
      return;
    }
    const chunk = new Uint8Array(bytes);
    await unpack(order, chunk);
    kept.keep(name, chunk);
    copy(chunk);
  }

  async function readChunks(key: string, index: ChunkIndex, job: ChunkJob, raw: Uint8Array): Promise<void> {
    const one = (cell: Cell) => readChunk(`${key}\0${cell.cell}`, index, job, cell, raw);
    if (!pool && source.readSync) {
      for (const cell of job.cells) await one(cell);
      return;
    }
    const most = pool ? 4 * workers : Infinity;
    let together: Promise<void>[] = [], packed = 0;
    for (const cell of job.cells) {
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

/**
 * Where in the result a chunk lies in one piece, bytes: a whole chunk that spans all axes but the first does.
 *
 * @param size Bytes of a value.
 */
function placeInResult(
  sides: readonly number[],
  slab: ChunkJob["slab"],
  origin: readonly number[],
  size: number,
): number | undefined {
  const [[start, stop], ...others] = slab, [row] = origin;
  const spans = others.every(([first, end], axis) => first === 0 && end === sides[axis + 1]);
  if (!spans || row < start || row + sides[0] > stop) return undefined;
  return (row - start) * others.reduce((n, [first, end]) => n * (end - first), size);
}

function filled(bytes: number, fill: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes);
  for (let at = 0; at < bytes; at += fill.length) out.set(fill, at);
  return out;
}
