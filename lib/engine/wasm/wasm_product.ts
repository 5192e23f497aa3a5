/**
 * Matrix products for the wasm backend, transposed or not, at the same speed.
 *
 * @module
 */
import type { tf } from "../tf.ts";
import { packPanels, type WasmMemory } from "./wasm_memory.ts";
import { tileColumns, tileRows } from "./wasm_micro.ts";

/** One product C = A · B of `batch` pairs; a pair's matrices follow each other, or are the same for all (step 0). */
export interface ProductShape {
  batch: number;
  m: number;
  n: number;
  k: number;
  transposeA: boolean;
  transposeB: boolean;
  /** Floats from one A to the next. */
  aStep: number;
  /** Floats from one B to the next. */
  bStep: number;
}

/** Terms of the sum that are done in one go: a panel of B then fits the first cache. */
const BLOCK_TERMS = 256;

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
  const { batch, m, n, k, transposeA, transposeB } = shape;
  if (k === 0) {
    memory.values(c).fill(0);
    return;
  }
  const tiles = tileRows(m), widths = tileColumns(n), cStep = n * 4;
  memory.withScratch([Math.min(k, BLOCK_TERMS) * n], (packed) => {
    const { floats } = memory, { rows, columns } = memory.kernels;
    const [a0, b0, c0] = [a, b, c].map((tensor) => memory.address(tensor));
    if (transposeA) floats.fill(0, c0 / 4, c0 / 4 + batch * m * n);
    for (let pair = 0; pair < batch; pair++) {
      const aAt = a0 + pair * shape.aStep * 4, bAt = b0 / 4 + pair * shape.bStep, cAt = c0 + pair * m * n * 4;
      for (let first = 0; first < k; first += BLOCK_TERMS) {
        const terms = Math.min(BLOCK_TERMS, k - first);
        const panels = packPanels(
          floats,
          packed,
          terms,
          widths,
          (term) => bAt + (first + term) * (transposeB ? 1 : n),
          transposeB ? k : 1,
        );
        let row = 0;
        for (const tile of tiles) {
          for (const { address, width, column } of panels) {
            const to = cAt + row * cStep + column * 4;
            if (transposeA) {
              const from = aAt + (first * m + row) * 4;
              columns[width][tile - 1](from, m * 4, address, width * 4, to, cStep, terms, 1, 0, 0);
            } else {
              const from = aAt + (row * k + first) * 4;
              rows[width][tile - 1](from, k * 4, address, to, cStep, terms, 1, 0, first);
            }
          }
          row += tile;
        }
      }
    }
  });
}
