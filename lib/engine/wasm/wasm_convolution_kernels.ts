/**
 * The convolutions and matrix products of the wasm backend, in TensorFlow.js's kernel interface.
 *
 * @module
 */
import { tf } from "../tf.ts";
import {
  type ConvolutionShape,
  convolve,
  convolveBackFilter,
  convolveBackInput,
} from "./wasm_convolution.ts";
import { inside, type KernelCall, registerKernelOver } from "../ops/javascript_kernels.ts";
import { WasmMemory } from "./wasm_memory.ts";
import { runOnCpu } from "./wasm_plain.ts";
import { multiply } from "./wasm_product.ts";

/** What TensorFlow.js's convolution kernels are called with. */
interface ConvolutionAttributes {
  strides: number | [number, number] | [number, number, number];
  pad: "valid" | "same" | number | tf.backend_util.ExplicitPadding;
  dataFormat?: "NHWC" | "NCHW" | "NDHWC" | "NCDHW";
  dilations?: number | [number, number] | [number, number, number];
  dimRoundingMode?: "floor" | "round" | "ceil";
}

/** The shape in our terms, or undefined for dilated filters and channels first. */
function shapeOf(
  inputs: number[],
  filter: number[],
  attributes: Record<string, unknown>,
): ConvolutionShape | undefined {
  const { strides, pad, dataFormat, dilations = 1, dimRoundingMode } =
    attributes as unknown as ConvolutionAttributes;
  if (dataFormat?.startsWith("NC") || [dilations].flat().some((dilation) => dilation !== 1)) return undefined;
  if (inputs.length === 5) {
    const info = tf.backend_util.computeConv3DInfo(
      inputs as [number, number, number, number, number],
      filter as [number, number, number, number, number],
      strides as number | [number, number, number],
      1,
      pad as "valid" | "same" | number,
    );
    return {
      batch: info.batchSize,
      inputs: [info.inDepth, info.inHeight, info.inWidth],
      inChannels: info.inChannels,
      outputs: [info.outDepth, info.outHeight, info.outWidth],
      outChannels: info.outChannels,
      filter: [info.filterDepth, info.filterHeight, info.filterWidth],
      strides: [info.strideDepth, info.strideHeight, info.strideWidth],
      before: inside(info.padInfo),
    };
  }
  const info = tf.backend_util.computeConv2DInfo(
    inputs as [number, number, number, number],
    filter as [number, number, number, number],
    strides as number | [number, number],
    1,
    pad,
    dimRoundingMode,
  );
  return {
    batch: info.batchSize,
    inputs: [1, info.inHeight, info.inWidth],
    inChannels: info.inChannels,
    outputs: [1, info.outHeight, info.outWidth],
    outChannels: info.outChannels,
    filter: [1, info.filterHeight, info.filterWidth],
    strides: [1, info.strideHeight, info.strideWidth],
    before: [0, info.padInfo.top, info.padInfo.left],
  };
}

/** Shape of the result: the batch, the output sides that x had (an image has no depth), the channels. */
function resultShape({ batch, outputs, outChannels }: ConvolutionShape, rank: number): number[] {
  return [batch, ...outputs.slice(5 - rank), outChannels];
}

function forward(
  { memory, inputs: { x, filter }, attributes, stock }: KernelCall<WasmMemory>,
): tf.TensorInfo {
  const shape = shapeOf(x.shape, filter.shape, attributes);
  if (!shape) return stock();
  const y = memory.output(resultShape(shape, x.shape.length));
  convolve(memory, shape, x, filter, y);
  return y;
}

/** Attributes of the fused kernels beyond those of their first op. */
interface FusedAttributes {
  activation?: "linear" | "relu" | "relu6" | "elu" | "prelu" | "leakyrelu" | "sigmoid";
  leakyreluAlpha?: number;
}

