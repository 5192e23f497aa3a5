/**
 * LayerNormalization over one axis or several.
 *
 * TensorFlow.js tiles the moments to the size of the input, has no gradient without an offset, and takes axes in the order
 * in which they are given where Keras sorts them; so its class is put right here. @module
 */
import { tf } from "../engine/mod.ts";
import { stock } from "./_fields.ts";
import { type OneOrMany, only } from "./_layer.ts";
import type { LayerDefinition } from "./definition.ts";
import { axisIn, constant, product, set, type Site, type Weight } from "./onnx.ts";

/** What the arithmetic reads of TensorFlow.js's layer. */
interface StockLayer {
  axis: number[];
  /** The axes as they were given, in order. */
  sorted?: number[];
  epsilon: number;
  gamma?: { read(): tf.Tensor } | null;
  beta?: { read(): tf.Tensor } | null;
}

/** The shape in which weights over some axes broadcast against the input. */
function broadcastShape(shape: readonly (number | null)[], axes: readonly number[]): number[] {
  return shape.map((side, i) => axes.includes(i) ? side as number : 1);
}

function normalize(this: StockLayer, inputs: OneOrMany<tf.Tensor>): tf.Tensor {
  return tf.tidy(() => {
    const x = only(inputs), shape = broadcastShape(x.shape, this.axis);
    const centered = tf.sub(x, tf.mean(x, this.axis, true));
    const variance = tf.mean(tf.square(centered), this.axis, true);
    let y: tf.Tensor = tf.mul(centered, tf.rsqrt(tf.add(variance, this.epsilon)));
    if (this.gamma) y = tf.mul(y, tf.reshape(this.gamma.read(), shape));
    return this.beta ? tf.add(y, tf.reshape(this.beta.read(), shape)) : y;
  });
}

const { prototype } = (tf.layers.layerNormalization() as object).constructor as unknown as {
  prototype: {
    build(this: StockLayer, shape: OneOrMany<tf.Shape>): void;
    call(this: StockLayer, inputs: OneOrMany<tf.Tensor>, kwargs: object): tf.Tensor;
    getConfig(this: StockLayer): tf.serialization.ConfigDict;
  };
};
const { build: stockBuild, call: stockCall, getConfig: stockConfig } = prototype;
prototype.build = function (inputShape) {
  this.sorted = [this.axis].flat().sort((a, b) => a - b); // as Keras does, with negative ones first
  this.axis = [...this.sorted]; // the stock class counts them from the front in place
  stockBuild.call(this, inputShape);
};
prototype.call = function (inputs, kwargs) {
  const known = only(inputs).dtype === "float32";
  return known ? normalize.call(this, inputs) : stockCall.call(this, inputs, kwargs); // the engine's word on whole numbers
};
prototype.getConfig = function () {
  return { ...stockConfig.call(this), axis: [...this.sorted ?? [this.axis].flat()] };
};

/** Gamma and beta in the order of the settings; ones and zeros where the layer has none. */
function weightsOf({ settings: { center, scale }, weights }: Site, shape: number[]): [Weight, Weight] {
  const all = (value: number): Weight => ({ data: new Float32Array(product(shape)).fill(value), shape });
  const rest = [...weights];
  const gamma = scale ? rest.shift()! : all(1), beta = center ? rest.shift()! : all(0);
  return [gamma, beta];
}

function emit(site: Site): void {
  const { build, settings: { axis, epsilon }, inputs: [input] } = site, rank = input.shape.length;
  const axes = [axis].flat().map((one) => axisIn("last", one, rank));
  const x = build.as(input, "last");
  if (axes.every((one, i) => one === rank - axes.length + i)) {
    const [gamma, beta] = weightsOf(site, axes.map((one) => input.shape[one] as number));
    const inputs = [x, constant(site, "gamma", gamma), constant(site, "beta", beta)];
    const attributes = { axis: axes[0], epsilon: { float: epsilon } };
    return set(site, "last", build.node("LayerNormalization", inputs, attributes));
  }
  const [gamma, beta] = weightsOf(site, axes.map((one) => input.shape[one] as number));
  const shape = broadcastShape(input.shape, axes);
  const centered = build.node("Sub", [x, build.node("ReduceMean", [x], { axes, keepdims: 1 })]);
  const square = build.node("Mul", [centered, centered]);
  const variance = build.node("ReduceMean", [square], { axes, keepdims: 1 });
  const deviation = build.node("Sqrt", [build.node("Add", [variance, build.floats([epsilon], [])])]);
  const scaled = build.node("Mul", [
    build.node("Div", [centered, deviation]),
    constant(site, "gamma", { data: gamma.data, shape }),
  ]);
  set(site, "last", build.node("Add", [scaled, constant(site, "beta", { data: beta.data, shape })]));
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
