/**
 * The innermost loops of maximum pooling and its gradient, written as WebAssembly, four channels at a time.
 *
 * @module
 */
import {
  advance,
  type Code,
  copyTo,
  countDown,
  instantiate,
  op,
  type WasmFunction,
} from "../../base/wasm_assembler.ts";

/** Addresses, counts of at least 1, steps in bytes; windows lie side by side at one distance and are of one size. */
export interface PoolKernels {
  /** y = the largest input of each window, for each channel; not a number where one of them is none. */
  largest(
    x: number,
    y: number,
    quads: number,
    rows: number,
    columns: number,
    rowStep: number,
    pixelStep: number,
    windows: number,
    windowStep: number,
  ): void;
  /** dx[i] += dy where x[i] = y for the first time in its window, for each channel. */
  addLargestGradient: GradientKernel;
  /** dx[i] = dy there and zero elsewhere in the windows, which may not overlap. */
  setLargestGradient: GradientKernel;
}

/** As {@linkcode PoolKernels.largest}, with the gradients. */
export type GradientKernel = (
  x: number,
  y: number,
  dy: number,
  dx: number,
  quads: number,
  rows: number,
  columns: number,
  rowStep: number,
  pixelStep: number,
  windows: number,
  windowStep: number,
) => void;

function largestFunction(): WasmFunction {
  const [x, y, quads, rows, columns, rowStep, pixelStep, windows, windowStep] = [0, 1, 2, 3, 4, 5, 6, 7, 8];
  const row = 9, column = 10, rowX = 11, atX = 12, quad = 13, quadX = 14, largest = 15;
  const body = op.loopWhile(
    copyTo(x, quadX),
    copyTo(quads, quad),
    op.loopWhile(
      [...op.get(quadX), ...op.load(), ...op.set(largest)],
      copyTo(quadX, rowX),
      copyTo(rows, row),
      op.loopWhile(
        copyTo(rowX, atX),
        copyTo(columns, column),
        op.loopWhile(
          [...op.get(largest), ...op.get(atX), ...op.load(), ...op.largerVector, ...op.set(largest)],
          advance(atX, op.get(pixelStep)),
          countDown(column),
        ),
        advance(rowX, op.get(rowStep)),
        countDown(row),
      ),
      [...op.get(y), ...op.get(largest), ...op.store()],
      ...[quadX, y].map((local) => advance(local, op.i32(16))),
      countDown(quad),
    ),
    advance(x, op.get(windowStep)),
    countDown(windows),
  );
  return { name: "largest", parameters: 9, locals: [...Array<"i32">(6).fill("i32"), "v128"], body };
}

/** Where a window's values and their gradients lie, as locals. */
const [X, Y, DY, DX, QUADS, ROWS, COLUMNS, ROW_STEP, PIXEL_STEP, WINDOWS, WINDOW_STEP] = [
  ...[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
];
const ROW = 11,
  COLUMN = 12,
  ROW_X = 13,
  ROW_DX = 14,
  AT_X = 15,
  AT_DX = 16,
  QUAD = 17,
  QUAD_X = 18,
  QUAD_DX = 19;
const LARGEST = 20, SLOPE = 21, OPEN = 22, HIT = 23;

/** One input of a window: takes the gradient if it is the first that is the largest. */
function gradientOfTap(adds: boolean): Code {
  return [
    ...[...op.get(AT_X), ...op.load(), ...op.get(LARGEST), ...op.equal],
    ...[...op.get(OPEN), ...op.andVector, ...op.set(HIT)],
    ...[...op.get(AT_DX), ...(adds ? [...op.get(AT_DX), ...op.load()] : [])],
    ...[...op.get(SLOPE), ...op.get(HIT), ...op.andVector, ...(adds ? op.addVector : []), ...op.store()],
    ...[...op.get(OPEN), ...op.get(HIT), ...op.andNotVector, ...op.set(OPEN)],
    ...advance(AT_X, op.get(PIXEL_STEP)),
    ...advance(AT_DX, op.get(PIXEL_STEP)),
  ];
}

function gradientFunction(adds: boolean): WasmFunction {
  const window = op.loopWhile(
    [...op.get(Y), ...op.load(), ...op.set(LARGEST), ...op.get(DY), ...op.load(), ...op.set(SLOPE)],
    [...op.get(LARGEST), ...op.get(LARGEST), ...op.equal, ...op.set(OPEN)], // none is open where the largest is NaN
    copyTo(QUAD_X, ROW_X),
    copyTo(QUAD_DX, ROW_DX),
    copyTo(ROWS, ROW),
    op.loopWhile(
      copyTo(ROW_X, AT_X),
      copyTo(ROW_DX, AT_DX),
      copyTo(COLUMNS, COLUMN),
      op.loopWhile(gradientOfTap(adds), countDown(COLUMN)),
      advance(ROW_X, op.get(ROW_STEP)),
      advance(ROW_DX, op.get(ROW_STEP)),
      countDown(ROW),
    ),
    ...[QUAD_X, QUAD_DX, Y, DY].map((local) => advance(local, op.i32(16))),
    countDown(QUAD),
  );
  const body = op.loopWhile(
    copyTo(X, QUAD_X),
    copyTo(DX, QUAD_DX),
    copyTo(QUADS, QUAD),
    window,
    advance(X, op.get(WINDOW_STEP)),
    advance(DX, op.get(WINDOW_STEP)),
    countDown(WINDOWS),
  );
  return {
    name: adds ? "addLargestGradient" : "setLargestGradient",
    parameters: 11,
    locals: [...Array<"i32">(9).fill("i32"), ...Array<"v128">(4).fill("v128")],
    body,
  };
}

/** Makes the kernels over a memory. */
export function makePoolKernels(memory: WebAssembly.Memory): PoolKernels {
  const functions = [largestFunction(), gradientFunction(true), gradientFunction(false)];
  const { largest, addLargestGradient, setLargestGradient } = instantiate(functions, memory);
  return { largest, addLargestGradient, setLargestGradient } as unknown as PoolKernels;
}
