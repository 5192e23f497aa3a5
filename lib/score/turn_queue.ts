/**
 * Examples that wait for one model. Those who ask take turns, so that one who asks for a thousand examples does not make
 * everyone else wait for all of them.
 * @module
 */
import type { Job } from "./job.ts";

/** Share of an example's time in the smoothed one. */
const SMOOTHING = 0.1;

/** The queue of a model. */
export class TurnQueue {
  /** What units know the model by. */
  readonly key: string;
  /** What waits, by who asks; the first in the map has the next turn. */
  #lanes = new Map<object, Job[]>();
  #rows = 0;
  #msPerRow = 1;

  /** Nothing waits. */
  constructor(key: string) {
    this.key = key;
  }

  get isEmpty(): boolean {
    return this.#lanes.size === 0;
  }

  /** Examples that wait. */
  get rows(): number {
    return this.#rows;
  }

  /** How long an example takes at present, smoothed. */
  get msPerRow(): number {
    return this.#msPerRow;
  }

  /** Since when the first has waited. */
  get since(): number {
    let since = Infinity;
    for (const [job] of this.#lanes.values()) since = Math.min(since, job.since);
    return since;
  }

  /** All that waits. */
  jobs(): Job[] {
    return [...this.#lanes.values()].flat();
  }

  /** Puts an example behind those of the same owner. */
  push(owner: object, job: Job): void {
    const lane = this.#lanes.get(owner);
    if (lane) lane.push(job);
    else this.#lanes.set(owner, [job]);
    this.#rows += job.rows;
  }

  /** Puts an example before everybody else: it has had its turn once. */
  putBack(job: Job): void {
    this.#lanes = new Map([[job as object, [job]], ...this.#lanes]);
    this.#rows += job.rows;
  }

  /** Takes examples off until a batch is full, refusing those that are too late. */
  take(maxBatch: number, now: number): Job[] {
    const batch: Job[] = [];
    let rows = 0;
    for (;;) {
      const job = this.#takeNext(batch.length === 0 ? Infinity : maxBatch - rows);
      if (!job) return batch;
      if (job.settled) continue;
      if (job.deadline <= now) {
        job.rejectLate(now);
        continue;
      }
      batch.push(job);
      rows += job.rows;
    }
  }

  /** The next in turn, if it fits. */
  #takeNext(room: number): Job | undefined {
    const [next] = this.#lanes;
    if (!next || next[1][0].rows > room) return undefined;
    const [owner, lane] = next;
    const job = lane.shift() as Job;
    this.#lanes.delete(owner);
    if (lane.length > 0) this.#lanes.set(owner, lane); // to the end of the turns
    this.#rows -= job.rows;
    job.taken = true;
    return job;
  }

  /** Keeps how long some examples took. */
  took(ms: number, rows: number): void {
    if (rows > 0) this.#msPerRow += SMOOTHING * (ms / rows - this.#msPerRow);
  }
}
