/** Convolutions over one axis that TensorFlow.js lacks: Conv1DTranspose, DepthwiseConv1D, SeparableConv1D. @module */
import { BIASED, LAST, QUIET, trained, WINDOW } from "./_fields.ts";
import {
  Conv1DTranspose,
  DepthwiseConv1D,
  SeparableConv1D,
  type SeriesConfig,
} from "./_series_convolution.ts";
import { emitTransposed } from "./convolution_transpose.ts";
import type { LayerDefinition } from "./definition.ts";
import { emitDepthwise } from "./depthwise_convolution.ts";
import { emitSeparable } from "./separable_convolution.ts";

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
    onnx: emitDepthwise,
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
    onnx: emitSeparable,
  },
];
