/** The smallest value of a window that moves: MinPooling2D. @module */
import { tf } from "../engine/mod.ts";
import { baseConfig, type LayerConfig, type OneOrMany, only, onlyShape, perAxis } from "./_layer.ts";
import type { LayerDefinition } from "./definition.ts";
import { paddings, set } from "./onnx.ts";

/** Settings of {@linkcode MinPooling2D}. */
export interface MinPoolingConfig extends LayerConfig {
  /** Rows and columns of the window. @default {2} */
  poolSize?: number | readonly number[];
  /** @default {poolSize} */
  strides?: number | readonly number[];
  /** @default {"valid"} */
  padding?: "same" | "valid";
}

/**
 * The smallest value in each window: −maxpool(−x), so that what "same" pads never counts.
 *
 * Shapes: [batch, rows, columns, C] to [batch, rows', columns', C], as MaxPooling2D.
 */
export class MinPooling2D extends tf.layers.Layer {
  static className = "MinPooling2D";
  readonly #poolSize: number[];
  readonly #strides: number[];
  readonly #padding: "same" | "valid";

  constructor(config: MinPoolingConfig = {}) {
    super(baseConfig(config));
    this.#poolSize = perAxis(config.poolSize, 2, 2);
    this.#strides = config.strides === undefined ? [...this.#poolSize] : perAxis(config.strides, 2, 2);
    this.#padding = config.padding ?? "valid";
  }

  override computeOutputShape(inputShape: OneOrMany<tf.Shape>): tf.Shape {
    const [batch, rows, columns, channels] = onlyShape(inputShape);
    const [height, width] = [rows, columns].map((side, i) => {
      if (side === null) return null;
      const first = this.#padding === "same" ? side : side - this.#poolSize[i] + 1;
      return Math.ceil(first / this.#strides[i]);
    });
    return [batch, height, width, channels];
  }

  override call(inputs: OneOrMany<tf.Tensor>): tf.Tensor {
    return tf.tidy(() => {
      const x = tf.neg(only<tf.Tensor4D>(inputs));
      const [pool, strides] = [this.#poolSize, this.#strides] as [number, number][];
      return tf.neg(tf.maxPool(x, pool, strides, this.#padding));
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    const poolSize = [...this.#poolSize], strides = [...this.#strides];
    return { ...super.getConfig(), poolSize, strides, padding: this.#padding };
  }
}
tf.serialization.registerClass(MinPooling2D);

export const MIN_POOLING: LayerDefinition = {
  className: "MinPooling2D",
  keras: {
    fields: { poolSize: "integers", strides: "integers", padding: "padding" },
    own: true,
    create: (settings) => new MinPooling2D(settings),
  },
  onnx(site) {
    const { build, settings: { poolSize, strides }, inputs: [input] } = site;
    const pooled = build.node("MaxPool", [build.node("Neg", [build.as(input, "first")])], {
      kernel_shape: poolSize,
      strides,
      ...paddings(site, poolSize, poolSize.map(() => 1)),
    });
    set(site, "first", build.node("Neg", [pooled]));
  },
};
