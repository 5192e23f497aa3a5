/** Activations as layers of their own: Activation, ReLU, LeakyReLU, ELU, PReLU. @module */
import { stock, trained } from "./_fields.ts";
import { activate, activationOf } from "./activations.ts";
import type { LayerDefinition } from "./definition.ts";
import { constant, each, scalar, transpose } from "./onnx.ts";

const ACTIVATION: LayerDefinition = {
  className: "Activation",
  keras: { fields: { activation: "activation" }, create: stock("activation") },
  onnx: each((site, name, layout) => activate(site, name, activationOf(site), layout)),
};

const RELU: LayerDefinition = {
  className: "ReLU",
  keras: {
    fields: { maxValue: "number?" },
    fixed: { negative_slope: 0, threshold: 0 },
    create: stock("reLU"),
  },
  onnx: each(({ build, settings: { maxValue } }, name) =>
    maxValue === null || maxValue === undefined
      ? build.node("Relu", [name])
      : build.node("Clip", [name, scalar(build, 0), scalar(build, maxValue)])
  ),
};

const LEAKY_RELU: LayerDefinition = {
  className: "LeakyReLU",
  keras: { fields: { alpha: "number" }, names: { alpha: "negative_slope" }, create: stock("leakyReLU") },
  onnx: each(({ build, settings: { alpha } }, name) =>
    build.node("LeakyRelu", [name], { alpha: { float: alpha } })
  ),
};

const ELU: LayerDefinition = {
  className: "ELU",
  keras: { fields: {}, fixed: { alpha: 1 }, create: stock("elu") },
  onnx: each(({ build, settings: { alpha } }, name) =>
    build.node("Elu", [name], { alpha: { float: alpha } })
  ),
};

const PRELU: LayerDefinition = {
  className: "PReLU",
  keras: { fields: { ...trained("alpha"), sharedAxes: "integers?" }, create: stock("prelu") },
  onnx: each((site, name, layout) => {
    const { build, weights: [alpha] } = site;
    if (layout === "last" || alpha.shape.length < 2) {
      return build.node("PRelu", [name, constant(site, "alpha", alpha)]);
    }
    const rank = alpha.shape.length, order = [rank - 1, ...alpha.shape.slice(0, -1).map((_, i) => i)];
    const turned = {
      data: transpose(alpha.data, alpha.shape, order),
      shape: order.map((axis) => alpha.shape[axis]),
    };
    return build.node("PRelu", [name, constant(site, "alpha channels first", turned)]);
  }),
};

export const ACTIVATION_LAYERS: readonly LayerDefinition[] = [
  ACTIVATION,
  RELU,
  LEAKY_RELU,
  ELU,
  PRELU,
];
