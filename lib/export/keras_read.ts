/**
 * Reads a `.keras` file, the zip that Keras 3 saves.
 *
 * Nothing in the file is run: layers are made by the builders in `lib/layers` from settings that are checked
 * one by one, and anything else (a lambda, a custom class, an unknown option) is refused by name. No weight is
 * allocated before the file has shown an array of its shape, so a small file cannot ask for much memory. @module
 */
import type { tf } from "../engine/mod.ts";
import { basename } from "@std/path";
import { openZipFile, zipBytes, type ZipSource } from "../io/zip.ts";
import { isObject, type JsonObject } from "../layers/keras_settings.ts";
import { openKerasFile } from "./_keras_file.ts";
import { ModelReader } from "./_keras_model.ts";
import type { WeightsFile } from "./_weights_file.ts";
import { type KerasOptimizer, optimizerFromKeras, type OptimizerState } from "./keras_optimizer.ts";

/** Options for {@linkcode decodeKeras}. */
export interface KerasReadOptions {
  /** Name of the file for error messages. @default {"model.keras"} */
  name?: string;
  /** Most bytes that the file may unpack to. @default {2_147_483_648} */
  maxBytes?: number;
}

/** What a `.keras` file holds. */
export interface KerasFile {
  /** The model, not compiled; the caller's to dispose of. */
  model: tf.LayersModel;
  /** Names of the inputs in the model's order: a dictionary's keys if the file has them, else the layers' names. */
  inputNames: readonly string[];
  /** Names of the outputs in the model's order, likewise. */
  outputNames: readonly string[];
  /** The optimizer's state, if it was saved and is understood. */
  optimizer?: OptimizerState;
  /** Why a saved optimizer was left out; the model is whole without it. */
  optimizerProblem?: string;
  /** Keras's name of the loss, if one was saved as a name. */
  loss?: string;
  /** All that the model was compiled with, as Keras wrote it; `recipeFromKeras` of `lib/run` makes a recipe of it. */
  compiled?: JsonObject;
}

/**
 * Decodes a model.
 *
 * @param bytes The `.keras` file.
 * @param options Name and limit.
 * @throws {SyntaxError} If the file is damaged, unsafe, or holds something that is not supported; it is named.
 * @throws {RangeError} If it unpacks to too much.
 * @example What was written comes back
 * ```ts
 * import { startEngine } from "../engine/mod.ts";
 * import { decodeKeras } from "./keras_read.ts";
 * import { encodeKeras } from "./keras_write.ts";
 * const tf = await startEngine({ backend: "cpu" });
 * const written = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3] })] });
 * const { model } = await decodeKeras(await encodeKeras(written));
 * model.countParams(); // 8
 * ```
 */
export async function decodeKeras(bytes: Uint8Array, options: KerasReadOptions = {}): Promise<KerasFile> {
  return await readModel(zipBytes(bytes, options.name ?? "model.keras"), options);
}

/**
 * Reads a model from a file, of which no more is in memory at a time than one weight.
 *
 * @param path The `.keras` file.
 * @param options Name, if not the file's own, and limit.
 * @throws {Deno.errors.NotFound} If there is no such file.
 * @throws {SyntaxError} As {@linkcode decodeKeras}.
 * @throws {RangeError} As {@linkcode decodeKeras}.
 * @example
 * ```ts no-run
 * import { startEngine } from "../engine/mod.ts";
 * import { readKeras } from "./keras_read.ts";
 * await startEngine({ backend: "cpu" });
 * const { model } = await readKeras("resnet50.keras");
 * ```
 */
export async function readKeras(path: string, options: KerasReadOptions = {}): Promise<KerasFile> {
  const source = openZipFile(path), { name = basename(path) } = options;
  try {
    return await readModel({ ...source, name }, options);
  } finally {
    source.close();
  }
}

async function readModel(source: ZipSource, options: KerasReadOptions): Promise<KerasFile> {
  const { config, weights, fail } = await openKerasFile(source, options);
  const reader = new ModelReader(weights, fail);
  try {
    const model = reader.model(config, "");
    const { inputs: inputNames, outputs: outputNames } = reader.ends;
    const trained = reader.trainedWeights();
    const compiled = isObject(config.compile_config) ? { compiled: config.compile_config } : {};
    return { model, inputNames, outputNames, ...compiled, ...readTraining(config, model, trained, weights) };
  } catch (error) {
    reader.abandon();
    throw error;
  } finally {
    reader.finish();
    weights.close();
  }
}

/** What of the training goes on from the file; whatever is not understood never stops the model from being read. */
function readTraining(
  config: JsonObject,
  model: tf.LayersModel,
  trained: readonly tf.LayerVariable[],
  weights: WeightsFile,
): Pick<KerasFile, "optimizer" | "optimizerProblem" | "loss"> {
  const compiled = config.compile_config;
  if (!isObject(compiled)) return {};
  const loss = typeof compiled.loss === "string" ? { loss: compiled.loss } : {};
  if (!isObject(compiled.optimizer)) return loss;
  try {
    if (weights.count("optimizer") === 0) return loss;
    const problem = (why: string) => new SyntaxError(why);
    const optimizer = readOptimizer(optimizerFromKeras(compiled.optimizer, problem), model, trained, weights);
    return { optimizer, ...loss };
  } catch (error) {
    return { optimizerProblem: (error as Error).message, ...loss };
  }
}

/** @param trained The trained weights in Keras's order. */
function readOptimizer(
  optimizer: KerasOptimizer,
  model: tf.LayersModel,
  trained: readonly tf.LayerVariable[],
  weights: WeightsFile,
): OptimizerState {
  const { config, slots, rate, weightDecay, clip } = optimizer;
  const expected = 2 + trained.length * slots.length, count = weights.count("optimizer");
  if (count !== expected) {
    throw new SyntaxError(`the optimizer must have ${expected} arrays: the file has ${count}`);
  }
  const read = (index: number, shape: readonly number[]) => weights.read("optimizer", index, shape);
  return {
    config,
    slots,
    weightDecay,
    ...(weightDecay > 0 ? { decays: "all" } : {}),
    ...(clip ? { clip } : {}),
    rate: Number.isNaN(rate) ? read(1, [])[0] : rate,
    step: read(0, [])[0],
    values: model.trainableWeights.map((weight) => {
      const place = trained.findIndex((other) => other.id === weight.id);
      return slots.map((_, j) => read(optimizer.place(place, j, trained.length), weight.shape as number[]));
    }),
  };
}
