/**
 * A model made from the settings in a `.keras` file, with the weights beside them.
 *
 * Nodes: Keras numbers the calls of each layer from 0 where they feed other layers, but among a model's outputs those of a
 * Functional used as a layer from 1, as its own making counts there. Source: keras/src/models/functional.py of Keras 3.15, `functional_from_config`. @module
 */
import { tf } from "../engine/mod.ts";
import type { WeightOwner, WeightPart } from "../layers/definition.ts";
import { isKerasModule, layerFromKeras } from "../layers/keras_form.ts";
import { isObject, type Json, type JsonObject } from "../layers/keras_settings.ts";
import { layerPaths, LAYERS, OWN_PACKAGE } from "../layers/registry.ts";
import { apart } from "../layers/twin.ts";
import { type Ends, endsOf, flattenTensors, type History, historyKey } from "./_keras_nodes.ts";
import { isOperation, layerOfOperation } from "./_keras_operations.ts";
import type { WeightsFile } from "./_weights_file.ts";

/** Makes an error of what is wrong. */
export type Fail = (why: string) => SyntaxError;

const MAX_LAYERS = 10_000;

/** Weights in the order of their creation, which is Keras's, from one group of the file. */
interface Filling {
  layer: tf.layers.Layer;
  path: string;
  count?: number;
  /** How many arrays stand before these: weights of the layer that are kept a second time. */
  before: number;
  filled: tf.LayerVariable[];
}

/** A layer as the file has it, and what was made of it. */
interface Member {
  name: string;
  className: string;
  /** Undefined for an input. */
  layer?: tf.layers.Layer;
  merges: boolean;
}

/** One call of a layer that is still to be made. */
interface WaitingCall {
  member: Member;
  /** The call's number in Keras's counting. */
  node: number;
  inputs: string[];
  /** How many of the inputs, at the end, are a first state. */
  states: number;
  /** What else the layer is told. */
  options: JsonObject;
}

/** Makes models from their configurations, with weights from one file. */
export class ModelReader {
  readonly #weights: WeightsFile;
  readonly #fail: Fail;
  readonly #fillings: Filling[] = [];
  /** Who gets weights from the file. */
  readonly #owners = new Set<object>();
  /** Names of the outermost model's inputs and outputs, as the file has them. */
  ends: { inputs: string[]; outputs: string[] } = { inputs: [], outputs: [] };

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

  /** The trained weights in Keras's order, which is that of the layers in the file. */
  trainedWeights(): tf.LayerVariable[] {
    const layers = new Set(this.#fillings.map(({ layer }) => layer));
    return [...layers].flatMap((layer) => layer.trainableWeights);
  }

  /** A model; `path` is where its weights are filed. */
  model(object: JsonObject, path: string): tf.LayersModel {
    const { class_name: className, config } = object;
    if (className !== "Sequential" && className !== "Functional") {
      throw this.#fail(
        `model class ${
          JSON.stringify(className ?? null)
        } is not supported: only Functional and Sequential are; ` +
          `in Python, keras.Model(inputs, outputs) makes a Functional of the same layers`,
      );
    }
    if (!isObject(config)) throw this.#fail("a model has no config");
    if (!Array.isArray(config.layers) || config.layers.length > MAX_LAYERS) {
      throw this.#fail(`a model must have a list of at most ${MAX_LAYERS} layers`);
    }
    const layers = config.layers.map((layer) => {
      if (!isObject(layer) || !isObject(layer.config)) throw this.#fail("a layer has no config");
      return layer;
    });
    const masking = layers.find((layer) => layer.class_name === "Masking");
    if (masking) {
      const { name } = masking.config as JsonObject;
      throw this.#fail(`layer "${name}" (Masking) makes a mask, and masks are not supported`);
    }
    const model = className === "Sequential"
      ? this.#sequential(config, layers, path)
      : this.#functional(config, layers, path);
    if (config.trainable === false) model.trainable = false;
    return model;
  }

