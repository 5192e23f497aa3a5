/**
 * Where the main thread lays a job out and all threads take its parts: a few words of shared memory.
 *
 * One word holds the number of the job and of its next part, so that taking a part and seeing that its job is still the
 * one on the desk are a single exchange. The job cannot change while a part of it is being done, so a thread reads it
 * after it has taken one.
 * @module
 */
import type { Job } from "./wasm_jobs.ts";

/** A part that was taken. */
export interface Taken {
  index: number;
  of: number;
}

/** Words by index; the text of the job begins at the last. */
const TICKET = 0, PARTS = 1, DONE = 2, FAILED = 3, READY = 4, LENGTH = 5, HEAP_PAGES = 6, TEXT = 8;
/** The ticket's lower bits count parts, its upper bits jobs. */
const PART_BITS = 12, PART_MASK = (1 << PART_BITS) - 1;
const WORDS = 2048, PAGE_BYTES = 65536;

/** Most parts of a job. */
export const MOST_PARTS = PART_MASK - 1;

/** The shared words, as every thread sees them. */
export class Desk {
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #text: Uint8Array<SharedArrayBuffer>;

  /** @param shared What another thread's desk has as {@linkcode shared}. @default {a new one} */
  constructor(readonly shared: SharedArrayBuffer = new SharedArrayBuffer(WORDS * 4)) {
    this.#words = new Int32Array(shared);
    this.#text = new Uint8Array(shared, TEXT * 4);
  }

  /** How many other threads have come to the desk. */
  get ready(): number {
    return Atomics.load(this.#words, READY);
  }

  /** Says that one more thread is here. */
  arrive(): void {
    Atomics.add(this.#words, READY, 1);
    Atomics.notify(this.#words, READY);
  }

  /** Blocks until `threads` others are here, or the time is over; says whether they are. */
  awaitReady(threads: number, timeoutMs: number): boolean {
    const end = performance.now() + timeoutMs;
    for (let ready = this.ready; ready < threads; ready = this.ready) {
      if (Atomics.wait(this.#words, READY, ready, end - performance.now()) === "timed-out") return false;
    }
    return true;
  }

  /**
   * Lays a job out and wakes the others.
   *
   * @param heapBytes Size of the heap that its addresses point into.
   * @returns Whether there is room for it.
   */
  lay(job: Job, parts: number, heapBytes: number): boolean {
    const text = new TextEncoder().encode(JSON.stringify(job));
    if (text.length > this.#text.length || parts > MOST_PARTS) return false;
    const words = this.#words, number = (Atomics.load(words, TICKET) >>> PART_BITS) + 1;
    Atomics.store(words, TICKET, number << PART_BITS | PART_MASK); // closed while it is written
    this.#text.set(text);
    Atomics.store(words, LENGTH, text.length);
    Atomics.store(words, HEAP_PAGES, heapBytes / PAGE_BYTES);
    Atomics.store(words, PARTS, parts);
    Atomics.store(words, DONE, 0);
    Atomics.store(words, FAILED, 0);
    Atomics.store(words, TICKET, number << PART_BITS);
    Atomics.notify(words, TICKET);
    return true;
  }

  /** The job on the desk; for a thread that has taken a part of it. */
  read(): { job: Job; heapBytes: number } {
    const length = Atomics.load(this.#words, LENGTH),
      text = new TextDecoder().decode(this.#text.slice(0, length));
    return { job: JSON.parse(text), heapBytes: Atomics.load(this.#words, HEAP_PAGES) * PAGE_BYTES };
  }

  /** Takes the next part; undefined where none is left. */
  take(): Taken | undefined {
    const words = this.#words;
    for (;;) {
      const ticket = Atomics.load(words, TICKET), index = ticket & PART_MASK;
      if (index >= Atomics.load(words, PARTS)) return undefined;
      if (Atomics.compareExchange(words, TICKET, ticket, ticket + 1) !== ticket) continue;
      const of = Atomics.load(words, PARTS);
      // Numbers of jobs come round again: a thread that slept for so long may have taken what is not there.
      if (index < of) return { index, of };
    }
  }

  /** Blocks until there is a part to take. */
  awaitPart(): void {
    const words = this.#words;
    for (;;) {
      const ticket = Atomics.load(words, TICKET);
      if ((ticket & PART_MASK) < Atomics.load(words, PARTS)) return;
      Atomics.wait(words, TICKET, ticket);
    }
  }

  /** Says that a part is done; whoever does the last wakes the main thread. */
  finish(failed = false): void {
    if (failed) Atomics.store(this.#words, FAILED, 1);
    const done = Atomics.add(this.#words, DONE, 1) + 1;
    if (done === Atomics.load(this.#words, PARTS)) Atomics.notify(this.#words, DONE);
  }

  /** Blocks until all parts are done; says whether none failed. */
  awaitAll(): boolean {
    const words = this.#words, parts = Atomics.load(words, PARTS);
    for (let done = Atomics.load(words, DONE); done < parts; done = Atomics.load(words, DONE)) {
      Atomics.wait(words, DONE, done);
    }
    return Atomics.load(words, FAILED) === 0;
  }
}
