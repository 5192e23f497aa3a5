import { fromArrays } from "../../../lib/data/source.ts";
import { startEngine, tf } from "../../../lib/engine/mod.ts";
import {
  absoluteError,
  accuracy,
  binaryCrossEntropy,
  constant,
  crossEntropy,
  earlyStopping,
  fit,
  type FitOptions,
  type JointLoss,
  meanSquaredError,
  predict,
  sgd,
} from "../../../lib/train/mod.ts";
import { assert, assertClose, assertEquals, assertRejects, assertThrows } from "../../assert.ts";
import { createObjective, type ObjectiveOptions } from "../../../lib/train/objective.ts";
import { weightsOf } from "./_toy.ts";

await startEngine({ backend: "tensorflow" });

const apply = (layer: tf.layers.Layer, x: tf.SymbolicTensor | tf.SymbolicTensor[]) =>
  layer.apply(x) as tf.SymbolicTensor;

/** Two inputs, two heads: class of three and a number. */
function twoHeads(): tf.LayersModel {
  const image = tf.input({ shape: [2, 2, 1], name: "image" }),
    scalars = tf.input({ shape: [1], name: "scalars" });
  const flat = apply(tf.layers.flatten(), image);
  const joined = apply(tf.layers.concatenate(), [flat, scalars]);
  const kernelInitializer = tf.initializers.glorotUniform({ seed: 2 });
  const kind = apply(
    tf.layers.dense({ units: 3, activation: "softmax", kernelInitializer, name: "kind" }),
    joined,
  );
  const energy = apply(tf.layers.dense({ units: 1, kernelInitializer, name: "energy" }), joined);
  return tf.model({ inputs: [image, scalars], outputs: [kind, energy] });
}

const N = 12;
const arrays = {
  inputs: {
    scalars: { data: Float32Array.from({ length: N }, (_, i) => i / N), shape: [N, 1] },
    image: { data: Uint8Array.from({ length: 4 * N }, (_, i) => i * 37 % 256), shape: [N, 2, 2, 1] },
  },
  targets: {
    energy: { data: Float32Array.from({ length: N }, (_, i) => i / 3), shape: [N] },
    kind: { data: Int32Array.from({ length: N }, (_, i) => i % 3), shape: [N] },
  },
};
const source = fromArrays(arrays.inputs, arrays.targets);
const base = {
  loss: { kind: crossEntropy(), energy: { loss: meanSquaredError(), weight: 0.5 } },
  metrics: { kind: [accuracy()], energy: [absoluteError(3)] },
  preprocessing: { image: [{ op: "scale", factor: 1 / 255, offset: 0 }] },
  epochs: 1,
  batch: N,
  shards: 2,
} as const satisfies FitOptions;

Deno.test("fit() weighs the losses of several outputs, and predict() names them", async () => {
  const model = twoHeads();
  const before = await predict(model, source, { preprocessing: base.preprocessing });
  assertEquals(Object.fromEntries(Object.entries(before).map(([name, { shape }]) => [name, shape])), {
    kind: [N, 3],
    energy: [N, 1],
  });
  const { epochs: [numbers] } = await fit(model, source, base);
  // By hand, from the predictions before the step.
  const kinds = arrays.targets.kind.data, energies = arrays.targets.energy.data;
  let kindLoss = 0, energyLoss = 0, right = 0, missed = 0;
  for (let i = 0; i < N; i++) {
    const row = before.kind.data.subarray(3 * i, 3 * i + 3), miss = before.energy.data[i] - energies[i];
    kindLoss -= Math.log(row[kinds[i]]) / N;
    energyLoss += miss * miss / N;
    right += Number(row.indexOf(Math.max(...row)) === kinds[i]) / N;
    missed += 3 * Math.abs(miss) / N;
  }
  assertClose([numbers.kindLoss, numbers.energyLoss], [kindLoss, energyLoss], 1e-5);
  assertClose(numbers.loss, kindLoss + 0.5 * energyLoss, 1e-5);
  assertClose([numbers.kindAccuracy, numbers.energyAbsoluteError], [right, missed], 1e-5);
});

Deno.test("fit() gives the same weights from a stream, and for any number of shards", async () => {
  const { held: _, ...stream } = source;
  const ends: number[][] = [];
  for (const [from, shards] of [[source, 1], [source, 3], [stream, 2]] as const) {
    const model = twoHeads();
    await fit(model, from, {
      ...base,
      shards,
      optimizer: sgd(),
      schedule: constant(0.1),
      epochs: 3,
      batch: 5,
    });
    ends.push(weightsOf(model));
  }
  assertClose(ends[1], ends[0], 1e-6);
  assertClose(ends[2], ends[0], 1e-6);
});

