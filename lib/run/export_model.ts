/** What a run leaves for others: the model as `.keras` and `.onnx`, and its card. @module */
import { basename } from "@std/path";
import { writeDurably } from "../base/durable_file.ts";
import { sha256 } from "../base/sha256.ts";
import { type Card, type CardInput, parseCard } from "../card/mod.ts";
import type { tf } from "../engine/mod.ts";
import { hasKerasForm } from "../export/keras_optimizer.ts";
import { encodeKeras } from "../export/keras_write.ts";
import { encodeOnnx } from "../export/onnx_write.ts";
import type { OptimizerSnapshot } from "../train/mod.ts";
import type { CardParts, Measurements } from "./experiment.ts";
import type { Outcome } from "./report.ts";
import { runPaths } from "./run_folder.ts";

/**
 * Writes `model.keras` and `model.onnx`; the latter's inputs and outputs are called as the card calls them.
 *
 * @returns Whether `model.keras` holds the optimizer's state, too: a state that Keras's file cannot say stays in the checkpoints.
 */
export async function exportModel(
  folder: string,
  model: tf.LayersModel,
  { inputs, outputs }: Pick<Card, "inputs" | "outputs">,
  optimizer?: OptimizerSnapshot,
): Promise<{ onnx: Uint8Array; hasOptimizer: boolean }> {
  const paths = runPaths(folder);
  const names = (list: readonly { name: string }[]) => list.map(({ name }) => name);
  const onnx = encodeOnnx(model, { inputs: names(inputs), outputs: names(outputs) });
  const hasOptimizer = optimizer !== undefined && hasKerasForm(optimizer);
  await writeDurably(paths.keras, await encodeKeras(model, hasOptimizer ? { optimizer } : {}));
  await writeDurably(paths.onnx, onnx);
  return { onnx, hasOptimizer };
}

/** What an experiment said before training, with what its measurement adds. */
export function completeParts(parts: CardParts, { outputs = {} }: Measurements): CardParts {
  for (const name of Object.keys(outputs)) {
    if (!parts.outputs.some((output) => output.name === name)) {
      throw new TypeError(`Cannot complete the card as it has no output "${name}"`);
    }
  }
  const completed = parts.outputs.map((output) => ({ ...output, ...outputs[output.name] }));
  return { ...parts, outputs: completed as CardInput["outputs"] };
}

/** Writes `model.json`, last of all, so that it is there only when what it names is. */
export async function writeCard(
  folder: string,
  name: string,
  parts: CardParts,
  { record, history, metrics }: Outcome,
): Promise<Card> {
  const paths = runPaths(folder);
  const files: Record<string, { bytes: number; sha256: string }> = {};
  for (const path of [paths.onnx, paths.keras]) {
    const bytes = await Deno.readFile(path);
    files[basename(path)] = { bytes: bytes.length, sha256: await sha256(bytes) };
  }
  const card = parseCard({
    format: "cloudchamber-model/1",
    name,
    experiment: name,
    created: new Date().toISOString(),
    ...parts,
    metrics: Object.fromEntries(Object.entries(metrics).filter(([, { value }]) => Number.isFinite(value))),
    training: {
      seed: Number(record.options.seed),
      epochs: history.epochs.length,
      seconds: history.seconds,
      engine: `${record.engine?.backend} ${record.engine?.version}`,
      parameters: record.parameters ?? 0,
      dataFingerprint: record.dataFingerprint ?? "",
      options: record.options,
    },
    files,
  });
  await writeDurably(paths.card, JSON.stringify(card, undefined, 2) + "\n");
  return card;
}
