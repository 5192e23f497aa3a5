/** How a Keras file says which tensors go into a call, into a model and out of it. @module */
import { isObject, type Json, type JsonObject } from "../layers/keras_settings.ts";

type Fail = (why: string) => Error;

/** A tensor by the layer that makes it, the number of the call, and the number of the output. */
export type History = readonly [layer: string, call: number, output: number];

/** A history as a key. */
export function historyKey(history: History): string {
  return JSON.stringify(history);
}

/** A history out of a file, or undefined. */
function asHistory(value: Json | undefined): History | undefined {
  if (!Array.isArray(value) || value.length !== 3) return undefined;
  const [layer, call, output] = value;
  if (typeof layer !== "string" || !Number.isInteger(call) || !Number.isInteger(output)) return undefined;
  return [layer, call as number, output as number];
}

/** A model's inputs or outputs. */
export interface Ends {
  histories: History[];
  /** The keys where they are a dictionary, else the layers. */
  names: string[];
}

/** Reads a model's inputs or outputs: one, a list, or a dictionary, whose keys Keras puts in order. */
export function endsOf(value: Json | undefined, what: string, fail: Fail): Ends {
  const found: Ends = { histories: [], names: [] };
  const walk = (value: Json | undefined, key?: string): void => {
    const history = asHistory(value);
    if (history) {
      found.histories.push(history);
      found.names.push(key ?? history[0]);
    } else if (Array.isArray(value)) {
      for (const inner of value) walk(inner, key);
    } else if (isObject(value)) {
      for (const name of Object.keys(value).sort()) walk(value[name], name);
    } else {
      throw fail(`its ${what} are damaged`);
    }
  };
  walk(value);
  if (found.histories.length === 0) throw fail(`the model has no ${what}`);
  return found;
}

/** Options of a call that change nothing for a trained model when they have one of these values. */
const IDLE: Readonly<Record<string, readonly Json[]>> = {
  training: [null, false],
  mask: [null],
  initial_state: [null],
  query_mask: [null],
  value_mask: [null],
  key_mask: [null],
  attention_mask: [null],
  return_attention_scores: [false],
  use_causal_mask: [false],
  reverse: [false],
};
/** Options of a call that the layer knows what to do with, if true. */
const TO_LAYER = ["reverse"];
/** Tensors that may be given by name, in this order behind the others. */
const BY_NAME = ["inputs", "inputs1", "inputs2", "query", "value", "key"];

/** Every tensor in an argument, in Keras's order. */
function tensorsIn(value: Json, found: History[]): boolean {
  if (Array.isArray(value)) return value.every((inner) => tensorsIn(inner, found));
  if (!isObject(value)) return false;
  if (value.class_name === "__keras_tensor__" && isObject(value.config)) {
    const history = asHistory(value.config.keras_history);
    if (history) found.push(history);
    return history !== undefined;
  }
  if ("class_name" in value) return false;
  return Object.keys(value).sort().every((key) => tensorsIn(value[key], found));
}

/**
 * The tensors that feed one call of a layer.
 *
 * @param idleInTraining Whether a call that is said to be in training changes nothing for a trained model.
 * @returns `states` of them, the last ones, are the first state of a recurrent layer; `options` change what the layer does.
 */
export function flattenTensors(
  node: Json,
  name: string,
  fail: Fail,
  idleInTraining = false,
): { inputs: History[]; states: number; options: JsonObject } {
  const { args, kwargs = {} } = isObject(node) ? node : {};
  if (!Array.isArray(args) || !isObject(kwargs)) throw fail(`a call of layer "${name}" is damaged`);
  const inputs: History[] = [];
  const isConstant = (value: Json) => typeof value === "number" || value === null;
  if (!args.every((value) => isConstant(value) || tensorsIn(value, inputs))) {
    throw fail(`layer "${name}" has an input that is no tensor of the model`);
  }
  const given = Object.entries(kwargs);
  for (const key of BY_NAME) {
    if (kwargs[key] !== undefined && kwargs[key] !== null && !tensorsIn(kwargs[key], inputs)) {
      throw fail(`layer "${name}" has an input that is no tensor of the model`);
    }
  }
  let states = 0;
  const options: JsonObject = {};
  for (const [option, value] of given) {
    const idle = (value: Json): boolean =>
      IDLE[option]?.includes(value) || (idleInTraining && option === "training") ||
      Array.isArray(value) && value.every(idle); // a mask for each input
    if (BY_NAME.includes(option) || idle(value)) continue;
    if (TO_LAYER.includes(option) && value === true) {
      options[option] = value;
      continue;
    }
    const before = inputs.length;
    if (option === "initial_state" && tensorsIn(value, inputs)) states = inputs.length - before;
    else throw fail(`layer "${name}" is called with ${option} ${short(value)}, which is not supported`);
  }
  if (inputs.length === 0) throw fail(`layer "${name}" is called without inputs`);
  return { inputs, states, options };
}

function short(value: Json): string {
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
