import { startEngine, tf } from "../../../lib/engine/mod.ts";
import type { JsonObject } from "../../../lib/layers/keras_settings.ts";
import { type KerasRecipe, recipeFromKeras } from "../../../lib/run/keras_recipe.ts";
import { assertClose, assertEquals, assertThrows } from "../../assert.ts";

await startEngine({ backend: "cpu" });

/** Printed by the program `keras_recipes.py` beside it. */
const COMPILED = JSON.parse(
  await Deno.readTextFile(new URL("keras_recipes.json", import.meta.url)),
) as Record<string, JsonObject>;

/** What each output of the program's models ends in, and how many numbers it has. */
const ENDS = {
  kind: ["softmax", 3],
  found: ["sigmoid", 1],
  energy: ["linear", 1],
  scores: ["linear", 3],
} as const;
type Name = keyof typeof ENDS;

/** The recipe of the model that the program made, which is read under names of our own. */
function recipe(compiled: string | JsonObject, outputs: readonly Name[] = ["kind"]): KerasRecipe {
  const x = tf.input({ shape: [4] });
  const made = outputs.map((name) => {
    const [activation, units] = ENDS[name];
    return tf.layers.dense({ units, activation, name: `our_${name}` }).apply(x) as tf.SymbolicTensor;
  });
  const model = tf.model({ inputs: x, outputs: made });
  try {
    const settings = typeof compiled === "string" ? COMPILED[compiled] : compiled;
    return recipeFromKeras({ model, compiled: settings, outputNames: [...outputs] });
  } finally {
    model.dispose();
  }
}

const lossesOf = ({ loss }: KerasRecipe) =>
  Object.fromEntries(Object.entries(loss).map(([name, { loss, weight }]) => [name, [loss.config, weight]]));
const metricsOf = ({ metrics }: KerasRecipe) =>
  Object.fromEntries(Object.entries(metrics).map(([name, list]) => [name, list.map(({ name }) => name)]));

/** The program's recipes of optimizers, and what `fit` takes for each beside loss and metrics. */
const OPTIMIZERS: Record<
  string,
  { rate: number; rule: Record<string, unknown>; more?: Partial<KerasRecipe> }
> = {
  defaults: { rate: 0.001, rule: { name: "rmsprop", rho: 0.9, momentum: 0, epsilon: 1e-7, centered: false } },
  sgd: { rate: 0.3, rule: { name: "sgd", momentum: 0.8, nesterov: true } },
  adam: { rate: 0.2, rule: { name: "adam", beta1: 0.8, beta2: 0.7, epsilon: 0.1, amsgrad: true } },
  adamw: {
    rate: 0.2,
    rule: { name: "adam", beta1: 0.9, beta2: 0.999, epsilon: 1e-7 },
    more: { weightDecay: 0.05, decays: "all", clipNorm: 2 },
  },
  nadam: {
    rate: 0.2,
    rule: { name: "nadam", beta1: 0.7, beta2: 0.999, epsilon: 1e-7 },
    more: { globalClipNorm: 3 },
  },
  adamax: {
    rate: 0.2,
    rule: { name: "adamax", beta1: 0.9, beta2: 0.6, epsilon: 1e-7 },
    more: { clipValue: 0.5 },
  },
  rmsprop: { rate: 0.2, rule: { name: "rmsprop", rho: 0.6, momentum: 0.3, epsilon: 0.01, centered: true } },
  adagrad: { rate: 0.2, rule: { name: "adagrad", initial: 0.3, epsilon: 0.01 } },
  adadelta: { rate: 0.2, rule: { name: "adadelta", rho: 0.7, epsilon: 0.01 } },
  lion: { rate: 0.2, rule: { name: "lion", beta1: 0.7, beta2: 0.8 } },
  ftrl: {
    rate: 0.2,
    rule: { name: "ftrl", power: -0.8, initial: 0.3, l1: 0.01, l2: 0.02, shrinkage: 0.03, beta: 0.04 },
  },
  average: {
    rate: 0.2,
    rule: { name: "sgd", momentum: 0, nesterov: false },
    more: { kerasEma: { momentum: 0.99 } },
  },
  "average, taken over": {
    rate: 0.2,
    rule: { name: "sgd", momentum: 0, nesterov: false },
    more: { kerasEma: { momentum: 0.8, overwriteEvery: 2 } },
  },
};

