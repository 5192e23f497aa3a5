/** ReversibleEmbedding: a row of a table for each whole number, and back a score of each row. @module */
import { tf } from "../engine/mod.ts";
import { QUIET, trained } from "./_fields.ts";
import { type Applied, type OneOrMany, only, onlyShape } from "./_layer.ts";
import type { LayerDefinition } from "./definition.ts";
import { emitRows } from "./embedding.ts";
import type { JsonObject } from "./keras_settings.ts";
import { constant, scalar, set, transpose } from "./onnx.ts";

/** Settings of {@linkcode ReversibleEmbedding}, besides what is said of the table. */
export interface ReversibleEmbeddingConfig {
  /** Rows of the table. */
  inputDim: number;
  /** Its columns. */
  outputDim: number;
  /** Whether the way back has the same table. @default {true} */
  tieWeights?: boolean;
  /** Scores are kept between this and its negative by a tanh. @default {they are not} */
  logitSoftCap?: number | null;
  [setting: string]: unknown;
}

/** What is used of TensorFlow.js's embedding. */
interface Embedding extends tf.layers.Layer {
  embeddings: tf.LayerVariable;
  embeddingsInitializer: unknown;
  outputDim: number;
  inputDim: number;
}

const Stock = (tf.layers.embedding({ inputDim: 1, outputDim: 1 }) as object).constructor as new (
  config: object,
) => Embedding;

/** Whether a call goes back: whole numbers go there, floats back. */
const goesBack = (dtype: string) => dtype === "float32";

/**
 * Whole numbers [batch, …] give rows [batch, …, outputDim]; floats [batch, …, outputDim] give scores [batch, …, inputDim].
 *
 * Weights: the table [inputDim, outputDim], and where it is not tied, that of the way back [outputDim, inputDim].
 * Source: Press and Wolf, arXiv 1608.05859, as Keras 3's `ReversibleEmbedding`, which is told the way by `reverse`.
 */
export class ReversibleEmbedding extends Stock {
  static className = "ReversibleEmbedding";
  readonly tieWeights: boolean;
  readonly logitSoftCap: number | null;
  /** The table of the way back. */
  #back: tf.LayerVariable | undefined;
  /** Which way the call that is being made goes: shapes alone do not tell. */
  #isBack = false;

  constructor(config: ReversibleEmbeddingConfig) {
    super(config);
    this.tieWeights = config.tieWeights ?? true;
    this.logitSoftCap = config.logitSoftCap ?? null;
  }

  override build(inputShape: OneOrMany<tf.Shape>): void {
    super.build(inputShape);
    if (this.tieWeights) return;
    this.#back = this.addWeight(
      "reverse_embeddings",
      [this.outputDim, this.inputDim],
      "float32",
      this.embeddingsInitializer as never,
    );
  }

  override apply(inputs: Applied, kwargs?: Record<string, unknown>): Applied {
    const [{ dtype }] = [inputs].flat();
    this.#isBack = goesBack(dtype);
    return super.apply(inputs, kwargs as never);
  }

  override computeOutputShape(inputShape: OneOrMany<tf.Shape>): tf.Shape {
    const shape = onlyShape(inputShape);
    if (!this.#isBack) return [...shape, this.outputDim];
    if (shape.at(-1) === this.outputDim) return [...shape.slice(0, -1), this.inputDim];
    throw new TypeError(
      `its input on the way back must end in ${this.outputDim}: got ${JSON.stringify(shape)}`,
    );
  }

  override call(inputs: OneOrMany<tf.Tensor>, kwargs: Record<string, unknown>): OneOrMany<tf.Tensor> {
    const x = only(inputs);
    if (!goesBack(x.dtype)) return super.call(inputs, kwargs);
    return tf.tidy(() => {
      const rows = tf.reshape(x, [-1, this.outputDim]) as tf.Tensor2D;
      const table = (this.#back ?? this.embeddings).read() as tf.Tensor2D;
      const scores = tf.reshape(
        tf.matMul(rows, table, false, this.#back === undefined),
        [...x.shape.slice(0, -1), this.inputDim],
      );
      const cap = this.logitSoftCap;
      return cap === null ? scores : tf.mul(tf.tanh(tf.div(scores, cap)), cap);
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), tieWeights: this.tieWeights, logitSoftCap: this.logitSoftCap };
  }
}
tf.serialization.registerClass(ReversibleEmbedding as never);

export const REVERSIBLE_EMBEDDING: LayerDefinition = {
  className: "ReversibleEmbedding",
  takesIntegers: true,
  keras: {
    fields: {
      inputDim: "integer",
      outputDim: "integer",
      ...trained("embeddings"),
      tieWeights: "boolean",
      logitSoftCap: "number?",
    },
    fixed: { ...QUIET, mask_zero: false, quantization_config: null, reverse_dtype: null },
    calledWith: ([dtype]): JsonObject => goesBack(dtype) ? { reverse: true } : {},
    create: (settings) => new ReversibleEmbedding(settings as ReversibleEmbeddingConfig),
  },
  onnx(site) {
    const { build, weights: [table, back], inputs: [input] } = site;
    if (!goesBack(input.dtype)) return emitRows(site);
    const [rows, columns] = table.shape;
    const matrix = back ?? { data: transpose(table.data, table.shape, [1, 0]), shape: [columns, rows] };
    let scores = build.node("MatMul", [build.as(input, "last"), constant(site, "back", matrix)]);
    const { logitSoftCap: cap } = site.layer as unknown as ReversibleEmbedding;
    if (cap !== null) {
      const share = build.node("Tanh", [build.node("Div", [scores, scalar(build, cap)])]);
      scores = build.node("Mul", [share, scalar(build, cap)]);
    }
    set(site, "last", scores);
  },
};
