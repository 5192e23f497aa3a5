/**
 * Values dropped in training: Dropout, and SpatialDropout1D to 3D, which drop whole channels.
 *
 * A spatial dropout is made as a dropout with one mask for all positions. @module
 */
import { tf } from "../engine/mod.ts";
import { LAST, stock } from "./_fields.ts";
import type { LayerDefinition } from "./definition.ts";
import { pass } from "./onnx.ts";

/**
 * Dropout of whole channels, over series (1), images (2) or volumes (3).
 *
 * @param axes How many axes lie between the batch and the channels.
 * @param config The share that is dropped.
 */
export function spatialDropout(
  axes: 1 | 2 | 3,
  config: { rate: number; name?: string; trainable?: boolean },
): tf.layers.Layer {
  return tf.layers.dropout({ ...config, noiseShape: [null, ...Array(axes).fill(1), null] });
}

function spatialDefinition(rank: 1 | 2 | 3): LayerDefinition {
  return {
    className: `SpatialDropout${rank}D`,
    keras: {
      fields: { rate: "number" },
      fixed: rank === 1 ? {} : LAST,
      ignored: ["seed", "noise_shape"],
      create: (settings) => spatialDropout(rank, { rate: 0, ...settings }),
    },
    onnx: pass,
  };
}

const DROPOUT: LayerDefinition = {
  className: "Dropout",
  keras: { fields: { rate: "number", noiseShape: "integers?" }, ignored: ["seed"], create: stock("dropout") },
  onnx: pass,
};

export const DROPOUTS: readonly LayerDefinition[] = [
  DROPOUT,
  spatialDefinition(1),
  spatialDefinition(2),
  spatialDefinition(3),
];
