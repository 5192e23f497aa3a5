/**
 * Matrices packed so that an inner loop reads them from one end to the other.
 *
 * @module
 */
import type { Heap } from "./wasm_heap.ts";
import { tileColumns } from "./wasm_micro.ts";

/** Columns of a packed matrix. */
export interface Panel {
  /** Address of [K, width] floats. */
  address: number;
  width: number;
  /** First column. */
  column: number;
}

/** The panels of a packed [rows, columns] matrix at an address. */
export function panelsOf(address: number, rows: number, columns: number): Panel[] {
  let column = 0;
  return tileColumns(columns).map((width) => {
    const panel = { address: address + column * rows * 4, width, column };
    column += width;
    return panel;
  });
}

/** Rows of a matrix that lie at equal distances. */
export interface Rows {
  /** Address of the first number. */
  from: number;
  count: number;
  /** Bytes from one row to the next, or from one column to the next where `turned`. */
  step: number;
  /** Whether it is the columns that lie at that distance, and the numbers of one side by side. */
  turned: boolean;
}

/**
 * Packs a matrix, block of rows after block of rows, into panels of tile width.
 *
 * @param address Scratch space of as many floats as the matrix has.
 */
export function packPanels(
  { kernels }: Heap,
  address: number,
  columns: number,
  blocks: readonly Rows[],
): Panel[] {
  const panels = panelsOf(address, blocks.reduce((sum, { count }) => sum + count, 0), columns);
  for (const { address, width, column } of panels) {
    let to = address;
    for (const { from, count, step, turned } of blocks) {
      if (turned) kernels.turn(from + column * step, step, to, width, count);
      else kernels.copy(from + column * 4, step, to, width * 4, Math.floor(width / 4), width % 4, count);
      to += count * width * 4;
    }
  }
  return panels;
}
