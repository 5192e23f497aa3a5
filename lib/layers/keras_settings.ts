/**
 * Settings of layers between TensorFlow.js and Keras 3's JSON: numbers, shapes, activations, initializers, regularizers
 * and constraints, each kind written and read here and checked when it is read. @module
 */
import { ACTIVATIONS } from "./activations.ts";

/** A value out of a JSON file. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
/** An object out of a JSON file. */
export type JsonObject = { [key: string]: Json };

/** A number that JSON shows as one with a point: Keras refuses a momentum or a rate of 0 or 1 that is written as an integer. */
export function float(value: number): Json {
  if (!Number.isInteger(value)) return value;
  const { rawJSON } = JSON as unknown as { rawJSON(text: string): { rawJSON: string } };
  return rawJSON(Math.abs(value) < 1e21 ? `${value}.0` : `${value}`);
}

/** How one setting is written; "layer" is a layer inside the layer, "layers" are several: left to `keras_form.ts`. */
export type SettingKind =
  | "integer"
  | "integer?"
  | "one"
  | "one?"
  | "text"
  | "text?"
  | "number"
  | "number?"
  | "numbers"
  | "numbers?"
  | "boolean"
  | "integers"
  | "integers?"
  | "shape"
  | "pairs"
  | "padding"
  | "seriesPadding"
  | "interpolation"
  | "activation"
  | "initializer"
  | "regularizer"
  | "constraint"
  | "layer"
  | "layers";

/** Settings of an object that is written as a class and its settings: Keras's name by TensorFlow.js's. */
type Named = Readonly<Record<string, Readonly<Record<string, string>>>>;

const SEEDED = { seed: "seed" };
const SPREAD = { mean: "mean", stddev: "stddev", ...SEEDED };
const INITIALIZERS: Named = {
  Zeros: {},
  Ones: {},
  Constant: { value: "value" },
  RandomNormal: SPREAD,
  TruncatedNormal: SPREAD,
  RandomUniform: { minval: "minval", maxval: "maxval", ...SEEDED },
  VarianceScaling: { scale: "scale", mode: "mode", distribution: "distribution", ...SEEDED },
  Orthogonal: { gain: "gain", ...SEEDED },
  Identity: { gain: "gain" },
};
/** Keras's initializers that are a VarianceScaling: scale, mode, distribution. */
const SCALINGS: Readonly<Record<string, readonly [number, string, string]>> = {
  GlorotUniform: [1, "fanAvg", "uniform"],
  GlorotNormal: [1, "fanAvg", "normal"],
  HeUniform: [2, "fanIn", "uniform"],
  HeNormal: [2, "fanIn", "normal"],
  LecunUniform: [1, "fanIn", "uniform"],
  LecunNormal: [1, "fanIn", "normal"],
};
const CONSTRAINTS: Named = {
  MaxNorm: { maxValue: "max_value", axis: "axis" },
  UnitNorm: { axis: "axis" },
  NonNeg: {},
  MinMaxNorm: { minValue: "min_value", maxValue: "max_value", rate: "rate", axis: "axis" },
};

