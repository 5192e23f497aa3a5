/**
 * The wasm backend, with the kernels that training needs and the stock backend lacks or has only slowly.
 *
 * @module
 */
import {
  averagePool3d,
  averagePoolGrad,
  depthwiseBackFilter,
  depthwiseBackInput,
  depthwiseSparse,
  maxPool3d,
  maxPoolGrad,
  meanLeading,
  ofMiddles,
  registerKernelOver,
  resizeBilinearGrad,
  resizeNearestGrad,
  sumLeading,
  tileBlocks,
  unsortedSegmentSum,
} from "../ops/javascript_kernels.ts";
import { registerCpuKernels } from "../cpu.ts";
import { registerEinsum } from "../ops/einsum.ts";
import {
  broadcastMatrices,
  computeInFloats,
  keepSignOfNothing,
  replaceKernel,
} from "../ops/replace_kernel.ts";
import { tf } from "../tf.ts";
import { registerWasmConvolutions } from "./wasm_convolution_kernels.ts";
import { WasmMemory } from "./wasm_memory.ts";
import { PLAIN_KERNELS } from "./wasm_plain.ts";
import { maxPoolGradSimd, maxPoolSimd } from "./wasm_pool.ts";
import { shareStockMemory } from "./wasm_shared.ts";

const JAVASCRIPT_KERNELS = {
  AvgPool3D: averagePool3d,
  MaxPool3D: maxPool3d,
  MaxPool3DGrad: maxPoolGrad,
  AvgPoolGrad: averagePoolGrad,
  AvgPool3DGrad: averagePoolGrad,
  ResizeBilinearGrad: ofMiddles(resizeBilinearGrad),
  ResizeNearestNeighborGrad: ofMiddles(resizeNearestGrad),
  DepthwiseConv2dNative: depthwiseSparse,
  DepthwiseConv2dNativeBackpropFilter: depthwiseBackFilter,
  DepthwiseConv2dNativeBackpropInput: depthwiseBackInput,
  UnsortedSegmentSum: unsortedSegmentSum,
  Sum: sumLeading,
  Tile: tileBlocks,
  Mean: meanLeading,
};

let registered = false;

/**
 * Loads TensorFlow.js's wasm backend and puts our kernels over its own; to be called before `tf.setBackend("wasm")`.
 *
 * The stock kernels have one thread: their threaded build starts its workers from blob URLs by Node's API, which Deno
 * refuses. Ours share the memory of the build without threads, see {@linkcode useWasmThreads}.
 */
export async function registerWasmBackend(): Promise<void> {
  if (registered) return;
  const stock = await import("@tensorflow/tfjs-backend-wasm");
  await shareStockMemory(stock);
  registerCpuKernels(); // some kernels below fall back on them
  registerWasmConvolutions();
  for (const [name, kernel] of Object.entries(PLAIN_KERNELS)) {
    registerKernelOver("wasm", name, WasmMemory.of, kernel);
  }
  registerKernelOver("wasm", "MaxPool", WasmMemory.of, maxPoolSimd);
  registerKernelOver("wasm", "MaxPoolGrad", WasmMemory.of, maxPoolGradSimd);
  for (const [name, kernel] of Object.entries(JAVASCRIPT_KERNELS)) {
    registerKernelOver("wasm", name, WasmMemory.of, kernel);
  }
  computeInFloats("wasm");
  broadcastMatrices("wasm");
  registerEinsum("wasm");
  // The stock kernels hide what is not a number behind a limit.
  replaceKernel(
    "wasm",
    "Relu6",
    ({ x }, _, stock) => x.dtype === "float32" ? tf.tidy(() => tf.minimum(tf.relu(x), 6)) : stock({ x }),
  );
  replaceKernel("wasm", "ClipByValue", ({ x }, attributes) => {
    const { clipValueMin, clipValueMax } = attributes as { clipValueMin: number; clipValueMax: number };
    return tf.tidy(() => {
      const [low, high] = [clipValueMin, clipValueMax].map((limit) => tf.scalar(limit, x.dtype as "float32"));
      return tf.maximum(tf.minimum(x, high), low);
    });
  });
  keepSignOfNothing("wasm");
  // The stock kernel knows one slope a channel, and takes any other shape of slopes for that.
  replaceKernel("wasm", "Prelu", (inputs, _, stock) => {
    const { x, alpha } = inputs,
      perChannel = alpha.shape.at(-1) === x.shape.at(-1) && alpha.size === alpha.shape.at(-1);
    if (perChannel && x.dtype === "float32") return stock(inputs);
    return tf.tidy(() => tf.add(tf.relu(x), tf.mul(alpha, tf.minimum(x, 0))));
  });
  registered = true;
}

/**
 * Sets how many threads share the loops of convolutions, products and poolings; to be called once the backend is set.
 *
 * @param wanted Threads, the main one among them.
 * @returns How many there will be: one where memory cannot be shared.
 */
export function useWasmThreads(wanted: number): number {
  const memory = WasmMemory.of(tf.backend());
  memory.setThreads(wanted);
  return memory.threads;
}
