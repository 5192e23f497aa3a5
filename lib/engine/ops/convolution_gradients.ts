/**
 * Gradients of convolutions that TensorFlow.js does not have: of dilated ones, and of transposed ones in 3-D.
 *
 * A filter with dilation d is a filter with d - 1 zeros between its taps, so its gradients are those of the filter with
 * the zeros, of which the taps are kept. TensorFlow's dilated gradients serve where oneDNN does them.
 * @module
 */
import { multipliesByOneDnn } from "../native/one_dnn.ts";
import { nativeOp } from "../native/native_op.ts";
import { DataType, intAttribute, stringAttribute, typeAttribute } from "../native/native_types.ts";
import { activeNative } from "../state.ts";
import { tf } from "../tf.ts";
import { dilate, undilate } from "./dilation.ts";
import { replaceGradient } from "./replace_gradient.ts";

/** Attributes of a convolution, as far as its gradient reads them. */
interface ConvolutionAttributes {
  strides: number | number[];
  pad: unknown;
  dataFormat?: string;
  dilations?: number | number[];
}

/** Dilation along each axis of the window, or undefined where none is above one. */
function dilationsOf({ dilations = 1 }: ConvolutionAttributes, axes: number): number[] | undefined {
  const each = Array.isArray(dilations) ? dilations : Array<number>(axes).fill(dilations);
  return each.some((dilation) => dilation > 1) ? each : undefined;
}

/** TensorFlow's gradients of a dilated 2-D convolution, for the paddings that it names. */
function nativeGradients(
  dy: tf.Tensor,
  [x, filter]: tf.Tensor[],
  { strides, pad }: ConvolutionAttributes,
  dilations: readonly number[],
) {
  const steps = Array.isArray(strides) ? strides : [strides, strides];
  const attributes = [
    typeAttribute("T", DataType.FLOAT),
    intAttribute("strides", [1, ...steps, 1]),
    stringAttribute("padding", String(pad).toUpperCase()),
    stringAttribute("data_format", "NHWC"),
    intAttribute("dilations", [1, ...dilations, 1]),
  ];
  const sizes = (shape: number[]) => tf.tensor1d(shape, "int32");
  return {
    x: () =>
      tf.tidy(() =>
        nativeOp("Conv2DBackpropInput", attributes, [sizes(x.shape), filter, dy])[0]
      ) as tf.Tensor,
    filter: () =>
      tf.tidy(() =>
        nativeOp("Conv2DBackpropFilter", attributes, [x, sizes(filter.shape), dy])[0]
      ) as tf.Tensor,
  };
}

/** Gradients of a dilated convolution by the convolution whose filter has the zeros written out. */
function replaceDilated(
  kernelName: string,
  windowAxes: number,
  back: { input: string; filter: string },
): void {
  const stock = tf.getGradient(kernelName);
  replaceGradient({
    ...stock,
    gradFunc: (slope, saved, attrs) => {
      const attributes = attrs as unknown as ConvolutionAttributes, [x, filter] = saved;
      const dilations = dilationsOf(attributes, windowAxes), dy = slope as tf.Tensor;
      if (!dilations) return stock.gradFunc(slope, saved, attrs);
      const named = attributes.pad === "same" || attributes.pad === "valid";
      const plain = attributes.dataFormat === undefined || attributes.dataFormat === "NHWC";
      if (kernelName === "Conv2D" && activeNative() && named && plain && multipliesByOneDnn()) {
        return nativeGradients(dy, saved, attributes, dilations);
      }
      const dense = { ...attrs, dilations: Array<number>(windowAxes).fill(1) };
      const run = (kernel: string, inputs: tf.NamedTensorMap, more: object) =>
        tf.engine().runKernel(
          kernel,
          inputs,
          { ...dense, ...more } as unknown as tf.NamedAttrMap,
        ) as tf.Tensor;
      return {
        x: () => run(back.input, { dy, filter: dilate(filter, dilations) }, { inputShape: x.shape }),
        filter: () => {
          const filterShape = filter.shape.map((side, axis) =>
            axis < windowAxes ? (side - 1) * dilations[axis] + 1 : side
          );
          return undilate(run(back.filter, { x, dy }, { filterShape }), dilations);
        },
      };
    },
  });
}

replaceDilated("Conv2D", 2, { input: "Conv2DBackpropInput", filter: "Conv2DBackpropFilter" });
replaceDilated("Conv3D", 3, { input: "Conv3DBackpropInputV2", filter: "Conv3DBackpropFilterV2" });
replaceDilated("DepthwiseConv2dNative", 2, {
  input: "DepthwiseConv2dNativeBackpropInput",
  filter: "DepthwiseConv2dNativeBackpropFilter",
});

/** A transposed 3-D convolution is the input gradient of a convolution, so its gradients are that convolution's own. */
replaceGradient({
  kernelName: "Conv3DBackpropInputV2",
  inputsToSave: ["dy", "filter"],
  gradFunc: (slope, [dy, filter], attributes) => {
    const { strides, pad } = attributes as unknown as {
      strides: [number, number, number];
      pad: "valid" | "same";
    };
    return {
      dy: () => tf.conv3d(slope as tf.Tensor5D, filter as tf.Tensor5D, strides, pad),
      filter: () =>
        tf.engine().runKernel(
          "Conv3DBackpropFilterV2",
          { x: slope as tf.Tensor, dy },
          { strides, pad, filterShape: filter.shape },
        ) as tf.Tensor,
    };
  },
});
