/**
 * How a Keras model is trained, read from its file: loss, metrics, optimizer and schedule as `fit` takes them.
 *
 * What would be trained in another way here than there is refused by its name. @module
 */
import { lastActivations } from "../engine/mod.ts";
import { OFF } from "../export/keras_optimizer.ts";
import type { KerasFile } from "../export/keras_read.ts";
import { isObject, type Json, type JsonObject } from "../layers/keras_settings.ts";
import * as train from "../train/mod.ts";

/** What `fit` takes of a recipe. */
export type KerasRecipe =
  & Pick<
    train.SupervisedOptions,
    "optimizer" | "weightDecay" | "decays" | "clipNorm" | "globalClipNorm" | "clipValue" | "kerasEma"
  >
  & {
    loss: Record<string, train.WeightedLoss>;
    metrics: Record<string, train.Metric[]>;
    schedule: train.Schedule;
  };

/** An output that a loss or a metric is for. */
interface Output {
  name: string;
  /** What the file calls it. */
  theirs: string;
  /** Size of the last axis. */
  width: number;
  end: "softmax" | "sigmoid" | "none";
}

type Fail = (why: string) => TypeError;
type Settings = JsonObject;

const number = (settings: Settings, name: string, otherwise: number): number => {
  const value = settings[name];
  return typeof value === "number" ? value : otherwise;
};

/** Keras's name of a class as it may also be written in a recipe: `MeanSquaredError` is `mean_squared_error`. */
const snake = (name: string) =>
  name.replace(/(.)([A-Z][a-z]+)/g, "$1_$2").replace(/([a-z])([A-Z])/g, "$1_$2").toLowerCase();

const SHORT: Readonly<Record<string, string>> = {
  mse: "mean_squared_error",
  mae: "mean_absolute_error",
  mape: "mean_absolute_percentage_error",
  msle: "mean_squared_logarithmic_error",
  bce: "binary_crossentropy",
  kld: "kl_divergence",
  k_l_divergence: "kl_divergence",
  kullback_leibler_divergence: "kl_divergence",
  kldivergence: "kl_divergence",
  logcosh: "log_cosh",
  acc: "accuracy",
};

/** A class by its name and settings, however Keras wrote it. */
function named(value: Json, fail: Fail): { name: string; settings: Settings } {
  if (typeof value === "string") return { name: SHORT[value.toLowerCase()] ?? snake(value), settings: {} };
  if (isObject(value) && typeof value.class_name === "string" && isObject(value.config)) {
    const name = snake(value.class_name);
    return { name: SHORT[name] ?? name, settings: value.config };
  }
  throw fail(`${JSON.stringify(value)} is no name`);
}

/** Refuses settings that are not among those that are understood. */
function onlyKnown(what: string, settings: Settings, known: readonly string[], fail: Fail): void {
  for (const [name, value] of Object.entries(settings)) {
    if (known.includes(name) || value === null || ["name", "dtype", "fn"].includes(name)) continue;
    if (name === "label_smoothing" && value === 0) continue;
    if (name === "reduction" && (value === "sum_over_batch_size" || value === "mean")) continue;
    if (name === "axis" && (value === -1 || JSON.stringify(value) === "[-1]")) continue;
    throw fail(`${what} has ${name} ${JSON.stringify(value)}, which is not supported`);
  }
}

interface LossRule {
  /** Settings that it has. */
  known: readonly string[];
  /** What the output has to end in, unless logits are asked for. */
  end?: "softmax" | "sigmoid";
  make(settings: Settings): train.Loss;
}

const plain = (make: () => train.Loss): LossRule => ({ known: [], make });

