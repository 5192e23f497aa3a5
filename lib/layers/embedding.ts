/** Embedding: a row of a table for each whole number. Input [batch, …], output [batch, …, outputDim]. @module */
import { QUIET, stock, trained } from "./_fields.ts";
import type { LayerDefinition } from "./definition.ts";
import { constant, set, type Site } from "./onnx.ts";

const INT32 = 6; // onnx.TensorProto.INT32

/** Writes the look-up in the table. */
export function emitRows(site: Site): void {
  const { build, settings, weights: [table], inputs: [input] } = site;
  if (settings.maskZero) throw site.fail("maskZero has no counterpart");
  let rows = build.as(input, "last");
  if (input.dtype === "float32") rows = build.node("Cast", [rows], { to: INT32 });
  set(site, "last", build.node("Gather", [constant(site, "table", table), rows], { axis: 0 }));
}

export const EMBEDDING: LayerDefinition = {
  className: "Embedding",
  takesIntegers: true,
  keras: {
    fields: { inputDim: "integer", outputDim: "integer", ...trained("embeddings") },
    fixed: { ...QUIET, mask_zero: false, quantization_config: null },
    create: stock("embedding"),
  },
  onnx: emitRows,
};
