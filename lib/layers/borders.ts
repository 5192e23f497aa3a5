/** Zeros put around, and edges cut off: ZeroPadding1D to 3D, Cropping1D to 3D. @module */
import { tf } from "../engine/mod.ts";
import { LAST, stock } from "./_fields.ts";
import { baseConfig, checkRank, type LayerConfig, type OneOrMany, only, onlyShape } from "./_layer.ts";
import type { LayerDefinition } from "./definition.ts";
import { axisIn, set, type Site } from "./onnx.ts";

/** Before and behind, for each inner axis. */
export type Margins = [before: number, behind: number][];
/** One number for all, one a side for one axis, one an axis, or two an axis. */
export type MarginSetting = number | readonly (number | readonly number[])[];

/** Margins of a number of axes from a setting as Keras takes it. */
function marginsOf(setting: MarginSetting, axes: number): Margins {
  if (typeof setting === "number") return Array.from({ length: axes }, () => [setting, setting]);
  if (axes === 1 && setting.every((side) => typeof side === "number")) {
    const [before, behind] = setting as number[];
    return [[before, behind]];
  }
  const margins = setting.map((side): [number, number] =>
    typeof side === "number" ? [side, side] : [side[0], side[1]]
  );
  if (margins.length !== axes) {
    throw new RangeError(`Cannot take ${JSON.stringify(setting)} as margins of ${axes} axes`);
  }
  return margins;
}

/** Margins as Keras writes them: a list for one axis, a list of lists for several. */
function written(margins: Margins): number[] | number[][] {
  return margins.length === 1 ? [...margins[0]] : margins.map((pair) => [...pair]);
}

/** What paddings and croppings that TensorFlow.js lacks have in common. */
abstract class Border extends tf.layers.Layer {
  protected readonly margins: Margins;

  constructor(config: LayerConfig, setting: MarginSetting, axes: number) {
    super(baseConfig(config));
    this.margins = marginsOf(setting, axes);
  }

  override build(inputShape: OneOrMany<tf.Shape>): void {
    checkRank(this, onlyShape(inputShape), this.margins.length + 2);
    super.build(inputShape);
  }

  /** By how much an axis grows. */
  protected abstract growth(margin: readonly [number, number]): number;

  override computeOutputShape(inputShape: OneOrMany<tf.Shape>): tf.Shape {
    return onlyShape(inputShape).map((side, i) => {
      const margin = this.margins[i - 1];
      return side === null || margin === undefined ? side : side + this.growth(margin);
    });
  }
}

/** Zeros before and behind. */
abstract class ZeroPadding extends Border {
  protected override growth([before, behind]: readonly [number, number]): number {
    return before + behind;
  }

  override call(inputs: OneOrMany<tf.Tensor>): tf.Tensor {
    return tf.tidy(() => tf.pad(only(inputs), [[0, 0], ...this.margins, [0, 0]]));
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), padding: written(this.margins) as never };
  }
}

/** Positions cut off before and behind. */
abstract class Cropping extends Border {
  protected override growth([before, behind]: readonly [number, number]): number {
    return -before - behind;
  }

  override call(inputs: OneOrMany<tf.Tensor>): tf.Tensor {
    return tf.tidy(() => {
      const x = only(inputs), begins = this.margins.map(([before]) => before);
      const sizes = this.margins.map((margin, i) => x.shape[i + 1] + this.growth(margin));
      return tf.slice(x, [0, ...begins, 0], [-1, ...sizes, -1]);
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), cropping: written(this.margins) as never };
  }
}

/** Settings of the zero paddings. */
export interface ZeroPaddingConfig extends LayerConfig {
  /** @default {1} */
  padding?: MarginSetting;
}

/** Settings of the croppings. */
export interface CroppingConfig extends LayerConfig {
  /** @default {1} */
  cropping?: MarginSetting;
}

/** Zeros before and behind a series, [batch, steps, C]. */
export class ZeroPadding1D extends ZeroPadding {
  static className = "ZeroPadding1D";
  constructor(config: ZeroPaddingConfig = {}) {
    super(config, config.padding ?? 1, 1);
  }
}
tf.serialization.registerClass(ZeroPadding1D);

/** Zeros around a volume, [batch, depth, rows, columns, C]. */
export class ZeroPadding3D extends ZeroPadding {
  static className = "ZeroPadding3D";
  constructor(config: ZeroPaddingConfig = {}) {
    super(config, config.padding ?? 1, 3);
  }
}
tf.serialization.registerClass(ZeroPadding3D);

/** The ends of a series cut off, [batch, steps, C]. */
export class Cropping1D extends Cropping {
  static className = "Cropping1D";
  constructor(config: CroppingConfig = {}) {
    super(config, config.cropping ?? 1, 1);
  }
}
tf.serialization.registerClass(Cropping1D);

/** The faces of a volume cut off, [batch, depth, rows, columns, C]. */
export class Cropping3D extends Cropping {
  static className = "Cropping3D";
  constructor(config: CroppingConfig = {}) {
    super(config, config.cropping ?? 1, 3);
  }
}
tf.serialization.registerClass(Cropping3D);

function pad(site: Site): void {
  const { build, inputs: [input], settings } = site, axes = input.shape.length - 2;
  const margins = marginsOf(settings.padding as unknown as MarginSetting, axes);
  const layout = build.common([input]);
  const [begins, ends] = [0, 1].map((side) => margins.map((margin) => margin[side]));
  const pads = layout === "first" ? [0, 0, ...begins, 0, 0, ...ends] : [0, ...begins, 0, 0, ...ends, 0];
  set(site, layout, build.node("Pad", [build.as(input, layout), build.integers(pads)]));
  site.output.padded = true;
}

function crop(site: Site): void {
  const { build, inputs: [input], settings } = site, rank = input.shape.length;
  const margins = marginsOf(settings.cropping as unknown as MarginSetting, rank - 2);
  const layout = build.common([input]);
  const axes = margins.map((_, i) => axisIn(layout, i + 1, rank));
  const ends = margins.map(([, end]) => end > 0 ? -end : 0x7fffffff);
  const parts = [margins.map(([begin]) => begin), ends, axes].map((list) => build.integers(list));
  set(site, layout, build.node("Slice", [build.as(input, layout), ...parts]));
}

export const BORDERS: readonly LayerDefinition[] = [
  {
    className: "ZeroPadding1D",
    keras: { fields: { padding: "pairs" }, fixed: LAST, create: (settings) => new ZeroPadding1D(settings) },
    onnx: pad,
  },
  {
    className: "ZeroPadding2D",
    keras: { fields: { padding: "pairs" }, fixed: LAST, create: stock("zeroPadding2d") },
    onnx: pad,
  },
  {
    className: "ZeroPadding3D",
    keras: { fields: { padding: "pairs" }, fixed: LAST, create: (settings) => new ZeroPadding3D(settings) },
    onnx: pad,
  },
  {
    className: "Cropping1D",
    keras: { fields: { cropping: "pairs" }, create: (settings) => new Cropping1D(settings) },
    onnx: crop,
  },
  {
    className: "Cropping2D",
    keras: { fields: { cropping: "pairs" }, fixed: LAST, create: stock("cropping2D") },
    onnx: crop,
  },
  {
    className: "Cropping3D",
    keras: { fields: { cropping: "pairs" }, fixed: LAST, create: (settings) => new Cropping3D(settings) },
    onnx: crop,
  },
];