const LOSSES: Readonly<Record<string, LossRule>> = {
  sparse_categorical_crossentropy: {
    known: ["from_logits"],
    end: "softmax",
    make: () => train.crossEntropy(),
  },
  categorical_crossentropy: {
    known: ["from_logits", "label_smoothing"],
    end: "softmax",
    make: (settings) => train.crossEntropy({ labelSmoothing: number(settings, "label_smoothing", 0) }),
  },
  categorical_focal_crossentropy: {
    known: ["from_logits", "alpha", "gamma"],
    end: "softmax",
    make: (settings) =>
      train.categoricalFocal({ alpha: number(settings, "alpha", 0.25), gamma: number(settings, "gamma", 2) }),
  },
  binary_crossentropy: {
    known: ["from_logits", "label_smoothing"],
    end: "sigmoid",
    make: (settings) => train.binaryCrossEntropy({ labelSmoothing: number(settings, "label_smoothing", 0) }),
  },
  binary_focal_crossentropy: {
    known: ["from_logits", "apply_class_balancing", "alpha", "gamma"],
    end: "sigmoid",
    make: (settings) =>
      train.focal({
        gamma: number(settings, "gamma", 2),
        ...(settings.apply_class_balancing === true && { alpha: number(settings, "alpha", 0.25) }),
      }),
  },
  mean_squared_error: plain(train.meanSquaredError),
  mean_absolute_error: plain(train.meanAbsoluteError),
  mean_absolute_percentage_error: plain(train.meanAbsolutePercentageError),
  mean_squared_logarithmic_error: plain(train.meanSquaredLogarithmicError),
  huber: { known: ["delta"], make: (settings) => train.huber(number(settings, "delta", 1)) },
  log_cosh: plain(train.logCosh),
  hinge: plain(train.hinge),
  squared_hinge: plain(train.squaredHinge),
  categorical_hinge: plain(train.categoricalHinge),
  kl_divergence: plain(train.klDivergence),
  poisson: plain(train.poisson),
  cosine_similarity: plain(train.cosineSimilarity),
};

function lossOf(value: Json, { name, width, end }: Output, fail: Fail): train.Loss {
  const { name: loss, settings } = named(value, fail), rule = LOSSES[loss];
  if (!Object.hasOwn(LOSSES, loss)) {
    throw fail(`loss "${loss}" is not supported: ${Object.keys(LOSSES).join(", ")} are`);
  }
  onlyKnown(`loss "${loss}"`, settings, rule.known, fail);
  if (loss === "kl_divergence" && width === 1) {
    throw fail(`loss "${loss}" means something else for one value`);
  }
  if (rule.end === undefined) return rule.make(settings);
  if (
    settings.label_smoothing !== undefined && settings.label_smoothing !== 0 && width === 1 &&
    rule.end === "softmax"
  ) {
    throw fail(`loss "${loss}" smooths a single class`);
  }
  const fits = settings.from_logits === true ? end === "none" : end === rule.end;
  if (fits) return rule.make(settings);
  const wanted = settings.from_logits === true ? "no softmax or sigmoid (from_logits)" : `a ${rule.end}`;
  throw fail(
    `loss "${loss}" wants ${wanted} at the end of output "${name}": it ends in ${
      end === "none" ? "neither" : `a ${end}`
    }`,
  );
}

function metricOf(value: Json, loss: train.Loss, { name, width }: Output, fail: Fail): train.Metric {
  const { name: metric, settings } = named(value, fail);
  const refuse = () => fail(`metric "${metric}" of output "${name}" is not supported`);
  const rules: Record<string, [known: readonly string[], make: () => train.Metric]> = {
    accuracy: [[], () => {
      if (width === 1) return train.binaryAccuracy({ raw: true });
      if (loss.target !== "classes") throw refuse();
      return train.accuracy();
    }],
    sparse_categorical_accuracy: [[], train.accuracy],
    categorical_accuracy: [[], train.accuracy],
    sparse_top_k_categorical_accuracy: [
      ["k", "from_sorted_ids"],
      () => train.topAccuracy(number(settings, "k", 5)),
    ],
    top_k_categorical_accuracy: [["k"], () => train.topAccuracy(number(settings, "k", 5))],
    binary_accuracy: [
      ["threshold"],
      () => train.binaryAccuracy({ threshold: number(settings, "threshold", 0.5), raw: true }),
    ],
    mean_absolute_error: [[], train.absoluteError],
    mean_squared_error: [[], train.squaredError],
  };
  if (!Object.hasOwn(rules, metric)) throw refuse();
  const [known, make] = rules[metric], classes = /categorical/.test(metric);
  onlyKnown(`metric "${metric}"`, settings, known, fail);
  if (settings.from_sorted_ids === true) throw refuse();
  if (classes !== (loss.target === "classes") && metric !== "accuracy") throw refuse();
  return make();
}

type OptimizerMaker = [
  known: Readonly<Record<string, number>>,
  make: (values: number[], settings: Settings) => train.OptimizerRule,
];

const MOMENTS = { beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7 };

const ADAM: OptimizerMaker = [
  MOMENTS,
  ([beta1, beta2, epsilon], { amsgrad }) => train.adam({ beta1, beta2, epsilon, amsgrad: amsgrad === true }),
];

