/** SeparableConv2D: a depthwise convolution, then one of single pixels over all channels. @module */
import { BIASED, LAST, QUIET, stock, trained, WINDOW } from "./_fields.ts";
import { activate, activationOf } from "./activations.ts";
import type { LayerDefinition } from "./definition.ts";
import { convolveDepthwise } from "./depthwise_convolution.ts";
import { constant, set, type Site, turnKernel } from "./onnx.ts";

/** Writes a separable convolution over any number of axes. */
export function emitSeparable(site: Site): void {
  const [kernel, pointwise, bias] = site.weights;
  const inputs = [convolveDepthwise(site, kernel), constant(site, "pointwise", turnKernel(pointwise))];
  if (bias) inputs.push(constant(site, "bias", bias));
  set(site, "first", activate(site, site.build.node("Conv", inputs), activationOf(site), "first"));
}

export const SEPARABLE_CONVOLUTION: LayerDefinition = {
  className: "SeparableConv2D",
  keras: {
    fields: {
      filters: "integer",
      ...WINDOW,
      depthMultiplier: "integer",
      dilationRate: "integers",
      ...BIASED,
      ...trained("depthwise", "pointwise"),
    },
    fixed: { ...LAST, ...QUIET },
    create: stock("separableConv2d"),
  },
  onnx: emitSeparable,
};
