/**
 * Reads a `.keras` file, the zip that Keras 3 saves.
 *
 * Nothing in the file is run: layers are made by the builders in {@linkcode LAYERS} from settings that are checked
 * one by one, and anything else (a lambda, a custom class, an unknown option) is refused by name. No weight is
 * allocated before the file has shown an array of its shape, so a small file cannot ask for much memory. @module
 */
import { tf } from "../engine/mod.ts";
import { listZip, readZipEntry, zipBytes, type ZipEntry } from "../io/zip.ts";
import type { WeightOwner, WeightPart } from "../layers/definition.ts";
import { layerFromKeras } from "../layers/keras_form.ts";
import { isObject, type Json, type JsonObject } from "../layers/keras_settings.ts";
import { LAYERS } from "../layers/registry.ts";
import { openWeights, type WeightsFile } from "./_weights_file.ts";
import { type KerasOptimizer, optimizerFromKeras, type OptimizerState } from "./keras_optimizer.ts";
import { numberedPaths } from "./keras_write.ts";

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
  /** The optimizer's state, if it was saved. */
  optimizer?: OptimizerState;
  /** Keras's name of the loss, if one was saved as a name. */
  loss?: string;
}

const MAX_CONFIG_BYTES = 64 << 20;
const MAX_LAYERS = 10_000;

type Fail = (why: string) => SyntaxError;

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
  const { name = "model.keras", maxBytes = 2 ** 31 } = options;
  const fail: Fail = (why) => new SyntaxError(`Cannot read Keras model "${name}" as ${why}`);
  const source = zipBytes(bytes, name);
  const entries = listZip(source, {
    maxEntries: 1000,
    maxEntryBytes: maxBytes,
    maxTotalBytes: maxBytes,
    maxRatio: 200,
  });
  const entry = (file: string): ZipEntry => {
    const found = entries.find((entry) => entry.name === file);
    if (!found) throw fail(`it holds no ${file}`);
    return found;
  };
  const json = (file: string): JsonObject => {
    if (entry(file).size > MAX_CONFIG_BYTES) throw fail(`${file} is larger than ${MAX_CONFIG_BYTES} bytes`);
    try {
      const value: unknown = JSON.parse(new TextDecoder().decode(readZipEntry(source, entry(file))));
      if (isObject(value)) return value;
    } catch (error) {
      throw fail(`${file} is not JSON: ${(error as Error).message}`);
    }
    throw fail(`${file} is not a JSON object`);
  };
  const version = json("metadata.json").keras_version;
  if (typeof version !== "string" || !version.startsWith("3.")) {
    throw fail(`it was saved by Keras ${JSON.stringify(version ?? null)}: expected Keras 3`);
  }
  const config = json("config.json");
  // Settings are looked at before the weights are touched, so that a forbidden layer is what gets named.
  const weights = await openWeights(readZipEntry(source, entry("model.weights.h5")), fail);
  const reader = new Reader(weights, fail);
  try {
    const model = reader.model(config, "");
    return { model, ...reader.training(config, model) };
  } catch (error) {
    reader.abandon();
    throw error;
  } finally {
    reader.finish();
    weights.close();
  }
}

/** Weights in the order of their creation, which is Keras's, from one group of the file. */
interface Filling {
  layer: tf.layers.Layer;
  path: string;
  count?: number;
  filled: tf.LayerVariable[];
}

/** Makes models from their configurations, with weights from one file. */
class Reader {
  readonly #weights: WeightsFile;
  readonly #fail: Fail;
  readonly #fillings: Filling[] = [];
  /** Who gets weights from the file. */
  readonly #owners = new Set<object>();

  constructor(weights: WeightsFile, fail: Fail) {
    this.#weights = weights;
    this.#fail = fail;
  }

