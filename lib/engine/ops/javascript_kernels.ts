/**
 * Kernels in JavaScript that the wasm and cpu backends lack, have only slowly, or have wrong.
 *
 * @module
 */
import {
  depthwise,
  depthwiseFilterGradient,
  depthwiseInputGradient,
  type DepthwiseShape,
} from "./depthwise.ts";
import type { ConvolutionShape } from "../wasm/wasm_convolution_loops.ts";
import { averagePool, averagePoolGradient, maxPool, maxPoolGradient, type PoolShape } from "./pools.ts";
import { resizeGradient } from "./resize_gradients.ts";
import { tf } from "../tf.ts";
import { convolveVolume, volumeFilterGradient, volumeInputGradient } from "./volume_convolution.ts";

/** How a backend gives its numbers to a kernel. */
export interface KernelMemory {
  /** The numbers of a tensor; good until the next allocation. */
  values(tensor: tf.TensorInfo): Float32Array | Int32Array;
  /** A new float32 tensor of zeros. */
  zeros(shape: readonly number[]): tf.TensorInfo;
}

/** What a kernel gets; inputs by TensorFlow.js's names for them. */
export interface KernelCall<Memory extends KernelMemory = KernelMemory> {
  memory: Memory;
  inputs: Record<string, tf.TensorInfo>;
  attributes: Record<string, unknown>;
  /** The stock kernel, where there is one. */
  stock: () => tf.TensorInfo;
}

/** A kernel with one result. */
export type Kernel<Memory extends KernelMemory = KernelMemory> = (call: KernelCall<Memory>) => tf.TensorInfo;

/** Registers `compute` for a backend; the stock kernel, if any, stays reachable as `stock`. */
export function registerKernelOver<Memory extends KernelMemory>(
  backendName: string,
  kernelName: string,
  memoryOf: (backend: unknown) => Memory,
  compute: Kernel<Memory>,
): void {
  const stock = tf.getKernel(kernelName, backendName);
  if (stock) tf.unregisterKernel(kernelName, backendName);
  tf.registerKernel({
    ...stock,
    kernelName,
    backendName,
    kernelFunc: (call) =>
      compute({
        memory: memoryOf(call.backend),
        inputs: call.inputs as Record<string, tf.TensorInfo>,
        attributes: (call.attrs ?? {}) as Record<string, unknown>,
        stock: () => {
          if (stock) return stock.kernelFunc(call) as tf.TensorInfo;
          throw new Error(
            `Cannot run ${kernelName} on the ${backendName} backend for ${describeInputs(call.inputs)}`,
          );
        },
      }),
  });
}

function describeInputs(inputs: object): string {
  return (Object.values(inputs) as (tf.TensorInfo | tf.TensorInfo[] | undefined)[]).flat()
    .filter((tensor) => tensor !== undefined)
    .map(({ shape, dtype }) => `[${shape}] ${dtype}`)
    .join(", ");
}

interface PoolAttributes {
  filterSize: number | [number, number] | [number, number, number];
  strides: number | [number, number] | [number, number, number];
  pad: "valid" | "same" | number;
  dimRoundingMode?: "floor" | "round" | "ceil";
}

/**
 * Zeros before a volume. TensorFlow.js computes less than none where a stride exceeds the filter; TensorFlow, none.
 */
export function inside(
  { front, top, left }: { front: number; top: number; left: number },
): [number, number, number] {
  return [Math.max(0, front), Math.max(0, top), Math.max(0, left)];
}

/** The shape of a pooling in our terms. */
export function poolShape(inputs: number[], attributes: Record<string, unknown>): PoolShape {
  const { filterSize, strides, pad, dimRoundingMode } = attributes as unknown as PoolAttributes;
  if (inputs.length === 5) {
    const info = tf.backend_util.computePool3DInfo(
      inputs as [number, number, number, number, number],
      filterSize as number | [number, number, number],
      strides as number | [number, number, number],
      1,
      pad,
      dimRoundingMode,
    );
    return {
      batch: info.batchSize,
      channels: info.inChannels,
      inputs: [info.inDepth, info.inHeight, info.inWidth],
      outputs: [info.outDepth, info.outHeight, info.outWidth],
      filter: [info.filterDepth, info.filterHeight, info.filterWidth],
      strides: [info.strideDepth, info.strideHeight, info.strideWidth],
      before: inside(info.padInfo),
    };
  }
  const info = tf.backend_util.computePool2DInfo(
    inputs as [number, number, number, number],
    filterSize as number | [number, number],
    strides as number | [number, number],
    1,
    pad,
    dimRoundingMode,
  );
  return {
    batch: info.batchSize,
    channels: info.inChannels,
    inputs: [1, info.inHeight, info.inWidth],
    outputs: [1, info.outHeight, info.outWidth],
    filter: [1, info.filterHeight, info.filterWidth],
    strides: [1, info.strideHeight, info.strideWidth],
    before: [0, info.padInfo.top, info.padInfo.left],
  };
}

