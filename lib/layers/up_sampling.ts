/** Every value several times along each inner axis, or values between them: UpSampling1D, UpSampling2D, UpSampling3D. @module */
import { tf } from "../engine/mod.ts";
import { LAST, stock } from "./_fields.ts";
import {
  baseConfig,
  checkRank,
  type LayerConfig,
  type OneOrMany,
  only,
  onlyShape,
  perAxis,
} from "./_layer.ts";
import type { LayerDefinition } from "./definition.ts";
import { product, set, type Site } from "./onnx.ts";

/** Settings of the up-samplings. */
export interface UpSamplingConfig extends LayerConfig {
  /** How often each value comes, for all axes or one by one. @default {2} */
  size?: number | readonly number[];
}

/** The sides behind an up-sampling. */
function sidesAfter(shape: tf.Shape, size: readonly number[]): tf.Shape {
  return shape.map((side, i) => side === null || i === 0 || i > size.length ? side : side * size[i - 1]);
}

/** Repeats each position of an axis. */
function repeat(x: tf.Tensor, axis: number, times: number): tf.Tensor {
  if (times === 1) return x;
  const outer = product(x.shape.slice(0, axis + 1)), inner = product(x.shape.slice(axis + 1));
  const rows = tf.tile(tf.reshape(x, [outer, 1, inner]), [1, times, 1]);
  return tf.reshape(rows, x.shape.map((side, i) => i === axis ? side * times : side));
}

/** Up-sampling by repeating, over 1 or 3 axes, which TensorFlow.js lacks. Shapes: [batch, …, C] to [batch, … · size, C]. */
abstract class UpSampling extends tf.layers.Layer {
  readonly #size: number[];

  constructor(config: UpSamplingConfig, axes: number) {
    super(baseConfig(config));
    this.#size = perAxis(config.size, axes, 2);
  }

  override build(inputShape: OneOrMany<tf.Shape>): void {
    checkRank(this, onlyShape(inputShape), this.#size.length + 2);
    super.build(inputShape);
  }

  override computeOutputShape(inputShape: OneOrMany<tf.Shape>): tf.Shape {
    return sidesAfter(onlyShape(inputShape), this.#size);
  }

  override call(inputs: OneOrMany<tf.Tensor>): tf.Tensor {
    return tf.tidy(() => this.#size.reduce((x, times, i) => repeat(x, i + 1, times), only(inputs)));
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), size: [...this.#size] };
  }
}

/** Each step of a series several times. */
export class UpSampling1D extends UpSampling {
  static className = "UpSampling1D";
  constructor(config: UpSamplingConfig = {}) {
    super(config, 1);
  }
}
tf.serialization.registerClass(UpSampling1D);

/** Each voxel several times. */
export class UpSampling3D extends UpSampling {
  static className = "UpSampling3D";
  constructor(config: UpSamplingConfig = {}) {
    super(config, 3);
  }
}
tf.serialization.registerClass(UpSampling3D);

/**
 * Images with values between the pixels, bilinearly, as Keras does it: by the middles of the pixels. TensorFlow.js's own
 * layer takes their corners.
 */
export class BilinearUpSampling2D extends tf.layers.Layer {
  static className = "UpSampling2D";
  readonly #size: number[];

  constructor(config: UpSamplingConfig = {}) {
    super(baseConfig(config));
    this.#size = perAxis(config.size, 2, 2);
  }

  override build(inputShape: OneOrMany<tf.Shape>): void {
    checkRank(this, onlyShape(inputShape), 4);
    super.build(inputShape);
  }

  override computeOutputShape(inputShape: OneOrMany<tf.Shape>): tf.Shape {
    return sidesAfter(onlyShape(inputShape), this.#size);
  }

  override call(inputs: OneOrMany<tf.Tensor>): tf.Tensor {
    return tf.tidy(() => {
      const x = only<tf.Tensor4D>(inputs), [, rows, columns] = sidesAfter(x.shape, this.#size) as number[];
      return tf.image.resizeBilinear(x, [rows, columns], false, true);
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), size: [...this.#size], interpolation: "bilinearOfMiddles" };
  }
}

function emit(site: Site): void {
  const { build, inputs: [input] } = site;
  const { size, interpolation = "nearest" } = site.layer.getConfig() as {
    size: number[];
    interpolation?: string;
  };
  const scales = build.floats([1, 1, ...size], [2 + size.length]);
  const name = build.node("Resize", [build.as(input, "first"), "", scales], {
    mode: interpolation === "nearest" ? "nearest" : "linear",
    coordinate_transformation_mode: interpolation === "bilinearOfMiddles" ? "half_pixel" : "asymmetric",
    nearest_mode: "floor",
  });
  set(site, "first", name);
}

export const UP_SAMPLINGS: readonly LayerDefinition[] = [
  {
    className: "UpSampling1D",
    keras: { fields: { size: "one" }, create: (settings) => new UpSampling1D(settings) },
    onnx: emit,
  },
  {
    className: "UpSampling2D",
    keras: {
      fields: { size: "integers", interpolation: "interpolation" },
      fixed: LAST,
      create: ({ interpolation, ...settings }) =>
        interpolation === "bilinearOfMiddles"
          ? new BilinearUpSampling2D(settings)
          : stock("upSampling2d")({ interpolation, ...settings }),
    },
    onnx: emit,
  },
  {
    className: "UpSampling3D",
    keras: { fields: { size: "integers" }, fixed: LAST, create: (settings) => new UpSampling3D(settings) },
    onnx: emit,
  },
];
