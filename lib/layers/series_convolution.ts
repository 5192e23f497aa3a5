/** Convolutions over one axis that TensorFlow.js lacks: Conv1DTranspose, DepthwiseConv1D, SeparableConv1D. @module */
import { BIASED, LAST, QUIET, trained, WINDOW } from "./_fields.ts";
import {
  Conv1DTranspose,
  DepthwiseConv1D,
  SeparableConv1D,
  type SeriesConfig,
} from "./_series_convolution.ts";
import { activate, activationOf } from "./activations.ts";
import { emitTransposed } from "./convolution_transpose.ts";
import type { LayerDefinition } from "./definition.ts";
import { constant, paddings, set, type Site, transpose, turnKernel, type Weight } from "./onnx.ts";

/** The depthwise step: its kernel becomes [in · times, 1, window], one group a channel. */
function depthwise(site: Site, kernel: Weight, bias?: Weight): string {
  const { build, settings: { strides, dilationRate }, inputs: [input] } = site;
  const [size, channels, times] = kernel.shape;
  const turned = {
    data: transpose(kernel.data, kernel.shape, [1, 2, 0]),
    shape: [channels * times, 1, size],
  };
  const inputs = [build.as(input, "first"), constant(site, "depthwise", turned)];
  if (bias) inputs.push(constant(site, "bias", bias));
  return build.node("Conv", inputs, {
    group: channels,
    kernel_shape: [size],
    strides,
    dilations: dilationRate,
    ...paddings(site, [size], dilationRate),
  });
}

/** Keras's names of what is said of the one kernel that TensorFlow.js's class calls so. */
const DEPTHWISE = {
  kernelInitializer: "depthwise_initializer",
  kernelRegularizer: "depthwise_regularizer",
  kernelConstraint: "depthwise_constraint",
};

export const SERIES_CONVOLUTIONS: readonly LayerDefinition[] = [
  {
    className: "Conv1DTranspose",
    keras: {
      fields: { filters: "integer", ...WINDOW, ...BIASED, ...trained("kernel") },
      fixed: { ...LAST, ...QUIET, output_padding: null, dilation_rate: [1] },
      create: (settings) => new Conv1DTranspose(settings as SeriesConfig),
    },
    onnx: emitTransposed,
  },
  {
    className: "DepthwiseConv1D",
    keras: {
      fields: {
        ...WINDOW,
        depthMultiplier: "integer",
        dilationRate: "integers",
        ...BIASED,
        ...trained("kernel"),
      },
      names: DEPTHWISE,
      fixed: { ...LAST, ...QUIET },
      create: (settings) => new DepthwiseConv1D(settings as SeriesConfig),
    },
    onnx(site) {
      const [kernel, bias] = site.weights;
      set(site, "first", activate(site, depthwise(site, kernel, bias), activationOf(site), "first"));
    },
  },
  {
    className: "SeparableConv1D",
    keras: {
      fields: {
        filters: "integer",
        ...WINDOW,
        depthMultiplier: "integer",
        dilationRate: "integers",
        ...BIASED,
        ...trained("kernel", "pointwise"),
      },
      names: DEPTHWISE,
      fixed: { ...LAST, ...QUIET },
      create: (settings) => new SeparableConv1D(settings as SeriesConfig),
    },
    onnx(site) {
      const [kernel, pointwise, bias] = site.weights;
      const inputs = [depthwise(site, kernel), constant(site, "pointwise", turnKernel(pointwise))];
      if (bias) inputs.push(constant(site, "bias", bias));
      set(site, "first", activate(site, site.build.node("Conv", inputs), activationOf(site), "first"));
    },
  },
];
