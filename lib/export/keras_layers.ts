/**
 * Which layers go into a Keras 3 file and come out of one, and how their settings are called there.
 *
 * This table is the allow-list of the reader: a class, an option or a function that is not named here is refused.
 * Options that only one side has are `fixed` to the value at which both sides compute the same. @module
 */
import { tf } from "../engine/mod.ts";

/** A value out of a JSON file. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
/** An object out of a JSON file. */
export type JsonObject = { [key: string]: Json };

/** How one setting is written. */
type Kind =
  | "integer"
  | "number"
  | "number?"
  | "boolean"
  | "integers"
  | "integers?"
  | "shape"
  | "pairs"
  | "padding"
  | "interpolation"
  | "activation"
  | "initializer"
  | "regularizer"
  | "constraint";

/** One layer class. */
export interface KerasLayer {
  /** Settings by their name in TensorFlow.js; Keras writes the same name in snake_case, if `names` has no other. */
  fields: Readonly<Record<string, Kind>>;
  /** Keras's name of a setting, where it is another word. */
  names?: Readonly<Record<string, string>>;
  /** Keras's options that must have this value. */
  fixed?: Readonly<Record<string, Json>>;
  /** Keras's options that change nothing here. */
  ignored?: readonly string[];
  /** Whether the weights belong to a cell inside the layer. */
  cell?: boolean;
  /** Whether it takes a list of inputs. */
  merges?: boolean;
  /** Makes the layer from settings named as in TensorFlow.js. */
  create(settings: Record<string, unknown>): tf.layers.Layer;
}

type Create = KerasLayer["create"];

const LAST = { data_format: "channels_last" };
const QUIET = { activity_regularizer: null };

function trained(...names: string[]): Record<string, Kind> {
  return Object.fromEntries(names.flatMap((name) => [
    [`${name}Initializer`, "initializer"],
    [`${name}Regularizer`, "regularizer"],
    [`${name}Constraint`, "constraint"],
  ]));
}

const WINDOW: Record<string, Kind> = { kernelSize: "integers", strides: "integers", padding: "padding" };
const BIASED: Record<string, Kind> = { activation: "activation", useBias: "boolean", ...trained("bias") };

function convolution(create: Create, more: Partial<KerasLayer> = {}): KerasLayer {
  return {
    fields: { filters: "integer", ...WINDOW, dilationRate: "integers", ...BIASED, ...trained("kernel") },
    fixed: { ...LAST, ...QUIET, groups: 1 },
    create,
    ...more,
  };
}

function transposed(create: Create, rank: number): KerasLayer {
  return {
    fields: { filters: "integer", ...WINDOW, ...BIASED, ...trained("kernel") },
    fixed: { ...LAST, ...QUIET, output_padding: null, dilation_rate: Array(rank).fill(1) },
    create,
  };
}

function pooling(create: Create): KerasLayer {
  return { fields: { poolSize: "integers", strides: "integers", padding: "padding" }, fixed: LAST, create };
}

function globalPooling(create: Create): KerasLayer {
  return { fields: {}, fixed: { ...LAST, keepdims: false }, create };
}

function merging(create: Create, fields: Record<string, Kind> = {}): KerasLayer {
  return { fields, create, merges: true };
}

function recurrent(
  create: Create,
  fields: Record<string, Kind>,
  fixed: Record<string, Json> = {},
): KerasLayer {
  return {
    fields: {
      units: "integer",
      ...BIASED,
      ...fields,
      ...trained("kernel", "recurrent"),
      dropout: "number",
      recurrentDropout: "number",
      returnSequences: "boolean",
      goBackwards: "boolean",
    },
    fixed: { ...QUIET, return_state: false, stateful: false, zero_output_for_mask: false, ...fixed },
    ignored: ["seed", "unroll"],
    cell: true,
    create,
  };
}

/** A noise layer with one rate, which does nothing outside training. */
function noise(create: Create, fields: Record<string, Kind>): KerasLayer {
  return { fields, ignored: ["seed"], create };
}

/** Keras's spatial dropout as dropout with one mask for all positions. */
function spatialDropout(rank: number): KerasLayer {
  const noiseShape = [null, ...Array(rank).fill(1), null];
  return {
    fields: { rate: "number" },
    fixed: LAST,
    ignored: ["seed"],
    create: (settings) => tf.layers.dropout({ rate: 0, ...settings, noiseShape }),
  };
}

