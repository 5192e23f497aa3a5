/**
 * Files opened in threads with limits on memory and time, so that a hostile one costs its sender an error and nobody
 * else anything. @module
 */
import { Worker } from "node:worker_threads";
import { OverloadError } from "./batcher.ts";
import type { ExampleLimits, ExampleOptions, Found } from "./examples.ts";
import { storedPictures } from "./stored_pictures.ts";
import type { PictureReply, PictureRequest } from "./picture_worker.ts";

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

interface Task {
  bytes: Uint8Array;
  name: string;
  wish: OpeningWish;
  resolve(found: Found[]): void;
  reject(error: Error): void;
}

interface Thread {
  worker: Worker;
  /** Its modules are loaded; the time of a file does not count before. */
  ready: boolean;
  task?: Task;
  timer?: ReturnType<typeof setTimeout>;
}

/** Longest that a new thread may take to load its modules. */
const STARTUP_MS = 60_000;

const ERRORS: Readonly<Record<string, new (message: string) => Error>> = {
  SyntaxError,
  TypeError,
  RangeError,
};

/** Makes a pool; no thread runs before the first file comes. */
export function createPicturePool(options: PicturePoolOptions = {}): PicturePool {
  const { threads = 2, timeoutMs = 10_000, heapMegabytes = 256, maxQueue = 64, ...limits } = options;
  const pool = new Set<Thread>();
  const queue: Task[] = [];
  let closed = false;

  function start(): Thread {
    const worker = new Worker(new URL("./picture_worker.ts", import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: heapMegabytes, maxYoungGenerationSizeMb: 32 },
    });
    const thread: Thread = { worker, ready: false };
    worker.on("message", (reply: PictureReply) => settle(thread, reply));
    worker.on("error", (error: Error & { code?: string }) => {
      const memory = error.code === "ERR_WORKER_OUT_OF_MEMORY";
      lose(thread, memory ? `it takes more than ${heapMegabytes} MB of memory` : "its decoder failed");
    });
    worker.unref();
    pool.add(thread);
    return thread;
  }

  function settle(thread: Thread, reply: PictureReply): void {
    const { task } = thread;
    clearTimeout(thread.timer);
    if ("ready" in reply) {
      thread.ready = true;
      if (task) watch(thread, timeoutMs);
      return;
    }
    thread.task = undefined;
    if ("found" in reply) task?.resolve(reply.found);
    else task?.reject(new (ERRORS[reply.error.name] ?? SyntaxError)(reply.error.message));
    next();
  }

  function watch(thread: Thread, limitMs: number): void {
    thread.timer = setTimeout(() => lose(thread, `it takes longer than ${limitMs} ms`), limitMs);
  }

  /** Ends a thread with what it was working on. */
  function lose(thread: Thread, why: string): void {
    if (!pool.delete(thread)) return;
    clearTimeout(thread.timer);
    void thread.worker.terminate();
    thread.task?.reject(new RangeError(`Cannot open "${thread.task.name}" as ${why}`));
    next();
  }

  function next(): void {
    while (queue.length > 0 && !closed) {
      const idle = [...pool].find(({ task }) => !task) ?? (pool.size < threads ? start() : undefined);
      if (!idle) return;
      const task = queue.shift() as Task;
      idle.task = task;
      watch(idle, idle.ready ? timeoutMs : STARTUP_MS);
      const bytes = task.bytes.slice(); // its owner may look at its own again
      const request: PictureRequest = { id: 0, bytes, options: { ...limits, ...task.wish, name: task.name } };
      idle.worker.postMessage(request, [bytes.buffer]);
    }
  }

  return {
    decode(bytes, name, wish = {}) {
      if (closed) return Promise.reject(new OverloadError("The server is stopping", 1000));
      try {
        const stored = storedPictures(bytes, { ...limits, ...wish, name });
        if (stored) return Promise.resolve(stored);
      } catch (error) {
        return Promise.reject(error);
      }
      if (queue.length >= maxQueue) {
        return Promise.reject(new OverloadError(`${queue.length} files are waiting to be opened`, 1000));
      }
      return new Promise((resolve, reject) => {
        queue.push({ bytes, name, wish, resolve, reject });
        next();
      });
    },
    async close() {
      closed = true;
      for (const { reject } of queue.splice(0)) reject(new OverloadError("The server is stopping", 1000));
      for (const thread of [...pool]) {
        pool.delete(thread);
        clearTimeout(thread.timer);
        thread.task?.reject(new OverloadError("The server is stopping", 1000));
        await thread.worker.terminate();
      }
    },
  };
}
