/** DepthwiseConv2D: one convolution a channel. Input [batch, rows, columns, in], kernel [rows, columns, in, times]. @module */
import { BIASED, LAST, QUIET, stock, trained, WINDOW } from "./_fields.ts";
import { activate, activationOf } from "./activations.ts";
import type { LayerDefinition } from "./definition.ts";
import { constant, paddings, set, type Site, transpose, type Weight } from "./onnx.ts";

/** Writes the depthwise step over any number of axes: its kernel becomes [in · times, 1, window…], one group a channel. */
export function convolveDepthwise(site: Site, kernel: Weight, bias?: Weight): string {
  const { build, settings: { strides, dilationRate }, inputs: [input] } = site;
  const window = kernel.shape.slice(0, -2), [channels, times] = kernel.shape.slice(-2);
  const axes = window.map((_, i) => i);
  const turned = transpose(kernel.data, kernel.shape, [axes.length, axes.length + 1, ...axes]);
  const weights = { data: turned, shape: [channels * times, 1, ...window] };
  const inputs = [build.as(input, "first"), constant(site, "depthwise", weights)];
  if (bias) inputs.push(constant(site, "bias", bias));
  return build.node("Conv", inputs, {
    group: channels,
    kernel_shape: window,
    strides,
    dilations: dilationRate,
    ...paddings(site, window, dilationRate),
  });
}

/** Writes a depthwise convolution over any number of axes. */
export function emitDepthwise(site: Site): void {
  const [kernel, bias] = site.weights;
  set(site, "first", activate(site, convolveDepthwise(site, kernel, bias), activationOf(site), "first"));
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
  onnx: emitDepthwise,
};
