/**
 * Small networks of SuperNEMO's hits as points, by attention: no picture, no bins, and no order. Input: [batch, hits, 6], or 12 with lines (see
 * `lib/image/tracker_points.ts`), rows of zeros where there are fewer hits. Output: softmax over the counts, [batch, 4], or over the tracks that each
 * hit may be of, [batch, hits, 5].
 *
 * Two blocks of self-attention and a dense part, each added to what it was given and normalised after it, then mean and maximum over the points.
 * Source: the encoder of Vaswani et al., arXiv 1706.03762, without positions, as the set transformer of Lee et al., arXiv 1810.00825, has it. At
 * 128 hits: 40,000 parameters and 16 MFLOP. @module
 */
import { tf } from "../engine/mod.ts";
import { MultiHeadAttention } from "../layers/multi_head_attention.ts";
import { apply } from "./_apply.ts";
import { layerSeeds, type ModelConfig } from "./model.ts";

/** Size of a point within, heads of attention, and blocks. */
const SIZE = 48, HEADS = 4, BLOCKS = 2;

type Tensor = tf.SymbolicTensor;

/** How the layers of one network are made. */
interface Made {
  glorot(): ReturnType<typeof tf.initializers.glorotUniform>;
  dense(units: number, name: string, activation?: "relu" | "softmax"): tf.layers.Layer;
}

function madeWith(seed: number | undefined): Made {
  const seeds = layerSeeds(seed), glorot = () => tf.initializers.glorotUniform({ seed: seeds() });
  return {
    glorot,
    dense: (units, name, activation) =>
      tf.layers.dense({ units, activation, kernelInitializer: glorot(), name }),
  };
}

/** The sum of two tensors, normalised. */
function added(x: Tensor, y: Tensor, name: string): Tensor {
  const sum = apply(tf.layers.add({ name: `${name}_sum` }), [x, y]);
  return apply(tf.layers.layerNormalization({ epsilon: 1e-5, name: `${name}_norm` }), sum);
}

/** What blocks of attention make of hits: [batch, hits, numbers] to [batch, hits, {@linkcode SIZE}]. */
function attendedHits(hits: Tensor, { glorot, dense }: Made): Tensor {
  let x = apply(dense(SIZE, "points_in", "relu"), hits);
  x = apply(dense(SIZE, "points"), x);
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
  return x;
}

/**
 * Builds the network that counts tracks.
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
  const { inputShape = [128, 6], classes = 4, seed } = config, made = madeWith(seed), { dense } = made;
  const hits = tf.input({ shape: [...inputShape], name: "hits" });
  const x = attendedHits(hits, made);
  const mean = apply(tf.layers.globalAveragePooling1d({ name: "mean" }), x);
  const largest = apply(tf.layers.globalMaxPooling1d({ name: "largest" }), x);
  const features = apply(tf.layers.concatenate({ name: "features" }), [mean, largest]);
  const hidden = apply(dense(64, "hidden", "relu"), features);
  const predictions = apply(dense(classes, "predictions", "softmax"), hidden);
  return tf.model({ inputs: hits, outputs: predictions, name: "supernemo_points" });
}

/**
 * Builds the network that says which track each hit is of; class 0 is no track, the order of the others means nothing. Its points also say how near they
 * are to each line that the hits agree on.
 *
 * @example
 * ```ts
 * import { startEngine } from "../engine/mod.ts";
 * import { buildSuperNemoTracks } from "./supernemo_points.ts";
 * await startEngine({ backend: "cpu" });
 * buildSuperNemoTracks().outputs[0].shape; // [null, 128, 5]
 * ```
 */
export function buildSuperNemoTracks(config: ModelConfig = {}): tf.LayersModel {
  const { inputShape = [128, 12], classes = 5, seed } = config, made = madeWith(seed), { dense } = made;
  const hits = tf.input({ shape: [...inputShape], name: "hits" });
  const x = attendedHits(hits, made);
  const hidden = apply(dense(64, "hidden", "relu"), x);
  const tracks = apply(dense(classes, "tracks", "softmax"), hidden);
  return tf.model({ inputs: hits, outputs: tracks, name: "supernemo_tracks" });
}
