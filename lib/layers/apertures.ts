/** The light above several thresholds and the area that it comes from, as an analysis with cuts measures them, softly. @module */
import { tf } from "../engine/mod.ts";
import { baseConfig, checkPositives, type LayerConfig, type OneOrMany, only, onlyShape } from "./_layer.ts";
import type { LayerDefinition } from "./definition.ts";
import { set, type Site } from "./onnx.ts";
import { checkOneChannel } from "./tanh_levels.ts";

/** Settings of {@linkcode Apertures}. */
export interface AperturesConfig extends LayerConfig {
  /** In units of the input, positive. */
  thresholds: readonly number[];
  /** Widths of the sigmoid between nothing and the threshold. @default {6} */
  sharpness?: number;
  /** Gains of a tanh under which the light above the first threshold is shown as well. @default {none} */
  lightGains?: readonly number[];
}

/**
 * With open = sigmoid(sharpness · (x / threshold − 1)): the means over the pixels of open (area) and of open · x (light)
 * for each threshold, then tanh(gain · light above the first one) for each gain.
 *
 * Shapes: [batch, rows, columns, 1] to [batch, 2 · thresholds + lightGains].
 */
export class Apertures extends tf.layers.Layer {
  static className = "Apertures";
  readonly #thresholds: number[];
  readonly #sharpness: number;
  readonly #lightGains: number[];

  constructor(config: AperturesConfig) {
    super(baseConfig(config));
    this.#thresholds = checkPositives("Apertures", "thresholds", config.thresholds);
    this.#sharpness = config.sharpness ?? 6;
    this.#lightGains = [...config.lightGains ?? []];
  }

  override build(inputShape: OneOrMany<tf.Shape>): void {
    checkOneChannel(this, onlyShape(inputShape));
    super.build(inputShape);
  }

  override computeOutputShape(inputShape: OneOrMany<tf.Shape>): tf.Shape {
    return [onlyShape(inputShape)[0], 2 * this.#thresholds.length + this.#lightGains.length];
  }

  override call(inputs: OneOrMany<tf.Tensor>): tf.Tensor {
    return tf.tidy(() => {
      const x = only(inputs), slopes = this.#thresholds.map((threshold) => this.#sharpness / threshold);
      const open = tf.sigmoid(tf.sub(tf.mul(x, tf.tensor1d(slopes)), this.#sharpness));
      const area = tf.mean(open, [1, 2]), light = tf.mean(tf.mul(open, x), [1, 2]);
      if (this.#lightGains.length === 0) return tf.concat([area, light], 1);
      const faintest = tf.slice(light, [0, 0], [-1, 1]);
      return tf.concat([area, light, tf.tanh(tf.mul(faintest, tf.tensor1d(this.#lightGains)))], 1);
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return {
      ...super.getConfig(),
      thresholds: [...this.#thresholds],
      sharpness: this.#sharpness,
      lightGains: [...this.#lightGains],
    };
  }
}
tf.serialization.registerClass(Apertures);

function emit(site: Site): void {
  const { build, layer, inputs: [input] } = site;
  const { thresholds, sharpness, lightGains } = layer.getConfig() as {
    thresholds: number[];
    sharpness: number;
    lightGains: number[];
  };
  const x = build.as(input, "first"); // one channel in: the order in memory is the same
  const slopes = build.floats(thresholds.map((threshold) => sharpness / threshold), [
    thresholds.length,
    1,
    1,
  ]);
  const steep = build.node("Sub", [build.node("Mul", [x, slopes]), build.floats([sharpness], [])]);
  const open = build.node("Sigmoid", [steep]);
  const mean = (name: string) => build.node("ReduceMean", [name], { axes: [2, 3], keepdims: 0 });
  const light = mean(build.node("Mul", [open, x])), parts = [mean(open), light];
  if (lightGains.length > 0) {
    const faintest = build.node("Slice", [light, ...[[0], [1], [1]].map((list) => build.integers(list))]);
    const scaled = build.node("Mul", [faintest, build.floats(lightGains, [lightGains.length])]);
    parts.push(build.node("Tanh", [scaled]));
  }
  set(site, "last", build.node("Concat", parts, { axis: 1 }));
}

export const APERTURES: LayerDefinition = {
  className: "Apertures",
  keras: {
    fields: { thresholds: "numbers", sharpness: "number", lightGains: "numbers" },
    own: true,
    create: (settings) => new Apertures(settings as unknown as AperturesConfig),
  },
  onnx: emit,
};