/** `kernelSize` to `kernel_size`. */
export function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** `kernel_size` to `kernelSize`. */
export function camel(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** Whether a value is an object out of a JSON file, no list. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function kerasObject(module: string, className: string, config: JsonObject): JsonObject {
  return { module, class_name: className, config, registered_name: null };
}

/** What TensorFlow.js serializes an initializer, regularizer or constraint to. */
interface Serialized {
  className: string;
  config: JsonObject;
}

/** Renames settings; what is not in the table must be null. */
function rename(config: JsonObject, names: Readonly<Record<string, string>>): JsonObject | undefined {
  const out: JsonObject = {};
  for (const [name, value] of Object.entries(config)) {
    if (Object.hasOwn(names, name)) out[names[name]] = value;
    else if (value !== null && value !== undefined) return undefined;
  }
  return out;
}

const turned = (names: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(names).map(([ours, theirs]) => [theirs, ours]));

function initializerToKeras({ className, config }: Serialized): JsonObject | undefined {
  if (!Object.hasOwn(INITIALIZERS, className)) return undefined;
  const out = rename(config, INITIALIZERS[className]);
  if (!out || className !== "VarianceScaling") {
    return out && kerasObject("keras.initializers", className, out);
  }
  const distribution = out.distribution === "normal" ? "truncated_normal" : snake(String(out.distribution));
  return kerasObject("keras.initializers", className, {
    ...out,
    mode: snake(String(out.mode)),
    distribution,
  });
}

/** What Keras 3.0 to 3.4 calls initializers that have another name since. */
const OLD_NAMES: Readonly<Record<string, string>> = {
  OrthogonalInitializer: "Orthogonal",
  IdentityInitializer: "Identity",
};

function initializerFromKeras(written: string, config: JsonObject): Serialized | undefined {
  const className = OLD_NAMES[written] ?? written;
  if (Object.hasOwn(SCALINGS, className)) {
    const [scale, mode, distribution] = SCALINGS[className];
    const { seed = null, input_axes = null, output_axes = null } = config;
    if (input_axes !== null || output_axes !== null) return undefined;
    return { className: "VarianceScaling", config: { scale, mode, distribution, seed } };
  }
  if (!Object.hasOwn(INITIALIZERS, className)) return undefined;
  const out = rename(config, turned(INITIALIZERS[className]));
  if (out && className === "VarianceScaling") {
    out.mode = camel(String(out.mode));
    if (out.distribution === "truncated_normal") out.distribution = "normal";
    if (!["fanIn", "fanOut", "fanAvg"].includes(out.mode)) return undefined;
    if (out.distribution !== "normal" && out.distribution !== "uniform") return undefined;
  }
  return out && { className, config: out };
}

function regularizerToKeras({ className, config }: Serialized): JsonObject | undefined {
  if (className !== "L1L2") return undefined;
  return kerasObject("keras.regularizers", "L1L2", { l1: config.l1 ?? 0, l2: config.l2 ?? 0 });
}

function regularizerFromKeras(className: string, config: JsonObject): Serialized | undefined {
  if (!["L1", "L2", "L1L2"].includes(className)) return undefined;
  const { l1 = 0, l2 = 0 } = config;
  return { className: "L1L2", config: { l1, l2 } };
}

function constraintToKeras({ className, config }: Serialized): JsonObject | undefined {
  const out = Object.hasOwn(CONSTRAINTS, className) ? rename(config, CONSTRAINTS[className]) : undefined;
  return out && kerasObject("keras.constraints", className, out);
}

function constraintFromKeras(className: string, config: JsonObject): Serialized | undefined {
  const out = Object.hasOwn(CONSTRAINTS, className)
    ? rename(config, turned(CONSTRAINTS[className]))
    : undefined;
  return out && { className, config: out };
}

/** One setting as Keras writes it; undefined if Keras cannot have it. */
export function settingToKeras(kind: SettingKind, value: unknown): Json | undefined {
  switch (kind) {
    case "activation": {
      const name = isObject(value) ? (value as unknown as Serialized).className : value ?? "linear";
      return ACTIVATIONS[String(name)]?.keras;
    }
    case "initializer":
      return initializerToKeras(value as Serialized);
    case "regularizer":
      return value ? regularizerToKeras(value as Serialized) : null;
    case "constraint":
      return value ? constraintToKeras(value as Serialized) : null;
    case "number":
    case "number?":
      return typeof value === "number" ? float(value) : (value ?? null) as Json;
    case "numbers":
    case "numbers?":
      return Array.isArray(value) ? value.map(float) : settingToKeras("number?", value);
    case "padding":
      return value === "same" || value === "valid" ? value : undefined;
    case "interpolation":
      // TensorFlow.js's bilinear does not look at the middle of the pixels, Keras's does.
      return value === "nearest" ? value : value === "bilinearOfMiddles" ? "bilinear" : undefined;
    case "one":
      return Array.isArray(value) ? value[0] : value as Json;
    default:
      return (value ?? null) as Json;
  }
}

const isInteger = (value: Json): value is number =>
  Number.isInteger(value) && Math.abs(value as number) <= 0x7fffffff;
const isPair = (value: Json) => Array.isArray(value) && value.length === 2 && value.every(isInteger);

/** One setting as TensorFlow.js takes it; undefined if it cannot. */
export function settingFromKeras(kind: SettingKind, value: Json): unknown {
  switch (kind) {
    case "integer":
      return isInteger(value) ? value : undefined;
    case "integer?":
      return value === null || isInteger(value) ? value : undefined;
    case "one":
    case "one?": {
      const [only, ...more] = Array.isArray(value) ? value : [value];
      if (only === null && kind === "one?") return null;
      return isInteger(only) && more.length === 0 ? only : undefined;
    }
    case "text":
      return typeof value === "string" ? value : undefined;
    case "text?":
      return value === null || typeof value === "string" ? value : undefined;
    case "number":
      return typeof value === "number" ? value : undefined;
    case "number?":
      return value === null || typeof value === "number" ? value : undefined;
    case "numbers":
    case "numbers?": {
      if (value === null) return kind === "numbers?" ? null : undefined;
      const flat = [value].flat(Infinity as 1);
      return flat.every((one) => typeof one === "number") ? flat : undefined;
    }
    case "boolean":
      return typeof value === "boolean" ? value : undefined;
    case "integers":
      return isInteger(value) || Array.isArray(value) && value.every(isInteger) ? value : undefined;
    case "integers?":
      return value === null || isInteger(value) ||
          Array.isArray(value) && value.every((v) => v === null || isInteger(v))
        ? value
        : undefined;
    case "shape": // an open side is null or -1 there, -1 here
      return Array.isArray(value) && value.every((v) => v === null || isInteger(v))
        ? value.map((side) => side ?? -1)
        : undefined;
    case "pairs":
      return isInteger(value) ||
          Array.isArray(value) && value.length > 0 && (value.every(isInteger) || value.every(isPair))
        ? value
        : undefined;
    case "padding":
      return value === "same" || value === "valid" ? value : undefined;
    case "seriesPadding":
      return value === "causal" ? value : settingFromKeras("padding", value);
    case "interpolation":
      return value === "nearest" ? value : value === "bilinear" ? "bilinearOfMiddles" : undefined;
    case "activation":
      return activationFromKeras(value);
    case "initializer":
    case "regularizer":
    case "constraint": {
      if (value === null && kind !== "initializer") return null;
      if (!isObject(value) || !isObject(value.config)) return undefined;
      if (value.module !== `keras.${kind}s` && value.module !== `keras.src.${kind}s`) return undefined;
      const read = {
        initializer: initializerFromKeras,
        regularizer: regularizerFromKeras,
        constraint: constraintFromKeras,
      };
      return read[kind](String(value.class_name), value.config);
    }
    case "layer":
    case "layers":
      return undefined;
  }
}

/** TensorFlow.js's name of Keras's activation. */
function activationFromKeras(value: Json): string | undefined {
  return Object.keys(ACTIVATIONS).find((name) => {
    const { keras, aliases = [] } = ACTIVATIONS[name];
    return keras !== undefined && (value === keras || aliases.includes(String(value)));
  });
}
