/**
 * The cpu backend, with the gradients that it computes otherwise than TensorFlow does.
 *
 * @module
 */
import {
  averagePoolGrad,
  type KernelMemory,
  registerKernelOver,
  resizeBilinearGrad,
  resizeNearestGrad,
} from "./ops/javascript_kernels.ts";
import { tf } from "./tf.ts";

/** The part of TensorFlow.js's MathBackendCPU that a kernel needs. */
interface CpuBackend {
  data: { get(dataId: object): { values: Float32Array | Int32Array } };
  makeTensorInfo(shape: number[], dtype: "float32", values: Float32Array): tf.TensorInfo;
}

function memoryOf(backend: unknown): KernelMemory {
  const cpu = backend as CpuBackend;
  return {
    values: ({ dataId }) => cpu.data.get(dataId).values,
    zeros: (shape) =>
      cpu.makeTensorInfo(
        [...shape],
        "float32",
        new Float32Array(shape.reduce((size, side) => size * side, 1)),
      ),
  };
}

let registered = false;

/** Puts our kernels over the cpu backend's own, once, and keeps it from printing its advice to install another. */
export function registerCpuKernels(): void {
  if (registered) return;
  registered = true;
  (tf.findBackend("cpu") as tf.KernelBackend & { firstUse: boolean }).firstUse = false;
  const kernels = {
    AvgPoolGrad: averagePoolGrad,
    AvgPool3DGrad: averagePoolGrad,
    ResizeBilinearGrad: resizeBilinearGrad,
    ResizeNearestNeighborGrad: resizeNearestGrad,
  };
  for (const [name, kernel] of Object.entries(kernels)) registerKernelOver("cpu", name, memoryOf, kernel);
}
