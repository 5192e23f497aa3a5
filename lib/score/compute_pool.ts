/**
 * Compute units in workers, replaced when they are lost. @module
 */
import type { BatchReport, ComputeUnit, Item, LoadedModel, ModelSource, UnitOptions } from "./compute.ts";
import type { ComputeReply, ComputeRequest } from "./compute_worker.ts";
import { apart, Handover } from "./handover.ts";

/** A worker crashed or was stopped because it did not answer in time. */
export class UnitLostError extends Error {
  /** Tells this error from others. */
  override name = "UnitLostError";
}

/** Options for {@linkcode spawnUnit}. */
export interface SpawnOptions extends UnitOptions {
  /** A batch or a load that takes longer costs the worker its life. @default {60_000} */
  timeoutMs?: number;
  /** Told when a worker was lost and another one took its place. */
  onLost?: (reason: string) => void;
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
  timer: ReturnType<typeof setTimeout>;
}

let ahead: Worker | undefined;

/**
 * Starts a worker before there is anything to compute, for the unit that first needs one: it reads its modules and
 * starts ONNX Runtime while its owner reads its own.
 */
export function startWorkerAhead(): void {
  if (ahead) return;
  const worker = ahead = newWorker();
  worker.onerror = (event) => { // whoever needs one starts another, and says why that fails
    event.preventDefault();
    if (ahead === worker) ahead = undefined;
  };
  worker.postMessage({ id: -1, ask: "warm" } satisfies ComputeRequest);
}

function newWorker(): Worker {
  return new Worker(new URL("./compute_worker.ts", import.meta.url), { type: "module" });
}

/** The worker that was started ahead, or a new one. */
function takeWorker(): Worker {
  const taken = ahead ?? newWorker();
  ahead = undefined;
  return taken;
}

type Ask = ComputeRequest extends infer R ? R extends { id: number } ? Omit<R, "id"> : never : never;

/** An item as it is posted: a picture as it came and a file's values are handed over, tensors are copied. */
function posted(item: Item, handover: Handover): Item {
  if (!("tensors" in item)) return handover.pack(item);
  return { ...item, tensors: item.tensors.map((tensor) => ({ ...tensor, data: apart(tensor.data) })) };
}

/**
 * A worker that computes. It starts when it is first asked for something.
 *
 * A worker that crashes or does not answer within `timeoutMs` is replaced by a fresh one holding the same models; what
 * it was working on is rejected with {@linkcode UnitLostError}. The bytes of a PNG and the values of a file given to
 * `run` are handed over: the caller's array is empty afterwards, unless it is a part of a larger buffer.
 */
export function spawnUnit(options: SpawnOptions = {}): ComputeUnit {
  const { timeoutMs = 60_000, onLost, ...unitOptions } = options;
  const sources = new Map<string, ModelSource>();
  const waiting = new Map<number, Waiting>();
  let next = 0, closed = false;
  let worker: Worker | undefined;

  function start(): Worker {
    const fresh = takeWorker();
    fresh.onmessage = ({ data }: MessageEvent<ComputeReply>) => {
      const entry = waiting.get(data.id);
      waiting.delete(data.id);
      clearTimeout(entry?.timer);
      if (data.error === undefined) entry?.resolve(data.value);
      else entry?.reject(new Error(data.error));
    };
    fresh.onerror = (event) => {
      event.preventDefault();
      if (fresh === worker) replace(event.message);
    };
    fresh.postMessage({ id: -1, ask: "open", options: unitOptions });
    return fresh;
  }

  function replace(reason: string): void {
    worker?.terminate();
    for (const { reject, timer } of waiting.values()) {
      clearTimeout(timer);
      reject(new UnitLostError(`A compute worker was lost: ${reason}`));
    }
    waiting.clear();
    if (closed) return;
    worker = start();
    for (const [key, source] of sources) send({ ask: "load", key, source }).catch(() => {});
    onLost?.(reason);
  }

  function send<T>(ask: Ask, buffers: ArrayBuffer[] = []): Promise<T> {
    if (closed) return Promise.reject(new UnitLostError("A compute worker was asked after it was closed"));
    return new Promise<T>((resolve, reject) => {
      const id = next++;
      const timer = setTimeout(() => replace(`no answer within ${timeoutMs} ms`), timeoutMs);
      waiting.set(id, { resolve: resolve as (value: unknown) => void, reject, timer });
      worker ??= start();
      worker.postMessage({ id, ...ask }, buffers);
    });
  }

  return {
    async load(key, source) {
      const loaded = await send<LoadedModel>({ ask: "load", key, source });
      sources.set(key, source);
      return loaded;
    },
    unload(key) {
      sources.delete(key);
      return send({ ask: "unload", key });
    },
    run(key, items) {
      const handover = new Handover(), packed = items.map((item) => posted(item, handover));
      return send<BatchReport>({ ask: "run", key, items: packed }, handover.buffers);
    },
    close() {
      closed = true;
      replace("it was closed");
      return Promise.resolve();
    },
  };
}
