/**
 * The threads of the wasm backend: a kernel's loops, cut into parts, on all of them over one memory.
 *
 * The threads start when there has been work worth it, and until they are there, and wherever they cannot be, the main
 * thread does all parts itself. What is computed is the same to the last bit. They keep no process alive.
 * @module
 */
import { Worker } from "node:worker_threads";
import { isShared } from "../../base/wasm_assembler.ts";
import { Desk } from "./wasm_desk.ts";
import type { Heap } from "./wasm_heap.ts";
import { type Job, runPart } from "./wasm_jobs.ts";
import type { ThreadOrder } from "./wasm_thread_worker.ts";

/** How much a job is, and how it can be cut. */
export interface Extent {
  /** Units that parts consist of. */
  units: number;
  /** Multiply-adds, or what takes as long. */
  work: number;
  /** Most parts a thread: few where each part has a beginning that costs. @default {4} */
  perThread?: number;
}

/** Multiply-adds from which on waking others pays: some tens of microseconds. */
const WORTH_SHARING = 1 << 20;
/** Multiply-adds after which threads are started: some tens of milliseconds, which is what that takes. */
const WORTH_STARTING = 1 << 29;

/** The module of the other threads; such a worker takes no address on the net, as the package has where it is published. */
function threadSource(): URL {
  const module = new URL("./wasm_thread_worker.ts", import.meta.url);
  if (module.protocol === "file:") return module;
  return new URL(`data:text/javascript,${encodeURIComponent(`import ${JSON.stringify(module.href)};`)}`);
}

/** Options for {@linkcode WasmThreads}. */
export interface ThreadsOptions {
  /** Whether the main thread takes parts too. @default {true} */
  mainTakes?: boolean;
}

/** The threads over one memory. */
export class WasmThreads {
  /** How many there may be, the main thread among them. */
  readonly count: number;
  readonly #desk = new Desk();
  readonly #memory: WebAssembly.Memory;
  readonly #mainTakes: boolean;
  #workers: Worker[] = [];
  #work = 0;
  #started = false;

  /**
   * @param memory If it is not shared there is one thread.
   * @param wanted How many threads, the main thread among them.
   */
  constructor(memory: WebAssembly.Memory, wanted: number, { mainTakes = true }: ThreadsOptions = {}) {
    this.count = isShared(memory) ? Math.max(1, wanted) : 1;
    this.#memory = memory;
    this.#mainTakes = mainTakes;
  }

  /** Starts the other threads, which are there some time later; called by {@linkcode run} in good time. */
  start(): void {
    if (this.#started) return;
    this.#started = true;
    try {
      for (let thread = 1; thread < this.count; thread++) {
        const workerData: ThreadOrder = { thread, memory: this.#memory, desk: this.#desk.shared };
        const worker = new Worker(threadSource(), { workerData });
        worker.on("error", () => this.end()); // before it comes to the desk: what it does there cannot throw
        worker.unref();
        this.#workers.push(worker);
      }
    } catch {
      this.end(); // not allowed to: the main thread does it all
    }
  }

  /** Blocks until all are there, or the time is over; says whether they are. */
  awaitReady(timeoutMs: number): boolean {
    return this.#desk.awaitReady(this.count - 1, timeoutMs);
  }

  /**
   * Runs a job.
   *
   * @throws {Error} If one of its parts failed.
   */
  run(heap: Heap, job: Job, { units, work, perThread = 4 }: Extent): void {
    this.#work += work;
    if (this.#work >= WORTH_STARTING && this.count > 1) this.start();
    const parts = Math.min(units, perThread * this.count), desk = this.#desk;
    const isShared = parts > 1 && work >= WORTH_SHARING && this.#workers.length > 0 && desk.ready > 0;
    if (!isShared || !desk.lay(job, parts, this.#memory.buffer.byteLength)) {
      runPart(heap, job, { index: 0, of: 1, thread: 0 });
      return;
    }
    let failure: unknown;
    for (let taken = this.#mainTakes && desk.take(); taken; taken = desk.take()) {
      try {
        runPart(heap, job, { ...taken, thread: 0 });
        desk.finish();
      } catch (error) {
        failure ??= error;
        desk.finish(true);
      }
    }
    const isWhole = desk.awaitAll(); // also after a failure: the caller gives back the memory that others write to
    if (!isWhole) throw failure ?? new Error("Cannot finish a wasm kernel as one of its threads failed");
  }

  /** Ends the other threads; from then on the main thread does all. */
  end(): void {
    this.#started = true;
    const workers = this.#workers;
    this.#workers = [];
    for (const worker of workers) void worker.terminate();
  }
}
