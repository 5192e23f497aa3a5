/** An example that waits for its result, until its deadline or until nobody wants it any more. @module */
import type { Item, ItemResult } from "./compute.ts";

/** An answer was not ready in time. */
export class DeadlineError extends Error {
  /** Tells this error from others. */
  override name = "DeadlineError";
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

/** The longest that a timer can wait. */
const LONGEST_MS = 2 ** 31;

/** Examples that an item stands for: the rows of its tensors. */
export const rowsOf = (item: Item): number =>
  "tensors" in item ? Math.max(item.tensors[0]?.shape[0] ?? 1, 1) : 1;

/** An example in a queue. */
export class Job {
  readonly item: Item;
  /** Examples that it stands for. */
  readonly rows: number;
  /** `performance.now()` when it came. */
  readonly since = performance.now();
  /** `performance.now()` from which its result is of no use. */
  readonly deadline: number;
  /** Its result, or why there is none. */
  readonly scored: Promise<Scored>;
  /** Times that it was computed without a result. */
  tries = 0;
  /** Whether it has been in a batch. */
  taken = false;
  /** Whether nobody waits any more. */
  settled = false;
  readonly #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #resolve: (scored: Scored) => void;
  readonly #reject: (error: unknown) => void;
  #client: AbortSignal | undefined;
  readonly #abort = () => this.reject(this.#client?.reason);

  /** From here on it waits. */
  constructor(item: Item, deadline: number) {
    this.item = item;
    this.deadline = deadline;
    this.rows = rowsOf(item);
    const { promise, resolve, reject } = Promise.withResolvers<Scored>();
    this.scored = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    const left = deadline - this.since;
    if (left < LONGEST_MS) {
      this.#timer = setTimeout(() => this.rejectLate(this.since + left), Math.max(left, 0));
    }
  }

  /** Gives up when the client does. */
  giveUpWith(client: AbortSignal): void {
    this.#client = client;
    if (client.aborted) this.#abort();
    else client.addEventListener("abort", this.#abort, { once: true });
  }

  /** The result is there. */
  resolve(scored: Scored): void {
    if (this.#settle()) this.#resolve(scored);
  }

  /** There will be no result. */
  reject(error: unknown): void {
    if (this.#settle()) this.#reject(error);
  }

  /** There is no result by the deadline. */
  rejectLate(now: number): void {
    const waited = Math.round(now - this.since);
    this.reject(new DeadlineError(`Not scored within the deadline: waited ${waited} ms`));
  }

  /** Ends the waiting; whether it had not ended yet. */
  #settle(): boolean {
    if (this.settled) return false;
    this.settled = true;
    clearTimeout(this.#timer);
    this.#client?.removeEventListener("abort", this.#abort);
    return true;
  }
}
