/**
 * Files opened in threads with limits on memory and time, so that a hostile one costs its sender an error and nobody
 * else anything. @module
 */
import { blamesInput } from "../base/foreseen.ts";
import { createPool, TaskTimeoutError, ThreadMemoryError } from "../base/worker_pool.ts";
import { OverloadError } from "./batcher.ts";
import type { ExampleLimits, ExampleOptions, Found } from "./examples.ts";
import { storedPictures } from "./stored_pictures.ts";
import type { PictureRequest } from "./picture_worker.ts";

/** Options for {@linkcode createPicturePool}. */
export interface PicturePoolOptions extends ExampleLimits {
  /** Threads; each starts when it is first needed. @default {2} */
  threads?: number;
  /** Longest that opening one file may take. @default {10_000} */
  timeoutMs?: number;
  /** Most memory of a thread's own objects. @default {256} */
  heapMegabytes?: number;
  /** Files that may wait for a thread. @default {64} */
  maxQueue?: number;
}

/** What a file is opened for: the model's inputs, and which part of the file. */
export type OpeningWish = Pick<ExampleOptions, "inputs" | "page" | "unpack">;

/** Threads that open files. */
export interface PicturePool {
  /**
   * Finds the examples in a file.
   *
   * @param wish The model's inputs. @default {one picture}
   * @throws {SyntaxError | TypeError | RangeError} What is wrong with the file; RangeError also for one that takes too
   *   much time or memory.
   * @throws {OverloadError} If too many files are waiting.
   */
  decode(bytes: Uint8Array, name: string, wish?: OpeningWish): Promise<Found[]>;
  close(): Promise<void>;
}

/** Makes a pool; no thread runs before the first file comes. */
export function createPicturePool(options: PicturePoolOptions = {}): PicturePool {
  const { threads = 2, timeoutMs = 10_000, heapMegabytes = 256, maxQueue = 64, ...limits } = options;
  const pool = createPool<PictureRequest, Found[]>({
    url: new URL("./picture_worker.ts", import.meta.url),
    size: threads,
    timeoutMs,
    heapMegabytes,
    idleMs: Infinity, // the next file must not wait for modules to be loaded again
  });
  let closed = false;

  /** What went wrong, in the words of somebody who sent a file. */
  function explained(error: unknown, name: string): unknown {
    if (closed) return new OverloadError("The server is stopping", 1000);
    if (error instanceof TaskTimeoutError) {
      return new RangeError(`Cannot open "${name}" as it takes longer than ${timeoutMs} ms`);
    }
    if (error instanceof ThreadMemoryError) {
      return new RangeError(`Cannot open "${name}" as it takes more than ${heapMegabytes} MB of memory`);
    }
    return blamesInput(error) ? error : new RangeError(`Cannot open "${name}" as its decoder failed`);
  }

  return {
    async decode(bytes, name, wish = {}) {
      if (closed) throw new OverloadError("The server is stopping", 1000);
      const stored = storedPictures(bytes, { ...limits, ...wish, name });
      if (stored) return stored;
      const { running, waiting } = pool.state();
      if (running >= threads && waiting >= maxQueue) { // before the file is copied
        throw new OverloadError(`${waiting} files are waiting to be opened`, 1000);
      }
      const own = bytes.slice(); // its owner may look at its own again
      try {
        return await pool.run({ bytes: own, options: { ...limits, ...wish, name } }, [own.buffer]);
      } catch (error) {
        throw explained(error, name);
      }
    },
    close() {
      closed = true;
      pool.close();
      return Promise.resolve();
    },
  };
}
