/**
 * The cpu backend, with what it computes otherwise than TensorFlow does put right.
 *
 * @module
 */
import {
  averagePool3d,
  averagePoolGrad,
  conv3dSparse,
  conv3dSparseBackFilter,
  conv3dSparseBackInput,
  type KernelMemory,
  maxPool3d,
  maxPoolGrad,
  registerKernelOver,
  resizeBilinearGrad,
  resizeNearestGrad,
} from "./ops/javascript_kernels.ts";
import { registerEinsum } from "./ops/einsum.ts";
import {
  broadcastMatrices,
  computeInFloats,
  keepSignOfNothing,
  replaceKernel,
} from "./ops/replace_kernel.ts";
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
    AvgPool3D: averagePool3d,
    Conv3D: conv3dSparse,
    Conv3DBackpropFilterV2: conv3dSparseBackFilter,
    Conv3DBackpropInputV2: conv3dSparseBackInput,
    MaxPool3D: maxPool3d,
    MaxPool3DGrad: maxPoolGrad,
    AvgPoolGrad: averagePoolGrad,
    AvgPool3DGrad: averagePoolGrad,
    ResizeBilinearGrad: resizeBilinearGrad,
    ResizeNearestNeighborGrad: resizeNearestGrad,
  };
  for (const [name, kernel] of Object.entries(kernels)) registerKernelOver("cpu", name, memoryOf, kernel);
  computeInFloats("cpu");
  broadcastMatrices("cpu");
  registerEinsum("cpu");
  keepSignOfNothing("cpu");
  replaceKernel(
    "cpu",
    "FloorDiv",
    ({ a, b }, _, stock) =>
      a.dtype === "int32" && b.dtype === "int32" ? stock({ a, b }) : tf.tidy(() => tf.floor(tf.div(a, b))),
  );
  for (const name of ["FusedConv2D", "FusedDepthwiseConv2D", "_FusedMatMul"]) {
    replaceKernel(
      "cpu",
      name,
      (inputs, attributes, stock) =>
        stock(inputs, { ...attributes, leakyreluAlpha: attributes.leakyreluAlpha ?? 0.2 }),
    );
  }
}
