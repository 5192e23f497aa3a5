/** MultiHeadAttention between the steps of series. @module */
import { random, tf } from "../engine/mod.ts";
import { QUIET, trained } from "./_fields.ts";
import { baseConfig, checkCount, type LayerConfig } from "./_layer.ts";
import type { LayerDefinition } from "./definition.ts";
import { constant, scalar, set, type Site } from "./onnx.ts";

/** Settings of {@linkcode MultiHeadAttention}. */
export interface MultiHeadAttentionConfig extends LayerConfig {
  numHeads: number;
  /** Size of the queries and keys of one head. */
  keyDim: number;
  /** Size of the values of one head. @default {keyDim} */
  valueDim?: number | null;
  /** Share of the weights dropped in training. @default {0} */
  dropout?: number;
  /** @default {true} */
  useBias?: boolean;
  /** Size of the output. @default {that of the queries} */
  outputShape?: number | null;
  /** @default {glorotUniform} */
  kernelInitializer?: unknown;
  /** @default {zeros} */
  biasInitializer?: unknown;
}

type Initializer = Parameters<typeof tf.layers.dense>[0]["kernelInitializer"];

/** Makes what a setting means: dense layers understand all forms of it. */
function initializer(setting: unknown, otherwise: "glorotUniform" | "zeros"): never {
  const kernelInitializer = (setting ?? otherwise) as Initializer;
  const probe = tf.layers.dense({ units: 1, kernelInitializer });
  return (probe as unknown as { kernelInitializer: never }).kernelInitializer;
}

/**
 * Each head: softmax(Q Kᵀ / √keyDim) V; all heads' results side by side go through one more kernel.
 *
 * Inputs: [query, value], [query, value, key] or the query alone, [batch, steps, size] each. Output: [batch, query's
 * steps, outputShape]. Weights: kernel [size, heads, dim] and bias [heads, dim] of query, key and value; kernel [heads,
 * valueDim, out] and bias [out] of the output.
 * Source: Vaswani et al., arXiv 1706.03762, as in Keras 3, over one axis.
 */
export class MultiHeadAttention extends tf.layers.Layer {
  static className = "MultiHeadAttention";
  readonly #settings: Required<Omit<MultiHeadAttentionConfig, keyof LayerConfig>> & { valueDim: number };
  readonly #kernelInitializer: never;
  readonly #biasInitializer: never;
  /** Kernel and bias of query, key, value and output; without biases the kernels alone. */
  #weights: tf.LayerVariable[] = [];

