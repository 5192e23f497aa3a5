/**
 * The innermost loops of convolutions and matrix products, written as WebAssembly over the wasm backend's own memory.
 *
 * Each keeps a small tile of the result in registers while it runs along the summed axis:
 * - *rows*: C[m, n] (+)= Σₖ A[m, k] · B[k, n], A's rows anywhere, B packed; a convolution and a product;
 * - *columns*: C[m, n] += Σₖ A[k, m] · B[k, n], nothing packed; a filter's gradient and a product with Aᵀ.
 *
 * Fused multiply-add is used where the machine has relaxed SIMD. Sources: Goto and van de Geijn, "Anatomy of
 * high-performance matrix multiplication" (2008), for the tiling.
 * @module
 */
import {
  advance,
  assemble,
  type Code,
  countDown,
  instantiate,
  op,
  type ValueType,
  type WasmFunction,
} from "../../base/wasm_assembler.ts";

/** Most rows of a tile: 6 × 2 vectors, 2 of B and 1 of A fill the 16 registers of x86-64. */
export const TILE_ROWS = 6;

/** Widths of a tile, widest first. */
export const TILE_WIDTHS = [8, 4, 1] as const;

/** Addresses and steps are bytes; `k`, `rows` and `columns` are counts, all at least 1. */
export type RowsKernel = (
  a: number,
  aStep: number,
  b: number,
  c: number,
  cStep: number,
  k: number,
  rows: number,
  aRow: number,
  accumulate: number,
) => void;

/** As {@linkcode RowsKernel}; the summed axis is `rows` lines of `columns` pixels. */
export type ColumnsKernel = (
  a: number,
  aStep: number,
  b: number,
  bStep: number,
  c: number,
  cStep: number,
  columns: number,
  rows: number,
  aRow: number,
  bRow: number,
) => void;

/** The kernels by tile: `rows[width][height − 1]`. */
export interface MicroKernels {
  rows: Record<number, RowsKernel[]>;
  columns: Record<number, ColumnsKernel[]>;
  /** Whether multiply-add is fused. */
  fused: boolean;
}

/** How a tile of a given width holds its numbers: whole vectors, or single floats. */
function lanes(width: number, fused: boolean) {
  const scalar = width === 1;
  return {
    parts: scalar ? [0] : Array.from({ length: width / 4 }, (_, i) => i * 16), // byte offsets
    type: (scalar ? "f32" : "v128") as ValueType,
    zero: scalar ? op.zeroFloat : op.zeroVector,
    load: scalar ? op.loadFloat : op.load,
    loadA: scalar ? op.loadFloat : op.loadSplat,
    store: scalar ? op.storeFloat : op.store,
    /** sum += a · b */
    accumulate: (sum: number, a: Code, b: Code): Code =>
      scalar
        ? [...op.get(sum), ...a, ...b, ...op.multiplyFloat, ...op.addFloat, ...op.set(sum)]
        : fused
        ? [...a, ...b, ...op.get(sum), ...op.multiplyAdd, ...op.set(sum)]
        : [...op.get(sum), ...a, ...b, ...op.multiplyVector, ...op.addVector, ...op.set(sum)],
  };
}

/** For each row m of the tile: address of C's row in `pointer`, then `each`. */
function overRowsOfC(
  height: number,
  c: number,
  cStep: number,
  pointer: number,
  each: (m: number) => Code,
): Code {
  const code: number[] = [...op.get(c), ...op.set(pointer)];
  for (let m = 0; m < height; m++) {
    if (m) code.push(...advance(pointer, op.get(cStep)));
    code.push(...each(m));
  }
  return code;
}

/** Runs `body` as often as `count` says, which may be never. */
const repeat = (left: number, count: Code, body: Code): Code => [
  ...count,
  ...op.set(left),
  ...op.get(left),
  ...op.when(op.loopWhile(body, countDown(left))),
];

const UNROLLED = 4;

function rowsKernel(height: number, width: number, fused: boolean): WasmFunction {
  const { parts, type, zero, load, loadA, store, accumulate } = lanes(width, fused);
  const [a, aStep, b, c, cStep, k, rows, aRow, adds] = [0, 1, 2, 3, 4, 5, 6, 7, 8];
  const pointer = 9, left = 10, pa = 11; // pa…: one pointer a row of A
  const sums = pa + height, vectorsB = sums + height * parts.length, splat = vectorsB + parts.length;
  const sum = (m: number, part: number) => sums + m * parts.length + part;

  /** One step of k, whose A lies `ahead` floats beyond the pointers. */
  const step = (ahead: number): Code => [
    ...parts.flatMap((
      offset,
      p,
    ) => [...op.get(b), ...load(ahead * width * 4 + offset), ...op.set(vectorsB + p)]),
    ...Array.from({ length: height }, (_, m) => [
      ...op.get(pa + m),
      ...loadA(ahead * 4),
      ...op.set(splat),
      ...parts.flatMap((_, p) => accumulate(sum(m, p), op.get(splat), op.get(vectorsB + p))),
    ]).flat(),
  ];
  const steps = (count: number): Code => [
    ...Array.from({ length: count }, (_, ahead) => step(ahead)).flat(),
    ...Array.from({ length: height }, (_, m) => advance(pa + m, op.i32(count * 4))).flat(),
    ...advance(b, op.i32(count * width * 4)),
  ];
  const body: Code = [
    ...op.get(adds),
    ...op.choose(
      overRowsOfC(
        height,
        c,
        cStep,
        pointer,
        (m) => parts.flatMap((offset, p) => [...op.get(pointer), ...load(offset), ...op.set(sum(m, p))]),
      ),
      Array.from({ length: height * parts.length }, (_, i) => [...zero, ...op.set(sums + i)]).flat(),
    ),
    ...op.loopWhile(
      Array.from({ length: height }, (_, m) => [
        ...(m ? [...op.get(pa + m - 1), ...op.get(aStep), ...op.add] : op.get(a)),
        ...op.set(pa + m),
      ]).flat(),
      repeat(left, [...op.get(k), ...op.i32(Math.log2(UNROLLED)), ...op.shiftRight], steps(UNROLLED)),
      repeat(left, [...op.get(k), ...op.i32(UNROLLED - 1), ...op.and], steps(1)),
      advance(a, op.get(aRow)),
      countDown(rows),
    ),
    ...overRowsOfC(
      height,
      c,
      cStep,
      pointer,
      (m) => parts.flatMap((offset, p) => [...op.get(pointer), ...op.get(sum(m, p)), ...store(offset)]),
    ),
  ];
  const locals: ValueType[] = [
    ...Array<ValueType>(2 + height).fill("i32"),
    ...Array<ValueType>((height + 1) * parts.length + 1).fill(type),
  ];
  return { name: `rows${height}x${width}`, parameters: 9, locals, body };
}

