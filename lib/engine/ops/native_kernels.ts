/**
 * Kernels of tfjs-node that read a tensor where a trace must not, refuse integers that every other backend takes, or
 * leave out an attribute; and one convolution that TensorFlow itself computes wrong.
 *
 * @module
 */
import { nativeOp } from "../native/native_op.ts";
import { boolAttribute, DataType, intAttribute, typeAttribute } from "../native/native_types.ts";
import { tf } from "../tf.ts";
import { multipliesByOneDnn } from "../native/one_dnn.ts";
import { dilate } from "./dilation.ts";
import { computeInFloats, type OverKernel, replaceKernel } from "./replace_kernel.ts";

/** TensorFlow's number of a type of TensorFlow.js. */
const typeOf = (tensor: tf.Tensor) =>
  ({ float32: DataType.FLOAT, int32: DataType.INT32, bool: DataType.BOOL } as Record<string, number>)[
    tensor.dtype
  ];

/** The gather itself; tfjs-node reads all indices first to check them, which TensorFlow does by itself. */
const gather: OverKernel = ({ x, indices }, { axis, batchDims }) =>
  tf.tidy(() =>
    nativeOp("GatherV2", [
      typeAttribute("Tparams", typeOf(x)),
      typeAttribute("Tindices", typeOf(indices)),
      typeAttribute("Taxis", DataType.INT32),
      intAttribute("batch_dims", batchDims as number),
    ], [x, indices, tf.scalar(axis as number, "int32")])[0]
  );

/** A gradient of resizing, with where the middles of pixels lie. */
const resizeGradient = (op: string, sizes: boolean): OverKernel => ({ images, dy }, attributes) =>
  tf.tidy(() => {
    const { alignCorners = false, halfPixelCenters = false } = attributes as Record<
      string,
      boolean | undefined
    >;
    const [, height, width] = images.shape;
    return nativeOp(op, [
      typeAttribute("T", DataType.FLOAT),
      boolAttribute("align_corners", alignCorners),
      boolAttribute("half_pixel_centers", halfPixelCenters),
    ], [dy, sizes ? tf.tensor1d([height, width!], "int32") : images])[0];
  });

/** Attributes of a convolution or a pooling over images or volumes. */
interface WindowAttributes {
  strides: number | number[];
  pad: "valid" | "same" | number;
  dataFormat?: string;
  dilations?: number | number[];
  filterSize?: number | number[];
}

type Triple = [number, number, number];

/** A number for each of so many axes. */
const each = (value: number | number[], axes: number): number[] =>
  Array.isArray(value) ? value : Array<number>(axes).fill(value);

/** Zeros before and after an axis, as TensorFlow counts them for "same". */
function samePadding(side: number, filter: number, stride: number): [number, number] {
  const total = Math.max(0, (Math.ceil(side / stride) - 1) * stride + filter - side);
  return [Math.floor(total / 2), Math.ceil(total / 2)];
}

/**
 * Zeros around the sides of a volume where "same" has to be written out: at a stride beyond the window, where TensorFlow's own
 * kernels take inputs for padding. Undefined where they do as they should.
 */
function missedPadding(
  { shape }: tf.Tensor,
  window: readonly number[],
  steps: readonly number[],
  pad: WindowAttributes["pad"],
): [number, number][] | undefined {
  if (pad !== "same" || steps.every((step, axis) => step <= window[axis]) || multipliesByOneDnn()) {
    return undefined;
  }
  return shape.slice(1, -1).map((side, axis) => samePadding(side, window[axis], steps[axis]));
}

/**
 * A convolution of one channel whose result is one column wide, at a stride along the columns and none along the rows.
 *
 * TensorFlow 2.21 leaves such results unwritten. The stride has nothing to step over, so it is left off and the columns
 * that the window covers are cut out.
 */
const convolve: OverKernel = (inputs, attributes, run) => {
  const { x, filter } = inputs, axes = x.rank - 2;
  const { strides, pad, dataFormat = "", dilations = 1 } = attributes as unknown as WindowAttributes;
  const steps = each(strides, axes), named = pad === "same" || pad === "valid";
  if (steps[axes - 1] === 1 || dataFormat.startsWith("NC") || x.shape.at(-1) !== 1 || !named) {
    return run(inputs, attributes);
  }
  const widths = filter.shape.slice(0, axes).map((taps, i) => (taps - 1) * each(dilations, axes)[i] + 1);
  const sides = x.shape.slice(1, -1), last = axes - 1;
  const zeros = sides.map((side, i): [number, number] =>
    pad === "same" ? samePadding(side, widths[i], steps[i]) : [0, 0]
  );
  const columns = sides[last] + zeros[last][0] + zeros[last][1];
  if (columns - widths[last] >= steps[last]) return run(inputs, attributes); // more than one column
  return tf.tidy(() => {
    const wide = tf.pad(x, [[0, 0], ...zeros, [0, 0]]);
    const size = wide.shape.map((side, axis) => axis === axes ? widths[last] : side);
    const covered = tf.slice(wide, wide.shape.map(() => 0), size);
    return run({ ...inputs, x: covered }, {
      ...attributes,
      pad: "valid",
      strides: [...steps.slice(0, last), 1],
    });
  });
};

/**
 * A convolution of volumes. tfjs-node refuses dilation along the depth, so the filter's zeros are written out; so is the padding
 * that TensorFlow's own kernel misses.
 */
