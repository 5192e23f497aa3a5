/**
 * The discriminator of SuperNEMO's clustering. Inputs: event [batch, 116, 12, 1], and what is said to be left of it, the same. Output: one logit,
 * [batch, 1], that this is how it was.
 *
 * Source: `architectures/discriminator.py` of github.com/amendl/SuperNEMO_ML_applications: 3,170,817 parameters; both are put beside each other, as one channel each. @module
 */
import { tf } from "../engine/mod.ts";
import { reluConvolution } from "./_relu_convolution.ts";
import { layerSeeds } from "./model.ts";

/** Channels of the three levels, and units of the dense layers. */
const WIDTHS = [32, 64, 128], UNITS = [256, 128];

/**
 * Builds the discriminator.
 *
 * @param config Seed of the initial weights.
 * @example
 * ```ts
 * import { startEngine } from "../engine/mod.ts";
 * import { buildSuperNemoCritic } from "./supernemo_critic.ts";
 * await startEngine({ backend: "cpu" });
 * buildSuperNemoCritic().countParams(); // 3170817
 * ```
 */
export function buildSuperNemoCritic(config: { seed?: number } = {}): tf.LayersModel {
  const seeds = layerSeeds(config.seed), glorot = () => tf.initializers.glorotUniform({ seed: seeds() });
  const inputs = ["event", "clustered"].map((name) => tf.input({ shape: [116, 12, 1], name }));
  let x = tf.layers.concatenate({ name: "both" }).apply(inputs) as tf.SymbolicTensor;
  const add = (layer: tf.layers.Layer) => x = layer.apply(x) as tf.SymbolicTensor;
  const convolution = (filters: number, name: string) => add(reluConvolution(filters, 3, seeds(), name));
  WIDTHS.forEach((width, i) => {
    if (i > 0) add(tf.layers.maxPooling2d({ poolSize: 2, padding: "same", name: `pool${i}` }));
    convolution(width, `conv${i + 1}a`);
    add(tf.layers.dropout({ rate: 0.2, name: `dropout${i + 1}` }));
    convolution(width, `conv${i + 1}b`);
  });
  add(tf.layers.flatten({ name: "flatten" }));
  UNITS.forEach((units, i) =>
    add(tf.layers.dense({ units, activation: "tanh", kernelInitializer: glorot(), name: `dense${i + 1}` }))
  );
  add(tf.layers.dense({ units: 1, kernelInitializer: glorot(), name: "score" }));
  return tf.model({ inputs, outputs: x, name: "supernemo_critic" });
}