const OPTIMIZERS: Readonly<Record<string, OptimizerMaker>> = {
  SGD: [{ momentum: 0 }, ([momentum], { nesterov }) => train.sgd({ momentum, nesterov: nesterov === true })],
  Adam: ADAM,
  AdamW: ADAM,
  Nadam: [MOMENTS, ([beta1, beta2, epsilon]) => train.nadam({ beta1, beta2, epsilon })],
  Adamax: [MOMENTS, ([beta1, beta2, epsilon]) => train.adamax({ beta1, beta2, epsilon })],
  RMSprop: [
    { rho: 0.9, momentum: 0, epsilon: 1e-7 },
    ([rho, momentum, epsilon], { centered }) =>
      train.rmsprop({ rho, momentum, epsilon, centered: centered === true }),
  ],
  Adagrad: [
    { initial_accumulator_value: 0.1, epsilon: 1e-7 },
    ([initial, epsilon]) => train.adagrad({ initial, epsilon }),
  ],
  Adadelta: [{ rho: 0.95, epsilon: 1e-7 }, ([rho, epsilon]) => train.adadelta({ rho, epsilon })],
  Lion: [{ beta_1: 0.9, beta_2: 0.99 }, ([beta1, beta2]) => train.lion({ beta1, beta2 })],
  Ftrl: [
    {
      learning_rate_power: -0.5,
      initial_accumulator_value: 0.1,
      l1_regularization_strength: 0,
      l2_regularization_strength: 0,
      l2_shrinkage_regularization_strength: 0,
      beta: 0,
    },
    ([power, initial, l1, l2, shrinkage, beta]) => train.ftrl({ power, initial, l1, l2, shrinkage, beta }),
  ],
};

/** Settings that are read elsewhere. */
const ELSEWHERE = [
  "name",
  "learning_rate",
  "weight_decay",
  "clipnorm",
  "global_clipnorm",
  "clipvalue",
  "use_ema",
  "ema_momentum",
  "ema_overwrite_frequency",
  "nesterov",
  "amsgrad",
  "centered",
];

function optimizerOf(value: Json, fail: Fail): Omit<KerasRecipe, "loss" | "metrics"> {
  if (!isObject(value) || !isObject(value.config)) throw fail("it does not say the optimizer");
  const className = String(value.class_name), { config } = value;
  if (!Object.hasOwn(OPTIMIZERS, className)) {
    throw fail(`optimizer "${className}" is not supported: ${Object.keys(OPTIMIZERS).join(", ")} are`);
  }
  const [known, make] = OPTIMIZERS[className];
  for (const [name, setting] of Object.entries(config)) {
    if (ELSEWHERE.includes(name)) continue;
    if (Object.hasOwn(OFF, name)) {
      if (setting !== OFF[name]) {
        throw fail(`optimizer option ${name} ${JSON.stringify(setting)} is not supported`);
      }
    } else if (!Object.hasOwn(known, name)) {
      throw fail(`optimizer "${className}" has an unknown option "${name}"`);
    }
  }
  const values = Object.entries(known).map(([name, otherwise]) => number(config, name, otherwise));
  const weightDecay = number(config, "weight_decay", 0);
  const clips = { clipNorm: "clipnorm", globalClipNorm: "global_clipnorm", clipValue: "clipvalue" };
  return {
    optimizer: make(values, config),
    ...(weightDecay > 0 && { weightDecay, decays: "all" }),
    ...(config.use_ema === true && { kerasEma: averagesOf(config) }),
    ...Object.fromEntries(
      Object.entries(clips).flatMap(([ours, theirs]) =>
        typeof config[theirs] === "number" ? [[ours, config[theirs]]] : []
      ),
    ),
    schedule: scheduleOf(config.learning_rate, fail),
  };
}

function averagesOf(config: Settings): train.KerasEma {
  const { ema_overwrite_frequency: overwriteEvery } = config;
  return {
    momentum: number(config, "ema_momentum", 0.99),
    ...(typeof overwriteEvery === "number" && { overwriteEvery }),
  };
}

