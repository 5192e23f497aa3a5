/**
 * Kernels that the wasm backend has for float32 alone, or has wrong for other types: the cpu backend's own run for
 * those, on copies.
 *
 * A bool is one byte in the wasm heap, and the stock kernels that move numbers take it for four: they give other values
 * and write beyond their results.
 * @module
 */
import type { Kernel, KernelCall } from "../ops/javascript_kernels.ts";
import { tf } from "../tf.ts";
import type { WasmMemory } from "./wasm_memory.ts";

/** The part of TensorFlow.js's MathBackendCPU that is needed here. */
interface CpuBackend extends tf.KernelBackend {
  data: { get(dataId: object): { values: tf.TypedArray } };
  makeTensorInfo(shape: number[], dtype: tf.DataType, values: tf.TypedArray): tf.TensorInfo;
  disposeIntermediateTensorInfo(tensor: tf.TensorInfo): void;
}

/** Runs the cpu backend's kernel of this name. */
export function runOnCpu(
  name: string,
  { memory, inputs, attributes }: KernelCall<WasmMemory>,
): tf.TensorInfo {
  const cpu = tf.findBackend("cpu") as CpuBackend;
  const copies = Object.entries(inputs).map(([input, tensor]) =>
    [input, cpu.makeTensorInfo(tensor.shape, tensor.dtype, memory.read(tensor))] as const
  );
  const result = tf.getKernel(name, "cpu").kernelFunc({
    inputs: Object.fromEntries(copies),
    attrs: attributes as unknown as tf.NamedAttrMap,
    backend: cpu,
  }) as tf.TensorInfo;
  const { shape, dtype } = result;
  const values = cpu.data.get(result.dataId).values;
  const out = memory.write(shape, dtype, values);
  for (const tensor of [...copies.map(([, copy]) => copy), result]) cpu.disposeIntermediateTensorInfo(tensor);
  return out;
}

/** The stock kernel where `fits` holds for a call, else the cpu backend's. */
function stockWhere(name: string, fits: (call: KernelCall<WasmMemory>) => boolean): Kernel<WasmMemory> {
  return (call) => fits(call) ? call.stock() : runOnCpu(name, call);
}

/** The stock kernel where no operand is of a type that it cannot move. */
function stockFor(
  name: string,
  types: readonly tf.DataType[],
  operands: readonly string[],
): Kernel<WasmMemory> {
  return stockWhere(name, ({ inputs }) => operands.every((operand) => types.includes(inputs[operand].dtype)));
}

const FLOATS = ["float32"] as const, NUMBERS = ["float32", "int32"] as const;

/** Kernels by name; each takes the stock one's place. */
export const PLAIN_KERNELS: Record<string, Kernel<WasmMemory>> = {
  OneHot: stockWhere("OneHot", () => false), // the stock kernel takes every value for an int32
  Cast: stockWhere(
    "Cast",
    ({ inputs: { x }, attributes: { dtype } }) => dtype !== "bool" || x.dtype === "bool",
  ),
  Dilation2D: stockWhere("Dilation2D", () => false),
  MaxPool: stockFor("MaxPool", FLOATS, ["x"]),
  MirrorPad: stockFor("MirrorPad", NUMBERS, ["x"]),
  ResizeNearestNeighbor: stockFor("ResizeNearestNeighbor", FLOATS, ["images"]),
  Reverse: stockFor("Reverse", NUMBERS, ["x"]),
  ScatterNd: stockFor("ScatterNd", NUMBERS, ["updates"]),
  Select: stockFor("Select", NUMBERS, ["t", "e"]),
  StridedSlice: stockFor("StridedSlice", FLOATS, ["x"]),
};
