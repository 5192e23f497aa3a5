/** Images of another size: Resizing, CenterCrop. Input [batch, rows, columns, C]. @module */
import { tf } from "../engine/mod.ts";
import { LAST } from "./_fields.ts";
import {
  baseConfig,
  checkKnownSides,
  checkRank,
  type LayerConfig,
  type OneOrMany,
  only,
  onlyShape,
} from "./_layer.ts";
import type { LayerDefinition } from "./definition.ts";
import { type GraphBuilder, set } from "./onnx.ts";

/** Settings of {@linkcode Resizing} and {@linkcode CenterCrop}. */
export interface ImageSizeConfig extends LayerConfig {
  height: number;
  width: number;
}

/** Settings of {@linkcode Resizing}. */
export interface ResizingConfig extends ImageSizeConfig {
  /** @default {"bilinear"} */
  interpolation?: string;
}

abstract class Sized extends tf.layers.Layer {
  protected readonly height: number;
  protected readonly width: number;

  constructor(config: ImageSizeConfig) {
    super(baseConfig(config));
    this.height = config.height;
    this.width = config.width;
  }

  override build(inputShape: OneOrMany<tf.Shape>): void {
    const shape = onlyShape(inputShape);
    checkRank(this, shape, 4);
    checkKnownSides(this, shape);
    super.build(inputShape);
  }

  override computeOutputShape(inputShape: OneOrMany<tf.Shape>): tf.Shape {
    const shape = onlyShape(inputShape);
    return [shape[0], this.height, this.width, shape[3]];
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), height: this.height, width: this.width };
  }
}

/** Which of `from` places the `to` places of the result are nearest to, by the middles of the pixels. */
function nearest(from: number, to: number): number[] {
  return Array.from({ length: to }, (_, i) => Math.min(from - 1, Math.floor((i + 0.5) * from / to)));
}

/** An image at another size, bilinear or by the nearest pixel, by the middles of the pixels. Source: Keras 3's `Resizing`. */
export class Resizing extends Sized {
  static className = "Resizing";
  readonly #interpolation: string;

  constructor(config: ResizingConfig) {
    super(config);
    this.#interpolation = config.interpolation ?? "bilinear";
    if (!["bilinear", "nearest"].includes(this.#interpolation)) {
      throw new TypeError(`interpolation must be bilinear or nearest: got "${this.#interpolation}"`);
    }
  }

  override call(inputs: OneOrMany<tf.Tensor>): tf.Tensor {
    return tf.tidy(() => {
      const x = only<tf.Tensor4D>(inputs), [, rows, columns] = x.shape;
      if (this.#interpolation === "bilinear") {
        return tf.image.resizeBilinear(x, [this.height, this.width], false, true);
      }
      const tall = tf.gather(x, tf.tensor1d(nearest(rows, this.height), "int32"), 1);
      return tf.gather(tall, tf.tensor1d(nearest(columns, this.width), "int32"), 2);
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), interpolation: this.#interpolation };
  }
}
tf.serialization.registerClass(Resizing as never);

/** A part of an image. */
interface Box {
  top: number;
  left: number;
  height: number;
  width: number;
}

/**
 * The middle of an image; with an odd margin the spare row is dropped below. Of an image with too few rows or columns the
 * largest part of the crop's proportions, bilinear at the crop's size. Source: Keras 3's `CenterCrop`.
 */
export class CenterCrop extends Sized {
  static className = "CenterCrop";

  override call(inputs: OneOrMany<tf.Tensor>): tf.Tensor {
    return tf.tidy(() => {
      const x = only<tf.Tensor4D>(inputs), { top, left, height, width } = this.box(x.shape);
      const part = tf.slice(x, [0, top, left, 0], [-1, height, width, -1]);
      if (height === this.height && width === this.width) return part;
      return tf.image.resizeBilinear(part, [this.height, this.width], false, true);
    });
  }

  /** The part that is taken. */
  box([, rows, columns]: readonly (number | null)[]): Box {
    const tall = rows!, wide = columns!, isLarge = tall >= this.height && wide >= this.width;
    const within = (side: number, most: number) => Math.max(Math.min(most, Math.trunc(side)), 1);
    const height = isLarge ? this.height : within(wide * this.height / this.width, tall);
    const width = isLarge ? this.width : within(tall * this.width / this.height, wide);
    return { top: Math.floor((tall - height) / 2), left: Math.floor((wide - width) / 2), height, width };
  }
}
tf.serialization.registerClass(CenterCrop as never);

/** An image, channels first, at another size. */
function emitBilinear(build: GraphBuilder, image: string, size: [height: number, width: number]): string {
  // The sizes themselves: the product of a side and a rounded share may be a pixel short.
  const shape = build.node("Shape", [image]);
  const kept = build.node("Slice", [shape, build.integers([0]), build.integers([2])]);
  const sizes = build.node("Concat", [kept, build.integers(size)], { axis: 0 });
  return build.node("Resize", [image, "", "", sizes], {
    mode: "linear",
    coordinate_transformation_mode: "half_pixel",
  });
}

export const RESIZINGS: readonly LayerDefinition[] = [
  {
    className: "Resizing",
    keras: {
      fields: { height: "integer", width: "integer", interpolation: "text" },
      fixed: { ...LAST, crop_to_aspect_ratio: false, pad_to_aspect_ratio: false, antialias: false },
      ignored: ["fill_mode", "fill_value"],
      preprocesses: true,
      create: (settings) => new Resizing(settings as unknown as ResizingConfig),
    },
    onnx(site) {
      const { build, inputs: [input], output } = site;
      const { interpolation } = site.layer.getConfig();
      const [, rows, columns] = input.shape, [, height, width] = output.shape;
      if (interpolation === "bilinear") {
        return set(site, "first", emitBilinear(build, build.as(input, "first"), [height!, width!]));
      }
      const tall = [nearest(rows!, height!), nearest(columns!, width!)].reduce(
        (name, places, i) => build.node("Gather", [name, build.integers(places)], { axis: i + 1 }),
        build.as(input, "last"),
      );
      set(site, "last", tall);
    },
  },
  {
    className: "CenterCrop",
    keras: {
      fields: { height: "integer", width: "integer" },
      fixed: LAST,
      preprocesses: true,
      create: (settings) => new CenterCrop(settings as unknown as ImageSizeConfig),
    },
    onnx(site) {
      const { build, inputs: [input], output: { shape: [, rows, columns] } } = site;
      const { top, left, height, width } = (site.layer as CenterCrop).box(input.shape);
      const cut = (name: string, axes: number[]) => {
        const bounds = [[top, left], [top + height, left + width], axes].map((list) => build.integers(list));
        return build.node("Slice", [name, ...bounds]);
      };
      if (height === rows && width === columns) {
        return set(site, "last", cut(build.as(input, "last"), [1, 2]));
      }
      const part = cut(build.as(input, "first"), [2, 3]);
      set(site, "first", emitBilinear(build, part, [rows!, columns!]));
    },
  },
];
