/**
 * The published network that counts SuperNEMO's tracks and names the calorimeter's columns that they reach, by one trunk. Input: hits as 1 seen from above,
 * [batch, 9, 113, 1]. Outputs: `tracks`, softmax over 1 to 4, [batch, 4]; `columns`, sigmoids, [batch, 22].
 *
 * Source: the saved model of github.com/amendl/SuperNEMO_ML_applications, layer for layer, 2,531,268 parameters; trained there by Adam on batches of 512 for
 * 15 epochs, by the sum of cross-entropy and binary cross-entropy. @module
 */
import { tf } from "../engine/mod.ts";
import { apply } from "./_apply.ts";
import { reluConvolution } from "./_relu_convolution.ts";
import { layerSeeds, type ModelConfig } from "./model.ts";

/** Channels of every convolution. */
const FILTERS = 256;

/**
 * Builds the published network of two heads.
 *
 * @example
 * ```ts
 * import { startEngine } from "../engine/mod.ts";
 * import { buildSuperNemoCalorimeterDocument } from "./supernemo_calorimeter_document.ts";
 * await startEngine({ backend: "cpu" });
 * buildSuperNemoCalorimeterDocument().countParams(); // 2531268
 * ```
 */
export function buildSuperNemoCalorimeterDocument(
  { seed }: Pick<ModelConfig, "seed"> = {},
): tf.LayersModel {
  const seeds = layerSeeds(seed), image = tf.input({ shape: [9, 113, 1], name: "image" });
  let x = image;
  const add = (layer: tf.layers.Layer) => x = apply(layer, x);
  const halve = (poolSize: [rows: number, columns: number], name: string) =>
    add(tf.layers.maxPooling2d({ poolSize, strides: poolSize, padding: "valid", name }));
  add(reluConvolution(FILTERS, [3, 15], seeds(), "conv1"));
  halve([1, 2], "pool1");
  for (const i of [2, 3, 4]) {
    add(reluConvolution(FILTERS, [3, 3], seeds(), `conv${i}`));
    halve([2, 2], `pool${i}`);
  }
  add(tf.layers.flatten({ name: "flatten" })); // [batch, 1792]
  const dense = (units: number, activation: "relu" | "sigmoid" | "softmax", name: string, useBias = true) =>
    tf.layers.dense({
      units,
      activation,
      useBias,
      kernelInitializer: tf.initializers.glorotUniform({ seed: seeds() }),
      name,
    });
  const head = (layers: readonly tf.layers.Layer[]) =>
    layers.reduce((before, layer) => apply(layer, before), x);
  const tracks = head([
    dense(128, "relu", "tracks1"),
    dense(64, "sigmoid", "tracks2"),
    dense(4, "softmax", "tracks"),
  ]);
  const columns = head([
    dense(256, "relu", "columns1"),
    dense(128, "relu", "columns2"),
    dense(128, "relu", "columns3"),
    dense(22, "sigmoid", "columns", false),
  ]);
  return tf.model({ inputs: image, outputs: [tracks, columns], name: "supernemo_calorimeter_document" });
}
