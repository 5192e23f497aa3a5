/**
 * One of the other threads of the wasm backend: takes parts of jobs from the desk, as long as it is let live.
 *
 * It imports no TensorFlow.js and never comes back to its event loop; its owner ends it, or the process does.
 * @module
 */
import { workerData } from "node:worker_threads";
import { Desk } from "./wasm_desk.ts";
import { makeKernels } from "./wasm_heap.ts";
import { type Job, runPart } from "./wasm_jobs.ts";

/** What a thread is started with. */
export interface ThreadOrder {
  /** Number of the thread, from 1; the main thread is 0. */
  thread: number;
  memory: WebAssembly.Memory;
  desk: SharedArrayBuffer;
}

const { thread, memory, desk: shared } = workerData as ThreadOrder;
const desk = new Desk(shared), heap = { kernels: makeKernels(memory) };

/** The job that a taken part belongs to. */
function readJob(): Job {
  const { job, heapBytes } = desk.read();
  if (memory.buffer.byteLength < heapBytes) memory.grow(0); // looks how far it has grown elsewhere
  return job;
}

desk.arrive();
for (;;) {
  desk.awaitPart();
  for (let taken = desk.take(); taken; taken = desk.take()) {
    try {
      runPart(heap, readJob(), { ...taken, thread });
      desk.finish();
    } catch {
      desk.finish(true);
    }
  }
}
