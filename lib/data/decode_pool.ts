/**
 * Worker threads that decode the pictures of one list. @module
 */
import { createPool, type Pool } from "../base/worker_pool.ts";
import type { Region } from "../image/preprocessing/mod.ts";
import { areaOf, type DecodeOrder, type DecodeSetup } from "./decode_order.ts";
import type { ImageFiles } from "./image_files.ts";

/** Most pictures that a thread is handed at once, so that threads stay evenly busy. */
const PART = 16;
/** A part takes milliseconds; on a network file system that hangs for a while, more. */
const TIMEOUT_MS = 300_000;

/** Decodes pictures on several threads, which start at the first call. */
export class DecodePool {
  readonly workers: number;
  #setup: DecodeSetup;
  #pool?: Pool<DecodeOrder, Uint8Array>;

  /** @param options The list's archive and the shape of its pictures; how many threads. */
  constructor({ workers, ...setup }: DecodeSetup & { workers: number }) {
    if (!(Number.isInteger(workers) && workers > 0)) {
      throw new RangeError(`Cannot decode images with ${workers} workers: there must be one or more`);
    }
    this.workers = workers;
    this.#setup = setup;
  }

  /** Decodes all pictures of a list: counts, [n, rows, columns] of the region. The first failure rejects. */
  async decode(files: ImageFiles, region: Region): Promise<Uint8Array> {
    const { names, entries } = files, size = areaOf(region);
    const pool = this.#pool ??= createPool({
      url: new URL("./decode_worker.ts", import.meta.url),
      size: this.workers,
      timeoutMs: TIMEOUT_MS,
      setup: this.#setup,
    });
    const parts: Promise<Uint8Array>[] = [];
    for (let start = 0; start < names.length; start += PART) {
      const end = start + PART;
      parts.push(pool.run({ names: names.slice(start, end), entries: entries?.slice(start, end), region }));
    }
    if (parts.length === 1) return await parts[0];
    const out = new Uint8Array(names.length * size);
    await Promise.all(parts.map(async (part, i) => out.set(await part, i * PART * size)));
    return out;
  }

  /** Ends the threads; what is under way is rejected. They start again when needed. */
  close(): void {
    this.#pool?.close();
    this.#pool = undefined;
  }
}
