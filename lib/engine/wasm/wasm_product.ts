/**
 * Matrix products for the wasm backend, transposed or not, at the same speed.
 *
 * @module
 */
import type { tf } from "../tf.ts";
import { clear } from "./wasm_heap.ts";
import type { WasmMemory } from "./wasm_memory.ts";
import { productScratch, type ProductShape } from "./wasm_product_loops.ts";

export type { ProductShape };

/**
 * C = A · B, where A is [m, k] or, transposed, [k, m], and B is [k, n] or [n, k].
 *
 * @param c Float32 [batch, m, n]; overwritten.
 */
export function multiply(
  memory: WasmMemory,
  shape: ProductShape,
  a: tf.TensorInfo,
  b: tf.TensorInfo,
  c: tf.TensorInfo,
) {
  const { batch, m, n, k, transposeA } = shape, size = batch * m * n;
  if (size === 0) return;
  if (k === 0 || transposeA) clear(memory, memory.address(c), size);
  if (k === 0) return;
  memory.withScratch([productScratch(shape) * memory.threads], (scratch) => {
    const job = { shape, a: memory.address(a), b: memory.address(b), c: memory.address(c), scratch };
    // Every part packs B for itself, so there is but one a thread.
    memory.run("product", job, { units: batch * m, work: size * k, perThread: 1 });
  });
}