/** dx of an average pooling of rank 4 or 5. */
export const averagePoolGrad: Kernel = ({ memory, inputs: { dy, input }, attributes }) => {
  const dx = memory.zeros(input.shape);
  const [slope, result] = [dy, dx].map((tensor) => memory.values(tensor) as Float32Array);
  averagePoolGradient(poolShape(input.shape, attributes), slope, result);
  return dx;
};

/** dx of a maximum pooling of rank 4 or 5. */
export const maxPoolGrad: Kernel = ({ memory, inputs: { dy, input }, attributes }) => {
  const dx = memory.zeros(input.shape);
  const [x, slope, result] = [input, dy, dx].map((tensor) => memory.values(tensor) as Float32Array);
  maxPoolGradient(poolShape(input.shape, attributes), x, slope, result);
  return dx;
};

function pool3d(compute: (shape: PoolShape, x: Float32Array, y: Float32Array) => void): Kernel {
  return ({ memory, inputs: { x }, attributes }) => {
    const shape = poolShape(x.shape, attributes);
    const y = memory.zeros([shape.batch, ...shape.outputs, shape.channels]);
    const [values, result] = [x, y].map((tensor) => memory.values(tensor) as Float32Array);
    compute(shape, values, result);
    return y;
  };
}

/** Maximum pooling of rank 5. */
export const maxPool3d: Kernel = pool3d(maxPool);

const averageAll = pool3d(averagePool);

/** Average pooling of rank 5 at a stride beyond the window, where the stock kernels shift it; else the stock kernel. */
export const averagePool3d: Kernel = (call) => {
  const { strides, filter } = poolShape(call.inputs.x.shape, call.attributes);
  return strides.some((stride, axis) => stride > filter[axis]) ? averageAll(call) : call.stock();
};

/** The shape of a 3-D convolution whose stride exceeds its filter somewhere; undefined for any other. */
function sparseVolume(
  inputs: number[],
  filter: number[],
  attributes: Record<string, unknown>,
): ConvolutionShape | undefined {
  const { strides, pad, dilations } = attributes as unknown as PoolAttributes & {
    dilations?: number | [number, number, number];
  };
  const info = tf.backend_util.computeConv3DInfo(
    inputs as [number, number, number, number, number],
    filter as [number, number, number, number, number],
    strides as number | [number, number, number],
    dilations ?? 1,
    pad as "valid" | "same",
  );
  const shape: ConvolutionShape = {
    batch: info.batchSize,
    inputs: [info.inDepth, info.inHeight, info.inWidth],
    inChannels: info.inChannels,
    outputs: [info.outDepth, info.outHeight, info.outWidth],
    outChannels: info.outChannels,
    filter: [info.filterDepth, info.filterHeight, info.filterWidth],
    strides: [info.strideDepth, info.strideHeight, info.strideWidth],
    before: inside(info.padInfo),
  };
  return shape.strides.some((stride, axis) => stride > shape.filter[axis]) ? shape : undefined;
}

/** 3-D convolution at a stride beyond the filter; else the stock kernel. */
export const conv3dSparse: Kernel = ({ memory, inputs: { x, filter }, attributes, stock }) => {
  const shape = sparseVolume(x.shape, filter.shape, attributes);
  if (!shape) return stock();
  const y = memory.zeros([shape.batch, ...shape.outputs, shape.outChannels]);
  const [values, weights, result] = [x, filter, y].map((tensor) => memory.values(tensor) as Float32Array);
  convolveVolume(shape, values, weights, result);
  return y;
};

