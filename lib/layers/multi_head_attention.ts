/** Attention between the steps of series with projections: MultiHeadAttention, GroupQueryAttention. @module */
import { random, tf } from "../engine/mod.ts";
import { QUIET, trained } from "./_fields.ts";
import { baseConfig, checkCount, type LayerConfig } from "./_layer.ts";
import type { LayerDefinition, WeightPart } from "./definition.ts";
import { constant, scalar, set, type Site } from "./onnx.ts";

/** Settings that both have. */
interface AttentionConfig extends LayerConfig {
  /** Share of the weights dropped in training. @default {0} */
  dropout?: number;
  /** @default {true} */
  useBias?: boolean;
  /** @default {glorotUniform} */
  kernelInitializer?: unknown;
  /** @default {zeros} */
  biasInitializer?: unknown;
}

/** Settings of {@linkcode MultiHeadAttention}. */
export interface MultiHeadAttentionConfig extends AttentionConfig {
  numHeads: number;
  /** Size of the queries and keys of one head. */
  keyDim: number;
  /** Size of the values of one head. @default {keyDim} */
  valueDim?: number | null;
  /** Size of the output. @default {that of the queries} */
  outputShape?: number | null;
}

/** Settings of {@linkcode GroupQueryAttention}. */
export interface GroupQueryAttentionConfig extends AttentionConfig {
  /** Size of the queries, keys and values of one head. */
  headDim: number;
  numQueryHeads: number;
  /** Heads of keys and values, of which each serves as many heads of queries. */
  numKeyValueHeads: number;
}

/** How many heads there are, and how large they are. */
interface Heads {
  /** Of the queries, and of keys and values. */
  queries: number;
  keys: number;
  keyDim: number;
  valueDim: number;
  /** Size of the output. @default {that of the queries} */
  out: number | null;
}

type Initializer = Parameters<typeof tf.layers.dense>[0]["kernelInitializer"];

/** Makes what a setting means: dense layers understand all forms of it. */
function initializer(setting: unknown, otherwise: "glorotUniform" | "zeros"): never {
  const kernelInitializer = (setting ?? otherwise) as Initializer;
  const probe = tf.layers.dense({ units: 1, kernelInitializer });
  return (probe as unknown as { kernelInitializer: never }).kernelInitializer;
}

/** Query, value and key of what the layer gets. */
function roles<T>(given: readonly T[]): { query: T; value: T; key: T } {
  const [query, value = query, key = value] = given;
  return { query, value, key };
}

/**
 * Each head: softmax(Q Kᵀ / √keyDim) V; all heads' results side by side go through one more kernel.
 *
 * Inputs: [query, value], [query, value, key] or the query alone, [batch, steps, size] each. Output: [batch, query's
 * steps, out]. Weights: kernel [size, heads, dim] and bias [heads, dim] of query, key and value; kernel [heads,
 * valueDim, out] and bias [out] of the output.
 */
abstract class HeadedAttention extends tf.layers.Layer {
  readonly heads: Heads;
  readonly useBias: boolean;
  readonly #dropout: number;
  readonly #kernelInitializer: never;
  readonly #biasInitializer: never;
  /** Kernel and bias of query, key, value and output; without biases the kernels alone. */
  #weights: tf.LayerVariable[] = [];

  constructor(config: AttentionConfig, heads: Heads) {
    super(baseConfig(config));
    const { dropout = 0, useBias = true, kernelInitializer, biasInitializer } = config;
    this.heads = heads;
    this.useBias = useBias;
    this.#dropout = dropout;
    this.#kernelInitializer = initializer(kernelInitializer, "glorotUniform");
    this.#biasInitializer = initializer(biasInitializer, "zeros");
  }

