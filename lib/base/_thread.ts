/** One worker thread, of either kind that Deno has, behind the same few functions. @module */
import { Worker as HeapWorker } from "node:worker_threads";

/** What the owner of a thread is told. */
export interface ThreadEvents {
  onMessage(data: unknown): void;
  /** The thread failed and is of no more use. */
  onFailure(error: Error): void;
}

/** A running thread. */
export interface Thread {
  /** Sends a message; buffers in `transfer` move. */
  post(message: unknown, transfer: Transferable[]): void;
  /** Says whether the thread has work; one without need not keep the process alive. */
  setBusy(busy: boolean): void;
  /** Ends the thread at once. */
  end(): void;
}

/** A thread that has no more memory than it was given. */
export class ThreadMemoryError extends Error {
  /** Told apart by this across threads. */
  override name = "ThreadMemoryError";
}

/**
 * Starts a module in a thread of its own.
 *
 * @param heapMegabytes Most memory of the thread's own objects. Such a thread copies what is posted to it so slowly that
 *   large arrays should be in shared memory.
 */
export function startThread(url: URL | string, events: ThreadEvents, heapMegabytes?: number): Thread {
  return heapMegabytes === undefined ? startPlain(url, events) : startLimited(url, events, heapMegabytes);
}

function startPlain(url: URL | string, { onMessage, onFailure }: ThreadEvents): Thread {
  const worker = new Worker(url, { type: "module" });
  worker.onmessage = ({ data }) => onMessage(data);
  worker.onerror = (event) => {
    event.preventDefault(); // the error belongs to the task, not to the process
    onFailure(new Error(`Cannot finish a task as its thread failed: ${event.message}`));
  };
  worker.onmessageerror = () => onFailure(new TypeError("Cannot read a thread's reply"));
  return {
    post: (message, transfer) => worker.postMessage(message, transfer),
    setBusy() {}, // it keeps the process alive as long as it is there
    end: () => worker.terminate(),
  };
}

/** Memory of young objects, which counts on top. */
const YOUNG_MEGABYTES = 32;

function startLimited(
  url: URL | string,
  { onMessage, onFailure }: ThreadEvents,
  heapMegabytes: number,
): Thread {
  const worker = new HeapWorker(new URL(url), {
    resourceLimits: { maxOldGenerationSizeMb: heapMegabytes, maxYoungGenerationSizeMb: YOUNG_MEGABYTES },
  });
  worker.on("message", onMessage);
  worker.on("error", (error: Error & { code?: string }) => {
    const isFull = error.code === "ERR_WORKER_OUT_OF_MEMORY";
    onFailure(
      isFull
        ? new ThreadMemoryError(`Cannot finish a task within ${heapMegabytes} MB of memory`)
        : new Error(`Cannot finish a task as its thread failed: ${error.message}`, { cause: error }),
    );
  });
  return {
    post: (message, transfer) => worker.postMessage(message, transfer as ArrayBuffer[]),
    setBusy: (busy) => busy ? worker.ref() : worker.unref(),
    end: () => void worker.terminate(),
  };
}
