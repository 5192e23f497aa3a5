/** BatchNormalization over any axis of rank 2 to 5; at inference by its moving moments. @module */
import { stock, trained } from "./_fields.ts";
import type { LayerDefinition } from "./definition.ts";
import { axisIn, constant, set, type Site, type Weight } from "./onnx.ts";

function emit(site: Site): void {
  const { build, settings: { center, scale, epsilon, axis }, weights, inputs: [input] } = site;
  const rank = input.shape.length, rest = [...weights], channels = weights[0].shape[0];
  const all = (value: number): Weight => ({
    data: new Float32Array(channels).fill(value),
    shape: [channels],
  });
  const gamma = scale ? rest.shift()! : all(1), beta = center ? rest.shift()! : all(0);
  const [mean, variance] = rest;
  const last = axisIn("last", axis as number, rank) === rank - 1;
  if (last && (rank === 2 || input.names.first !== undefined)) {
    const parameters = Object.entries({ gamma, beta, mean, variance }).map(([role, weight]) =>
      constant(site, role, weight)
    );
    const name = build.node("BatchNormalization", [build.as(input, "first"), ...parameters], {
      epsilon: { float: epsilon },
    });
    return set(site, "first", name);
  }
  // Over any other axis, and where turning would cost more: one multiplication and one addition.
  const factor = gamma.data.map((value, i) => value / Math.sqrt(variance.data[i] + epsilon));
  const offset = beta.data.map((value, i) => value - mean.data[i] * factor[i]);
  const shape: number[] = Array(rank).fill(1);
  shape[axisIn("last", axis as number, rank)] = channels;
  const scaled = build.node("Mul", [
    build.as(input, "last"),
    constant(site, "factor", { data: factor, shape }),
  ]);
  set(site, "last", build.node("Add", [scaled, constant(site, "offset", { data: offset, shape })]));
}

export const BATCH_NORMALIZATION: LayerDefinition = {
  className: "BatchNormalization",
  keras: {
    fields: {
      axis: "integer",
      momentum: "number",
      epsilon: "number",
      center: "boolean",
      scale: "boolean",
      ...trained("beta", "gamma"),
      movingMeanInitializer: "initializer",
      movingVarianceInitializer: "initializer",
    },
    fixed: { synchronized: false, renorm: false },
    ignored: ["renorm_clipping", "renorm_momentum"],
    create: stock("batchNormalization"),
  },
  onnx: emit,
};
