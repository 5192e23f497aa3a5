/**
 * A small network of SuperNEMO's hits as points, by attention: no picture, no bins, and no order. Input: [batch, hits, 6] (see
 * `lib/data/tracker_points.ts`), rows of zeros where there are fewer hits. Output: softmax over the counts, [batch, 4].
 *
 * Two blocks of self-attention and a dense part, each added to what it was given and normalised after it, then mean and maximum over the points.
 * Source: the encoder of Vaswani et al., arXiv 1706.03762, without positions, as the set transformer of Lee et al., arXiv 1810.00825, has it. At
 * 128 hits: 40,000 parameters and 16 MFLOP. @module
 */
import { tf } from "../engine/mod.ts";
import { MultiHeadAttention } from "../layers/multi_head_attention.ts";
import { layerSeeds, type ModelConfig } from "./model.ts";

/** Size of a point within, heads of attention, and blocks. */
const SIZE = 48, HEADS = 4, BLOCKS = 2;

/**
 * Builds the network of points.
 *
 * @example
 * ```ts
 * import { startEngine } from "../engine/mod.ts";
 * import { buildSuperNemoPoints } from "./supernemo_points.ts";
 * await startEngine({ backend: "cpu" });
 * buildSuperNemoPoints().outputs[0].shape; // [null, 4]
 * ```
 */
export function buildSuperNemoPoints(config: ModelConfig = {}): tf.LayersModel {
  const { inputShape = [128, 6], classes = 4, seed } = config, seeds = layerSeeds(seed);
  const glorot = () => tf.initializers.glorotUniform({ seed: seeds() });
  const hits = tf.input({ shape: [...inputShape], name: "hits" });
  const apply = (layer: tf.layers.Layer, x: tf.SymbolicTensor | tf.SymbolicTensor[]) =>
    layer.apply(x) as tf.SymbolicTensor;
  const dense = (units: number, name: string, activation?: "relu" | "softmax") =>
    tf.layers.dense({ units, activation, kernelInitializer: glorot(), name });
  const added = (x: tf.SymbolicTensor, y: tf.SymbolicTensor, name: string) =>
    apply(
      tf.layers.layerNormalization({ epsilon: 1e-5, name: `${name}_norm` }),
      apply(tf.layers.add({ name: `${name}_sum` }), [x, y]),
    );
  let x = apply(dense(SIZE, "points_in", "relu"), hits);
  x = apply(dense(SIZE, "points"), x); // [batch, hits, SIZE]
  for (let block = 1; block <= BLOCKS; block++) {
    const attention = new MultiHeadAttention({
      numHeads: HEADS,
      keyDim: SIZE / HEADS,
      kernelInitializer: glorot(),
      name: `attention${block}`,
    });
    x = added(x, apply(attention, x), `attention${block}`);
    const wide = apply(dense(2 * SIZE, `wide${block}`, "relu"), x);
    x = added(x, apply(dense(SIZE, `narrow${block}`), wide), `narrow${block}`);
  }
  const mean = apply(tf.layers.globalAveragePooling1d({ name: "mean" }), x);
  const largest = apply(tf.layers.globalMaxPooling1d({ name: "largest" }), x);
  const features = apply(tf.layers.concatenate({ name: "features" }), [mean, largest]);
  const hidden = apply(dense(64, "hidden", "relu"), features);
  const predictions = apply(dense(classes, "predictions", "softmax"), hidden);
  return tf.model({ inputs: hits, outputs: predictions, name: "supernemo_points" });
}
