/**
 * The innermost loops of maximum pooling and its gradient, written as WebAssembly, four channels at a time.
 *
 * @module
 */
import { advance, type Code, countDown, instantiate, op, type WasmFunction } from "./wasm_assembler.ts";

/** Addresses, counts of at least 1, steps in bytes. */
export interface PoolKernels {
  /** y = the largest input of one window, for each channel; not a number where one of them is none. */
  largest(
    x: number,
    y: number,
    quads: number,
    rows: number,
    columns: number,
    rowStep: number,
    pixelStep: number,
  ): void;
  /** dx[i] += dy where x[i] = y for the first time in the window, for each channel. */
  largestGradient(
    x: number,
    y: number,
    dy: number,
    dx: number,
    quads: number,
    rows: number,
    columns: number,
    rowStep: number,
    pixelStep: number,
  ): void;
}

const copyTo = (from: number, to: number): Code => [...op.get(from), ...op.set(to)];

function largestFunction(): WasmFunction {
  const [x, y, quads, rows, columns, rowStep, pixelStep] = [0, 1, 2, 3, 4, 5, 6];
  const row = 7, column = 8, rowX = 9, atX = 10, largest = 11;
  const body = op.loopWhile(
    [...op.get(x), ...op.load(), ...op.set(largest)],
    copyTo(x, rowX),
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
    ...[x, y].map((local) => advance(local, op.i32(16))),
    countDown(quads),
  );
  return {
    name: "largest",
    parameters: 7,
    locals: [...Array<"i32">(4).fill("i32"), "v128"],
    body,
  };
}

function gradientFunction(): WasmFunction {
  const [x, y, dy, dx, quads, rows, columns, rowStep, pixelStep] = [0, 1, 2, 3, 4, 5, 6, 7, 8];
  const row = 9, column = 10, rowX = 11, rowDx = 12, atX = 13, atDx = 14;
  const largest = 15, slope = 16, open = 17, hit = 18;
  const tap: Code[] = [
    [
      ...op.get(atX),
      ...op.load(),
      ...op.get(largest),
      ...op.equal,
      ...op.get(open),
      ...op.andVector,
      ...op.set(hit),
    ],
    [...op.get(atDx), ...op.get(atDx), ...op.load()],
    [...op.get(slope), ...op.get(hit), ...op.andVector, ...op.addVector, ...op.store()],
    [...op.get(open), ...op.get(hit), ...op.andNotVector, ...op.set(open)],
    advance(atX, op.get(pixelStep)),
    advance(atDx, op.get(pixelStep)),
    countDown(column),
  ];
  const body = op.loopWhile(
    [...op.get(y), ...op.load(), ...op.set(largest), ...op.get(dy), ...op.load(), ...op.set(slope)],
    [...op.get(largest), ...op.get(largest), ...op.equal, ...op.set(open)], // none is open where the largest is NaN
    copyTo(x, rowX),
    copyTo(dx, rowDx),
    copyTo(rows, row),
    op.loopWhile(
      copyTo(rowX, atX),
      copyTo(rowDx, atDx),
      copyTo(columns, column),
      op.loopWhile(...tap),
      advance(rowX, op.get(rowStep)),
      advance(rowDx, op.get(rowStep)),
      countDown(row),
    ),
    ...[x, y, dy, dx].map((local) => advance(local, op.i32(16))),
    countDown(quads),
  );
  return {
    name: "largestGradient",
    parameters: 9,
    locals: [...Array<"i32">(6).fill("i32"), ...Array<"v128">(4).fill("v128")],
    body,
  };
}

/** Makes the kernels over a memory. */
export function makePoolKernels(memory: WebAssembly.Memory): PoolKernels {
  const { largest, largestGradient } = instantiate([largestFunction(), gradientFunction()], memory);
  return { largest, largestGradient } as unknown as PoolKernels;
}