/** Layer classes by their name in both libraries. */
export const KERAS_LAYERS: Readonly<Record<string, KerasLayer>> = ((): Record<string, KerasLayer> => {
  // The builders differ in the type of their argument; what is handed to them has been checked field by field.
  const layers = tf.layers as unknown as Record<string, Create>;
  const make = (name: string): Create => (settings) => layers[name](settings);
  return {
    Conv1D: convolution(make("conv1d")),
    Conv2D: convolution(make("conv2d")),
    Conv3D: convolution(make("conv3d")),
    Conv2DTranspose: transposed(make("conv2dTranspose"), 2),
    Conv3DTranspose: transposed(make("conv3dTranspose"), 3),
    DepthwiseConv2D: {
      fields: {
        ...WINDOW,
        depthMultiplier: "integer",
        dilationRate: "integers",
        ...BIASED,
        ...trained("depthwise"),
      },
      fixed: { ...LAST, ...QUIET },
      create: make("depthwiseConv2d"),
    },
    SeparableConv2D: {
      fields: {
        filters: "integer",
        ...WINDOW,
        depthMultiplier: "integer",
        dilationRate: "integers",
        ...BIASED,
        ...trained("depthwise", "pointwise"),
      },
      fixed: { ...LAST, ...QUIET },
      create: make("separableConv2d"),
    },
    Dense: {
      fields: { units: "integer", ...BIASED, ...trained("kernel") },
      fixed: { ...QUIET, quantization_config: null },
      create: make("dense"),
    },
    Embedding: {
      fields: { inputDim: "integer", outputDim: "integer", ...trained("embeddings") },
      fixed: { ...QUIET, mask_zero: false, quantization_config: null },
      create: make("embedding"),
    },
    BatchNormalization: {
      fields: {
        axis: "integer",
        momentum: "number",
        epsilon: "number",
        center: "boolean",
        scale: "boolean",
        ...trained("beta", "gamma"),
        movingMeanInitializer: "initializer",
        movingVarianceInitializer: "initializer",
      },
      fixed: { synchronized: false, renorm: false },
      ignored: ["renorm_clipping", "renorm_momentum"],
      create: make("batchNormalization"),
    },
    LayerNormalization: {
      fields: {
        axis: "integers",
        epsilon: "number",
        center: "boolean",
        scale: "boolean",
        betaInitializer: "initializer",
        gammaInitializer: "initializer",
        betaRegularizer: "regularizer",
        gammaRegularizer: "regularizer",
      },
      fixed: { rms_scaling: false, beta_constraint: null, gamma_constraint: null },
      create: make("layerNormalization"),
    },
    MaxPooling1D: pooling(make("maxPooling1d")),
    MaxPooling2D: pooling(make("maxPooling2d")),
    MaxPooling3D: pooling(make("maxPooling3d")),
    AveragePooling1D: pooling(make("averagePooling1d")),
    AveragePooling2D: pooling(make("averagePooling2d")),
    AveragePooling3D: pooling(make("averagePooling3d")),
    GlobalMaxPooling1D: globalPooling(make("globalMaxPooling1d")),
    GlobalMaxPooling2D: globalPooling(make("globalMaxPooling2d")),
    GlobalAveragePooling1D: globalPooling(make("globalAveragePooling1d")),
    GlobalAveragePooling2D: globalPooling(make("globalAveragePooling2d")),
    Flatten: { fields: {}, fixed: LAST, create: make("flatten") },
    Reshape: { fields: { targetShape: "shape" }, create: make("reshape") },
    Permute: { fields: { dims: "integers" }, create: make("permute") },
    RepeatVector: { fields: { n: "integer" }, create: make("repeatVector") },
    ZeroPadding2D: { fields: { padding: "pairs" }, fixed: LAST, create: make("zeroPadding2d") },
    Cropping2D: { fields: { cropping: "pairs" }, fixed: LAST, create: make("cropping2D") },
    UpSampling2D: {
      fields: { size: "integers", interpolation: "interpolation" },
      fixed: LAST,
      create: make("upSampling2d"),
    },
    Dropout: {
      fields: { rate: "number", noiseShape: "integers?" },
      ignored: ["seed"],
      create: make("dropout"),
    },
    SpatialDropout1D: spatialDropout(1),
    SpatialDropout2D: spatialDropout(2),
    SpatialDropout3D: spatialDropout(3),
    GaussianNoise: noise(make("gaussianNoise"), { stddev: "number" }),
    GaussianDropout: noise(make("gaussianDropout"), { rate: "number" }),
    AlphaDropout: { ...noise(make("alphaDropout"), { rate: "number" }), fixed: { noise_shape: null } },
    Activation: { fields: { activation: "activation" }, create: make("activation") },
    ReLU: {
      fields: { maxValue: "number?" },
      fixed: { negative_slope: 0, threshold: 0 },
      create: make("reLU"),
    },
    LeakyReLU: {
      fields: { alpha: "number" },
      names: { alpha: "negative_slope" },
      create: make("leakyReLU"),
    },
    ELU: { fields: {}, fixed: { alpha: 1 }, create: make("elu") },
    PReLU: { fields: { ...trained("alpha"), sharedAxes: "integers?" }, create: make("prelu") },
    Softmax: { fields: { axis: "integer" }, create: make("softmax") },
    Rescaling: { fields: { scale: "number", offset: "number" }, create: make("rescaling") },
    Add: merging(make("add")),
    Multiply: merging(make("multiply")),
    Average: merging(make("average")),
    Maximum: merging(make("maximum")),
    Minimum: merging(make("minimum")),
    Concatenate: merging(make("concatenate"), { axis: "integer" }),
    Dot: merging(make("dot"), { axes: "integers", normalize: "boolean" }),
    SimpleRNN: recurrent(make("simpleRNN"), {}),
    GRU: recurrent(make("gru"), { recurrentActivation: "activation" }, { reset_after: false }),
    LSTM: recurrent(make("lstm"), { recurrentActivation: "activation", unitForgetBias: "boolean" }),
  };
})();