Deno.test("fit() names inputs, outputs, targets and classes that do not fit", async () => {
  const rejects = (
    options: Record<string, unknown>,
    from: typeof source,
    words: string,
    type = TypeError as ErrorConstructor,
  ) => assertRejects(() => fit(twoHeads(), from, { ...base, ...options } as FitOptions), type, words);
  await rejects({ loss: crossEntropy() }, source, "give one for each of kind, energy");
  await rejects({ loss: { kin: crossEntropy() } }, source, 'output "kin" as the model has kind, energy');
  await rejects({ metrics: { energie: [] } }, source, 'output "energie" as the model has kind, energy');
  await rejects(
    { preprocessing: { picture: [] } },
    source,
    'input "picture" as the source has scalars, image',
  );
  const { image } = arrays.inputs;
  await rejects(
    { preprocessing: {} },
    fromArrays({ image }, arrays.targets),
    "the inputs image as it takes image, scalars",
  );
  const { kind } = arrays.targets;
  await rejects(
    {},
    fromArrays(arrays.inputs, { kind }),
    'output "energy" as the source must have a target of its name',
  );
  const range = RangeError as unknown as ErrorConstructor;
  const wrong = { ...arrays.targets, kind: { data: Int32Array.from(kind.data, (k) => k + 1), shape: [N] } };
  await rejects(
    {},
    fromArrays(arrays.inputs, wrong),
    '"kind" must be class numbers from 0 to 2: example 2 has 3',
    range,
  );
  const half = { ...arrays.targets, kind: { data: Float32Array.from(kind.data, (k) => k / 2), shape: [N] } };
  await rejects({}, fromArrays(arrays.inputs, half), "example 1 has 0.5", range);
  const oneHot = { ...arrays.targets, kind: { data: new Float32Array(3 * N), shape: [N, 3] } };
  await rejects({}, fromArrays(arrays.inputs, oneHot), "got [3], which looks one-hot");
  await rejects({ classWeights: { kind: [1, 2] } }, source, "each of 3 needs a weight: got 2", range);
  const joint: JointLoss = {
    config: { name: "both" },
    logits: [],
    together: ({ energy }, outputs) => tf.square(tf.sub(tf.reshape(outputs.energy, [-1]), energy)),
  };
  const weights = { kind: [1, 2, 3] };
  await rejects({ loss: joint, classWeights: weights }, source, 'classes under the joint loss "both"');
  await rejects(
    { loss: { energy: meanSquaredError() }, classWeights: weights },
    source,
    'weigh the classes of output "kind" as it has no loss',
  );
  const three = { data: new Float32Array(3 * N), shape: [N, 3] };
  await rejects(
    { loss: { kind: binaryCrossEntropy(), energy: meanSquaredError() }, classWeights: weights },
    fromArrays(arrays.inputs, { ...arrays.targets, kind: three }),
    'output "kind" as an example must have one class: it has [3] values',
  );
  const { held: _, ...stream } = fromArrays(arrays.inputs, wrong);
  await rejects({}, stream, '"kind" must be class numbers from 0 to 2', range);
});

Deno.test("fit() refuses targets of another shape instead of reading them in another order", async () => {
  const input = tf.input({ shape: [4] });
  const output = apply(
    tf.layers.reshape({ targetShape: [3, 2] }),
    apply(tf.layers.dense({ units: 6 }), input),
  );
  const x = { data: new Float32Array(8), shape: [2, 4] },
    y = { data: new Float32Array(12), shape: [2, 2, 3] };
  const model = tf.model({ inputs: input, outputs: output });
  await assertRejects(
    () => fit(model, fromArrays(x, y), { loss: meanSquaredError(), epochs: 1 }),
    TypeError,
    'of shape [3,2] with target "label" of shape [2,3]',
  );
});

Deno.test("fromArrays() refuses three labels for four images, and weights of another number", async () => {
  const x = { data: new Float32Array(4), shape: [4, 1] }, y = { data: new Int32Array(3), shape: [3] };
  await assertRejects(
    () => Promise.resolve().then(() => fromArrays(x, y)),
    RangeError,
    "must hold 4 examples: got 3",
  );
  await assertRejects(
    () => Promise.resolve().then(() => fromArrays(x, {}, { weight: new Float32Array(3) })),
    RangeError,
    "there are 3 weights",
  );
});

