/**
 * Activations: what each is called in TensorFlow.js, in Keras 3 and in ONNX.
 *
 * An activation whose formula differs between TensorFlow.js and Keras has no name in Keras here. @module
 */
import "./_more_activations.ts";
import { axisIn, type GraphBuilder, type Layout, scalar, type Site } from "./onnx.ts";

/** One activation. */
interface Activation {
  /** Keras 3's name, if its formula is the same there. */
  keras?: string;
  /** Keras's other names for it. */
  aliases?: readonly string[];
  onnx(build: GraphBuilder, name: string, lastAxis: number): string;
}

/** An operation of ONNX's own. */
const operation = (type: string) => (build: GraphBuilder, name: string) => build.node(type, [name]);

/** Activations by their name in TensorFlow.js. */
export const ACTIVATIONS: Readonly<Record<string, Activation>> = {
  linear: { keras: "linear", onnx: (_, name) => name },
  relu: { keras: "relu", onnx: operation("Relu") },
  relu6: {
    keras: "relu6",
    onnx: (build, name) => build.node("Clip", [name, scalar(build, 0), scalar(build, 6)]),
  },
  elu: { keras: "elu", onnx: (build, name) => build.node("Elu", [name], { alpha: { float: 1 } }) },
  selu: { keras: "selu", onnx: operation("Selu") },
  sigmoid: { keras: "sigmoid", onnx: operation("Sigmoid") },
  hardSigmoid: { // a slope of 0.2; Keras 3 has 1/6
    onnx: (build, name) => build.node("HardSigmoid", [name], { alpha: { float: 0.2 }, beta: { float: 0.5 } }),
  },
  hardSigmoid6: {
    keras: "hard_sigmoid",
    onnx: (build, name) =>
      build.node("HardSigmoid", [name], { alpha: { float: 1 / 6 }, beta: { float: 0.5 } }),
  },
  hardSilu: { keras: "hard_silu", aliases: ["hard_swish"], onnx: operation("HardSwish") },
  hardTanh: {
    keras: "hard_tanh",
    onnx: (build, name) => build.node("Clip", [name, scalar(build, -1), scalar(build, 1)]),
  },
  exponential: { keras: "exponential", onnx: operation("Exp") },
  leakyRelu: {
    keras: "leaky_relu",
    onnx: (build, name) => build.node("LeakyRelu", [name], { alpha: { float: 0.2 } }),
  },
  logSigmoid: {
    keras: "log_sigmoid",
    onnx: (build, name) => build.node("Neg", [build.node("Softplus", [build.node("Neg", [name])])]),
  },
  tanhShrink: {
    keras: "tanh_shrink",
    onnx: (build, name) => build.node("Sub", [name, build.node("Tanh", [name])]),
  },
  softmax: { keras: "softmax", onnx: (build, name, axis) => build.node("Softmax", [name], { axis }) },
  logSoftmax: {
    keras: "log_softmax",
    onnx: (build, name, axis) => build.node("LogSoftmax", [name], { axis }),
  },
  softplus: { keras: "softplus", onnx: operation("Softplus") },
  softsign: { keras: "softsign", onnx: operation("Softsign") },
  tanh: { keras: "tanh", onnx: operation("Tanh") },
  swish: {
    keras: "silu",
    aliases: ["swish"],
    onnx: (build, name) => build.node("Mul", [name, build.node("Sigmoid", [name])]),
  },
  mish: {
    keras: "mish",
    onnx: (build, name) => build.node("Mul", [name, build.node("Tanh", [build.node("Softplus", [name])])]),
  },
  gelu: {
    keras: "gelu",
    onnx(build, name) {
      const erf = build.node("Erf", [build.node("Mul", [name, scalar(build, Math.SQRT1_2)])]);
      const half = build.node("Mul", [name, scalar(build, 0.5)]);
      return build.node("Mul", [half, build.node("Add", [erf, scalar(build, 1)])]);
    },
  },
};

/** Applies an activation to a tensor of the site's output's rank in a layout. @throws {TypeError} If there is none of that name. */
export function activate(site: Site, name: string, activation: string, layout: Layout): string {
  if (!Object.hasOwn(ACTIVATIONS, activation)) {
    throw site.fail(`activation "${activation}" has no counterpart`);
  }
  return ACTIVATIONS[activation].onnx(site.build, name, axisIn(layout, -1, site.output.shape.length));
}

/** The activation at a layer's end, whose setting may be left out, or an object. */
export function activationOf({ settings }: Site): string {
  return activationName(settings.activation);
}

/** The name in a setting that may be left out, or an object. */
export function activationName(setting: unknown): string {
  const activation = setting ?? "linear";
  return typeof activation === "string" ? activation : (activation as { className: string }).className;
}