function scheduleOf(value: Json, fail: Fail): train.Schedule {
  if (typeof value === "number") return train.constant(value);
  if (!isObject(value) || !isObject(value.config)) throw fail("it does not say the learning rate");
  const { config } = value, of = (name: string, otherwise = NaN) => number(config, name, otherwise);
  const rate = of("initial_learning_rate"), staircase = config.staircase === true;
  const decay = { steps: of("decay_steps"), decay: of("decay_rate"), staircase };
  switch (value.class_name) {
    case "ExponentialDecay":
      return train.exponentialDecay(rate, decay);
    case "InverseTimeDecay":
      return train.inverseTimeDecay(rate, decay);
    case "PolynomialDecay":
      return train.polynomialDecay(rate, {
        steps: of("decay_steps"),
        end: of("end_learning_rate", 1e-4),
        power: of("power", 1),
        cycle: config.cycle === true,
      });
    case "PiecewiseConstantDecay":
      return train.piecewiseConstant(config.boundaries as number[], config.values as number[]);
    case "CosineDecay": {
      const peak = typeof config.warmup_target === "number" ? { peak: config.warmup_target } : {};
      return train.cosineDecay(rate, {
        steps: of("decay_steps"),
        end: of("alpha", 0),
        warmUp: of("warmup_steps", 0),
        ...peak,
      });
    }
    case "CosineDecayRestarts":
      return train.cosineRestarts(rate, {
        steps: of("first_decay_steps"),
        longer: of("t_mul", 2),
        lower: of("m_mul", 1),
        end: of("alpha", 0),
      });
    default:
      throw fail(`schedule ${JSON.stringify(value.class_name)} is not supported`);
  }
}

/** What is said of each output, from one for all, a list in their order, or a record by name. */
function byOutput(value: Json, outputs: readonly Output[], what: string, fail: Fail): Map<string, Json> {
  if (value === null || value === undefined) return new Map();
  if (isObject(value) && value.class_name === undefined) {
    return new Map(
      Object.entries(value).map(([name, one]) => {
        const output = outputs.find(({ theirs }) => theirs === name);
        if (output) return [output.name, one];
        const all = outputs.map(({ theirs }) => theirs).join(", ");
        throw fail(`${what} names "${name}", which is no output: ${all} are`);
      }),
    );
  }
  if (Array.isArray(value) && (outputs.length > 1 || what === "loss" || what === "loss_weights")) {
    return new Map(value.map((one, i) => [outputs[i]?.name ?? "", one]));
  }
  return new Map(outputs.map(({ name }) => [name, value]));
}

/**
 * The recipe that a model was compiled with.
 *
 * Losses on classes take class numbers here, also those that Keras wants one-hot (`categorical_crossentropy`).
 *
 * @param file What `decodeKeras` gives.
 * @throws {TypeError} If something of it would be trained in another way here; it is named.
 * @example Train on as Keras would
 * ```ts ignore
 * const file = await decodeKeras(await Deno.readFile("pets.keras"));
 * await fit(file.model, source, { ...recipeFromKeras(file), epochs: 3, batch: 32 });
 * ```
 */
export function recipeFromKeras(
  { model, compiled, outputNames }: Pick<KerasFile, "model" | "compiled" | "outputNames">,
): KerasRecipe {
  const fail: Fail = (why) => new TypeError(`Cannot train as the Keras file says as ${why}`);
  if (!compiled || compiled.loss === undefined || compiled.loss === null) {
    throw fail("the model was saved without a loss (model.compile)");
  }
  const ends = lastActivations(model);
  const outputs = model.outputNames.map((name, i): Output => ({
    name,
    theirs: outputNames[i],
    width: model.outputs[i].shape.at(-1) ?? 1,
    end: ends[name].activation,
  }));
  const losses = byOutput(compiled.loss, outputs, "loss", fail);
  const weights = byOutput(compiled.loss_weights, outputs, "loss_weights", fail);
  const metrics = byOutput(compiled.metrics, outputs, "metrics", fail);
  if (compiled.weighted_metrics !== null && compiled.weighted_metrics !== undefined) {
    throw fail("weighted_metrics are not supported");
  }
  const loss: Record<string, train.WeightedLoss> = {}, watched: Record<string, train.Metric[]> = {};
  for (const output of outputs) {
    const said = losses.get(output.name) ?? null;
    if (said === null) continue;
    const made = lossOf(said, output, fail), weight = weights.get(output.name);
    loss[output.name] = { loss: made, ...(typeof weight === "number" && { weight }) };
    const list = [metrics.get(output.name) ?? []].flat() as Json[];
    watched[output.name] = list.map((metric) => metricOf(metric, made, output, fail));
  }
  return { loss, metrics: watched, ...optimizerOf(compiled.optimizer, fail) };
}
