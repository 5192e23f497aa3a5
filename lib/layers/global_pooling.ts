/** The largest or the mean of all positions: GlobalMaxPooling and GlobalAveragePooling over 1, 2 and 3 axes. @module */
import { tf } from "../engine/mod.ts";
import { LAST, stock } from "./_fields.ts";
import { baseConfig, checkRank, type LayerConfig, type OneOrMany, only, onlyShape } from "./_layer.ts";
import type { LayerDefinition } from "./definition.ts";
import { set, type Site } from "./onnx.ts";

type Kind = "Max" | "Average";

/** Settings of the global poolings. */
export interface GlobalPoolingConfig extends LayerConfig {
  /** Whether pooled axes stay, with one position. @default {false} */
  keepdims?: boolean;
}

/** Global pooling as TensorFlow.js lacks it: over volumes, or with the pooled axes kept. */
abstract class GlobalPooling extends tf.layers.Layer {
  readonly #keepdims: boolean;

  constructor(config: GlobalPoolingConfig = {}) {
    super(baseConfig(config));
    this.#keepdims = config.keepdims ?? false;
  }

  /** How many axes are pooled. */
  protected abstract readonly rank: number;
  protected abstract reduce(x: tf.Tensor, axes: number[], keepdims: boolean): tf.Tensor;

  override build(inputShape: OneOrMany<tf.Shape>): void {
    checkRank(this, onlyShape(inputShape), this.rank + 2);
    super.build(inputShape);
  }

  override computeOutputShape(inputShape: OneOrMany<tf.Shape>): tf.Shape {
    const shape = onlyShape(inputShape), ones = Array<number>(this.#keepdims ? this.rank : 0).fill(1);
    return [shape[0], ...ones, shape.at(-1)!];
  }

  override call(inputs: OneOrMany<tf.Tensor>): tf.Tensor {
    const axes = Array.from({ length: this.rank }, (_, i) => i + 1);
    return tf.tidy(() => this.reduce(only(inputs), axes, this.#keepdims));
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), dataFormat: "channelsLast", keepdims: this.#keepdims };
  }
}

/** A global pooling's class, of one kind and rank. */
export type GlobalPoolingClass = new (config?: GlobalPoolingConfig) => tf.layers.Layer;

/** A class of our own for one kind and rank. */
function ownClass(kind: Kind, size: 1 | 2 | 3): GlobalPoolingClass {
  const Own = class extends GlobalPooling {
    static className = `Global${kind}Pooling${size}D`;
    protected override readonly rank = size;

    protected override reduce(x: tf.Tensor, axes: number[], keepdims: boolean): tf.Tensor {
      return kind === "Max" ? tf.max(x, axes, keepdims) : tf.mean(x, axes, keepdims);
    }
  };
  tf.serialization.registerClass(Own);
  return Own;
}

const OWN: ReadonlyMap<string, GlobalPoolingClass> = new Map(
  (["Max", "Average"] as const).flatMap((kind) =>
    ([1, 2, 3] as const).map((rank) => [`${kind}${rank}`, ownClass(kind, rank)] as const)
  ),
);

/** The mean of all voxels. Shapes: [batch, depth, rows, columns, C] to [batch, C]. */
export const GlobalAveragePooling3D: GlobalPoolingClass = OWN.get("Average3")!;

/** The largest of all voxels. Shapes: [batch, depth, rows, columns, C] to [batch, C]. */
export const GlobalMaxPooling3D: GlobalPoolingClass = OWN.get("Max3")!;

function emit(site: Site, kind: Kind): void {
  const { build, inputs: [input] } = site;
  const { keepdims } = site.layer.getConfig() as { keepdims?: boolean };
  if (keepdims) {
    return set(site, "first", build.node(`Global${kind}Pool`, [build.as(input, "first")]));
  }
  if (input.names.first === undefined) {
    const axes = input.shape.slice(1, -1).map((_, i) => i + 1);
    const reduce = kind === "Max" ? "ReduceMax" : "ReduceMean";
    return set(site, "last", build.node(reduce, [build.as(input, "last")], { axes, keepdims: 0 }));
  }
  const name = build.node(`Global${kind}Pool`, [build.as(input, "first")]);
  set(site, "last", build.node("Flatten", [name], { axis: 1 }));
}

function globalPooling(kind: Kind, rank: 1 | 2 | 3): LayerDefinition {
  const Own = OWN.get(`${kind}${rank}`)!, builder = stock(`global${kind}Pooling${rank}d`);
  return {
    className: `Global${kind}Pooling${rank}D`,
    keras: {
      fields: { keepdims: "boolean" },
      fixed: LAST,
      create: (settings) => rank === 3 || settings.keepdims === true ? new Own(settings) : builder(settings),
    },
    onnx: (site) => emit(site, kind),
  };
}

export const GLOBAL_POOLINGS: readonly LayerDefinition[] = ([1, 2, 3] as const).flatMap((rank) => [
  globalPooling("Max", rank),
  globalPooling("Average", rank),
]);
