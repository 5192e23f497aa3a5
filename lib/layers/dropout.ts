/**
 * Values dropped in training: Dropout, and SpatialDropout1D to 3D, which drop whole channels.
 *
 * A spatial dropout is made as a dropout with one mask for all positions. @module
 */
import { tf } from "../engine/mod.ts";
import { LAST, stock } from "./_fields.ts";
import type { LayerDefinition } from "./definition.ts";
import { pass } from "./onnx.ts";

function spatialDropout(rank: 1 | 2 | 3): LayerDefinition {
  const noiseShape = [null, ...Array(rank).fill(1), null];
  return {
    className: `SpatialDropout${rank}D`,
    keras: {
      fields: { rate: "number" },
      fixed: rank === 1 ? {} : LAST,
      ignored: ["seed", "noise_shape"],
      create: (settings) => tf.layers.dropout({ rate: 0, ...settings, noiseShape }),
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
  spatialDropout(1),
  spatialDropout(2),
  spatialDropout(3),
];