// Keras 3: layer.losses takes each trainable weight's regulariser once; Dense(1, kernel_regularizer=L2(0.5)) with kernel 2
// used twice on x = 0 gives a loss of 0.5 · 2² = 2; with trainable = False it is 0.
Deno.test("fit() counts a shared layer's regulariser once, and a frozen layer's not at all", async () => {
  const lossOf = async (trainable: boolean) => {
    const shared = tf.layers.dense({
      units: 1,
      useBias: false,
      kernelInitializer: tf.initializers.constant({ value: 2 }),
      kernelRegularizer: tf.regularizers.l2({ l2: 0.5 }),
      trainable,
    });
    const a = tf.input({ shape: [1], name: "a" }), b = tf.input({ shape: [1], name: "b" });
    const sum = apply(tf.layers.add(), [apply(shared, a), apply(shared, b)]);
    const out = apply(tf.layers.dense({ units: 1, kernelInitializer: "zeros" }), sum);
    const zero = { data: new Float32Array(4), shape: [4, 1] };
    const model = tf.model({ inputs: [a, b], outputs: out });
    const zeros = fromArrays({ a: zero, b: zero }, { label: zero });
    const { epochs } = await fit(model, zeros, {
      loss: meanSquaredError(),
      epochs: 1,
      batch: 4,
      validation: zeros,
      shards: 1,
    });
    return [epochs[0].loss, epochs[0].validationLoss];
  };
  assertClose((await lossOf(true))[0], 2, 1e-5);
  assertEquals(await lossOf(false), [0, 0]);
});

// Keras 3.15: Dense(1, kernel_constraint=NonNeg()), SGD(1), one step of MSE on x = 1, y = -10 from kernel 1: 1 - 2 · 11 → 0
Deno.test("fit() puts constraints in force after every step", async () => {
  const kernelAfter = async (kernelConstraint: "nonNeg" | "unitNorm" | "maxNorm") => {
    const layer = tf.layers.dense({
      units: 1,
      inputShape: [1],
      useBias: false,
      kernelInitializer: "ones",
      kernelConstraint,
    });
    const one = { data: Float32Array.of(1), shape: [1, 1] },
      far = { data: Float32Array.of(-10), shape: [1, 1] };
    const model = tf.sequential({ layers: [layer] });
    await fit(model, fromArrays(one, far), {
      loss: meanSquaredError(),
      optimizer: sgd(),
      schedule: constant(1),
      epochs: 1,
    });
    return weightsOf(model)[0];
  };
  assertEquals(await kernelAfter("nonNeg"), 0);
  assertClose(await kernelAfter("unitNorm"), -1, 1e-6);
  assertClose(await kernelAfter("maxNorm"), -2, 1e-6); // its default largest norm is 2
});

Deno.test("earlyStopping() watches an accuracy upwards by itself, and forgets another run", async () => {
  const x = { data: Float32Array.of(-2, -1, 1, 2), shape: [4, 1] },
    y = { data: Int32Array.of(0, 0, 1, 1), shape: [4] };
  const stop = earlyStopping({ monitor: "validationAccuracy", patience: 2 });
  for (let run = 0; run < 2; run++) {
    const kernelInitializer = tf.initializers.constant({ value: 0 });
    const model = tf.sequential({
      layers: [tf.layers.dense({ units: 2, inputShape: [1], kernelInitializer })],
    });
    const points = fromArrays(x, y);
    const { weightsOf: epoch, epochs } = await fit(model, points, {
      loss: crossEntropy(),
      metrics: [accuracy()],
      schedule: constant(0.1),
      epochs: 6,
      batch: 4,
      validation: points,
      callbacks: [stop],
    });
    assertEquals(epochs.length, 3, "right from the first epoch on, then two without progress");
    assertEquals(epoch, 1);
  }
});

Deno.test("fit() stops on validation examples whose loss is no number, and on none at all", async () => {
  const model = () =>
    tf.sequential({
      layers: [tf.layers.dense({ units: 1, inputShape: [1], name: "p", activation: "sigmoid" })],
    });
  const good = fromArrays({ data: Float32Array.of(0, 1), shape: [2, 1] }, {
    data: Float32Array.of(0, 1),
    shape: [2],
  });
  const bad = fromArrays({ data: Float32Array.of(NaN), shape: [1, 1] }, {
    data: Float32Array.of(0),
    shape: [1],
  });
  const train = (validation: typeof good) =>
    fit(model(), good, { loss: binaryCrossEntropy(), epochs: 2, validation, shards: 1 });
  await assertRejects(() => train(bad), RangeError, "validation examples is no finite number after epoch 1");
  await assertRejects(
    () => train({ ...good, size: 0 }),
    RangeError,
    "the number of validation examples must be",
  );
  assert((await train(good)).epochs.length === 2);
});