  constructor(config: MultiHeadAttentionConfig) {
    super(baseConfig(config));
    const { numHeads, keyDim, valueDim, dropout = 0, useBias = true, outputShape = null } = config;
    const { kernelInitializer = "glorotUniform", biasInitializer = "zeros" } = config;
    this.#settings = {
      numHeads: checkCount("MultiHeadAttention", "numHeads", numHeads),
      keyDim: checkCount("MultiHeadAttention", "keyDim", keyDim),
      valueDim: checkCount("MultiHeadAttention", "valueDim", valueDim ?? keyDim),
      dropout,
      useBias,
      outputShape,
      kernelInitializer,
      biasInitializer,
    };
    this.#kernelInitializer = initializer(kernelInitializer, "glorotUniform");
    this.#biasInitializer = initializer(biasInitializer, "zeros");
  }

  override build(inputShape: tf.Shape | tf.Shape[]): void {
    const shapes = (Array.isArray(inputShape[0]) ? inputShape : [inputShape]) as tf.Shape[];
    const [query, value = query, key = value] = shapes;
    if (shapes.length > 3 || shapes.some((shape) => shape.length !== 3)) {
      throw new TypeError(
        `Cannot build layer "${this.name}" (MultiHeadAttention) as it takes 1 to 3 series [batch, steps, size]: got ${
          JSON.stringify(shapes)
        }`,
      );
    }
    const { numHeads, keyDim, valueDim, useBias, outputShape } = this.#settings;
    const project = (name: string, kernel: number[], bias: number[]) => [
      this.addWeight(`${name}_kernel`, kernel, "float32", this.#kernelInitializer),
      ...(useBias ? [this.addWeight(`${name}_bias`, bias, "float32", this.#biasInitializer)] : []),
    ];
    const out = outputShape ?? query[2]!;
    this.#weights = [
      ...project("query", [query[2]!, numHeads, keyDim], [numHeads, keyDim]),
      ...project("key", [key[2]!, numHeads, keyDim], [numHeads, keyDim]),
      ...project("value", [value[2]!, numHeads, valueDim], [numHeads, valueDim]),
      ...project("output", [numHeads, valueDim, out], [out]),
    ];
    super.build(inputShape);
  }

  override computeOutputShape(inputShape: tf.Shape | tf.Shape[]): tf.Shape {
    const [query] = (Array.isArray(inputShape[0]) ? inputShape : [inputShape]) as tf.Shape[];
    return [query[0], query[1], this.#settings.outputShape ?? query[2]];
  }

  override call(inputs: tf.Tensor | tf.Tensor[], kwargs: { training?: boolean }): tf.Tensor {
    return tf.tidy(() => {
      const list = (Array.isArray(inputs) ? inputs : [inputs]) as tf.Tensor3D[];
      const [query, value = query, key = value] = list;
      const { numHeads, keyDim, valueDim, useBias, dropout } = this.#settings;
      const weights = this.#weights.map((weight) => weight.read()), step = useBias ? 2 : 1;
      const project = (x: tf.Tensor3D, at: number, size: number) => {
        const [batch, steps, inner] = x.shape, width = numHeads * size;
        const kernel = tf.reshape(weights[at * step], [inner, width]) as tf.Tensor2D;
        let y: tf.Tensor = tf.matMul(tf.reshape(x, [batch * steps, inner]) as tf.Tensor2D, kernel);
        if (useBias) y = tf.add(y, tf.reshape(weights[at * step + 1], [width]));
        return tf.transpose(tf.reshape(y, [batch, steps, numHeads, size]), [0, 2, 1, 3]) as tf.Tensor4D;
      };
      const q = tf.mul(project(query, 0, keyDim), 1 / Math.sqrt(keyDim)) as tf.Tensor4D;
      let shares = tf.softmax(tf.matMul(q, project(key, 1, keyDim), false, true)); // [batch, heads, queries, keys]
      if (kwargs.training && dropout > 0) shares = random.dropout(shares, dropout) as tf.Tensor4D;
      const seen = tf.transpose(tf.matMul(shares, project(value, 2, valueDim)), [0, 2, 1, 3]);
      const [batch, steps] = query.shape, width = numHeads * valueDim, last = weights[3 * step];
      const out = last.shape[2]!;
      const rows = tf.reshape(seen, [batch * steps, width]) as tf.Tensor2D;
      let y: tf.Tensor = tf.matMul(rows, tf.reshape(last, [width, out]) as tf.Tensor2D);
      if (useBias) y = tf.add(y, weights[3 * step + 1]);
      return tf.reshape(y, [batch, steps, out]);
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    const described = tf.layers.dense({
      units: 1,
      kernelInitializer: this.#kernelInitializer,
      biasInitializer: this.#biasInitializer,
    }).getConfig();
    const { kernelInitializer, biasInitializer } = described;
    return {
      ...super.getConfig(),
      ...this.#settings as unknown as tf.serialization.ConfigDict,
      kernelInitializer,
      biasInitializer,
    };
  }
}
tf.serialization.registerClass(
  MultiHeadAttention as unknown as tf.serialization.SerializableConstructor<tf.layers.Layer>,
);

function emit(site: Site): void {
  const { build, inputs, weights } = site, [query, value = query, key = value] = inputs;
  const { keyDim, numHeads, valueDim, useBias } = site.layer.getConfig() as Record<string, number>;
  const step = useBias ? 2 : 1;
  const project = (from: typeof query, at: number, role: string, size: number) => {
    const kernel = weights[at * step], width = numHeads * size;
    const matrix = constant(site, `${role} kernel`, { data: kernel.data, shape: [kernel.shape[0], width] });
    let y = build.node("MatMul", [build.as(from, "last"), matrix]);
    if (useBias) {
      const bias = { data: weights[at * step + 1].data, shape: [width] };
      y = build.node("Add", [y, constant(site, `${role} bias`, bias)]);
    }
    return build.node("Reshape", [y, build.integers([0, 0, numHeads, size])]);
  };
  const q = build.node("Transpose", [project(query, 0, "query", keyDim)], { perm: [0, 2, 1, 3] });
  const k = build.node("Transpose", [project(key, 1, "key", keyDim)], { perm: [0, 2, 3, 1] });
  const v = build.node("Transpose", [project(value, 2, "value", valueDim)], { perm: [0, 2, 1, 3] });
  const scaled = build.node("Mul", [q, scalar(build, 1 / Math.sqrt(keyDim))]);
  const shares = build.node("Softmax", [build.node("MatMul", [scaled, k])], { axis: 3 });
  const seen = build.node("Transpose", [build.node("MatMul", [shares, v])], { perm: [0, 2, 1, 3] });
  const width = numHeads * valueDim, last = weights[3 * step];
  const rows = build.node("Reshape", [seen, build.integers([0, 0, width])]);
  const matrix = constant(site, "output kernel", { data: last.data, shape: [width, last.shape[2]] });
  let y = build.node("MatMul", [rows, matrix]);
  if (useBias) y = build.node("Add", [y, constant(site, "output bias", weights[3 * step + 1])]);
  set(site, "last", y);
}

export const MULTI_HEAD_ATTENTION: LayerDefinition = {
  className: "MultiHeadAttention",
  keras: {
    fields: {
      numHeads: "integer",
      keyDim: "integer",
      valueDim: "integer?",
      dropout: "number",
      useBias: "boolean",
      outputShape: "one?",
      kernelInitializer: trained("kernel").kernelInitializer,
      biasInitializer: trained("bias").biasInitializer,
    },
    fixed: {
      ...QUIET,
      kernel_regularizer: null,
      bias_regularizer: null,
      kernel_constraint: null,
      bias_constraint: null,
      use_gate: false,
      sliding_window: null,
    },
    ignored: ["seed", "attention_axes"],
    check({ attention_axes: axes }) {
      const one = axes === undefined || axes === null || JSON.stringify(axes) === "[1]";
      return one ? undefined : `has attention_axes ${JSON.stringify(axes)}: only [1] is supported`;
    },
    merges: true,
    takes: "arguments",
    parts(layer) {
      const count = (layer.getConfig() as { useBias: boolean }).useBias ? 2 : 1;
      return ["query", "key", "value", "output"].map((name) => ({
        path: `${name}_dense`,
        owner: layer,
        count,
      }));
    },
    create: (settings) => new MultiHeadAttention(settings as unknown as MultiHeadAttentionConfig),
  },
  onnx: emit,
};
