/** Dense: a product with a kernel over the last axis. Input [batch, …, in], kernel [in, units]. @module */
import { BIASED, QUIET, stock, trained } from "./_fields.ts";
import { activate, activationOf } from "./activations.ts";
import type { LayerDefinition } from "./definition.ts";
import { constant, set, type Site, transpose } from "./onnx.ts";

/** The input's name and the kernel, in an order that both share. */
function operands(site: Site): [input: string, kernel: string] {
  const { build, weights: [kernel], inputs: [input] } = site;
  const { flattened } = input, sides = flattened?.shape.slice(1);
  if (!flattened || !sides || input.names.last || sides.includes(null)) {
    return [build.as(input, "last"), constant(site, "kernel", kernel)];
  }
  // The input was flattened channels first, so the kernel's rows are put into that order instead.
  const [...inner] = sides as number[], rank = inner.length, units = kernel.shape[1];
  const order = [rank - 1, ...inner.slice(0, -1).map((_, i) => i), rank];
  const turned = { data: transpose(kernel.data, [...inner, units], order), shape: kernel.shape };
  return [flattened.name, constant(site, "kernel channels first", turned)];
}

function emit(site: Site): void {
  const { build, weights: [, bias], inputs: [input] } = site;
  const inputs: string[] = operands(site);
  let name: string;
  if (input.shape.length === 2) {
    if (bias) inputs.push(constant(site, "bias", bias));
    name = build.node("Gemm", inputs);
  } else {
    name = build.node("MatMul", inputs);
    if (bias) name = build.node("Add", [name, constant(site, "bias", bias)]);
  }
  set(site, "last", activate(site, name, activationOf(site), "last"));
}

export const DENSE: LayerDefinition = {
  className: "Dense",
  keras: {
    fields: { units: "integer", ...BIASED, ...trained("kernel") },
    fixed: { ...QUIET, quantization_config: null },
    create: stock("dense"),
  },
  onnx: emit,
};
