/** DepthwiseConv2D: one convolution a channel. Input [batch, rows, columns, in], kernel [rows, columns, in, times]. @module */
import { BIASED, LAST, QUIET, stock, trained, WINDOW } from "./_fields.ts";
import { activate, activationOf } from "./activations.ts";
import type { LayerDefinition } from "./definition.ts";
import { constant, paddings, set, type Site, transpose, type Weight } from "./onnx.ts";

/** Writes the depthwise step: its kernel becomes [in · times, 1, rows, columns], one group a channel. */
export function convolveDepthwise(site: Site, kernel: Weight, bias?: Weight): string {
  const { build, settings: { strides, dilationRate }, inputs: [input] } = site;
  const [rows, columns, channels, times] = kernel.shape;
  const turned = transpose(kernel.data, kernel.shape, [2, 3, 0, 1]);
  const weights = { data: turned, shape: [channels * times, 1, rows, columns] };
  const inputs = [build.as(input, "first"), constant(site, "depthwise", weights)];
  if (bias) inputs.push(constant(site, "bias", bias));
  const window = [rows, columns];
  return build.node("Conv", inputs, {
    group: channels,
    kernel_shape: window,
    strides,
    dilations: dilationRate,
    ...paddings(site, window, dilationRate),
  });
}

export const DEPTHWISE_CONVOLUTION: LayerDefinition = {
  className: "DepthwiseConv2D",
  keras: {
    fields: {
      ...WINDOW,
      depthMultiplier: "integer",
      dilationRate: "integers",
      ...BIASED,
      ...trained("depthwise"),
    },
    fixed: { ...LAST, ...QUIET },
    create: stock("depthwiseConv2d"),
  },
  onnx(site) {
    const [kernel, bias] = site.weights;
    set(site, "first", activate(site, convolveDepthwise(site, kernel, bias), activationOf(site), "first"));
  },
};
