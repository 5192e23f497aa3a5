/** Attention between the steps of series without projections: Attention, AdditiveAttention. @module */
import { random, tf } from "../engine/mod.ts";
import { baseConfig, type LayerConfig } from "./_layer.ts";
import type { LayerDefinition } from "./definition.ts";
import { constant, set, type Site } from "./onnx.ts";

/** Settings of {@linkcode Attention} and {@linkcode AdditiveAttention}. */
export interface AttentionConfig extends LayerConfig {
  /** Whether the scores have a scale that is learned. */
  useScale?: boolean;
  /** How Attention's queries and keys are compared. @default {"dot"} */
  scoreMode?: string;
  /** Share of the weights dropped in training. @default {0} */
  dropout?: number;
}

/** Σ over keys of softmax(scores) · value. Inputs: [query, value] or [query, value, key], [batch, steps, size] each. */
abstract class Weighing extends tf.layers.Layer {
  protected readonly settings: { useScale: boolean; scoreMode: string; dropout: number };

  constructor(config: AttentionConfig, useScale: boolean) {
    super(baseConfig(config));
    const { scoreMode = "dot", dropout = 0 } = config;
    this.settings = { useScale: config.useScale ?? useScale, scoreMode, dropout };
  }

  /** Scores [batch, queries, keys]. */
  protected abstract scores(query: tf.Tensor3D, key: tf.Tensor3D): tf.Tensor;

  override computeOutputShape(shapes: tf.Shape | tf.Shape[]): tf.Shape {
    const [query, value] = shapes as tf.Shape[];
    return [...query.slice(0, -1), value.at(-1)!];
  }

  override call(inputs: tf.Tensor | tf.Tensor[], kwargs: { training?: boolean }): tf.Tensor {
    return tf.tidy(() => {
      const [query, value, key = value] = inputs as tf.Tensor3D[], { dropout } = this.settings;
      let shares = tf.softmax(this.scores(query, key)) as tf.Tensor3D;
      if (kwargs.training && dropout > 0) shares = random.dropout(shares, dropout) as tf.Tensor3D;
      return tf.matMul(shares, value);
    });
  }
}

/** Sums of tanh over the size of each query and each key. */
function addedUp(query: tf.Tensor3D, key: tf.Tensor3D, scale?: tf.Tensor): tf.Tensor {
  const sum = tf.tanh(scaled(tf.add(tf.expandDims(query, 2), tf.expandDims(key, 1)), scale));
  return tf.sum(sum, -1);
}

const scaled = (x: tf.Tensor, scale?: tf.Tensor): tf.Tensor => scale ? tf.mul(x, scale) : x;

/** Scores are products, or one weight times the sums of tanh. Source: Keras 3's `Attention`. */
export class Attention extends Weighing {
  static className = "Attention";
  #scale: tf.LayerVariable | undefined;
  #concat: tf.LayerVariable | undefined;

  constructor(config: AttentionConfig = {}) {
    super(config, false);
    if (!["dot", "concat"].includes(this.settings.scoreMode)) {
      throw new TypeError(`score mode must be dot or concat: got "${this.settings.scoreMode}"`);
    }
  }

  override build(shapes: tf.Shape | tf.Shape[]): void {
    const one = (name: string) => this.addWeight(name, [], "float32", tf.initializers.ones());
    if (this.settings.useScale) this.#scale = one("scale");
    if (this.settings.scoreMode === "concat") this.#concat = one("concat_score_weight");
    super.build(shapes);
  }

  protected override scores(query: tf.Tensor3D, key: tf.Tensor3D): tf.Tensor {
    const scale = this.#scale?.read();
    if (!this.#concat) return scaled(tf.matMul(query, key, false, true), scale);
    return tf.mul(addedUp(query, key, scale), this.#concat.read());
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), ...this.settings };
  }
}
tf.serialization.registerClass(Attention);

/** Scores are sums of tanh, each place with a weight of its own. Source: Bahdanau et al., as Keras 3's `AdditiveAttention`. */
export class AdditiveAttention extends Weighing {
  static className = "AdditiveAttention";
  #scale: tf.LayerVariable | undefined;

  constructor(config: AttentionConfig = {}) {
    super(config, true);
  }

  override build(shapes: tf.Shape | tf.Shape[]): void {
    const size = (shapes as tf.Shape[])[0].at(-1)!;
    if (this.settings.useScale) {
      this.#scale = this.addWeight("scale", [size], "float32", tf.initializers.glorotUniform({}));
    }
    super.build(shapes);
  }

  protected override scores(query: tf.Tensor3D, key: tf.Tensor3D): tf.Tensor {
    const sum = tf.tanh(tf.add(tf.expandDims(query, 2), tf.expandDims(key, 1)));
    return tf.sum(scaled(sum, this.#scale?.read()), -1);
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { useScale, dropout } = this.settings;
    return { ...super.getConfig(), useScale, dropout };
  }
}
tf.serialization.registerClass(AdditiveAttention);

function emit(site: Site): void {
  const { build, inputs, weights } = site, rest = [...weights];
  const { useScale, scoreMode } = site.layer.getConfig() as unknown as AttentionConfig;
  const [query, value, key = value] = inputs.map((input) => build.as(input, "last"));
  const scale = useScale ? constant(site, "scale", rest.shift()!) : undefined;
  const times = (name: string) => scale ? build.node("Mul", [name, scale]) : name;
  const isAdditive = site.layer.getClassName() === "AdditiveAttention";
  let scores: string;
  if (isAdditive || scoreMode === "concat") {
    const apart = (name: string, axis: number) => build.node("Unsqueeze", [name, build.integers([axis])]);
    const sum = build.node("Add", [apart(query, 2), apart(key, 1)]);
    const places = isAdditive ? times(build.node("Tanh", [sum])) : build.node("Tanh", [times(sum)]);
    scores = build.node("ReduceSum", [places, build.integers([-1])], { keepdims: 0 });
    if (!isAdditive) scores = build.node("Mul", [scores, constant(site, "concat", rest.shift()!)]);
  } else {
    scores = times(build.node("MatMul", [query, build.node("Transpose", [key], { perm: [0, 2, 1] })]));
  }
  set(site, "last", build.node("MatMul", [build.node("Softmax", [scores], { axis: 2 }), value]));
}

export const ATTENTIONS: readonly LayerDefinition[] = [
  {
    className: "Attention",
    keras: {
      fields: { useScale: "boolean", scoreMode: "text", dropout: "number" },
      ignored: ["seed"],
      merges: true,
      create: (settings) => new Attention(settings),
    },
    onnx: emit,
  },
  {
    className: "AdditiveAttention",
    keras: {
      fields: { useScale: "boolean", dropout: "number" },
      fixed: { score_mode: "dot" },
      ignored: ["seed"],
      merges: true,
      create: (settings) => new AdditiveAttention(settings),
    },
    onnx: emit,
  },
];