Deno.test("recipeFromKeras() takes each optimizer with all of its settings", () => {
  for (const [name, { rate, rule, more = {} }] of Object.entries(OPTIMIZERS)) {
    const { optimizer, schedule, loss: _, metrics: __, ...others } = recipe(name);
    assertEquals(rounded(optimizer!.config), rule, name);
    assertEquals(rounded(others), more, name);
    assertEquals(rounded(schedule.config), { name: "constant", rate }, name);
  }
});

/** Keras writes some numbers in single precision: 0.20000000298023224. */
function rounded(settings: object): object {
  return Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [
      name,
      typeof value === "number" ? Number(value.toPrecision(6)) : value,
    ]),
  );
}

Deno.test("optimizers of files that leave their settings out have Keras's", () => {
  const bare = (className: string) => {
    const optimizer = { class_name: className, config: { learning_rate: 0.1 } };
    const { loss: _, metrics: __, schedule: ___, ...rest } = recipe({ ...COMPILED.defaults, optimizer });
    return [rest.optimizer!.config, Object.keys(rest)];
  };
  const moments = { beta1: 0.9, beta2: 0.999, epsilon: 1e-7 };
  const expected: Record<string, object> = {
    SGD: { name: "sgd", momentum: 0, nesterov: false },
    Adam: { name: "adam", ...moments },
    AdamW: { name: "adam", ...moments },
    Nadam: { name: "nadam", ...moments },
    Adamax: { name: "adamax", ...moments },
    RMSprop: { name: "rmsprop", rho: 0.9, momentum: 0, epsilon: 1e-7, centered: false },
    Adagrad: { name: "adagrad", initial: 0.1, epsilon: 1e-7 },
    Adadelta: { name: "adadelta", rho: 0.95, epsilon: 1e-7 },
    Lion: { name: "lion", beta1: 0.9, beta2: 0.99 },
    Ftrl: { name: "ftrl", power: -0.5, initial: 0.1, l1: 0, l2: 0, shrinkage: 0, beta: 0 },
  };
  for (const [name, config] of Object.entries(expected)) {
    assertEquals(bare(name), [config, ["optimizer"]], name);
  }
});

/** The program's schedules, and the rates of its first seven steps as `tests/lib/train/step_schedules_test.ts` has them of Keras. */
const SCHEDULES: Record<string, [config: object, rates: number[]]> = {
  exponential: [
    { name: "exponentialDecay", rate: 0.1, steps: 3, decay: 0.5, staircase: 1 },
    [0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.025],
  ],
  inverse: [
    { name: "inverseTimeDecay", rate: 0.1, steps: 3, decay: 0.5, staircase: 0 },
    [0.1, 0.0857143, 0.075, 0.0666667, 0.06, 0.0545455, 0.05],
  ],
  polynomial: [
    { name: "polynomialDecay", rate: 0.1, steps: 3, end: 0.01, power: 2, cycle: 1 },
    [0.1, 0.05, 0.02, 0.01, 0.02, 0.0125, 0.01],
  ],
  piecewise: [
    { name: "piecewiseConstant", boundaries: "1,4", rates: "0.1,0.05,0.01" },
    [0.1, 0.1, 0.05, 0.05, 0.05, 0.01, 0.01],
  ],
  cosine: [
    { name: "cosineDecay", rate: 0.1, steps: 4, end: 0.1, warmUp: 0, peak: 0.1 },
    [0.1, 0.0868198, 0.055, 0.0231802, 0.01, 0.01, 0.01],
  ],
  "cosine, warmed up": [
    { name: "cosineDecay", rate: 0.1, steps: 4, end: 0.1, warmUp: 2, peak: 0.3 },
    [0.1, 0.2, 0.3, 0.2604595, 0.165, 0.0695406, 0.03],
  ],
  restarts: [
    { name: "cosineRestarts", rate: 0.1, steps: 2, longer: 1.5, lower: 0.8, end: 0.05 },
    [], // the end is another than there
  ],
};

