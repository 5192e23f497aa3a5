/**
 * Dynamic batching: examples wait in a bounded queue for each model; whichever compute unit is free takes the queue
 * that has waited longest, as a batch. Within a queue those who ask take turns, so that one who asks for a thousand
 * examples does not make everyone else wait for all of them. @module
 */
import type { BatchReport, ComputeUnit, Item, LoadedModel, ModelSource } from "./compute.ts";
import { UnitLostError } from "./compute_pool.ts";
import { Job, rowsOf, type Scored } from "./job.ts";
import { TurnQueue } from "./turn_queue.ts";

export { DeadlineError, type Scored } from "./job.ts";

/** The queue of a model is full. */
export class OverloadError extends Error {
  /** Tells this error from others. */
  override name = "OverloadError";
  /** What is full, and when to try again. */
  constructor(message: string, /** When to try again. */ readonly retryAfterMs: number) {
    super(message);
  }
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
  /** A unit could not load the first model, which another has, and computes nothing. */
  onLeftOut?: (reason: string) => void;
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

/** Queues in front of compute units. */
export interface Batcher {
  /**
   * Loads a model into one unit after the other, so that the others go on computing. The first model may be asked for
   * as soon as one unit has it; the other units join when they have it too.
   */
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

/** Puts queues in front of some compute units. The units are the batcher's from here on and closed with it. */
export function createBatcher(
  units: readonly ComputeUnit[],
  limits: BatchLimits & BatchEvents = {},
): Batcher {
  const { maxBatch = 16, maxDelayMs = 0, maxQueue = 256, onBatch, onLeftOut } = limits;
  const queues = new Map<string, TurnQueue>();
  const [first, ...others] = units;
  const working = new Set(units), free = [first]; // only units that have every model are ever free
  let joining: Promise<unknown> | undefined, closed = false;
  let wake: ReturnType<typeof setTimeout> | undefined;

  /** The queue whose first example has waited longest, if it may be computed now. */
  function pick(now: number): TurnQueue | undefined {
    let oldest: TurnQueue | undefined, oldestSince = Infinity, soonest = Infinity;
    for (const queue of queues.values()) {
      if (queue.isEmpty) continue;
      const { since } = queue;
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
      const batch = queue.take(maxBatch, now);
      if (batch.length > 0) void compute(free.pop() as ComputeUnit, queue, batch, now);
    }
  }

  async function compute(
    unit: ComputeUnit,
    queue: TurnQueue,
    batch: readonly Job[],
    started: number,
  ): Promise<void> {
    try {
      const report = await unit.run(queue.key, batch.map(({ item }) => item));
      const { computeMs, rows } = report;
      queue.took(performance.now() - started, rows);
      batch.forEach((job, i) => {
        job.resolve({ result: report.results[i], queueMs: started - job.since, computeMs, batch: rows });
      });
      onBatch?.(queue.key, report);
    } catch (error) {
      for (const job of batch) retryOrReject(queue, job, batch.length, error);
    } finally {
      free.push(unit);
      dispatch();
    }
  }

  /** Has a unit compute once it has the first model, or never. */
  async function join(unit: ComputeUnit, key: string, source: ModelSource): Promise<void> {
    try {
      await unit.load(key, source);
    } catch (error) {
      working.delete(unit);
      await unit.close();
      if (!closed) onLeftOut?.(error instanceof Error ? error.message : String(error));
      return;
    }
    free.push(unit);
    dispatch();
  }

  async function load(key: string, source: ModelSource): Promise<LoadedModel> {
    const loaded = await first.load(key, source);
    if (joining) {
      await joining;
      for (const unit of working) if (unit !== first) await unit.load(key, source);
    }
    joining ??= Promise.all(others.map((unit) => join(unit, key, source)));
    queues.set(key, queues.get(key) ?? new TurnQueue(key));
    return loaded;
  }

  function submit(key: string, item: Item, options: SubmitOptions = {}): Promise<Scored> {
    const { deadline = Infinity, signal, owner } = options;
    const queue = queues.get(key);
    if (!queue) return Promise.reject(new Error(`Model "${key}" is not loaded`));
    const rows = rowsOf(item);
    if (queue.rows + rows > maxQueue && !queue.isEmpty) {
      const wait = Math.max(queue.rows * queue.msPerRow / working.size, 1);
      return Promise.reject(
        new OverloadError(`The queue is full: ${queue.rows} examples are waiting`, wait),
      );
    }
    const job = new Job(item, deadline);
    queue.push(owner ?? job, job);
    dispatch();
    if (!job.taken && signal) job.giveUpWith(signal());
    return job.scored;
  }

  return {
    load,
    async unload(key) {
      queues.delete(key);
      await joining;
      for (const unit of working) await unit.unload(key);
    },
    submit,
    waiting(key) {
      if (key !== undefined) return queues.get(key)?.rows ?? 0;
      let rows = 0;
      for (const queue of queues.values()) rows += queue.rows;
      return rows;
    },
    async close() {
      closed = true;
      clearTimeout(wake);
      for (const job of [...queues.values()].flatMap((queue) => queue.jobs())) {
        job.reject(new UnitLostError("The server is stopping"));
      }
      queues.clear();
      for (const unit of working) await unit.close();
    },
  };
}

/** Whether an item's bytes or values were handed over to the worker that was lost. */
function isGone(item: Item): boolean {
  if ("tensors" in item) return false;
  if ("png" in item) return item.png.byteLength === 0;
  return Object.values(item.arrays).some(({ data }) => data.byteLength === 0);
}

/** Examples that shared a batch with the one that killed a worker get a second try, alone. */
function retryOrReject(queue: TurnQueue, job: Job, batchSize: number, error: unknown): void {
  const gone = isGone(job.item);
  if (!(error instanceof UnitLostError) || job.tries > 0 || gone || batchSize === 1) {
    return job.reject(error);
  }
  job.tries++;
  queue.putBack(job);
}