/** What comes after a fused kernel's first op: its bias and its activation. */
function finish(
  first: tf.Tensor,
  inputs: Record<string, tf.TensorInfo>,
  attributes: Record<string, unknown>,
): tf.Tensor {
  const { bias, preluActivationWeights } = inputs as Record<string, tf.Tensor>;
  const { activation = "linear", leakyreluAlpha } = attributes as FusedAttributes;
  const y = bias ? tf.add(first, bias) as tf.Tensor : first;
  switch (activation) {
    case "linear":
      return y;
    case "prelu":
      return tf.prelu(y, preluActivationWeights);
    case "leakyrelu":
      return tf.leakyRelu(y, leakyreluAlpha);
    default:
      return tf[activation](y);
  }
}

/** A kernel in parts: TensorFlow.js's layers ask for the whole outside of training and where there is no activation. */
function inParts(first: string, operands: readonly string[]) {
  return ({ inputs, attributes }: KernelCall<WasmMemory>): tf.TensorInfo =>
    tf.tidy(() => {
      const picked = Object.fromEntries(operands.map((name) => [name, inputs[name] as tf.Tensor]));
      const y = tf.engine().runKernel(first, picked, attributes as unknown as tf.NamedAttrMap) as tf.Tensor;
      return finish(y, inputs, attributes);
    });
}

function backInput(
  { memory, inputs: { dy, filter }, attributes, stock }: KernelCall<WasmMemory>,
): tf.TensorInfo {
  const inputShape = attributes.inputShape as number[];
  const shape = shapeOf(inputShape, filter.shape, attributes);
  if (!shape) return stock();
  const dx = memory.output(inputShape);
  convolveBackInput(memory, shape, dy, filter, dx);
  return dx;
}

function backFilter({ memory, inputs: { x, dy }, attributes, stock }: KernelCall<WasmMemory>): tf.TensorInfo {
  const filterShape = attributes.filterShape as number[];
  const shape = shapeOf(x.shape, filterShape, attributes);
  if (!shape) return stock();
  const dw = memory.output(filterShape);
  convolveBackFilter(memory, shape, x, dy, dw);
  return dw;
}

function matrixProduct(
  call: KernelCall<WasmMemory>,
): tf.TensorInfo {
  const { memory, inputs: { a, b }, attributes, stock } = call;
  if (a.dtype !== "float32" || b.dtype !== "float32") return runOnCpu("BatchMatMul", call);
  const { transposeA, transposeB } = attributes as { transposeA: boolean; transposeB: boolean };
  const [rowsA, columnsA] = a.shape.slice(-2), [rowsB, columnsB] = b.shape.slice(-2);
  const outerA = a.shape.slice(0, -2), outerB = b.shape.slice(0, -2);
  const countA = tf.util.sizeFromShape(outerA), countB = tf.util.sizeFromShape(outerB);
  const [m, k] = transposeA ? [columnsA, rowsA] : [rowsA, columnsA];
  const [terms, n] = transposeB ? [columnsB, rowsB] : [rowsB, columnsB];
  const alike = tf.util.arraysEqual(outerA, outerB) || countA === 1 || countB === 1;
  if (k !== terms || !alike) return stock();
  const outer = tf.broadcast_util.assertAndGetBroadcastShape(outerA, outerB);
  const c = memory.output([...outer, m, n]);
  const aStep = countA === 1 ? 0 : m * k, bStep = countB === 1 ? 0 : k * n;
  multiply(
    memory,
    { batch: Math.max(countA, countB), m, n, k, transposeA, transposeB, aStep, bStep },
    a,
    b,
    c,
  );
  return c;
}

/** Registers all of them. */
export function registerWasmConvolutions(): void {
  const kernels = {
    Conv2D: forward,
    Conv3D: forward,
    Conv2DBackpropInput: backInput,
    Conv3DBackpropInputV2: backInput,
    Conv2DBackpropFilter: backFilter,
    Conv3DBackpropFilterV2: backFilter,
    BatchMatMul: matrixProduct,
    FusedConv2D: inParts("Conv2D", ["x", "filter"]),
    FusedDepthwiseConv2D: inParts("DepthwiseConv2dNative", ["x", "filter"]),
    _FusedMatMul: inParts("BatchMatMul", ["a", "b"]),
    Identity: ({ memory, inputs: { x } }: KernelCall<WasmMemory>) => memory.share(x),
  };
  for (const [name, kernel] of Object.entries(kernels)) {
    registerKernelOver("wasm", name, WasmMemory.of, kernel);
  }
}
