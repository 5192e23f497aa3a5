/**
 * The loops of matrix products over the wasm backend's memory, for any part of the result.
 *
 * @module
 */
import type { Heap } from "./wasm_heap.ts";
import { tileRows } from "./wasm_micro.ts";
import { packPanels } from "./wasm_panels.ts";
import { type Part, unitsOf } from "./wasm_part.ts";

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

/** Floats of scratch space that a thread needs for a product. */
export const productScratch = ({ k, n }: ProductShape): number => Math.min(k, BLOCK_TERMS) * n;

/** What a thread is told to multiply; addresses in bytes. */
export interface ProductJob {
  shape: ProductShape;
  a: number;
  b: number;
  /** Zeros where A is transposed. */
  c: number;
  /** Room a thread, of {@linkcode productScratch}. */
  scratch: number;
}

/** A part of the rows of all results. */
export function productLoops(heap: Heap, { shape, a, b, c, scratch }: ProductJob, part: Part): void {
  const { batch, m, n, aStep, bStep } = shape, [start, stop] = unitsOf(batch * m, part);
  const packed = scratch + part.thread * productScratch(shape) * 4;
  for (let pair = Math.floor(start / m); pair * m < stop; pair++) {
    const first = Math.max(0, start - pair * m), end = Math.min(m, stop - pair * m);
    const at = { a: a + pair * aStep * 4, b: b + pair * bStep * 4, c: c + pair * m * n * 4, packed };
    multiplyRows(heap, shape, at, first, end);
  }
}

/** Rows of one product, from `first` to before `end`. */
function multiplyRows(
  heap: Heap,
  { m, n, k, transposeA, transposeB }: ProductShape,
  at: { a: number; b: number; c: number; packed: number },
  first: number,
  end: number,
): void {
  const tiles = tileRows(end - first), cStep = n * 4, { rows, columns } = heap.kernels;
  for (let term = 0; term < k; term += BLOCK_TERMS) {
    const terms = Math.min(BLOCK_TERMS, k - term), step = (transposeB ? k : n) * 4;
    const from = at.b + (transposeB ? term * 4 : term * step);
    const panels = packPanels(heap, at.packed, n, [{ from, count: terms, step, turned: transposeB }]);
    let row = first;
    for (const tile of tiles) {
      for (const { address, width, column } of panels) {
        const to = at.c + row * cStep + column * 4;
        if (transposeA) {
          const a = at.a + (term * m + row) * 4;
          columns[width][tile - 1](a, m * 4, address, width * 4, to, cStep, terms, 1, 0, 0);
        } else {
          const a = at.a + (row * k + term) * 4;
          rows[width][tile - 1](a, k * 4, address, to, cStep, terms, 1, 0, term);
        }
      }
      row += tile;
    }
  }
}
