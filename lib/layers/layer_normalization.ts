/** LayerNormalization over one axis or several. @module */
import { stock } from "./_fields.ts";
import type { LayerDefinition } from "./definition.ts";
import { axisIn, constant, product, set, type Site, type Weight } from "./onnx.ts";

function emit(site: Site): void {
  const { build, settings: { axis, epsilon, center, scale }, weights, inputs: [input] } = site;
  const rank = input.shape.length;
  const axes = [axis].flat().map((one) => axisIn("last", one, rank)).sort((a, b) => a - b);
  if (axes.some((one, i) => one !== rank - axes.length + i)) {
    throw site.fail(`axis ${JSON.stringify(axis)} must end with the last one`);
  }
  const shape = weights[0]?.shape ?? axes.map((one) => input.shape[one] as number);
  const all = (value: number): Weight => ({ data: new Float32Array(product(shape)).fill(value), shape });
  const rest = [...weights];
  const gamma = scale ? rest.shift()! : all(1), beta = center ? rest.shift()! : all(0);
  const inputs = [build.as(input, "last"), constant(site, "gamma", gamma), constant(site, "beta", beta)];
  set(site, "last", build.node("LayerNormalization", inputs, { axis: axes[0], epsilon: { float: epsilon } }));
}

export const LAYER_NORMALIZATION: LayerDefinition = {
  className: "LayerNormalization",
  keras: {
    fields: {
      axis: "integers",
      epsilon: "number",
      center: "boolean",
      scale: "boolean",
      betaInitializer: "initializer",
      gammaInitializer: "initializer",
      betaRegularizer: "regularizer",
      gammaRegularizer: "regularizer",
    },
    fixed: { rms_scaling: false, beta_constraint: null, gamma_constraint: null },
    create: stock("layerNormalization"),
  },
  onnx: emit,
};
