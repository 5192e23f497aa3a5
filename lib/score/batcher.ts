/**
 * Dynamic batching: examples wait in a bounded queue for each model; whichever compute unit is free takes the queue
 * that has waited longest, as a batch. Within a queue those who ask take turns, so that one who asks for a thousand
 * examples does not make everyone else wait for all of them. @module
 */
import type { BatchReport, ComputeUnit, Item, ItemResult, LoadedModel, ModelSource } from "./compute.ts";
import { UnitLostError } from "./compute_pool.ts";

/** The queue of a model is full. */
export class OverloadError extends Error {
  /** Tells this error from others. */
  override name = "OverloadError";
  /** What is full, and when to try again. */
  constructor(message: string, /** When to try again. */ readonly retryAfterMs: number) {
    super(message);
  }
}

/** An answer was not ready in time. */
export class DeadlineError extends Error {
  /** Tells this error from others. */
  override name = "DeadlineError";
}

/** Limits of {@linkcode createBatcher}. */
export interface BatchLimits {
  /** Most examples in one batch. @default {16} */
  maxBatch?: number;
  /** How long a free unit waits for a batch to fill. @default {0} */
  maxDelayMs?: number;
  /** Most examples waiting for one model. @default {256} */
  maxQueue?: number;
}

/** What a batcher tells its owner, for metrics. */
export interface BatchEvents {
  /** A batch was computed. */
  onBatch?: (key: string, report: BatchReport) => void;
}

/** Options for one example. */
export interface SubmitOptions {
  /** `performance.now()` from which an answer is of no use. */
  deadline?: number;
  /** Gives up waiting when the client has; asked for only where there is a wait, as hosts make it at a cost. */
  signal?: () => AbortSignal;
  /** Who asks: all examples of one owner share one place in the turns. @default {an owner for this example alone} */
  owner?: object;
}

/** The result of an example, with the time it waited and the time its batch took in ONNX Runtime. */
export interface Scored {
  /** What became of the example. */
  result: ItemResult;
  /** Time that it waited. */
  queueMs: number;
  /** Time that its batch took in ONNX Runtime. */
  computeMs: number;
  /** Examples in its batch. */
  batch: number;
}

/** Queues in front of compute units. */
export interface Batcher {
  /** Loads a model into one unit after the other, so that the others go on computing; the first one into all at once. */
  load(key: string, source: ModelSource): Promise<LoadedModel>;
  /** Forgets a model once what waits for it is computed. */
  unload(key: string): Promise<void>;
  /**
   * Puts an example into the queue of its model, and gives its result.
   *
   * @throws {OverloadError} If the queue is full.
   * @throws {DeadlineError} If it is too late.
   * @throws {DOMException} If the signal aborted.
   */
  submit(key: string, item: Item, options?: SubmitOptions): Promise<Scored>;
  /** Examples waiting, for one model or all. */
  waiting(key?: string): number;
  /** Refuses what comes, answers what waits, and frees the units. */
  close(): Promise<void>;
}

interface Job {
  item: Item;
  rows: number;
  since: number;
  deadline: number;
  tries: number;
  taken: boolean;
  settled: boolean;
  resolve(scored: Scored): void;
  reject(error: unknown): void;
}

interface Queue {
  key: string;
  /** What waits, by who asks; the first in the map has the next turn. */
  lanes: Map<object, Job[]>;
  rows: number;
  /** How long an example takes at present, smoothed: for Retry-After. */
  msPerRow: number;
}

const rowsOf = (item: Item): number => "tensors" in item ? Math.max(item.tensors[0]?.shape[0] ?? 1, 1) : 1;