  override build(inputShape: tf.Shape | tf.Shape[]): void {
    const shapes = (Array.isArray(inputShape[0]) ? inputShape : [inputShape]) as tf.Shape[];
    const { query, value, key } = roles(shapes);
    if (shapes.length > 3 || shapes.some((shape) => shape.length !== 3)) {
      throw new TypeError(
        `Cannot build layer "${this.name}" (${this.getClassName()}) as it takes 1 to 3 series [batch, steps, size]: got ${
          JSON.stringify(shapes)
        }`,
      );
    }
    const { queries, keys, keyDim, valueDim } = this.heads;
    const project = (name: string, kernel: number[], bias: number[]) => [
      this.addWeight(`${name}_kernel`, kernel, "float32", this.#kernelInitializer),
      ...(this.useBias ? [this.addWeight(`${name}_bias`, bias, "float32", this.#biasInitializer)] : []),
    ];
    const out = this.heads.out ?? query[2]!;
    this.#weights = [
      ...project("query", [query[2]!, queries, keyDim], [queries, keyDim]),
      ...project("key", [key[2]!, keys, keyDim], [keys, keyDim]),
      ...project("value", [value[2]!, keys, valueDim], [keys, valueDim]),
      ...project("output", [queries, valueDim, out], [out]),
    ];
    super.build(inputShape);
  }

  override computeOutputShape(inputShape: tf.Shape | tf.Shape[]): tf.Shape {
    const [query] = (Array.isArray(inputShape[0]) ? inputShape : [inputShape]) as tf.Shape[];
    return [query[0], query[1], this.heads.out ?? query[2]];
  }

  override call(inputs: tf.Tensor | tf.Tensor[], kwargs: { training?: boolean }): tf.Tensor {
    return tf.tidy(() => {
      const { query, value, key } = roles([inputs].flat() as tf.Tensor3D[]);
      const { queries, keys, keyDim, valueDim } = this.heads;
      const weights = this.#weights.map((weight) => weight.read()), step = this.useBias ? 2 : 1;
      const project = (x: tf.Tensor3D, at: number, heads: number, size: number) => {
        const [batch, steps, inner] = x.shape, width = heads * size;
        const kernel = tf.reshape(weights[at * step], [inner, width]) as tf.Tensor2D;
        let y: tf.Tensor = tf.matMul(tf.reshape(x, [batch * steps, inner]) as tf.Tensor2D, kernel);
        if (this.useBias) y = tf.add(y, tf.reshape(weights[at * step + 1], [width]));
        const each = tf.transpose(tf.reshape(y, [batch, steps, heads, size]), [0, 2, 1, 3]);
        if (heads === queries) return each as tf.Tensor4D;
        const several = tf.tile(tf.expandDims(each, 2), [1, 1, queries / heads, 1, 1]);
        return tf.reshape(several, [batch, queries, steps, size]) as tf.Tensor4D;
      };
      const q = tf.mul(project(query, 0, queries, keyDim), 1 / Math.sqrt(keyDim)) as tf.Tensor4D;
      const scores = tf.matMul(q, project(key, 1, keys, keyDim), false, true);
      let shares = tf.softmax(scores); // [batch, heads, queries, keys]
      if (kwargs.training && this.#dropout > 0) {
        shares = random.dropout(shares, this.#dropout) as tf.Tensor4D;
      }
      const seen = tf.transpose(tf.matMul(shares, project(value, 2, keys, valueDim)), [0, 2, 1, 3]);
      const [batch, steps] = query.shape, width = queries * valueDim, last = weights[3 * step];
      const out = last.shape[2]!;
      const rows = tf.reshape(seen, [batch * steps, width]) as tf.Tensor2D;
      let y: tf.Tensor = tf.matMul(rows, tf.reshape(last, [width, out]) as tf.Tensor2D);
      if (this.useBias) y = tf.add(y, weights[3 * step + 1]);
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
      dropout: this.#dropout,
      useBias: this.useBias,
      kernelInitializer,
      biasInitializer,
    };
  }
}

/** As many heads of keys and values as of queries. Source: Vaswani et al., arXiv 1706.03762, as in Keras 3, over one axis. */
export class MultiHeadAttention extends HeadedAttention {
  static className = "MultiHeadAttention";

  constructor(config: MultiHeadAttentionConfig) {
    const { numHeads, keyDim, valueDim, outputShape = null } = config;
    const heads = checkCount("MultiHeadAttention", "numHeads", numHeads);
    super(config, {
      queries: heads,
      keys: heads,
      keyDim: checkCount("MultiHeadAttention", "keyDim", keyDim),
      valueDim: checkCount("MultiHeadAttention", "valueDim", valueDim ?? keyDim),
      out: outputShape,
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { queries, keyDim, valueDim, out } = this.heads;
    return { ...super.getConfig(), numHeads: queries, keyDim, valueDim, outputShape: out };
  }
}
tf.serialization.registerClass(
  MultiHeadAttention as unknown as tf.serialization.SerializableConstructor<tf.layers.Layer>,
);

/** Several heads of queries share one of keys and values. Source: Ainslie et al., arXiv 2305.13245, as in Keras 3. */
export class GroupQueryAttention extends HeadedAttention {
  static className = "GroupQueryAttention";

  constructor(config: GroupQueryAttentionConfig) {
    const [headDim, queries, keys] = (["headDim", "numQueryHeads", "numKeyValueHeads"] as const).map((name) =>
      checkCount("GroupQueryAttention", name, config[name])
    );
    if (queries % keys !== 0) {
      throw new RangeError(
        `Cannot make GroupQueryAttention as numQueryHeads must be a multiple of numKeyValueHeads: got ${queries} and ${keys}`,
      );
    }
    super(config, { queries, keys, keyDim: headDim, valueDim: headDim, out: null });
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { queries, keys, keyDim } = this.heads;
    return { ...super.getConfig(), headDim: keyDim, numQueryHeads: queries, numKeyValueHeads: keys };
  }
}
tf.serialization.registerClass(
  GroupQueryAttention as unknown as tf.serialization.SerializableConstructor<tf.layers.Layer>,
);

function emit(site: Site): void {
  const { build, weights } = site, { query, value, key } = roles(site.inputs);
  const { heads: { queries, keys, keyDim, valueDim }, useBias } = site.layer as HeadedAttention;
  const step = useBias ? 2 : 1;
  const project = (from: typeof query, at: number, role: string, heads: number, size: number) => {
    const kernel = weights[at * step], width = heads * size;
    const matrix = constant(site, `${role} kernel`, { data: kernel.data, shape: [kernel.shape[0], width] });
    let y = build.node("MatMul", [build.as(from, "last"), matrix]);
    if (useBias) {
      const bias = { data: weights[at * step + 1].data, shape: [width] };
      y = build.node("Add", [y, constant(site, `${role} bias`, bias)]);
    }
    const each = build.node("Reshape", [y, build.integers([0, 0, heads, size])]);
    if (heads === queries) return each;
    const apart = build.node("Unsqueeze", [each, build.integers([3])]);
    const several = build.node("Tile", [apart, build.integers([1, 1, 1, queries / heads, 1])]);
    return build.node("Reshape", [several, build.integers([0, 0, queries, size])]);
  };
  const q = build.node("Transpose", [project(query, 0, "query", queries, keyDim)], { perm: [0, 2, 1, 3] });
  const k = build.node("Transpose", [project(key, 1, "key", keys, keyDim)], { perm: [0, 2, 3, 1] });
  const v = build.node("Transpose", [project(value, 2, "value", keys, valueDim)], { perm: [0, 2, 1, 3] });
  const scaled = build.node("Mul", [q, scalar(build, 1 / Math.sqrt(keyDim))]);
  const shares = build.node("Softmax", [build.node("MatMul", [scaled, k])], { axis: 3 });
  const seen = build.node("Transpose", [build.node("MatMul", [shares, v])], { perm: [0, 2, 1, 3] });
  const width = queries * valueDim, last = weights[3 * step];
  const rows = build.node("Reshape", [seen, build.integers([0, 0, width])]);
  const matrix = constant(site, "output kernel", { data: last.data, shape: [width, last.shape[2]] });
  let y = build.node("MatMul", [rows, matrix]);
  if (useBias) y = build.node("Add", [y, constant(site, "output bias", weights[3 * step + 1])]);
  set(site, "last", y);
}

/** Settings that both write alike. */
const FIELDS = {
  dropout: "number",
  useBias: "boolean",
  kernelInitializer: trained("kernel").kernelInitializer,
  biasInitializer: trained("bias").biasInitializer,
} as const;

/** Options of both that must be as if they were not there. */
const PLAIN = {
  ...QUIET,
  kernel_regularizer: null,
  bias_regularizer: null,
  kernel_constraint: null,
  bias_constraint: null,
  use_gate: false,
  sliding_window: null,
};

/** Where weights are kept: those of each projection by themselves. */
function partsUnder(prefix: string) {
  return (layer: tf.layers.Layer): WeightPart[] => {
    const count = (layer as HeadedAttention).useBias ? 2 : 1;
    return ["query", "key", "value", "output"].map((name) => ({
      path: `${prefix}${name}_dense`,
      owner: layer,
      count,
    }));
  };
}

export const HEADED_ATTENTIONS: readonly LayerDefinition[] = [
  {
    className: "MultiHeadAttention",
    keras: {
      fields: {
        ...FIELDS,
        numHeads: "integer",
        keyDim: "integer",
        valueDim: "integer?",
        outputShape: "one?",
      },
      fixed: PLAIN,
      ignored: ["seed", "attention_axes"],
      check({ attention_axes: axes }) {
        const one = axes === undefined || axes === null || JSON.stringify(axes) === "[1]";
        return one ? undefined : `has attention_axes ${JSON.stringify(axes)}: only [1] is supported`;
      },
      merges: true,
      takes: "arguments",
      parts: partsUnder(""),
      create: (settings) => new MultiHeadAttention(settings as unknown as MultiHeadAttentionConfig),
    },
    onnx: emit,
  },
  {
    className: "GroupQueryAttention",
    keras: {
      fields: {
        ...FIELDS,
        headDim: "integer",
        numQueryHeads: "integer",
        numKeyValueHeads: "integer",
      },
      fixed: PLAIN,
      ignored: ["seed"],
      merges: true,
      takes: "arguments",
      filedAs: "GroupedQueryAttention", // the class's name in Python
      parts: partsUnder("_"),
      create: (settings) => new GroupQueryAttention(settings as unknown as GroupQueryAttentionConfig),
    },
    onnx: emit,
  },
];