  /** Frees the weights made so far. */
  abandon(): void {
    for (const { filled } of this.#fillings) for (const weight of filled) weight.dispose();
  }

  /** Gives the layers their own way of making weights back. */
  finish(): void {
    for (const owner of this.#owners) delete (owner as Partial<WeightOwner>).addWeight;
  }

  /** A model; `path` is where its weights are filed. */
  model(object: JsonObject, path: string): tf.LayersModel {
    const { class_name: className, config } = object;
    if (!isObject(config)) throw this.#fail("a model has no config");
    if (!Array.isArray(config.layers) || config.layers.length > MAX_LAYERS) {
      throw this.#fail(`a model must have a list of at most ${MAX_LAYERS} layers`);
    }
    const layers = config.layers.map((layer) => {
      if (!isObject(layer) || !isObject(layer.config)) throw this.#fail("a layer has no config");
      return layer;
    });
    if (className === "Sequential") return this.#sequential(config, layers, path);
    if (className === "Functional") return this.#functional(config, layers, path);
    throw this.#fail(
      `model class ${JSON.stringify(className ?? null)} is not supported: only Functional and Sequential are`,
    );
  }

  #sequential(config: JsonObject, layers: JsonObject[], path: string): tf.LayersModel {
    if (layers[0]?.class_name !== "InputLayer") {
      throw this.#fail("a sequential model does not say the shape of its input");
    }
    const [input, ...rest] = layers;
    const paths = numberedPaths(rest.map((layer) => String(layer.class_name)));
    const made = rest.map((layer, i) => this.#layer(layer, `${path}layers/${paths[i]}`));
    const model = tf.sequential({ name: text(config.name) });
    const { shape, dtype, name } = this.#inputSettings(input);
    this.#guard(String(name), () => model.add(tf.layers.inputLayer({ inputShape: shape, dtype, name })));
    for (const layer of made) {
      this.#guard(layer.name, () => model.add(layer));
      this.#checkCount(layer);
    }
    return model;
  }

  #functional(config: JsonObject, layers: JsonObject[], path: string): tf.LayersModel {
    const paths = numberedPaths(layers.map((layer) => String(layer.class_name)));
    const names = layers.map((layer) => String(layer.name ?? (layer.config as JsonObject).name));
    if (new Set(names).size !== names.length) throw this.#fail("two layers have the same name");
    const made = layers.map((layer, i) =>
      layer.class_name === "InputLayer" ? undefined : this.#layer(layer, `${path}layers/${paths[i]}`)
    );

    // Calls are made as soon as their inputs are there; tensors are kept by layer, call and output.
    const tensors = new Map<string, tf.SymbolicTensor>();
    const key = (history: Json | undefined): string => {
      if (!Array.isArray(history) || history.length !== 3) {
        throw this.#fail("a connection between layers is damaged");
      }
      return JSON.stringify(history.map((part, i) => i === 0 ? String(part) : Number(part)));
    };
    const waiting = layers.flatMap((layer, i) => {
      const nodes = layer.inbound_nodes;
      if (!Array.isArray(nodes)) throw this.#fail(`layer "${names[i]}" does not say its inputs`);
      if (!made[i]) {
        tensors.set(key([names[i], 0, 0]), this.#input(layer));
        return [];
      }
      return nodes.map((node, number) => ({ i, number, inputs: this.#callInputs(node, names[i]).map(key) }));
    });
    for (let left = waiting; left.length > 0;) {
      const still: typeof left = [];
      const blocked = new Set<number>(); // a layer's calls keep their order, as they are known by number
      for (const call of left) {
        const inputs = call.inputs.map((input) => tensors.get(input));
        if (blocked.has(call.i) || inputs.some((input) => input === undefined)) {
          blocked.add(call.i);
          still.push(call);
          continue;
        }
        const merges = LAYERS.get(String(layers[call.i].class_name))?.keras.merges;
        const output = this.#apply(made[call.i]!, inputs as tf.SymbolicTensor[], names[call.i], merges);
        tensors.set(key([names[call.i], call.number, 0]), output);
      }
      if (still.length === left.length) {
        throw this.#fail(`layer "${names[left[0].i]}" has inputs that nobody makes`);
      }
      left = still;
    }
    const ends = (value: Json | undefined, what: string): tf.SymbolicTensor[] => {
      if (!Array.isArray(value) || value.length === 0) throw this.#fail(`the model has no ${what}`);
      return (Array.isArray(value[0]) ? value : [value]).map((history) => {
        const tensor = tensors.get(key(history));
        if (!tensor) throw this.#fail(`${what} ${JSON.stringify(history)} does not exist`);
        return tensor;
      });
    };
    try {
      return tf.model({
        inputs: ends(config.input_layers, "inputs"),
        outputs: ends(config.output_layers, "outputs"),
        name: text(config.name),
      });
    } catch (error) {
      throw error instanceof SyntaxError
        ? error
        : this.#fail(`its layers do not join: ${(error as Error).message}`);
    }
  }

  /** The connections that feed one call of a layer. */
  #callInputs(node: Json, name: string): Json[] {
    if (!isObject(node) || !Array.isArray(node.args) || node.args.length !== 1) {
      throw this.#fail(`layer "${name}" is called with anything but its inputs`);
    }
    for (const [option, value] of Object.entries(isObject(node.kwargs) ? node.kwargs : {})) {
      if (value === null || (option === "training" && value === false)) continue;
      throw this.#fail(
        `layer "${name}" is called with ${option} ${JSON.stringify(value)}, which is not supported`,
      );
    }
    const [argument] = node.args;
    return (Array.isArray(argument) ? argument : [argument]).map((tensor) => {
      if (!isObject(tensor) || tensor.class_name !== "__keras_tensor__" || !isObject(tensor.config)) {
        throw this.#fail(`layer "${name}" has an input that is no tensor of the model`);
      }
      return tensor.config.keras_history;
    });
  }

  #input(object: JsonObject): tf.SymbolicTensor {
    const settings = this.#inputSettings(object);
    return this.#guard(String(settings.name), () => tf.input(settings));
  }

  #inputSettings(
    object: JsonObject,
  ): { shape: (number | null)[]; dtype: "float32" | "int32"; name?: string } {
    const { batch_shape: shape, dtype = "float32", name, sparse, ragged } = object.config as JsonObject;
    const sides = Array.isArray(shape) ? shape.slice(1) : undefined;
    const fits = sides?.every((side) => side === null || (Number.isInteger(side) && Number(side) > 0));
    if (!sides || !fits) throw this.#fail(`input "${name}" has shape ${JSON.stringify(shape ?? null)}`);
    if ((dtype !== "float32" && dtype !== "int32") || sparse === true || ragged === true) {
      throw this.#fail(`input "${name}" must be a dense tensor of float32 or int32`);
    }
    return { shape: sides as (number | null)[], dtype, name: text(name) };
  }

