/**
 * Maximum pooling and its gradient on the wasm backend, four channels at a time.
 *
 * @module
 */
import { type KernelCall, maxPoolGrad, poolShape } from "../ops/javascript_kernels.ts";
import { type PoolShape, windows } from "../ops/pools.ts";
import type { tf } from "../tf.ts";
import type { WasmMemory } from "./wasm_memory.ts";

/** Whether the loops over whole vectors can do a pooling. */
const isSuited = ({ channels, inputs: [depth] }: PoolShape) => channels % 4 === 0 && depth === 1;

/** How the batch is shared out: an addition is much less than what it takes to load what is added. */
function shares({ batch, channels, outputs, filter }: PoolShape) {
  const taps = [...outputs, ...filter].reduce((all, side) => all * side, channels);
  return { units: batch, work: 2 * batch * taps };
}

/** Maximum pooling; channels that are no multiple of four, and windows that reach no input, go by the stock kernel. */
export function maxPoolSimd(call: KernelCall<WasmMemory>): tf.TensorInfo {
  const { memory, inputs: { x }, attributes } = call;
  if (x.dtype !== "float32") return call.stock();
  const shape = poolShape(x.shape, attributes);
  const isEmpty = [1, 2].some((axis) => windows(shape, axis).some(([, count]) => count === 0));
  if (!isSuited(shape) || isEmpty) return call.stock();
  const y = memory.output([shape.batch, ...shape.outputs.slice(1), shape.channels]);
  memory.run("maxPool", { shape, x: memory.address(x), y: memory.address(y) }, shares(shape));
  return y;
}

/** dx of a maximum pooling; volumes, and channels that are no multiple of four, go by the plain loops. */
export function maxPoolGradSimd(call: KernelCall<WasmMemory>): tf.TensorInfo {
  const { memory, inputs: { dy, input, output }, attributes } = call;
  const shape = poolShape(input.shape, attributes);
  if (!isSuited(shape) || !output) return maxPoolGrad(call);
  const dx = memory.output(input.shape);
  const [x, y, slope, result] = [input, output, dy, dx].map((tensor) => memory.address(tensor));
  memory.run("maxPoolGradient", { shape, x, y, dy: slope, dx: result }, shares(shape));
  return dx;
}