/** Its gradient for the input, which is also the transposed convolution. */
export const conv3dSparseBackInput: Kernel = ({ memory, inputs: { dy, filter }, attributes, stock }) => {
  const inputShape = attributes.inputShape as number[];
  const shape = sparseVolume(inputShape, filter.shape, attributes);
  if (!shape) return stock();
  const dx = memory.zeros(inputShape);
  const [slope, weights, result] = [dy, filter, dx].map((tensor) => memory.values(tensor) as Float32Array);
  volumeInputGradient(shape, slope, weights, result);
  return dx;
};

/** Its gradient for the filter. */
export const conv3dSparseBackFilter: Kernel = ({ memory, inputs: { x, dy }, attributes, stock }) => {
  const filterShape = attributes.filterShape as number[];
  const shape = sparseVolume(x.shape, filterShape, attributes);
  if (!shape) return stock();
  const dw = memory.zeros(filterShape);
  const [values, slope, result] = [x, dy, dw].map((tensor) => memory.values(tensor) as Float32Array);
  volumeFilterGradient(shape, values, slope, result);
  return dw;
};

function depthwiseShape(
  inputs: number[],
  filter: number[],
  attributes: Record<string, unknown>,
): DepthwiseShape {
  const { strides, pad, dilations, dimRoundingMode } = attributes as unknown as PoolAttributes & {
    dilations?: number | [number, number];
  };
  const info = tf.backend_util.computeConv2DInfo(
    inputs as [number, number, number, number],
    filter as [number, number, number, number],
    strides as number | [number, number],
    dilations ?? 1,
    pad,
    dimRoundingMode,
    true,
  );
  return {
    batch: info.batchSize,
    inputs: [info.inHeight, info.inWidth],
    outputs: [info.outHeight, info.outWidth],
    filter: [info.filterHeight, info.filterWidth],
    strides: [info.strideHeight, info.strideWidth],
    dilations: [info.dilationHeight, info.dilationWidth],
    before: [info.padInfo.top, info.padInfo.left],
    channels: info.inChannels,
    multiplier: info.outChannels / info.inChannels,
  };
}

/** Depthwise convolution where the stride exceeds the filter, which XNNPACK answers with zeros; else the stock kernel. */
export const depthwiseSparse: Kernel = ({ memory, inputs: { x, filter }, attributes, stock }) => {
  const shape = depthwiseShape(x.shape, filter.shape, attributes);
  if (shape.strides.every((stride, axis) => stride <= shape.filter[axis])) return stock();
  const y = memory.zeros([shape.batch, ...shape.outputs, shape.channels * shape.multiplier]);
  const [values, weights, result] = [x, filter, y].map((tensor) => memory.values(tensor) as Float32Array);
  depthwise(shape, values, weights, result);
  return y;
};

/** Gradient of a depthwise convolution's filter. */
export const depthwiseBackFilter: Kernel = ({ memory, inputs: { x, dy }, attributes }) => {
  const filterShape = attributes.filterShape as number[];
  const dw = memory.zeros(filterShape), sums = new Float64Array(tf.util.sizeFromShape(filterShape));
  const [values, slope] = [x, dy].map((tensor) => memory.values(tensor) as Float32Array);
  depthwiseFilterGradient(depthwiseShape(x.shape, filterShape, attributes), values, slope, sums);
  memory.values(dw).set(sums);
  return dw;
};

/** Gradient of a depthwise convolution's input. */
export const depthwiseBackInput: Kernel = ({ memory, inputs: { dy, filter }, attributes }) => {
  const inputShape = attributes.inputShape as number[];
  const dx = memory.zeros(inputShape);
  const [slope, weights, result] = [dy, filter, dx].map((tensor) => memory.values(tensor) as Float32Array);
  depthwiseInputGradient(depthwiseShape(inputShape, filter.shape, attributes), slope, weights, result);
  return dx;
};

function resizeGrad(bilinear: boolean): Kernel {
  return ({ memory, inputs: { dy, images }, attributes }) => {
    const { alignCorners = false, halfPixelCenters = false } = attributes as Record<
      string,
      boolean | undefined
    >;
    const [batch, height, width, channels] = images.shape;
    const dx = memory.zeros(images.shape);
    const [slope, result] = [dy, dx].map((tensor) => memory.values(tensor) as Float32Array);
    const outputs = [dy.shape[1], dy.shape[2]] as const;
    const shape = {
      batch,
      channels,
      inputs: [height, width] as const,
      outputs,
      alignCorners,
      halfPixelCenters,
    };
    resizeGradient(shape, bilinear, slope, result);
    return dx;
  };
}