  /** A layer whose weights will come from the file. */
  #layer(object: JsonObject, path: string): tf.layers.Layer {
    const className = String(object.class_name), config = object.config as JsonObject;
    const registered = object.registered_name ?? null;
    if (className === "Functional" || className === "Sequential") return this.model(object, `${path}/`);
    const name = String(config.name ?? object.name);
    const definition = LAYERS.get(className);
    if (!definition || registered !== null && registered !== className) {
      const what = registered === null || registered === className ? className : String(registered);
      throw this.#fail(
        `layer "${name}" is of class "${what}", which is not among the layers that may be loaded`,
      );
    }
    const module = String(object.module);
    if (module !== "keras.layers" && !module.startsWith("keras.src.layers.")) {
      throw this.#fail(
        `layer "${name}" is of class "${className}" from "${module}": only Keras's own may be loaded`,
      );
    }
    const layer = layerFromKeras(definition, { ...config, name }, this.#fail);
    const parts = definition.keras.parts?.(layer) ?? [{ path: "", owner: layer }];
    for (const owner of new Set(parts.map(({ owner }) => owner))) {
      this.#fill(layer, path, owner, parts.filter((part) => part.owner === owner));
    }
    return layer;
  }

  /** Makes a layer, or a cell inside it, take each weight from the file at the moment it asks for one. */
  #fill(layer: tf.layers.Layer, path: string, owner: object, parts: readonly WeightPart[]): void {
    const target = owner as WeightOwner, stock = target.addWeight;
    const fillings = parts.map(({ path: part, count }): Filling => ({
      layer,
      path: part === "" ? path : `${path}/${part}`,
      count,
      filled: [],
    }));
    this.#fillings.push(...fillings);
    this.#owners.add(owner);
    target.addWeight = (name, shape, dtype, _initializer, ...rest) => {
      const filling = fillings.find(({ count = Infinity, filled }) => filled.length < count) ??
        fillings.at(-1)!;
      const values = this.#weights.read(filling.path, filling.filled.length, shape);
      const initializer = { apply: () => tf.tensor(values, shape) };
      // The last argument would make an initializer of its own.
      let weight: tf.LayerVariable | undefined;
      tf.tidy(() => { // frees the array if no weight comes of it; weights themselves outlive it
        weight = stock.call(target, name, shape, dtype, initializer, ...rest.slice(0, 3));
      });
      filling.filled.push(weight!);
      return weight!;
    };
  }

  #apply(
    layer: tf.layers.Layer,
    inputs: tf.SymbolicTensor[],
    name: string,
    merges = false,
  ): tf.SymbolicTensor {
    const made = this.#guard(name, () => layer.apply(merges || inputs.length > 1 ? inputs : inputs[0]));
    this.#checkCount(layer);
    const outputs = (Array.isArray(made) ? made : [made]) as tf.SymbolicTensor[];
    if (outputs.length !== 1) throw this.#fail(`layer "${name}" has several outputs, which is not supported`);
    return outputs[0];
  }

  /** Joins a layer to what is before it, where its weights are made. */
  #guard<T>(name: string, join: () => T): T {
    try {
      return join();
    } catch (error) {
      if (error instanceof SyntaxError) throw error; // of ours, about its weights
      throw this.#fail(`layer "${name}" does not fit its inputs: ${(error as Error).message.split("\n")[0]}`);
    }
  }

  #checkCount(layer: tf.layers.Layer): void {
    for (const { path, filled } of this.#fillings.filter((filling) => filling.layer === layer)) {
      const count = this.#weights.count(path);
      if (count === filled.length) continue;
      throw this.#fail(`layer "${layer.name}" has ${filled.length} weights: the file has ${count}`);
    }
  }

  /** The optimizer's state and the loss. */
  training(config: JsonObject, model: tf.LayersModel): { optimizer?: OptimizerState; loss?: string } {
    const compiled = config.compile_config;
    if (!isObject(compiled)) return {};
    const loss = typeof compiled.loss === "string" ? { loss: compiled.loss } : {};
    if (!isObject(compiled.optimizer) || this.#weights.count("optimizer") === 0) return loss;
    const optimizer = optimizerFromKeras(compiled.optimizer, this.#fail);
    return { optimizer: this.#optimizer(optimizer, model), ...loss };
  }

  #optimizer(optimizer: KerasOptimizer, model: tf.LayersModel): OptimizerState {
    const { config, slots, rate, weightDecay } = optimizer;
    // Keras counts the trained weights layer by layer in its own order, which is that of the file.
    const theirs = this.#fillings.flatMap(({ layer }) => layer.trainableWeights);
    const ours = model.trainableWeights;
    const expected = 2 + theirs.length * slots.length, count = this.#weights.count("optimizer");
    if (count !== expected) {
      throw this.#fail(`the optimizer must have ${expected} arrays: the file has ${count}`);
    }
    const read = (index: number, shape: readonly number[]) => this.#weights.read("optimizer", index, shape);
    return {
      config,
      slots,
      weightDecay,
      rate: Number.isNaN(rate) ? read(1, [])[0] : rate,
      step: read(0, [])[0],
      values: ours.map((weight) => {
        const place = theirs.findIndex((other) => other.id === weight.id);
        return slots.map((_, j) => read(optimizer.place(place, j, theirs.length), weight.shape as number[]));
      }),
    };
  }
}

function text(value: Json | undefined): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
