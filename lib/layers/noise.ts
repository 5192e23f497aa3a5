/** Noise in training, nothing at inference: GaussianNoise, GaussianDropout, AlphaDropout. @module */
import { stock } from "./_fields.ts";
import type { LayerDefinition } from "./definition.ts";
import { pass } from "./onnx.ts";

export const NOISES: readonly LayerDefinition[] = [
  {
    className: "GaussianNoise",
    keras: { fields: { stddev: "number" }, ignored: ["seed"], create: stock("gaussianNoise") },
    onnx: pass,
  },
  {
    className: "GaussianDropout",
    keras: { fields: { rate: "number" }, ignored: ["seed"], create: stock("gaussianDropout") },
    onnx: pass,
  },
  {
    className: "AlphaDropout",
    keras: {
      fields: { rate: "number" },
      fixed: { noise_shape: null },
      ignored: ["seed"],
      create: stock("alphaDropout"),
    },
    onnx: pass,
  },
];