Deno.test("recipeFromKeras() takes each schedule with all of its settings", () => {
  for (const [name, [config, rates]] of Object.entries(SCHEDULES)) {
    const { schedule } = recipe(name);
    assertEquals(schedule.config, config as typeof schedule.config, name);
    const ours = rates.map((_, step) => schedule.rate({ step, steps: 7, stepsPerEpoch: 7 }));
    assertClose(ours, rates, 2e-6, name);
  }
  const bare = (className: string, config: JsonObject) => {
    const learningRate = { class_name: className, config: { initial_learning_rate: 1, ...config } };
    const optimizer = { class_name: "SGD", config: { learning_rate: learningRate } };
    return recipe({ ...COMPILED.defaults, optimizer }).schedule.config;
  };
  const { end, power, cycle } = bare("PolynomialDecay", { decay_steps: 3 });
  assertEquals([end, power, cycle], [1e-4, 1, 0]);
  const restarts = bare("CosineDecayRestarts", { first_decay_steps: 3 });
  assertEquals([restarts.longer, restarts.lower, restarts.end], [2, 1, 0]);
  const cosine = bare("CosineDecay", { decay_steps: 3 });
  assertEquals([cosine.end, cosine.warmUp, cosine.peak], [0, 0, 1]);
});

/** By the program's recipe: its output, and the loss that is taken for it. */
const LOSSES: Record<string, [output: Name, config: object]> = {
  crossEntropy: ["kind", { labelSmoothing: 0 }],
  "crossEntropy of logits": ["scores", { name: "crossEntropy", labelSmoothing: 0 }],
  "crossEntropy, smoothed": ["kind", { name: "crossEntropy", labelSmoothing: 0.2 }],
  categoricalFocal: ["kind", { gamma: 3, alpha: 0.4 }],
  binaryCrossEntropy: ["found", { labelSmoothing: 0.1 }],
  focal: ["found", { gamma: 3 }],
  "focal, balanced": ["found", { name: "focal", gamma: 2, alpha: 0.4 }],
  mse: ["energy", { name: "meanSquaredError" }],
  mae: ["energy", { name: "meanAbsoluteError" }],
  mape: ["energy", { name: "meanAbsolutePercentageError" }],
  msle: ["energy", { name: "meanSquaredLogarithmicError" }],
  huber: ["energy", { delta: 1 }], // Keras leaves the 0.7 out of the file, and reads it as 1 itself
  logCosh: ["energy", {}],
  hinge: ["scores", {}],
  squaredHinge: ["scores", {}],
  categoricalHinge: ["scores", {}],
  klDivergence: ["kind", {}],
  poisson: ["energy", {}],
  cosineSimilarity: ["scores", {}],
};

Deno.test("recipeFromKeras() takes each loss with all of its settings", () => {
  for (const [name, [output, config]] of Object.entries(LOSSES)) {
    const expected = { [`our_${output}`]: [{ name, ...config }, undefined] };
    assertEquals<object>(lossesOf(recipe(name, [output])), expected, name);
  }
  const bare = (className: string, output: Name, config: JsonObject = {}) => {
    const loss = { class_name: className, config };
    return recipe({ ...COMPILED.defaults, metrics: null, loss }, [output]).loss[`our_${output}`].loss.config;
  };
  assertEquals(bare("CategoricalFocalCrossentropy", "kind"), {
    name: "categoricalFocal",
    gamma: 2,
    alpha: 0.25,
  });
  assertEquals(bare("BinaryFocalCrossentropy", "found"), { name: "focal", gamma: 2 });
  const balanced = { apply_class_balancing: true };
  assertEquals(bare("BinaryFocalCrossentropy", "found", balanced), { name: "focal", gamma: 2, alpha: 0.25 });
  assertEquals(bare("Huber", "energy", { delta: 0.7 }), { name: "huber", delta: 0.7 });
  assertEquals(bare("CategoricalCrossentropy", "kind"), { name: "crossEntropy", labelSmoothing: 0 });
  assertEquals(bare("BinaryCrossentropy", "found"), { name: "binaryCrossEntropy", labelSmoothing: 0 });
});

