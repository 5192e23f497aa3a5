/**
 * The wasm backend, with the kernels that training needs and the stock backend lacks or has only slowly.
 *
 * @module
 */
import {
  averagePoolGrad,
  depthwiseBackFilter,
  depthwiseBackInput,
  depthwiseSparse,
  maxPool3d,
  maxPoolGrad,
  meanLeading,
  registerKernelOver,
  sumLeading,
  tileBlocks,
  unsortedSegmentSum,
} from "../ops/javascript_kernels.ts";
import { registerWasmConvolutions } from "./wasm_convolution_kernels.ts";
import { WasmMemory } from "./wasm_memory.ts";
import { maxPoolGradSimd } from "./wasm_pool.ts";

const JAVASCRIPT_KERNELS = {
  MaxPool3D: maxPool3d,
  MaxPool3DGrad: maxPoolGrad,
  AvgPoolGrad: averagePoolGrad,
  AvgPool3DGrad: averagePoolGrad,
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
 * One thread: the threaded build starts its workers from blob URLs by Node's API, which Deno refuses.
 */
export async function registerWasmBackend(): Promise<void> {
  if (registered) return;
  await import("@tensorflow/tfjs-backend-wasm");
  registerWasmConvolutions();
  registerKernelOver("wasm", "MaxPoolGrad", WasmMemory.of, maxPoolGradSimd);
  for (const [name, kernel] of Object.entries(JAVASCRIPT_KERNELS)) {
    registerKernelOver("wasm", name, WasmMemory.of, kernel);
  }
  registered = true;
}
