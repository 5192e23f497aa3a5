/**
 * Every layer that can be exported, in each of its cases: what it answers, and how both files say it.
 *
 * `kept_layers.jsonl` keeps what they were when Keras and ONNX Runtime last agreed with them (tests/lib/export, where
 * both are installed). Run as a program, this file writes it anew:
 *
 * ```sh
 * deno run -A tests/lib/layers/_kept_layers.ts
 * ```
 * @module
 */
import { sha256 } from "../../../lib/base/sha256.ts";
import { startEngine } from "../../../lib/engine/mod.ts";
import { encodeKeras } from "../../../lib/export/keras_write.ts";
import { encodeOnnx } from "../../../lib/export/onnx_write.ts";
import { decodeZip } from "../../../lib/io/zip.ts";
import { writeKept } from "../../kept.ts";
import { caseName, LAYER_CASES, type LayerCase } from "../export/layer_cases.ts";
import { answer, buildCase, drawInputs } from "../export/models.ts";

/** What is kept of a layer. */
export interface KeptLayer {
  name: string;
  /** Of its outputs: their shapes, sums, sums of squares and mean indices by value. */
  figures: number[][];
  /** Its object in Keras's config.json. */
  keras: unknown;
  /** SHA-256 of its ONNX file. */
  onnx: string;
}

/** The cases by name, which building them changes. */
export const CASES: ReadonlyMap<string, LayerCase> = new Map(LAYER_CASES.map((one) => [caseName(one), one]));

/** Builds a layer by the engine's backend and says what is kept of it. */
export async function describeLayer(name: string): Promise<KeptLayer> {
  const layerCase = CASES.get(name)!;
  const model = buildCase(layerCase), inputs = drawInputs(layerCase);
  const figures = answer(model, inputs).map((tensor) => {
    const values = tensor.dataSync();
    let sum = 0, squares = 0, places = 0;
    values.forEach((value, i) => {
      sum += value;
      squares += value * value;
      places += value * value * i;
    });
    return [...tensor.shape, sum, squares, places / (squares || 1)];
  });
  const config = decodeZip(await encodeKeras(model)).get("config.json");
  const { layers } = JSON.parse(new TextDecoder().decode(config)).config;
  const onnx = await sha256(encodeOnnx(model));
  model.dispose();
  return { name, figures, keras: layers.at(-1), onnx };
}

/** Where they are kept: a line a layer. */
export const KEPT = new URL("kept_layers.jsonl", import.meta.url);

if (import.meta.main) {
  await startEngine({ backend: "cpu" });
  const all: KeptLayer[] = [];
  for (const name of CASES.keys()) all.push(await describeLayer(name));
  await writeKept(KEPT, all);
}
