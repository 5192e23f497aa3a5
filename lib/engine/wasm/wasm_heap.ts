/**
 * The wasm backend's memory as the loops of a kernel see it, on whatever thread they run: addresses and numbers, no
 * tensors.
 *
 * @module
 */
import { makeMicroKernels, type MicroKernels } from "./wasm_micro.ts";
import { makeMoveKernels, type MoveKernels } from "./wasm_moves.ts";
import { makePoolKernels, type PoolKernels } from "./wasm_pool_kernels.ts";

/** All inner loops over one memory. */
export interface Kernels extends MicroKernels, MoveKernels, PoolKernels {}

/** A memory and the inner loops over it. */
export interface Heap {
  readonly kernels: Kernels;
}

/** Makes the inner loops over a memory; the same memory on another thread has its own. */
export function makeKernels(memory: WebAssembly.Memory): Kernels {
  return { ...makeMicroKernels(memory), ...makeMoveKernels(memory), ...makePoolKernels(memory) };
}

/** Sets `floats` numbers from an address on to zero. */
export function clear({ kernels }: Heap, address: number, floats: number): void {
  kernels.clear(address, Math.floor(floats / 4), floats % 4);
}
