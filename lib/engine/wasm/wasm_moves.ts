/**
 * Copying, turning and clearing numbers in the wasm backend's memory, four at a time.
 *
 * A typed array over shared memory does the same by single words, which costs more than the arithmetic it is for.
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

/** Addresses and steps are bytes, all else are counts; none may overlap. */
export interface MoveKernels {
  /** Rows of `vectors` · 4 + `rest` floats. */
  copy(
    from: number,
    fromStep: number,
    to: number,
    toStep: number,
    vectors: number,
    rest: number,
    rows: number,
  ): void;
  /** to[row · width + column] = from[row + column · step / 4], for at least one row and column. */
  turn(from: number, fromStep: number, to: number, width: number, rows: number): void;
  /** Zeros. */
  clear(to: number, vectors: number, rest: number): void;
}

/** Runs `body` as often as the local `count` says, which may be never; counts it down. */
const times = (count: number, body: Code): Code => [
  ...op.get(count),
  ...op.when(op.loopWhile(body, countDown(count))),
];

function copyFunction(): WasmFunction {
  const [from, fromStep, to, toStep, vectors, rest, rows] = [0, 1, 2, 3, 4, 5, 6];
  const source = 7, target = 8, left = 9;
  const body = times(rows, [
    ...copyTo(from, source),
    ...copyTo(to, target),
    ...copyTo(vectors, left),
    ...times(left, [
      ...op.get(target),
      ...op.get(source),
      ...op.load(),
      ...op.store(),
      ...advance(source, op.i32(16)),
      ...advance(target, op.i32(16)),
    ]),
    ...copyTo(rest, left),
    ...times(left, [
      ...op.get(target),
      ...op.get(source),
      ...op.loadFloat(),
      ...op.storeFloat(),
      ...advance(source, op.i32(4)),
      ...advance(target, op.i32(4)),
    ]),
    ...advance(from, op.get(fromStep)),
    ...advance(to, op.get(toStep)),
  ]);
  return { name: "copy", parameters: 7, locals: ["i32", "i32", "i32"], body };
}

function turnFunction(): WasmFunction {
  const [from, fromStep, to, width, rows] = [0, 1, 2, 3, 4];
  const source = 5, target = 6, left = 7, columns = 8, toStep = 9;
  const body: Code = [
    ...copyTo(width, columns),
    ...op.get(width),
    ...op.i32(4),
    ...op.multiply,
    ...op.set(toStep),
    ...op.loopWhile(
      copyTo(from, source),
      copyTo(to, target),
      copyTo(rows, left),
      op.loopWhile(
        [...op.get(target), ...op.get(source), ...op.loadFloat(), ...op.storeFloat()],
        advance(source, op.i32(4)),
        advance(target, op.get(toStep)),
        countDown(left),
      ),
      advance(from, op.get(fromStep)),
      advance(to, op.i32(4)),
      countDown(columns),
    ),
  ];
  return { name: "turn", parameters: 5, locals: Array<"i32">(5).fill("i32"), body };
}

function clearFunction(): WasmFunction {
  const [to, vectors, rest] = [0, 1, 2];
  const body: Code = [
    ...times(vectors, [...op.get(to), ...op.zeroVector, ...op.store(), ...advance(to, op.i32(16))]),
    ...times(rest, [...op.get(to), ...op.zeroFloat, ...op.storeFloat(), ...advance(to, op.i32(4))]),
  ];
  return { name: "clear", parameters: 3, locals: [], body };
}

/** Makes the kernels over a memory. */
export function makeMoveKernels(memory: WebAssembly.Memory): MoveKernels {
  const { copy, turn, clear } = instantiate([copyFunction(), turnFunction(), clearFunction()], memory);
  return { copy, turn, clear } as unknown as MoveKernels;
}
