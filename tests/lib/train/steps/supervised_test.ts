/** What reaches the weights in one supervised step, by hand. */
import { fromArrays } from "../../../../lib/data/source.ts";
import { startEngine, tf } from "../../../../lib/engine/mod.ts";
import { builtModel } from "../../../../lib/engine/mod.ts";
import { createObjective, type JointLoss } from "../../../../lib/train/objective.ts";
import {
  createEvaluation,
  outputsOf,
  supervised,
  type SupervisedOptions,
} from "../../../../lib/train/steps/supervised.ts";
import {
  absoluteError,
  accuracy,
  adam,
  constant,
  crossEntropy,
  fit,
  ftrl,
  meanSquaredError,
  sgd,
  trainedVariables,
} from "../../../../lib/train/mod.ts";
import { assert, assertClose, assertEquals, assertThrows } from "../../../assert.ts";
import { weightsOf } from "../_toy.ts";

await startEngine({ backend: "cpu" });

/** y = w₁ x₁ + w₂ x₂ + b, from zero; trained on one example, x = (3, 4), y = -1: the gradients are 2 · (3, 4) and 2. */
async function afterOneStep(options: Partial<SupervisedOptions>, start = 0): Promise<number[]> {
  const kernelInitializer = tf.initializers.constant({ value: start });
  const model = tf.sequential({
    layers: [tf.layers.dense({ units: 1, inputShape: [2], kernelInitializer })],
  });
  const source = fromArrays({ data: Float32Array.of(3, 4), shape: [1, 2] }, {
    data: Float32Array.of(7 * start - 1),
    shape: [1],
  });
  await fit(model, source, {
    loss: meanSquaredError(),
    optimizer: sgd(),
    schedule: constant(1),
    epochs: 1,
    shards: 1,
    ...options,
  });
  return weightsOf(model);
}

Deno.test("supervised() moves weights by the gradient, clipped as each option says", async () => {
  assertClose(await afterOneStep({}), [-6, -8, -2], 1e-6);
  assertClose(await afterOneStep({ clipValue: 3 }), [-3, -3, -2], 1e-6);
  assertClose(await afterOneStep({ clipNorm: 1 }), [-0.6, -0.8, -1], 1e-6);
  // all gradients together have the norm √(36 + 64 + 4)
  const whole = Math.sqrt(104);
  assertClose(await afterOneStep({ globalClipNorm: 1 }), [-6 / whole, -8 / whole, -2 / whole], 1e-6);
  assertClose(await afterOneStep({ globalClipNorm: 11, clipNorm: 11, clipValue: 11 }), [-6, -8, -2], 1e-6);
  // in turn: values to (4, 4) and 2, each norm to (2, 2)/√2 … 2, then together
  const each = [2 / Math.SQRT2, 2 / Math.SQRT2, 2], norm = Math.hypot(...each);
  assertClose(
    await afterOneStep({ clipValue: 4, clipNorm: 2, globalClipNorm: 1 }),
    each.map((value) => -value / norm),
    1e-6,
  );
});

Deno.test("supervised() lets kernels decay, by the rate, and biases be", async () => {
  assertClose(await afterOneStep({ weightDecay: 0.25 }, 1), [0.75 - 6, 0.75 - 8, -2], 1e-6);
});

/** What Adam takes off a weight in its first step, √(1 - β₂) / (1 - β₁) · m / (√v + ε) of the rate, in float32. */
function firstStepOfAdam(gradient: number): number {
  const f = Math.fround;
  const correction = f(f(Math.sqrt(1 - f(0.999))) / f(1 - f(0.9)));
  const m = f(gradient * f(0.1)), v = f(gradient ** 2 * f(0.001));
  return f(f(m * f(f(1e-3) * correction)) / f(f(Math.sqrt(v)) + f(1e-7)));
}

Deno.test("supervised() trains by Adam at 0.001 where nothing is said", async () => {
  const expected = await afterOneStep(
    { optimizer: adam(), schedule: constant(1e-3) } as Partial<SupervisedOptions>,
  );
  const plain = await afterOneStep(
    { optimizer: undefined, schedule: undefined } as Partial<SupervisedOptions>,
  );
  assertEquals(plain, expected);
  // 0.001 but for float32's 0.999: 1 - β₂ is 1.3e-5 less than 0.001 there, and its root 6.5e-6
  assertClose(plain, [6, 8, 2].map((gradient) => -firstStepOfAdam(gradient)), 1e-6);
});