/** Puts queues in front of some compute units. The units are the batcher's from here on and closed with it. */
export function createBatcher(
  units: readonly ComputeUnit[],
  limits: BatchLimits & BatchEvents = {},
): Batcher {
  const { maxBatch = 16, maxDelayMs = 0, maxQueue = 256, onBatch } = limits;
  const queues = new Map<string, Queue>();
  const free = [...units];
  let wake: ReturnType<typeof setTimeout> | undefined;

  /** The next job in turn, if it fits. */
  function takeNext(queue: Queue, room: number): Job | undefined {
    const [next] = queue.lanes;
    if (!next || next[1][0].rows > room) return undefined;
    const [owner, lane] = next;
    const job = lane.shift() as Job;
    queue.lanes.delete(owner);
    if (lane.length > 0) queue.lanes.set(owner, lane); // to the end of the turns
    queue.rows -= job.rows;
    job.taken = true;
    return job;
  }

  /** Takes jobs off a queue until the batch is full, refusing those that are too late. */
  function take(queue: Queue, now: number): Job[] {
    const batch: Job[] = [];
    let rows = 0;
    for (;;) {
      const job = takeNext(queue, batch.length === 0 ? Infinity : maxBatch - rows);
      if (!job) return batch;
      if (job.settled) continue;
      if (job.deadline <= now) {
        job.reject(
          new DeadlineError(`Not scored within the deadline: waited ${Math.round(now - job.since)} ms`),
        );
        continue;
      }
      batch.push(job);
      rows += job.rows;
    }
  }

  /** Since when the first of a queue has waited. */
  function waitingSince({ lanes }: Queue): number {
    let since = Infinity;
    for (const [job] of lanes.values()) since = Math.min(since, job.since);
    return since;
  }

  /** The queue whose first example has waited longest, if it may be computed now. */
  function pick(now: number): Queue | undefined {
    let oldest: Queue | undefined, oldestSince = Infinity, soonest = Infinity;
    for (const queue of queues.values()) {
      if (queue.lanes.size === 0) continue;
      const since = waitingSince(queue);
      const ripe = queue.rows >= maxBatch || now - since >= maxDelayMs;
      if (!ripe) soonest = Math.min(soonest, since + maxDelayMs - now);
      else if (since < oldestSince) {
        oldest = queue;
        oldestSince = since;
      }
    }
    if (!oldest && soonest < Infinity) {
      clearTimeout(wake);
      wake = setTimeout(dispatch, soonest);
    }
    return oldest;
  }

  function dispatch(): void {
    while (free.length > 0) {
      const now = performance.now();
      const queue = pick(now);
      if (!queue) return;
      const batch = take(queue, now);
      if (batch.length > 0) void compute(free.pop() as ComputeUnit, queue, batch, now);
    }
  }

  async function compute(unit: ComputeUnit, queue: Queue, batch: Job[], started: number): Promise<void> {
    try {
      const report = await unit.run(queue.key, batch.map(({ item }) => item));
      const ms = performance.now() - started;
      if (report.rows > 0) queue.msPerRow += 0.1 * (ms / report.rows - queue.msPerRow);
      batch.forEach((job, i) => {
        const result = report.results[i];
        job.resolve({
          result,
          queueMs: started - job.since,
          computeMs: report.computeMs,
          batch: report.rows,
        });
      });
      onBatch?.(queue.key, report);
    } catch (error) {
      for (const job of batch) retryOrReject(queue, job, batch.length, error);
    } finally {
      free.push(unit);
      dispatch();
    }
  }

  /** Examples that shared a batch with the one that killed a worker get a second try, alone. */
  function retryOrReject(queue: Queue, job: Job, batchSize: number, error: unknown): void {
    const gone = "png" in job.item && job.item.png.byteLength === 0; // handed over to the worker that was lost
    if (!(error instanceof UnitLostError) || job.tries > 0 || gone || batchSize === 1) {
      return job.reject(error);
    }
    job.tries++;
    queue.lanes = new Map([[job, [job]], ...queue.lanes]); // before everybody else: it has had its turn once
    queue.rows += job.rows;
  }

  return {
    async load(key, source) {
      let loaded: LoadedModel | undefined;
      if (queues.size === 0) {
        [loaded] = await Promise.all(units.map((unit) => unit.load(key, source)));
      } else {
        for (const unit of units) loaded = await unit.load(key, source);
      }
      queues.set(key, queues.get(key) ?? { key, lanes: new Map(), rows: 0, msPerRow: 1 });
      return loaded as LoadedModel;
    },
    async unload(key) {
      queues.delete(key);
      for (const unit of units) await unit.unload(key);
    },
    submit(key, item, { deadline = Infinity, signal, owner } = {}) {
      const queue = queues.get(key);
      if (!queue) return Promise.reject(new Error(`Model "${key}" is not loaded`));
      const rows = rowsOf(item);
      if (queue.rows + rows > maxQueue && queue.lanes.size > 0) {
        const wait = Math.max(queue.rows * queue.msPerRow / units.length, 1);
        return Promise.reject(
          new OverloadError(`The queue is full: ${queue.rows} examples are waiting`, wait),
        );
      }
      let client: AbortSignal | undefined;
      return new Promise<Scored>((resolve, reject) => {
        const settle = <A>(act: (value: A) => void) => (value: A) => {
          if (job.settled) return;
          job.settled = true;
          clearTimeout(timer);
          client?.removeEventListener("abort", abort);
          act(value);
        };
        const job: Job = {
          item,
          rows,
          since: performance.now(),
          deadline,
          tries: 0,
          taken: false,
          settled: false,
          resolve: settle(resolve),
          reject: settle(reject),
        };
        const abort = () => job.reject(client?.reason);
        const left = deadline - job.since;
        const late = () =>
          job.reject(new DeadlineError(`Not scored within the deadline: waited ${Math.round(left)} ms`));
        const timer = left < 2 ** 31 ? setTimeout(late, Math.max(left, 0)) : undefined;
        const lane = queue.lanes.get(owner ?? job);
        if (lane) lane.push(job);
        else queue.lanes.set(owner ?? job, [job]);
        queue.rows += rows;
        dispatch();
        if (job.taken || !signal) return;
        client = signal();
        if (client.aborted) abort();
        else client.addEventListener("abort", abort, { once: true });
      });
    },
    waiting(key) {
      if (key !== undefined) return queues.get(key)?.rows ?? 0;
      let rows = 0;
      for (const queue of queues.values()) rows += queue.rows;
      return rows;
    },
    async close() {
      clearTimeout(wake);
      for (const queue of queues.values()) {
        for (const job of [...queue.lanes.values()].flat()) {
          job.reject(new UnitLostError("The server is stopping"));
        }
      }
      queues.clear();
      for (const unit of units) await unit.close();
    },
  };
}
