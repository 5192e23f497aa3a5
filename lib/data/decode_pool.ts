/**
 * Worker threads that decode the pictures of one list. @module
 */
import type { DecodeReply, DecodeRequest, DecodeSetup } from "./decode_worker.ts";
import type { ImageFiles } from "./image_files.ts";
import type { Crop } from "./lazy_images.ts";

/** Most pictures that a worker is handed at once, so that threads stay evenly busy. */
const PART = 16;

interface Job {
  request: DecodeRequest;
  resolve(data: Uint8Array): void;
  reject(error: Error): void;
}

/** Decodes pictures on several threads, which start at the first call. */
export class DecodePool {
  readonly workers: number;
  #setup: DecodeSetup;
  #idle: Worker[] = [];
  #busy = new Map<Worker, Job>();
  #queue: Job[] = [];
  #ids = 0;

  /** @param options The list's archive and the shape of its pictures; how many threads. */
  constructor({ workers, ...setup }: DecodeSetup & { workers: number }) {
    if (!(Number.isInteger(workers) && workers > 0)) {
      throw new RangeError(`Cannot decode images with ${workers} workers: there must be one or more`);
    }
    this.workers = workers;
    this.#setup = setup;
  }

  /** Decodes all pictures of a list: counts, [n, crop.height, crop.width]. The first failure rejects. */
  async decode(files: ImageFiles, crop: Crop): Promise<Uint8Array> {
    const { names, entries } = files, size = crop.height * crop.width;
    const parts: Promise<Uint8Array>[] = [];
    for (let start = 0; start < names.length; start += PART) {
      const request: DecodeRequest = {
        id: this.#ids++,
        names: names.slice(start, start + PART),
        entries: entries?.slice(start, start + PART),
        crop,
      };
      parts.push(new Promise((resolve, reject) => this.#queue.push({ request, resolve, reject })));
    }
    this.#dispatch();
    if (parts.length === 1) return await parts[0];
    const out = new Uint8Array(names.length * size);
    await Promise.all(parts.map(async (part, i) => out.set(await part, i * PART * size)));
    return out;
  }

  /** Ends the threads; what is under way is rejected. */
  close(): void {
    const error = new Error("Cannot decode images as the threads were ended");
    for (const [worker, job] of this.#busy) {
      worker.terminate();
      job.reject(error);
    }
    for (const worker of this.#idle) worker.terminate();
    for (const job of this.#queue) job.reject(error);
    this.#idle = [];
    this.#queue = [];
    this.#busy.clear();
  }

  #dispatch(): void {
    while (this.#queue.length > 0) {
      const worker = this.#idle.pop() ?? (this.#busy.size < this.workers ? this.#start() : undefined);
      if (!worker) return;
      const job = this.#queue.shift()!;
      this.#busy.set(worker, job);
      worker.postMessage(job.request);
    }
  }

  #start(): Worker {
    const worker = new Worker(new URL("./decode_worker.ts", import.meta.url), { type: "module" });
    worker.postMessage(this.#setup);
    worker.onmessage = ({ data }: MessageEvent<DecodeReply>) => {
      const job = this.#busy.get(worker);
      if (!job) return; // closed meanwhile
      this.#busy.delete(worker);
      this.#idle.push(worker);
      if ("data" in data) job.resolve(data.data);
      else job.reject(rebuild(data));
      this.#dispatch();
    };
    worker.onerror = (event) => {
      event.preventDefault();
      const job = this.#busy.get(worker);
      this.#busy.delete(worker);
      worker.terminate();
      job?.reject(new Error(`Cannot decode images as a worker failed: ${event.message}`));
      this.#dispatch();
    };
    return worker;
  }
}

/** The error that a thread met, as the class that it was. */
function rebuild({ error, kind }: { error: string; kind: string }): Error {
  const classes: Record<string, ErrorConstructor> = { SyntaxError, TypeError, RangeError };
  return new (classes[kind] ?? Error)(error);
}
