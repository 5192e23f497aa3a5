/**
 * The gradient of maximum pooling on the wasm backend, four channels at a time.
 *
 * @module
 */
import { type KernelCall, maxPoolGrad, poolShape } from "../ops/javascript_kernels.ts";
import { windows } from "../ops/pools.ts";
import type { tf } from "../tf.ts";
import { advance, assemble, type Code, countDown, op, type WasmFunction } from "./wasm_assembler.ts";
import type { WasmMemory } from "./wasm_memory.ts";

/** One window: addresses of its first input, output and gradients; counts; steps in bytes. */
type WindowKernel = (
  x: number,
  y: number,
  dy: number,
  dx: number,
  quads: number,
  rows: number,
  columns: number,
  rowStep: number,
  pixelStep: number,
) => void;

/** dx[i] += dy where x[i] = y for the first time in the window, for each channel. */
function windowFunction(): WasmFunction {
  const [x, y, dy, dx, quads, rows, columns, rowStep, pixelStep] = [0, 1, 2, 3, 4, 5, 6, 7, 8];
  const row = 9, column = 10, rowX = 11, rowDx = 12, atX = 13, atDx = 14;
  const largest = 15, slope = 16, open = 17, hit = 18;
  const copy = (from: number, to: number): Code => [...op.get(from), ...op.set(to)];
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
    copy(x, rowX),
    copy(dx, rowDx),
    copy(rows, row),
    op.loopWhile(
      copy(rowX, atX),
      copy(rowDx, atDx),
      copy(columns, column),
      op.loopWhile(...tap),
      advance(rowX, op.get(rowStep)),
      advance(rowDx, op.get(rowStep)),
      countDown(row),
    ),
    ...[x, y, dy, dx].map((local) => advance(local, op.i32(16))),
    countDown(quads),
  );
  return {
    name: "window",
    parameters: 9,
    locals: [...Array<"i32">(6).fill("i32"), ...Array<"v128">(4).fill("v128")],
    body,
  };
}

const known = new WeakMap<WebAssembly.Memory, WindowKernel>();

function windowKernel({ wasm }: WasmMemory): WindowKernel {
  let kernel = known.get(wasm);
  if (!kernel) {
    const module = new WebAssembly.Module(assemble([windowFunction()]));
    const { exports } = new WebAssembly.Instance(module, { env: { memory: wasm } });
    known.set(wasm, kernel = exports.window as WindowKernel);
  }
  return kernel;
}

/** dx of a maximum pooling; volumes, and channels that are no multiple of four, go by the plain loops. */
export function maxPoolGradSimd(call: KernelCall<WasmMemory>): tf.TensorInfo {
  const { memory, inputs: { dy, input, output }, attributes } = call;
  const shape = poolShape(input.shape, attributes);
  const { batch, channels, inputs: [depth, height, width] } = shape;
  if (channels % 4 !== 0 || depth > 1 || !output) return maxPoolGrad(call);
  const dx = memory.zeros(input.shape), kernel = windowKernel(memory);
  const [rows, columns] = [windows(shape, 1), windows(shape, 2)];
  const pixel = channels * 4, rowStep = width * pixel;
  let [x, y, slope, result] = [input, output, dy, dx].map((tensor) => memory.address(tensor));
  for (let image = 0; image < batch; image++) {
    for (const [top, tall] of rows) {
      for (const [left, wide] of columns) {
        const at = top * rowStep + left * pixel;
        if (tall && wide) kernel(x + at, y, slope, result + at, channels / 4, tall, wide, rowStep, pixel);
        y += pixel;
        slope += pixel;
      }
    }
    x += height * rowStep;
    result += height * rowStep;
  }
  return dx;
}
