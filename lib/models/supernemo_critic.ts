/**
 * The discriminator of SuperNEMO's clustering. Inputs: event [batch, 116, 12, 1], and what is said to be left of it, the same. Output: one logit,
 * [batch, 1], that this is how it was, and one of each criterion that is asked for.
 *
 * Source: `architectures/discriminator.py` of github.com/amendl/SuperNEMO_ML_applications: 3,170,817 parameters; both are put beside each other, as one channel each. @module
 */
import { tf } from "../engine/mod.ts";
import { apply } from "./_apply.ts";
import { reluConvolution } from "./_relu_convolution.ts";
import { layerSeeds } from "./model.ts";

/** Channels of the three levels, and units of the dense layers. */
const WIDTHS = [32, 64, 128], UNITS = [256, 128];

/**
 * Builds the discriminator.
 *
 * @param config Seed of the initial weights; questions that are answered beside the first one.
 * @example
 * ```ts
 * import { startEngine } from "../engine/mod.ts";
 * import { buildSuperNemoCritic } from "./supernemo_critic.ts";
 * await startEngine({ backend: "cpu" });
 * buildSuperNemoCritic().countParams(); // 3170817
 * ```
 */
export function buildSuperNemoCritic(config: { seed?: number; criteria?: number } = {}): tf.LayersModel {
  const { seed, criteria = 0 } = config, seeds = layerSeeds(seed);
  const inputs = ["event", "clustered"].map((name) => tf.input({ shape: [116, 12, 1], name }));
  const both = apply(tf.layers.concatenate({ name: "both" }), inputs);
  const outputs = scoreOn(featuresOf(both, seeds), 1 + criteria, seeds);
  return tf.model({ inputs, outputs, name: "supernemo_critic" });
}

/**
 * Builds a discriminator of events alone, [batch, 116, 12, 1], by the same layers. Outputs: one logit that this is a real event, [batch, 1], and what it
 * was seen by, [batch, 128].
 *
 * @example
 * ```ts
 * import { startEngine } from "../engine/mod.ts";
 * import { buildEventCritic } from "./supernemo_critic.ts";
 * await startEngine({ backend: "cpu" });
 * buildEventCritic().outputNames; // [ "score", "dense2" ]
 * ```
 */
export function buildEventCritic(config: { seed?: number } = {}): tf.LayersModel {
  const seeds = layerSeeds(config.seed), inputs = tf.input({ shape: [116, 12, 1], name: "event" });
  const features = featuresOf(inputs, seeds);
  return tf.model({
    inputs,
    outputs: [scoreOn(features, 1, seeds), features],
    name: "supernemo_event_critic",
  });
}

type Seeds = () => number | undefined;

/** Three levels of convolutions and two dense layers: [batch, 116, 12, channels] to [batch, 128]. */
function featuresOf(x: tf.SymbolicTensor, seeds: Seeds): tf.SymbolicTensor {
  const add = (layer: tf.layers.Layer) => x = apply(layer, x);
  const convolution = (filters: number, name: string) => add(reluConvolution(filters, 3, seeds(), name));
  WIDTHS.forEach((width, i) => {
    if (i > 0) add(tf.layers.maxPooling2d({ poolSize: 2, padding: "same", name: `pool${i}` }));
    convolution(width, `conv${i + 1}a`);
    add(tf.layers.dropout({ rate: 0.2, name: `dropout${i + 1}` }));
    convolution(width, `conv${i + 1}b`);
  });
  add(tf.layers.flatten({ name: "flatten" }));
  UNITS.forEach((units, i) =>
    add(
      tf.layers.dense({
        units,
        activation: "tanh",
        kernelInitializer: tf.initializers.glorotUniform({ seed: seeds() }),
        name: `dense${i + 1}`,
      }),
    )
  );
  return x;
}

function scoreOn(features: tf.SymbolicTensor, units: number, seeds: Seeds): tf.SymbolicTensor {
  const kernelInitializer = tf.initializers.glorotUniform({ seed: seeds() });
  return apply(tf.layers.dense({ units, kernelInitializer, name: "score" }), features);
}