Deno.test("supervised() writes down all that a resumed run must have the same", () => {
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [2], name: "y" })] });
  const source = fromArrays({ data: new Float32Array(2), shape: [1, 2] }, {
    data: new Float32Array(1),
    shape: [1],
  });
  const options = {
    loss: { y: { loss: meanSquaredError(), weight: 3 } },
    metrics: [absoluteError()],
    optimizer: sgd({ momentum: 0.5 }),
    weightDecay: 0.1,
    clipNorm: 1,
    globalClipNorm: 2,
    clipValue: 3,
    emaMomentum: 0.9,
    classWeights: [1, 2],
    augmentation: [],
    preprocessing: [],
  };
  const step = supervised(options).create({ model }, source);
  const { loss: _, metrics: __, ...rest } = options;
  assertEquals(step.config, {
    ...rest,
    optimizer: { name: "sgd", momentum: 0.5, nesterov: false },
    loss: { y: { name: "meanSquaredError", weight: 3 } },
    numbers: ["absoluteError"],
  });
  assertEquals([step.rates, step.better], [["learningRate"], { loss: "lower", absoluteError: "lower" }]);
  assertEquals(Object.keys(step.variables), ["weights", "optimizer", "averages"]);
  const { rate, weightDecay, slots } = step.snapshot!(0.5);
  assertEquals([rate, weightDecay, slots], [0.5, 0.1, ["momentum"]]);
  step.dispose();
  for (const emaMomentum of [0, 1, -1, NaN]) {
    assertThrows(
      () => supervised({ loss: meanSquaredError(), emaMomentum }),
      RangeError,
      `got ${emaMomentum}`,
    );
  }
});

Deno.test("supervised() averages begin at the weights and are a copy of them", () => {
  const model = tf.sequential({
    layers: [tf.layers.dense({ units: 1, inputShape: [2], kernelInitializer: "ones" })],
  });
  const source = fromArrays({ data: new Float32Array(2), shape: [1, 2] }, {
    data: new Float32Array(1),
    shape: [1],
  });
  const step = supervised({ loss: meanSquaredError(), emaMomentum: 0.9 }).create({ model }, source);
  assertEquals(step.averages!.flatMap((average) => [...average.dataSync()]), [1, 1, 0]);
  step.averages![0].assign(tf.tensor2d([[5], [5]]));
  assertEquals(weightsOf(model), [1, 1, 0]);
  step.dispose();
});

Deno.test("a joint loss gets targets, outputs and inputs by name, and shows its parts", async () => {
  const model = tf.sequential({
    layers: [tf.layers.dense({ units: 1, inputShape: [1], kernelInitializer: "ones", name: "y" })],
  });
  const x = { data: Float32Array.of(1, 2, 3, 4), shape: [4, 1] },
    z = { data: Float32Array.of(0, 0, 1, 1), shape: [4] };
  const shapes: number[][] = [];
  const joint = (whole: boolean): JointLoss => ({
    config: { name: "joint" },
    logits: [],
    parts: ["far"],
    whole,
    together(targets, outputs, inputs) {
      shapes.push(targets.z.shape);
      const sum = tf.add(tf.reshape(outputs.y, [-1]), tf.mul(tf.reshape(inputs.x, [-1]), 10));
      return { loss: tf.add(sum, targets.z), parts: { far: tf.mul(tf.reshape(targets.z, [-1]), 3) } };
    },
  });
  for (const whole of [false, true]) {
    shapes.length = 0;
    const weight = Float32Array.of(1, 1, 1, 3);
    const { epochs: [numbers] } = await fit(model, fromArrays({ x }, { z }, { weight }), {
      loss: joint(whole),
      optimizer: sgd(),
      schedule: { config: { name: "still" }, rate: () => 0 },
      epochs: 1,
      batch: 4,
      shards: 2,
    });
    // by hand: 11, 22, 34, 45 with weights 1, 1, 1, 3; parts go unweighted
    assertClose([numbers.loss, numbers.far], [(11 + 22 + 34 + 3 * 45) / 4, 1.5], 1e-5);
    assertEquals(shapes.map(([batch]) => batch), whole ? [4] : [2, 2]);
  }
});

Deno.test("createEvaluation() adds what regularises, leaves class weights out, and counts examples' weights", async () => {
  const model = tf.sequential({
    layers: [tf.layers.dense({
      units: 2,
      inputShape: [1],
      kernelInitializer: "ones",
      kernelRegularizer: tf.regularizers.l2({ l2: 0.5 }),
      name: "kind",
    })],
  });
  builtModel(model);
  const x = { data: Float32Array.of(1, 2, 3), shape: [3, 1] },
    y = { data: Int32Array.of(0, 1, 1), shape: [3] };
  const measure = async (weight?: Float32Array) => {
    const source = fromArrays(x, y, { weight });
    const objective = createObjective(outputsOf(model), source.targets, {
      loss: crossEntropy(),
      metrics: [accuracy()],
      classWeights: [5, 7],
    });
    const evaluation = createEvaluation(model, source, objective, { batch: 2, shards: 2 });
    const numbers = [await evaluation.run(), await evaluation.run()];
    evaluation.dispose();
    assertEquals(numbers[0], numbers[1]);
    return numbers[0];
  };
  const plain = await measure();
  assertClose([plain.loss, plain.accuracy], [Math.LN2 + 1, 1 / 3], 1e-5); // both logits alike: log 2, and 0.5 · (1 + 1)
  assertClose((await measure(Float32Array.of(3, 0, 0))).loss, Math.LN2 + 1, 1e-5);
  assertClose((await measure(Float32Array.of(0, 0, 6))).loss, 2 * Math.LN2 + 1, 1e-5);
});

