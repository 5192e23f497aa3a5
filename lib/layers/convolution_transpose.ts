/**
 * Transposed convolutions over 2 and 3 axes: Conv2DTranspose, Conv3DTranspose. Kernel [window…, out, in].
 *
 * They are the gradients of convolutions with the same padding, from which theirs follows. @module
 */
import { BIASED, LAST, QUIET, stock, trained, WINDOW } from "./_fields.ts";
import { activate, activationOf } from "./activations.ts";
import type { LayerDefinition } from "./definition.ts";
import { constant, set, type Site, turnKernel } from "./onnx.ts";

/** Writes a transposed convolution over any number of axes. */
export function emitTransposed(site: Site): void {
  const { build, settings, weights: [kernel, bias], inputs: [input] } = site;
  const { kernelSize, strides, padding } = settings;
  // ONNX wants [in, out, window…].
  const inputs = [build.as(input, "first"), constant(site, "kernel", turnKernel(kernel))];
  if (bias) inputs.push(constant(site, "bias", bias));
  const totals = kernelSize.map((size, i) => padding === "same" ? Math.max(size - strides[i], 0) : 0);
  const begins = totals.map((total) => Math.floor(total / 2));
  const name = build.node("ConvTranspose", inputs, {
    kernel_shape: kernelSize,
    strides,
    pads: [...begins, ...totals.map((total, i) => total - begins[i])],
    output_padding: kernelSize.map((size, i) => Math.max(strides[i] - size, 0)),
  });
  set(site, "first", activate(site, name, activationOf(site), "first"));
}

function transposed(rank: 2 | 3): LayerDefinition {
  return {
    className: `Conv${rank}DTranspose`,
    keras: {
      fields: { filters: "integer", ...WINDOW, ...BIASED, ...trained("kernel") },
      fixed: { ...LAST, ...QUIET, output_padding: null, dilation_rate: Array(rank).fill(1) },
      create: stock(`conv${rank}dTranspose`),
    },
    onnx: emitTransposed,
  };
}

export const TRANSPOSED_CONVOLUTIONS: readonly LayerDefinition[] = [transposed(2), transposed(3)];