/** By the program's recipe: its output, and the names of what is watched. */
const METRICS: Record<string, [output: Name, names: string[]]> = {
  defaults: ["kind", ["accuracy"]],
  "metrics of classes": ["kind", ["accuracy", "accuracy", "top2Accuracy"]],
  "metrics of one-hot classes": ["kind", ["accuracy", "top2Accuracy"]],
  "metrics of yes or no": ["found", ["accuracy", "accuracy", "absoluteError"]],
  "metrics of values": ["energy", ["absoluteError", "squaredError"]],
};

Deno.test("recipeFromKeras() takes each metric with its settings, and holds outputs as they are against a threshold", () => {
  for (const [name, [output, names]] of Object.entries(METRICS)) {
    assertEquals(metricsOf(recipe(name, [output])), { [`our_${output}`]: names }, name);
  }
  const [half, more] = recipe("metrics of yes or no", ["found"]).metrics.our_found;
  const targets = tf.tensor1d([1, 1, 1]), shares = tf.tensor2d([[0.4], [0.6], [0.8]]);
  for (const [metric, expected] of [[half, [0, 1, 1]], [more, [0, 0, 1]]] as const) {
    assertEquals([...metric.perExample(targets, shares, { logits: false }).dataSync()], [...expected]);
    assertEquals(metric.logits, false);
  }
  const metric = (className: string, output: Name) => {
    const metrics = [{ class_name: className, config: { name: "watched" } }];
    const loss = output === "kind" ? "categorical_crossentropy" : "binary_crossentropy";
    return recipe({ ...COMPILED.defaults, loss, metrics }, [output]).metrics[`our_${output}`][0];
  };
  assertEquals(metric("TopKCategoricalAccuracy", "kind").name, "top5Accuracy");
  assertEquals(metric("SparseTopKCategoricalAccuracy", "kind").name, "top5Accuracy");
  const usual = metric("BinaryAccuracy", "found").perExample(targets, shares, { logits: false });
  assertEquals([...usual.dataSync()], [0, 1, 1]);
});

Deno.test("recipeFromKeras() gives each output what is said of it, in order, by name or for all", () => {
  const both = ["kind", "energy"] as const;
  const byList = recipe("by list", both);
  assertEquals<object>(lossesOf(byList), {
    our_kind: [{ name: "crossEntropy", labelSmoothing: 0 }, 1],
    our_energy: [{ name: "meanSquaredError" }, 0.25],
  });
  assertEquals(metricsOf(byList), { our_kind: ["accuracy"], our_energy: ["absoluteError"] });
  const byName = recipe("by name", both);
  assertEquals<object>(lossesOf(byName), {
    our_kind: [{ name: "crossEntropy", labelSmoothing: 0 }, undefined],
    our_energy: [{ name: "meanAbsoluteError" }, 0.5],
  });
  assertEquals(metricsOf(byName), { our_kind: [], our_energy: ["squaredError"] });
  const forAll = recipe("one loss for all", ["energy", "scores"]);
  assertEquals<object>(lossesOf(forAll), {
    our_energy: [{ name: "meanSquaredError" }, undefined],
    our_scores: [{ name: "meanSquaredError" }, undefined],
  });
  const one = recipe("of one output only", both);
  assertEquals<object>(lossesOf(one), { our_energy: [{ name: "meanSquaredError" }, undefined] });
  assertEquals(Object.keys(one.metrics), ["our_energy"]);
});