/** Activations whose formula is the same in both libraries, by their name in TensorFlow.js. */
const ACTIVATIONS: Readonly<Record<string, string>> = {
  linear: "linear",
  relu: "relu",
  relu6: "relu6",
  elu: "elu",
  selu: "selu",
  sigmoid: "sigmoid",
  softmax: "softmax",
  logSoftmax: "log_softmax",
  softplus: "softplus",
  softsign: "softsign",
  tanh: "tanh",
  gelu: "gelu",
  mish: "mish",
  swish: "silu",
};

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

const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const camel = (name: string) => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

/** Keras's name of a setting. */
function kerasName(layer: KerasLayer, name: string): string {
  return layer.names?.[name] ?? snake(name);
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

function initializerFromKeras(className: string, config: JsonObject): Serialized | undefined {
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
function settingToKeras(kind: Kind, value: unknown): Json | undefined {
  switch (kind) {
    case "activation": {
      const name = isObject(value) ? (value as unknown as Serialized).className : value ?? "linear";
      return ACTIVATIONS[String(name)];
    }
    case "initializer":
      return initializerToKeras(value as Serialized);
    case "regularizer":
      return value ? regularizerToKeras(value as Serialized) : null;
    case "constraint":
      return value ? constraintToKeras(value as Serialized) : null;
    case "padding":
      return value === "same" || value === "valid" ? value : undefined;
    case "interpolation":
      // TensorFlow.js's bilinear does not look at the middle of the pixels, Keras's does.
      return value === "nearest" ? value : undefined;
    default:
      return (value ?? null) as Json;
  }
}

const isInteger = (value: Json): value is number =>
  Number.isInteger(value) && Math.abs(value as number) <= 0x7fffffff;
const isPair = (value: Json) => Array.isArray(value) && value.length === 2 && value.every(isInteger);

/** One setting as TensorFlow.js takes it; undefined if it cannot. */
function settingFromKeras(kind: Kind, value: Json): unknown {
  switch (kind) {
    case "integer":
      return isInteger(value) ? value : undefined;
    case "number":
      return typeof value === "number" ? value : undefined;
    case "number?":
      return value === null || typeof value === "number" ? value : undefined;
    case "boolean":
      return typeof value === "boolean" ? value : undefined;
    case "integers":
      return isInteger(value) || Array.isArray(value) && value.every(isInteger) ? value : undefined;
    case "integers?":
      return value === null || Array.isArray(value) && value.every((v) => v === null || isInteger(v))
        ? value
        : undefined;
    case "shape": // an open side is null or -1 there, -1 here
      return Array.isArray(value) && value.every((v) => v === null || isInteger(v))
        ? value.map((side) => side ?? -1)
        : undefined;
    case "pairs":
      return isInteger(value) || isPair(value) ||
          Array.isArray(value) && value.length === 2 && value.every(isPair)
        ? value
        : undefined;
    case "padding":
      return value === "same" || value === "valid" ? value : undefined;
    case "interpolation":
      return value === "nearest" ? value : undefined;
    case "activation":
      return Object.keys(ACTIVATIONS).find((name) => ACTIVATIONS[name] === value);
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
      const found = read[kind](String(value.class_name), value.config);
      return found;
    }
  }
}

/**
 * A layer's settings as Keras writes them, without its name.
 *
 * @throws {TypeError} If Keras has no such layer or setting.
 */
export function layerToKeras(layer: tf.layers.Layer, className = layer.getClassName()): JsonObject {
  const fail = (why: string) => new TypeError(`Cannot write layer "${layer.name}" for Keras as ${why}`);
  if (!Object.hasOwn(KERAS_LAYERS, className)) {
    throw fail(`class "${className}" is not among those that can: ${Object.keys(KERAS_LAYERS).join(", ")}`);
  }
  const spec = KERAS_LAYERS[className];
  const settings = layer.getConfig() as Record<string, unknown>;
  const config: JsonObject = {};
  for (const [name, kind] of Object.entries(spec.fields)) {
    // A separable convolution forgets to tell its depth multiplier.
    const value = settings[name] ?? (layer as unknown as Record<string, unknown>)[name];
    if (value === undefined) continue; // both sides have the same default
    const written = settingToKeras(kind, value);
    if (written === undefined) {
      throw fail(`${name} ${JSON.stringify(value)} means something else or nothing there`);
    }
    config[kerasName(spec, name)] = written;
  }
  for (const [name, wanted] of Object.entries(spec.fixed ?? {})) {
    const value = settings[camel(name)] ?? null;
    const found = value === "channelsLast" ? "channels_last" : value;
    if (found !== null && !same(found, wanted)) {
      throw fail(`${camel(name)} must be ${JSON.stringify(wanted)}`);
    }
    config[name] = wanted;
  }
  return config;
}

/** Keras's options that every layer has and that are read elsewhere or mean nothing for a trained model. */
const COMMON = ["name", "trainable", "dtype", "batch_input_shape"];

/**
 * A layer made from the settings that Keras wrote.
 *
 * @param className Its class; must be in {@linkcode KERAS_LAYERS}.
 * @param config Its settings.
 * @param fail Makes an error of what is wrong.
 */
export function layerFromKeras(
  className: string,
  config: JsonObject,
  fail: (why: string) => Error,
): tf.layers.Layer {
  const spec = KERAS_LAYERS[className];
  const name = String(config.name), what = `layer "${name}" (${className})`;
  const settings: Record<string, unknown> = { name, trainable: config.trainable !== false };
  const known = new Map(Object.keys(spec.fields).map((ours) => [kerasName(spec, ours), ours]));
  for (const [key, value] of Object.entries(config)) {
    const ours = known.get(key);
    if (ours !== undefined) {
      const setting = settingFromKeras(spec.fields[ours], value);
      if (setting === undefined) throw fail(`${what} has ${key} ${brief(value)}, which is not supported`);
      if (setting !== null) settings[ours] = setting;
    } else if (spec.fixed && Object.hasOwn(spec.fixed, key)) {
      if (value !== null && !same(value, spec.fixed[key])) {
        throw fail(
          `${what} has ${key} ${brief(value)}: only ${JSON.stringify(spec.fixed[key])} is supported`,
        );
      }
    } else if (!COMMON.includes(key) && !spec.ignored?.includes(key)) {
      throw fail(`${what} has an unknown option "${key}"`);
    }
  }
  checkDtype(config.dtype ?? null, what, fail);
  try {
    return spec.create(settings);
  } catch (error) {
    throw fail(`${what} cannot be made: ${(error as Error).message}`);
  }
}

function brief(value: Json): string {
  const named = isObject(value) && typeof value.class_name === "string" ? `"${value.class_name}"` : undefined;
  const text = named ?? JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

function checkDtype(dtype: Json, what: string, fail: (why: string) => Error): void {
  const name = isObject(dtype) && isObject(dtype.config) ? dtype.config.name ?? null : dtype;
  if (name !== null && name !== "float32") {
    throw fail(`${what} computes in ${brief(name)}: only float32 is supported`);
  }
}