Deno.test("class weights count by the class of the example, and are refused where they do not fit", async () => {
  const run = async (classWeights?: number[]) => {
    const model = tf.sequential({
      layers: [tf.layers.dense({ units: 2, inputShape: [1], kernelInitializer: "zeros", name: "kind" })],
    });
    const x = { data: Float32Array.of(1, 1, 1, 1), shape: [4, 1] },
      y = { data: Int32Array.of(0, 0, 0, 1), shape: [4] };
    const { epochs } = await fit(model, fromArrays(x, y), {
      loss: crossEntropy(),
      classWeights,
      epochs: 1,
      shards: 1,
      validation: fromArrays(x, y),
      optimizer: sgd(),
      schedule: { config: { name: "still" }, rate: () => 0 },
    });
    return [epochs[0].loss / Math.LN2, epochs[0].validationLoss / Math.LN2];
  };
  assertClose(await run(), [1, 1], 1e-5);
  assertClose(await run([2, 8]), [(3 * 2 + 8) / 4, 1], 1e-5);
  assert((await run([0, 0]))[0] === 0);
});

Deno.test("steps and evaluations give back what the engine held for them", async () => {
  await startEngine({ backend: "tensorflow" });
  const { native } = (await import("../../../../lib/engine/state.ts")).state;
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [2], name: "y" })] });
  builtModel(model);
  model.predict(tf.zeros([1, 2]));
  const source = () =>
    fromArrays({ data: Float32Array.of(1, 2), shape: [1, 2] }, { data: Float32Array.of(1), shape: [1] });
  const objective = createObjective(outputsOf(model), source().targets, { loss: meanSquaredError() });
  const used = async () => {
    const evaluation = createEvaluation(model, source(), objective, { batch: 1, shards: 1 });
    await evaluation.run();
    evaluation.dispose();
    const step = supervised({ loss: meanSquaredError(), emaMomentum: 0.5 }).create({ model }, source());
    step.dispose();
    return native!.runtime.getNumOfTensors();
  };
  const first = await used();
  assertEquals([await used(), await used()], [first, first]);
  await startEngine({ backend: "cpu" });
});

// Printed by Keras 3.15 with the TensorFlow backend, for SGD(0.1, weight_decay=0.5) and Ftrl(0.1):
//   i = keras.Input((2,)); a, b = Dense(1, name="a"), Dense(1, name="b", kernel_constraint=keras.constraints.NonNeg())
//   m = keras.Model(i, [a(i), b(i)]); a.kernel.assign([[0.5], [0.3]]); b.kernel.assign([[0.7], [-0.2]])
//   m.compile(optimizer, loss=["mse", None])
//   m.fit([[1, 2], [3, -1]], [[[1], [0]], [[1], [0]]], batch_size=2, epochs=2, shuffle=False); print(m.get_weights())
Deno.test("supervised() leaves weights that no loss reaches as they are, decay and constraints included", async () => {
  const wanted = [
    [{ optimizer: sgd(), weightDecay: 0.5, decays: "all" }, [0.18525, 0.39675, -0.078]],
    [{ optimizer: ftrl() }, [0.31253523, 0.37125802, -0.13469566]],
  ] as const;
  const source = fromArrays({ data: Float32Array.of(1, 2, 3, -1), shape: [2, 2] }, {
    a: { data: Float32Array.of(1, 0), shape: [2, 1] },
  });
  for (const [options, moved] of wanted) {
    const x = tf.input({ shape: [2] });
    const head = (asked = {}) => tf.layers.dense({ units: 1, ...asked }).apply(x) as tf.SymbolicTensor;
    const model = tf.model({ inputs: x, outputs: [head(), head({ kernelConstraint: "nonNeg" })] });
    const [first, , second] = trainedVariables(model);
    first.assign(tf.tensor2d([[0.5], [0.3]]));
    second.assign(tf.tensor2d([[0.7], [-0.2]]));
    const loss = { [model.outputNames[0]]: meanSquaredError() };
    const targets = { [model.outputNames[0]]: source.held!.targets.a };
    const only = fromArrays(source.held!.inputs, targets);
    await fit(model, only, { loss, schedule: constant(0.1), epochs: 2, batch: 2, shards: 1, ...options });
    const [kernel, bias, ...other] = model.getWeights().map((weight) => [...weight.dataSync()]);
    assertClose([...kernel, ...bias], moved, 2e-6);
    assertClose(other.flat(), [0.7, -0.2, 0], 1e-7);
  }
});
