/**
 * The loops that threads share, by name: what the main thread asks for and any thread can run.
 *
 * @module
 */
import { backFilterLoops, backInputLoops, convolveLoops } from "./wasm_convolution_loops.ts";
import type { Heap } from "./wasm_heap.ts";
import type { Part } from "./wasm_part.ts";
import { maxPoolGradientLoops, maxPoolLoops } from "./wasm_pool_loops.ts";
import { productLoops } from "./wasm_product_loops.ts";

const LOOPS = {
  convolve: convolveLoops,
  backInput: backInputLoops,
  backFilter: backFilterLoops,
  product: productLoops,
  maxPool: maxPoolLoops,
  maxPoolGradient: maxPoolGradientLoops,
};

/** Names of all loops. */
export type LoopName = keyof typeof LOOPS;

/** What loops of a name are told: numbers alone, as it goes to other threads as text. */
export type JobOf<Name extends LoopName> = Parameters<typeof LOOPS[Name]>[1];

/** Loops by name, and what they are told. */
export type Job = { [Name in LoopName]: { loops: Name; told: JobOf<Name> } }[LoopName];

/** Runs a part of a job. */
export function runPart(heap: Heap, { loops, told }: Job, part: Part): void {
  (LOOPS[loops] as (heap: Heap, told: Job["told"], part: Part) => void)(heap, told, part);
}