function columnsKernel(height: number, width: number, fused: boolean): WasmFunction {
  const { parts, type, load, loadA, store, accumulate } = lanes(width, fused);
  const [a, aStep, b, bStep, c, cStep, columns, rows, aRow, bRow] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
  const pointer = 10, left = 11, pa = 12, pb = 13;
  const sums = 14, vectorsB = sums + height * parts.length, splat = vectorsB + parts.length;
  const sum = (m: number, part: number) => sums + m * parts.length + part;
  const pixels = (count: number): Code =>
    Array.from({ length: count }, () => [
      ...parts.flatMap((offset, p) => [...op.get(pb), ...load(offset), ...op.set(vectorsB + p)]),
      ...Array.from({ length: height }, (_, m) => [
        ...op.get(pa),
        ...loadA(m * 4),
        ...op.set(splat),
        ...parts.flatMap((_, p) => accumulate(sum(m, p), op.get(splat), op.get(vectorsB + p))),
      ]).flat(),
      ...advance(pa, op.get(aStep)),
      ...advance(pb, op.get(bStep)),
    ]).flat();
  const body: Code = [
    ...overRowsOfC(
      height,
      c,
      cStep,
      pointer,
      (m) => parts.flatMap((offset, p) => [...op.get(pointer), ...load(offset), ...op.set(sum(m, p))]),
    ),
    ...op.loopWhile(
      [...op.get(a), ...op.set(pa), ...op.get(b), ...op.set(pb)],
      repeat(left, [...op.get(columns), ...op.i32(Math.log2(UNROLLED)), ...op.shiftRight], pixels(UNROLLED)),
      repeat(left, [...op.get(columns), ...op.i32(UNROLLED - 1), ...op.and], pixels(1)),
      advance(a, op.get(aRow)),
      advance(b, op.get(bRow)),
      countDown(rows),
    ),
    ...overRowsOfC(
      height,
      c,
      cStep,
      pointer,
      (m) => parts.flatMap((offset, p) => [...op.get(pointer), ...op.get(sum(m, p)), ...store(offset)]),
    ),
  ];
  const locals: ValueType[] = [
    ...Array<ValueType>(4).fill("i32"),
    ...Array<ValueType>((height + 1) * parts.length + 1).fill(type),
  ];
  return { name: `columns${height}x${width}`, parameters: 10, locals, body };
}

/**
 * Makes the kernels over a memory.
 *
 * @param memory The memory that all addresses point into.
 * @param fused Whether to try fused multiply-add. @default {true}
 * @throws {Error} If the machine lacks SIMD.
 */
export function makeMicroKernels(memory: WebAssembly.Memory, fused = true): MicroKernels {
  const heights = Array.from({ length: TILE_ROWS }, (_, i) => i + 1);
  const all = (fuse: boolean) =>
    TILE_WIDTHS.flatMap((width) =>
      heights.flatMap((height) => [rowsKernel(height, width, fuse), columnsKernel(height, width, fuse)])
    );
  const isFused = fused && WebAssembly.validate(assemble(all(true)));
  const exports = instantiate(all(isFused), memory);
  const kernels: MicroKernels = { rows: {}, columns: {}, fused: isFused };
  for (const width of TILE_WIDTHS) {
    kernels.rows[width] = heights.map((height) => exports[`rows${height}x${width}`] as RowsKernel);
    kernels.columns[width] = heights.map((height) => exports[`columns${height}x${width}`] as ColumnsKernel);
  }
  return kernels;
}

/** Cuts `length` into tiles of nearly equal height, at most {@linkcode TILE_ROWS}. */
export function tileRows(length: number): number[] {
  const count = Math.ceil(length / TILE_ROWS);
  return Array.from(
    { length: count },
    (_, i) => Math.floor((i + 1) * length / count) - Math.floor(i * length / count),
  );
}

/** Cuts `length` into tile widths: as many 8 as fit, then 4, then single columns. */
export function tileColumns(length: number): number[] {
  const widths: number[] = [];
  let left = length;
  for (const width of TILE_WIDTHS) {
    for (; left >= width; left -= width) widths.push(width);
  }
  return widths;
}