const convolveVolume: OverKernel = (inputs, attributes, stock) => {
  const { strides, pad, dilations: spread = 1 } = attributes as unknown as WindowAttributes;
  const dilations = each(spread, 3), steps = each(strides, 3), { x } = inputs;
  const dense = { ...attributes, dilations: [1, 1, 1] };
  return tf.tidy(() => {
    const filter = dilate(inputs.filter, dilations);
    const zeros = missedPadding(x, filter.shape.slice(0, 3), steps, pad);
    if (!zeros) return convolve({ ...inputs, filter }, dense, stock);
    const wide = tf.pad(x, [[0, 0], ...zeros, [0, 0]]);
    return convolve({ ...inputs, x: wide, filter }, { ...dense, pad: "valid" }, stock);
  });
};

/** A dilated convolution of each channel by itself, which TensorFlow's own kernel refuses: the filter's zeros are written out. */
const convolveChannels: OverKernel = (inputs, attributes, stock) => {
  const dilations = each((attributes as unknown as WindowAttributes).dilations ?? 1, 2);
  if (dilations.every((dilation) => dilation === 1) || multipliesByOneDnn()) return stock(inputs);
  return tf.tidy(() =>
    stock({ ...inputs, filter: dilate(inputs.filter, dilations) }, { ...attributes, dilations: [1, 1] })
  );
};

/** A pooling of pictures, by its kernel. */
function poolPictures(
  kernel: string,
  inputs: tf.NamedTensorMap,
  filterSize: number[],
  strides: number[],
  pad: string,
): tf.Tensor {
  return tf.engine().runKernel(
    kernel,
    inputs,
    { filterSize, strides, pad, dimRoundingMode: undefined } as unknown as tf.NamedAttrMap,
  ) as tf.Tensor;
}

/**
 * Maximum pooling of volumes as one of pictures after another: over rows and columns, then over the depth.
 *
 * TensorFlow's own kernel gives the whole gradient to each of several largest inputs, and skips inputs that it takes for
 * padding with "same" at a stride beyond the window. Here the first of the largest has it, as on the other backends.
 */
const pooledInTwo: OverKernel = (inputs, attributes, stock) => {
  const { strides, pad, filterSize, dataFormat = "" } = attributes as unknown as WindowAttributes;
  if (typeof pad === "number" || dataFormat.startsWith("NC")) return stock(inputs);
  const [step, ...steps] = each(strides, 3),
    [taps, ...window] = each(filterSize!, 3),
    { dy, output, input } = inputs,
    x = input ?? inputs.x;
  return tf.tidy(() => {
    const [batch, depth, height, width, channels] = x.shape;
    const planes = tf.reshape(x, [batch * depth, height, width, channels]);
    const pooled = poolPictures("MaxPool", { x: planes }, window, steps, pad),
      [, rows, columns] = pooled.shape;
    const columnsOf = (volume: tf.Tensor) => tf.reshape(volume, [batch, -1, rows * columns, channels]);
    const along = columnsOf(pooled);
    if (!dy) {
      const y = poolPictures("MaxPool", { x: along }, [taps, 1], [step, 1], pad);
      return tf.reshape(y, [batch, y.shape[1]!, rows, columns, channels]);
    }
    const back = poolPictures(
      "MaxPoolGrad",
      { dy: columnsOf(dy), input: along, output: columnsOf(output) },
      [taps, 1],
      [step, 1],
      pad,
    );
    const dPooled = tf.reshape(back, pooled.shape);
    return tf.reshape(
      poolPictures("MaxPoolGrad", { dy: dPooled, input: planes, output: pooled }, window, steps, pad),
      x.shape,
    );
  });
};

/**
 * The mean over windows of volumes: the padding that TensorFlow's own kernel misses is written out, and each sum divided by how
 * many inputs it is of.
 */
const averaged: OverKernel = (inputs, attributes, stock) => {
  const { strides, pad, filterSize } = attributes as unknown as WindowAttributes;
  const steps = each(strides, 3),
    filter = each(filterSize!, 3),
    { dy, input } = inputs,
    x = input ?? inputs.x;
  const zeros = missedPadding(x, filter, steps, pad);
  if (!zeros) return stock(inputs);
  const around = [[0, 0], ...zeros, [0, 0]] as [number, number][], valid = { ...attributes, pad: "valid" };
  return tf.tidy(() => {
    const inside = tf.pad(tf.onesLike(x), around),
      shares = tf.avgPool3d(inside as tf.Tensor5D, filter as Triple, steps as Triple, "valid");
    if (!dy) return tf.div(stock({ x: tf.pad(x, around) }, valid), shares);
    const gradient = stock({ ...inputs, dy: tf.div(dy, shares), input: inside }, valid);
    return tf.slice(gradient, [0, ...zeros.map(([before]) => before), 0], x.shape);
  });
};

const KERNELS: Record<string, OverKernel> = {
  AvgPool3D: averaged,
  AvgPool3DGrad: averaged,
  Conv2D: convolve,
  Conv3D: convolveVolume,
  DepthwiseConv2dNative: convolveChannels,
  FusedDepthwiseConv2D: convolveChannels,
  FusedConv2D: convolve,
  GatherV2: gather,
  MaxPool3D: pooledInTwo,
  MaxPool3DGrad: pooledInTwo,
  ResizeBilinearGrad: resizeGradient("ResizeBilinearGrad", false),
  ResizeNearestNeighborGrad: resizeGradient("ResizeNearestNeighborGrad", true),
  Round: (inputs, _, stock) => inputs.x.dtype === "float32" ? stock(inputs) : tf.clone(inputs.x),
};

let registered = false;

/** Registers everything above, once; called when the native backend starts. */
export function registerNativeKernels(): void {
  if (registered) return;
  registered = true;
  computeInFloats("tensorflow");
  for (const [name, kernel] of Object.entries(KERNELS)) replaceKernel("tensorflow", name, kernel);
}