/** An objective of outputs `kind` [3] and `energy` [1], or of one of them. */
function objectiveOf(options: ObjectiveOptions, outputs = ["kind", "energy"], targets = ["kind", "energy"]) {
  const shapes: Record<string, (number | null)[]> = { kind: [null, 3], energy: [null, 1] };
  const spec = { shape: [], dtype: "float32" } as const;
  return createObjective(
    { shapes: Object.fromEntries(outputs.map((name) => [name, shapes[name]])), logits: new Set(["kind"]) },
    Object.fromEntries(targets.map((name) => [name, spec])),
    options,
  );
}

Deno.test("createObjective() says what it counts, which way each number improves, and what must be resumed", () => {
  const both = objectiveOf({
    loss: { kind: crossEntropy(), energy: { loss: meanSquaredError(), weight: 0.5 } },
    metrics: { kind: [accuracy()], energy: [absoluteError()] },
  });
  assertEquals(both.names, ["kindLoss", "energyLoss", "kindAccuracy", "energyAbsoluteError"]);
  assertEquals(both.better, {
    loss: "lower",
    kindLoss: "lower",
    energyLoss: "lower",
    kindAccuracy: "higher",
    energyAbsoluteError: "lower",
  });
  assertEquals(both.config, {
    kind: { name: "crossEntropy", labelSmoothing: 0, weight: 1 },
    energy: { name: "meanSquaredError", weight: 0.5 },
  });
  assertEquals([both.logits, both.whole], [new Set(["kind"]), false]);
  const one = objectiveOf({ loss: meanSquaredError(), metrics: [absoluteError()] }, ["energy"], ["label"]);
  assertEquals([one.names, one.logits], [["absoluteError"], new Set()]);
  const joint: JointLoss = {
    config: { name: "joint" },
    logits: ["kind"],
    parts: ["far"],
    whole: true,
    together: () => tf.zeros([1]),
  };
  const together = objectiveOf({ loss: joint, metrics: { kind: [accuracy()] } });
  assertEquals(together.better, { loss: "lower", far: "lower", kindAccuracy: "higher" });
  assertEquals([together.names, together.logits, together.whole], [
    ["far", "kindAccuracy"],
    new Set(["kind"]),
    true,
  ]);
  assertEquals(
    objectiveOf({ loss: { ...joint, logits: "all", parts: undefined, whole: undefined } }).names,
    [],
  );
});

Deno.test("createObjective() compares an output with the target of its name, the one named, or the only one", () => {
  const loss = meanSquaredError();
  objectiveOf({ loss }, ["energy"], ["other"]);
  objectiveOf({ loss: { energy: { loss, target: "b" } } }, ["energy"], ["a", "b"]);
  for (const targets of [["a", "b"], []]) {
    assertThrows(
      () => objectiveOf({ loss }, ["energy"], targets),
      TypeError,
      `must have a target of its name: it has ${targets.join(", ") || "no targets"}`,
    );
  }
  assertThrows(
    () => objectiveOf({ loss: { energy: { loss, target: "c" } } }, ["energy"], ["a"]),
    TypeError,
    "it has a",
  );
  assertThrows(
    () => objectiveOf({ loss: { energy: loss } }, undefined, ["kind"]),
    TypeError,
    'output "energy"',
  );
  assertThrows(() => objectiveOf({ loss: {} }), TypeError, "Cannot train without a loss");
  assertThrows(
    () => objectiveOf({ loss: { energy: loss }, classWeights: [1, 2] }),
    TypeError,
    "by class weights without",
  );
  assertThrows(
    () => objectiveOf({ loss: { energy: loss }, metrics: [accuracy()] }),
    TypeError,
    "by metrics without",
  );
  assertThrows(
    () => objectiveOf({ loss: { energy: loss }, classWeights: { kinds: [1] } }),
    TypeError,
    'output "kinds" as the model has kind, energy',
  );
});

Deno.test("createObjective() wants a weight for each class, two where there is one score", () => {
  const loss = { kind: crossEntropy(), energy: binaryCrossEntropy() };
  objectiveOf({ loss, classWeights: { kind: [1, 2, 3], energy: [1, 2] } });
  assertThrows(
    () => objectiveOf({ loss, classWeights: { energy: [1] } }),
    RangeError,
    'output "energy" as each of 2 needs a weight: got 1',
  );
});