const fails = (compiled: string | JsonObject, outputs: readonly Name[], why: string) =>
  assertThrows(() => recipe(compiled, outputs), TypeError, `Cannot train as the Keras file says as ${why}`);

Deno.test("recipeFromKeras() names what would be trained in another way here", () => {
  const refused: [name: string, output: Name, why: string][] = [
    ["scaled", "kind", 'optimizer "LossScaleOptimizer" is not supported: SGD, Adam, AdamW, Nadam,'],
    ["gathered", "kind", "optimizer option gradient_accumulation_steps 2 is not supported"],
    [
      "crossEntropy of shares that are none",
      "scores",
      'loss "sparse_categorical_crossentropy" wants a softmax at the end of output "our_scores": it ends in neither',
    ],
    [
      "crossEntropy of logits that are shares",
      "kind",
      'loss "sparse_categorical_crossentropy" wants no softmax or sigmoid (from_logits) at the end of output "our_kind": it ends in a softmax',
    ],
    [
      "binaryCrossEntropy of shares",
      "kind",
      'loss "binary_crossentropy" wants a sigmoid at the end of output "our_kind": it ends in a softmax',
    ],
    ["klDivergence of one value", "energy", 'loss "kl_divergence" means something else for one value'],
    ["summed", "energy", 'loss "mean_squared_error" has reduction "sum", which is not supported'],
    ["tversky", "energy", 'loss "tversky" is not supported: sparse_categorical_crossentropy,'],
    ["accuracy of values", "scores", 'metric "accuracy" of output "our_scores" is not supported'],
    ["classes of values", "scores", 'metric "categorical_accuracy" of output "our_scores" is not supported'],
    ["values of classes", "kind", 'metric "mean_squared_error" of output "our_kind" is not supported'],
    ["auc", "found", 'metric "auc" of output "our_found" is not supported'],
    ["weighted metrics", "kind", "weighted_metrics are not supported"],
  ];
  for (const [name, output, why] of refused) fails(name, [output], why);
});

Deno.test("recipeFromKeras() names what is missing from a file, or strange in it", () => {
  const { defaults } = COMPILED, without = "the model was saved without a loss (model.compile)";
  fails({ ...defaults, loss: null }, ["kind"], without);
  fails({ optimizer: defaults.optimizer }, ["kind"], without);
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [1] })] });
  assertThrows(() => recipeFromKeras({ model, outputNames: ["y"] }), TypeError, without);
  fails({ ...defaults, optimizer: "sgd" }, ["kind"], "it does not say the optimizer");
  const sgd = (config: JsonObject) => ({ ...defaults, optimizer: { class_name: "SGD", config } });
  fails(sgd({}), ["kind"], "it does not say the learning rate");
  fails(sgd({ learning_rate: 1, warp: 2 }), ["kind"], 'optimizer "SGD" has an unknown option "warp"');
  const custom = { class_name: "Mine", config: {} };
  fails(sgd({ learning_rate: custom }), ["kind"], 'schedule "Mine" is not supported');
  fails({ ...defaults, loss: 7 }, ["kind"], "7 is no name");
  const across = { class_name: "CosineSimilarity", config: { axis: 1 } };
  fails(
    { ...defaults, loss: across },
    ["scores"],
    'loss "cosine_similarity" has axis 1, which is not supported',
  );
  fails(
    { ...defaults, loss: { other: "mse" } },
    ["kind"],
    'loss names "other", which is no output: kind are',
  );
  const smoothed = {
    class_name: "CategoricalCrossentropy",
    config: { label_smoothing: 0.1, from_logits: true },
  };
  fails(
    { ...defaults, loss: smoothed },
    ["energy"],
    'loss "categorical_crossentropy" smooths a single class',
  );
  const sorted = { class_name: "SparseTopKCategoricalAccuracy", config: { k: 2, from_sorted_ids: true } };
  fails(
    { ...defaults, metrics: [sorted] },
    ["kind"],
    'metric "sparse_top_k_categorical_accuracy" of output "our_kind" is not supported',
  );
});
