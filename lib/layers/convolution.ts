/** Convolutions over 1, 2 and 3 axes: Conv1D, Conv2D, Conv3D. Input [batch, …, channels], kernel [window…, in, out]. @module */
import { groupedClass } from "./_grouped_convolution.ts";
import { BIASED, LAST, QUIET, stock, trained, WINDOW } from "./_fields.ts";
import { activate, activationOf } from "./activations.ts";
import type { LayerDefinition } from "./definition.ts";
import { constant, paddings, set, type Site, turnKernel } from "./onnx.ts";

function emit(site: Site): void {
  const { build, settings, weights: [kernel, bias], inputs: [input] } = site;
  const { kernelSize, strides, dilationRate } = settings;
  const inputs = [build.as(input, "first"), constant(site, "kernel", turnKernel(kernel))];
  if (bias) inputs.push(constant(site, "bias", bias));
  const name = build.node("Conv", inputs, {
    kernel_shape: kernelSize,
    strides,
    dilations: dilationRate,
    group: settings.groups ?? 1,
    ...(settings.padding === "causal"
      ? { pads: [(kernelSize[0] - 1) * dilationRate[0], 0] }
      : paddings(site, kernelSize, dilationRate)),
  });
  set(site, "first", activate(site, name, activationOf(site), "first"));
}

function convolution(rank: 1 | 2 | 3): LayerDefinition {
  const Grouped = groupedClass(rank), builder = stock(`conv${rank}d`);
  return {
    className: `Conv${rank}D`,
    keras: {
      fields: {
        filters: "integer",
        ...WINDOW,
        ...(rank === 1 && { padding: "seriesPadding" }),
        dilationRate: "integers",
        groups: "integer",
        ...BIASED,
        ...trained("kernel"),
      },
      fixed: { ...LAST, ...QUIET },
      create: ({ groups = 1, ...settings }) =>
        groups === 1 ? builder(settings) : new Grouped({ ...settings, groups: groups as number }),
    },
    onnx: emit,
  };
}

export const CONVOLUTIONS: readonly LayerDefinition[] = [convolution(1), convolution(2), convolution(3)];