  #sequential(config: JsonObject, layers: JsonObject[], path: string): tf.LayersModel {
    const started = layers[0]?.class_name === "InputLayer";
    const shape = config.build_input_shape;
    if (!started && !Array.isArray(shape)) {
      throw this.#fail("a sequential model does not say the shape of its input");
    }
    const first: JsonObject = started ? layers[0] : { config: { batch_shape: shape, name: "input" } };
    const rest = started ? layers.slice(1) : layers;
    const names = this.#layerNames(rest);
    const paths = layerPaths(rest.map(classOf));
    const made = rest.map((layer, i) => this.#layer(layer, names.safe[i], `${path}layers/${paths[i]}`));
    const model = tf.sequential({ name: safeName(config.name) });
    const { name, ...input } = this.#inputSettings(first);
    if (path === "") this.ends = { inputs: [name], outputs: [names.own.at(-1) ?? name] };
    this.#guard(name, () =>
      model.add(
        tf.layers.inputLayer({ inputShape: input.shape, dtype: input.dtype, name: safeName(name) }),
      ));
    for (const layer of made) {
      this.#guard(layer.name, () => model.add(layer));
      this.#checkCount(layer);
    }
    return model;
  }

  #functional(config: JsonObject, layers: JsonObject[], path: string): tf.LayersModel {
    const names = this.#layerNames(layers);
    const paths = layerPaths(layers.map(classOf));
    // Tensors are kept by layer, call and output.
    const tensors = new Map<string, tf.SymbolicTensor>();
    const waiting: WaitingCall[] = [];
    layers.forEach((object, i) => {
      const name = names.own[i], className = String(object.class_name);
      const nodes = object.inbound_nodes;
      if (!Array.isArray(nodes)) throw this.#fail(`layer "${name}" does not say its inputs`);
      if (className === "InputLayer") {
        tensors.set(historyKey([name, 0, 0]), this.#input(object, names.safe[i]));
        return;
      }
      const layer = isOperation(object)
        ? layerOfOperation(object, names.safe[i], this.#fail)
        : this.#layer(object, names.safe[i], `${path}layers/${paths[i]}`);
      const merges = isOperation(object) || LAYERS.get(className)?.keras.merges === true;
      const member = { name, className, layer, merges };
      nodes.forEach((node, number) => {
        const preprocesses = LAYERS.get(className)?.keras.preprocesses;
        const { inputs, ...how } = flattenTensors(node, name, this.#fail, preprocesses);
        waiting.push({ member, node: number, inputs: inputs.map(historyKey), ...how });
      });
    });
    this.#runCalls(waiting, tensors);

    const functionals = new Set(names.own.filter((_, i) => layers[i].class_name === "Functional"));
    const inputs = endsOf(config.input_layers, "inputs", this.#fail);
    const outputs = endsOf(config.output_layers, "outputs", this.#fail);
    if (path === "") this.ends = { inputs: inputs.names, outputs: outputs.names };
    try {
      return tf.model({
        inputs: this.#find(inputs, "inputs", tensors, functionals),
        outputs: apart(this.#find(outputs, "outputs", tensors, functionals)),
        name: safeName(config.name),
      });
    } catch (error) {
      throw error instanceof SyntaxError
        ? error
        : this.#fail(`its layers do not join: ${(error as Error).message}`);
    }
  }

  /** Makes each call as soon as its inputs are there. */
  #runCalls(waiting: WaitingCall[], tensors: Map<string, tf.SymbolicTensor>): void {
    for (let left = waiting; left.length > 0;) {
      const still: WaitingCall[] = [];
      const blocked = new Set<Member>(); // a layer's calls keep their order, as they are known by number
      for (const call of left) {
        const { member, node } = call;
        const inputs = call.inputs.map((input) => tensors.get(input));
        if (blocked.has(member) || inputs.some((input) => input === undefined)) {
          blocked.add(member);
          still.push(call);
          continue;
        }
        this.#checkOptions(member, inputs as tf.SymbolicTensor[], call.options);
        const outputs = this.#apply(member, inputs as tf.SymbolicTensor[], call.states);
        outputs.forEach((output, i) => tensors.set(historyKey([member.name, node, i]), output));
      }
      if (still.length === left.length) {
        throw this.#fail(`layer "${left[0].member.name}" has inputs that nobody makes`);
      }
      left = still;
    }
  }

  /** @param functionals Layers that are Functionals. */
  #find(
    ends: Ends,
    what: string,
    tensors: Map<string, tf.SymbolicTensor>,
    functionals: ReadonlySet<string>,
  ): tf.SymbolicTensor[] {
    return ends.histories.map(([name, node, output]) => {
      const history: History = [name, functionals.has(name) ? node - 1 : node, output];
      const tensor = tensors.get(historyKey(history));
      if (!tensor) throw this.#fail(`${what} ${JSON.stringify(history)} does not exist`);
      return tensor;
    });
  }

  /** What a call is told must be what the layer does by itself with such inputs. */
  #checkOptions(
    { name, className }: Member,
    inputs: readonly tf.SymbolicTensor[],
    options: JsonObject,
  ): void {
    const dtypes = inputs.map(({ dtype }) => dtype);
    const own = LAYERS.get(className)?.keras.calledWith?.(dtypes) ?? {};
    if (JSON.stringify(own) === JSON.stringify(options)) return;
    const said = Object.entries(options).map(([option, value]) => `${option} ${value}`).join(", ") ||
      "no option";
    throw this.#fail(
      `layer "${name}" is called with ${said} on ${dtypes.join(", ")}, which is not supported`,
    );
  }

  #apply({ layer, name, merges }: Member, inputs: tf.SymbolicTensor[], states: number): tf.SymbolicTensor[] {
    const all = apart(inputs), own = all.slice(0, all.length - states);
    const made = this.#guard(name, () =>
      layer!.apply(
        merges || own.length > 1 ? own : own[0],
        states > 0 ? { initialState: all.slice(own.length) } : undefined,
      ));
    this.#checkCount(layer!);
    return (Array.isArray(made) ? made : [made]) as tf.SymbolicTensor[];
  }

  /** The layers' names in the file, and names that TensorFlow.js takes. */
  #layerNames(layers: readonly JsonObject[]): { own: string[]; safe: string[] } {
    const own = layers.map((layer) => String(layer.name ?? (layer.config as JsonObject).name));
    if (new Set(own).size !== own.length) throw this.#fail("two layers have the same name");
    const used = new Set<string>();
    const safe = own.map((name) => {
      const base = safeName(name) ?? "layer";
      let found = base;
      for (let i = 1; used.has(found); i++) found = `${base}_${i}`;
      used.add(found);
      return found;
    });
    return { own, safe };
  }

  #input(object: JsonObject, safe: string): tf.SymbolicTensor {
    const { shape, dtype, name } = this.#inputSettings(object);
    return this.#guard(name, () => tf.input({ shape, dtype, name: safe }));
  }

  #inputSettings(
    object: JsonObject,
  ): { shape: (number | null)[]; dtype: "float32" | "int32"; name: string } {
    const { batch_shape: shape, dtype = "float32", name, sparse, ragged } = object.config as JsonObject;
    const sides = Array.isArray(shape) ? shape.slice(1) : undefined;
    const fits = sides?.every((side) => side === null || (Number.isInteger(side) && Number(side) > 0));
    if (!sides || !fits) throw this.#fail(`input "${name}" has shape ${JSON.stringify(shape ?? null)}`);
    const whole = typeof dtype === "string" && ["int32", "uint8", "int8", "int16", "uint16"].includes(dtype);
    if ((dtype !== "float32" && !whole) || sparse === true || ragged === true) {
      throw this.#fail(`input "${name}" must be a dense tensor of float32, int32 or smaller whole numbers`);
    }
    return {
      shape: sides as (number | null)[],
      dtype: whole ? "int32" : "float32",
      name: String(name ?? "input"),
    };
  }

  /** A layer whose weights will come from the file. */
  #layer(object: JsonObject, safe: string, path: string): tf.layers.Layer {
    const className = String(object.class_name), config = object.config as JsonObject;
    if (className === "Functional" || className === "Sequential") {
      return this.model({ ...object, config: { ...config, name: safe } }, `${path}/`);
    }
    const name = String(config.name ?? object.name);
    const definition = LAYERS.get(className), registered = object.registered_name ?? null;
    const wanted = definition?.keras.own ? [`${OWN_PACKAGE}>${className}`] : [null, className];
    if (!definition || !wanted.includes(registered as string | null)) {
      const what = registered === null || registered === className ? className : String(registered);
      throw this.#fail(
        `layer "${name}" is of class "${what}", which is not among the layers that may be loaded`,
      );
    }
    const module = String(object.module);
    if (!definition.keras.own && !isKerasModule(module, definition)) {
      throw this.#fail(
        `layer "${name}" is of class "${className}" from "${module}": only Keras's own may be loaded`,
      );
    }
    const layer = layerFromKeras(definition, { ...config, name }, this.#fail, {
      name: safe,
      find: (className) => LAYERS.get(className),
    });
    const parts = definition.keras.parts?.(layer) ?? [{ path: "", owner: layer }];
    for (const owner of new Set(parts.map(({ owner }) => owner))) {
      this.#fill(layer, path, owner, parts.filter((part) => part.owner === owner));
    }
    return layer;
  }

  /** Makes a layer, or a cell inside it, take each weight from the file at the moment it asks for one. */
  #fill(layer: tf.layers.Layer, path: string, owner: object, parts: readonly WeightPart[]): void {
    const target = owner as WeightOwner, stock = target.addWeight;
    const fillings = parts.map(({ path: part, count, repeats = [] }): Filling => ({
      layer,
      path: part === "" ? path : `${path}/${part}`,
      count,
      before: repeats.length,
      filled: [],
    }));
    this.#fillings.push(...fillings);
    this.#owners.add(owner);
    target.addWeight = (name, shape, dtype, _initializer, ...rest) => {
      const filling = fillings.find(({ count = Infinity, filled }) => filled.length < count) ??
        fillings.at(-1)!;
      const values = this.#weights.read(filling.path, filling.before + filling.filled.length, shape);
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
    for (const { path, before, filled } of this.#fillings.filter((filling) => filling.layer === layer)) {
      const count = this.#weights.count(path);
      if (count === before + filled.length) continue;
      throw this.#fail(`layer "${layer.name}" has ${filled.length} weights: the file has ${count}`);
    }
  }
}

const classOf = ({ class_name: name }: JsonObject) => String(name);

/** A name that TensorFlow.js takes: letters, digits and `-._/`, not first a sign. */
function safeName(value: Json | undefined): string | undefined {
  if (typeof value !== "string" || value === "") return undefined;
  const name = value.replaceAll(/[^-A-Za-z0-9._/]/g, "_");
  return /^[A-Za-z0-9]/.test(name) ? name : `x${name}`;
}
