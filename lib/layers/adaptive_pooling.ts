/** Pooling to a given size: AdaptiveAveragePooling1D to 3D, AdaptiveMaxPooling1D to 3D. @module */
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
  perAxis,
} from "./_layer.ts";
import type { LayerDefinition } from "./definition.ts";
import { set, type Site } from "./onnx.ts";

/** Settings of the adaptive poolings. */
export interface AdaptivePoolingConfig extends LayerConfig {
  /** Sides of the output. */
  outputSize: number | readonly number[];
}

type Way = "Average" | "Max";

/** Where the windows over one axis begin and end; neighbours may share places. */
function windows(side: number, count: number): [from: number, to: number][] {
  return Array.from({ length: count }, (_, i) => [
    Math.floor(i * side / count),
    Math.ceil((i + 1) * side / count),
  ]);
}

/**
 * The mean or the largest value of each of so many windows an axis, which cover it evenly.
 *
 * Shapes: [batch, …, C] to [batch, …outputSize, C]. Source: Keras 3.15's adaptive poolings; windows as PyTorch's.
 */
abstract class AdaptivePooling extends tf.layers.Layer {
  protected abstract readonly way: Way;
  readonly #size: number[];

  constructor(config: AdaptivePoolingConfig, rank: number) {
    super(baseConfig(config));
    this.#size = perAxis(config.outputSize, rank, 1);
  }

  override build(inputShape: OneOrMany<tf.Shape>): void {
    const shape = onlyShape(inputShape);
    checkRank(this, shape, this.#size.length + 2);
    checkKnownSides(this, shape);
    super.build(inputShape);
  }

  override computeOutputShape(inputShape: OneOrMany<tf.Shape>): tf.Shape {
    const shape = onlyShape(inputShape);
    return [shape[0], ...this.#size, shape.at(-1)!];
  }

  override call(inputs: OneOrMany<tf.Tensor>): tf.Tensor {
    const reduce = this.way === "Max" ? tf.max : tf.mean;
    return tf.tidy(() =>
      this.#size.reduce((x, count, i) => {
        const axis = i + 1;
        const along = (value: number, others: number) => x.shape.map((_, at) => at === axis ? value : others);
        const parts = windows(x.shape[axis], count).map(([from, to]) =>
          reduce(tf.slice(x, along(from, 0), along(to - from, -1)), axis, true)
        );
        return parts.length === 1 ? parts[0] : tf.concat(parts, axis);
      }, only(inputs))
    );
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), outputSize: [...this.#size] };
  }
}

function poolingClass(way: Way, rank: 1 | 2 | 3): new (config: AdaptivePoolingConfig) => tf.layers.Layer {
  const made = class extends AdaptivePooling {
    static className = `Adaptive${way}Pooling${rank}D`;
    protected override readonly way = way;
    constructor(config: AdaptivePoolingConfig) {
      super(config, rank);
    }
  };
  tf.serialization.registerClass(made as never);
  return made;
}

function emit(way: Way) {
  return (site: Site): void => {
    const { build, inputs: [input] } = site;
    const { outputSize } = site.layer.getConfig() as { outputSize: number[] };
    let x = build.as(input, "last");
    outputSize.forEach((count, i) => {
      const axis = i + 1, type = way === "Max" ? "ReduceMax" : "ReduceMean";
      const parts = windows(input.shape[axis]!, count).map(([from, to]) => {
        const bounds = [[from], [to], [axis]].map((list) => build.integers(list));
        return build.node(type, [build.node("Slice", [x, ...bounds])], { axes: [axis], keepdims: 1 });
      });
      x = parts.length === 1 ? parts[0] : build.node("Concat", parts, { axis });
    });
    set(site, "last", x);
  };
}

export const ADAPTIVE_POOLINGS: readonly LayerDefinition[] = (["Average", "Max"] as const).flatMap((way) =>
  ([1, 2, 3] as const).map((rank): LayerDefinition => {
    const Pooling = poolingClass(way, rank);
    return {
      className: `Adaptive${way}Pooling${rank}D`,
      keras: {
        fields: { outputSize: "integers" },
        fixed: LAST,
        create: (settings) => new Pooling(settings as unknown as AdaptivePoolingConfig),
      },
      onnx: emit(way),
    };
  })
);
