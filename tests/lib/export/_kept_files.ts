/**
 * Whole models of every form (lines, branches, models in models, layers called twice, several inputs), as both files
 * say them.
 *
 * `kept_files.jsonl` keeps what they were when Keras and ONNX Runtime last agreed with them (the peers' tests beside
 * this file). Run as a program, this file writes it anew:
 *
 * ```sh
 * deno run -A tests/lib/export/_kept_files.ts
 * ```
 * @module
 */
import { sha256 } from "../../../lib/base/sha256.ts";
import { startEngine } from "../../../lib/engine/mod.ts";
import { decodeKeras } from "../../../lib/export/keras_read.ts";
import { encodeKeras } from "../../../lib/export/keras_write.ts";
import { openHdf5 } from "../../../lib/io/hdf5.ts";
import { decodeZip } from "../../../lib/io/zip.ts";
import { writeKept } from "../../kept.ts";
import { type ModelCase, wholeModels } from "./models.ts";

/** What is kept of a model. */
export interface KeptFile {
  name: string;
  /** Keras's config.json. */
  config: unknown;
  /** SHA-256 of the weights in the file, each by its path. */
  weights: Record<string, string>;
  /** What reading the file gives beside the model. */
  inputNames: readonly string[];
  outputNames: readonly string[];
}

/** Names that layers get by themselves: they count up in a process. */
const COUNTED = /\b(\w+_[A-Z]\w*?\d+(?:_input)?|input_?\d+|model_?\d+|sequential_?\d+)\b/g;

/** Says what is kept of a model. */
export async function describeFile({ name, model }: ModelCase): Promise<KeptFile> {
  const bytes = await encodeKeras(model), parts = decodeZip(bytes);
  const { inputNames, outputNames, model: read } = await decodeKeras(bytes);
  read.dispose();
  const weights: Record<string, string> = {};
  using file = await openHdf5(parts.get("model.weights.h5")!);
  for (const path of (await file.datasets()).sort()) {
    const { data } = await file.read(path);
    const { buffer, byteOffset, byteLength } = data as Float32Array;
    weights[path] = (await sha256(new Uint8Array(buffer, byteOffset, byteLength))).slice(0, 16);
  }
  const found = new Map<string, string>();
  const text = JSON.stringify({
    config: JSON.parse(new TextDecoder().decode(parts.get("config.json"))),
    weights,
    inputNames,
    outputNames,
  }).replaceAll(COUNTED, (counted) => {
    if (!found.has(counted)) found.set(counted, `${counted.replace(/\d+(?=_input$|$)/, "")}#${found.size}`);
    return found.get(counted)!;
  });
  return { name, ...JSON.parse(text) };
}

/** The models. */
export const MODELS = wholeModels;

/** Where they are kept: a line a model. */
export const KEPT = new URL("kept_files.jsonl", import.meta.url);

if (import.meta.main) {
  await startEngine({ backend: "cpu" });
  const all: KeptFile[] = [];
  for (const model of MODELS()) all.push(await describeFile(model));
  await writeKept(KEPT, all);
}
