/** Works on what is due, some of it at once, and wakes up for what will be. @module */

/** What {@linkcode DueWork} needs. */
export interface DueWorkOptions<T extends object> {
  /** All that is to be done, the first in need first. */
  pending(): Iterable<T>;
  /** When it may be tried, ms since 1970. */
  dueOf(item: T, now: number): number;
  /** Does what can be done for it now; never rejects. */
  attend(item: T): Promise<void>;
  /** Most that is in work at once. */
  concurrency: number;
}

/** The longest that a timer can wait. */
const LONGEST_MS = 2 ** 31 - 1;

/** Work that goes on until it is closed. */
export class DueWork<T extends object> {
  readonly #options: DueWorkOptions<T>;
  /** What is in work, and until when. */
  readonly #working = new Map<T, Promise<void>>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  /** Nothing is begun before {@linkcode wake}. */
  constructor(options: DueWorkOptions<T>) {
    this.#options = options;
  }

  /** Looks for work after a time. */
  wake(ms = 0): void {
    clearTimeout(this.#timer);
    if (!this.#closed) this.#timer = setTimeout(() => this.#look(), Math.min(ms, LONGEST_MS));
  }

  /** Begins what is due, and sets a timer for what will be. */
  #look(): void {
    if (this.#closed) return;
    const { pending, dueOf, concurrency } = this.#options;
    const now = Date.now();
    let soonest = Infinity;
    for (const item of pending()) {
      if (this.#working.has(item)) continue;
      if (this.#working.size >= concurrency) return; // the next that finishes looks again
      const due = dueOf(item, now);
      if (due > now) soonest = Math.min(soonest, due);
      else this.#begin(item);
    }
    if (soonest < Infinity) this.wake(soonest - now);
  }

  #begin(item: T): void {
    const work = this.#options.attend(item).finally(() => {
      this.#working.delete(item);
      this.wake();
    });
    this.#working.set(item, work);
  }

  /** Begins nothing more, and waits for what is in work. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await Promise.all(this.#working.values());
  }
}