/** A gradient of resizing by the middles of pixels, which the wasm kernels do not know; else the stock kernel. */
export function ofMiddles(kernel: Kernel): Kernel {
  return (call) => call.attributes.halfPixelCenters ? kernel(call) : call.stock();
}

/** Gradient of nearest-neighbour resizing. */
export const resizeNearestGrad: Kernel = resizeGrad(false);

/** Gradient of bilinear resizing. */
export const resizeBilinearGrad: Kernel = resizeGrad(true);

/** Rows of x added up by their segment; rows with a number outside 0 … numSegments − 1 count nowhere. */
export const unsortedSegmentSum: Kernel = ({ memory, inputs: { x, segmentIds }, attributes }) => {
  const segments = attributes.numSegments as number, rest = x.shape.slice(segmentIds.shape.length);
  const length = tf.util.sizeFromShape(rest), sums = new Float64Array(segments * length);
  const out = memory.zeros([segments, ...rest]);
  const values = memory.values(x), ids = memory.values(segmentIds);
  for (let row = 0; row < ids.length; row++) {
    const segment = ids[row];
    if (segment < 0 || segment >= segments) continue;
    for (let i = 0, from = row * length, to = segment * length; i < length; i++) {
      sums[to + i] += values[from + i];
    }
  }
  memory.values(out).set(sums);
  return out;
};

/**
 * Sum or mean over axes that lie side by side before others, without moving any number; else the stock kernel.
 *
 * The stock kernel turns the tensor first so that the summed axes come last, which for the gradient of a bias costs
 * ten times the sum.
 */
function reduceLeading(mean: boolean): Kernel {
  return ({ memory, inputs: { x }, attributes, stock }) => {
    const { axis, keepDims } = attributes as { axis: number | number[]; keepDims: boolean };
    const axes = tf.util.parseAxisParam(axis, x.shape).sort((a, b) => a - b);
    const adjacent = axes.every((value, i) => value === axes[0] + i);
    const [first, last] = [axes[0], axes.at(-1)!];
    if (x.dtype !== "float32" || !adjacent || axes.length === 0 || last === x.shape.length - 1) {
      return stock();
    }
    const [outer, summed, inner] = [
      x.shape.slice(0, first),
      x.shape.slice(first, last + 1),
      x.shape.slice(last + 1),
    ]
      .map((sides) => tf.util.sizeFromShape(sides));
    const shape = x.shape.flatMap((side, i) => i < first || i > last ? [side] : keepDims ? [1] : []);
    const out = memory.zeros(shape), sums = new Float64Array(outer * inner);
    const values = memory.values(x);
    for (let block = 0, from = 0; block < outer; block++) {
      const to = block * inner;
      for (let row = 0; row < summed; row++) {
        for (let i = 0; i < inner; i++) sums[to + i] += values[from++];
      }
    }
    memory.values(out).set(mean ? sums.map((sum) => sum / summed) : sums);
    return out;
  };
}

/** Repeats a tensor along axes before the last that is longer than 1, by copying blocks; else the stock kernel. */
export const tileBlocks: Kernel = ({ memory, inputs: { x }, attributes, stock }) => {
  const reps = attributes.reps as number[];
  const last = x.shape.findIndex((side) => side > 1), before = last < 0 ? reps.length : last;
  if (x.dtype !== "float32" || reps.slice(before).some((count) => count !== 1)) return stock();
  const out = memory.zeros(x.shape.map((side, axis) => side * reps[axis]));
  const block = memory.values(x), target = memory.values(out);
  if (target.length === 0) return out;
  target.set(block);
  for (let done = block.length; done < target.length; done *= 2) target.copyWithin(done, 0, done);
  return out;
};

/** Sum over leading or middle axes. */
export const sumLeading: Kernel = reduceLeading(false);

/** Mean over leading or middle axes. */
export const meanLeading: Kernel = reduceLeading(true);
