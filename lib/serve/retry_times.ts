/** When an event that failed is tried again. @module */
import type { JournalEntry } from "./journal_lines.ts";

/** How long is waited. */
export interface RetryOptions {
  /** Wait after the first failure; it doubles with each further one. @default {1_000} */
  retryMs?: number;
  /** Longest wait. @default {60_000} */
  maxRetryMs?: number;
}

/** Beyond so many doublings the wait is the longest anyway. */
const MOST_DOUBLINGS = 20;

/** Waits for events. */
export class RetryTimes {
  readonly #first: number;
  readonly #longest: number;
  /** Tries that failed for others' fault; not in the journal, as they start anew with the process. */
  readonly #delays = new WeakMap<JournalEntry, { tries: number; until: number }>();

  /** As long as is asked for. */
  constructor({ retryMs = 1000, maxRetryMs = 60_000 }: RetryOptions) {
    this.#first = retryMs;
    this.#longest = maxRetryMs;
  }

  /** The wait after so many failures. */
  waitAfter(tries: number): number {
    return Math.min(this.#first * 2 ** Math.min(tries - 1, MOST_DOUBLINGS), this.#longest);
  }

  /** Delays an event that failed for another's fault; half of the wait by chance, so that not all come back at once. */
  delay(entry: JournalEntry): void {
    const tries = (this.#delays.get(entry)?.tries ?? 0) + 1;
    const until = Date.now() + this.waitAfter(tries) * (0.5 + 0.5 * Math.random());
    this.#delays.set(entry, { tries, until });
  }

  /** Delays an event by the first wait, however often it failed before. */
  delayAnew(entry: JournalEntry): void {
    this.#delays.set(entry, { tries: 1, until: Date.now() + this.#first });
  }

  /** When an event may be tried: never later than the longest wait from now, in case the clock was set back. */
  dueOf(entry: JournalEntry, now: number): number {
    const due = Math.max(entry.notBefore, this.#delays.get(entry)?.until ?? 0);
    return due > now + this.#longest ? now : due;
  }
}
