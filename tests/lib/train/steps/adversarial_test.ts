import { join } from "@std/path";
import { fromArrays } from "../../../../lib/data/source.ts";
import { startEngine, tf } from "../../../../lib/engine/mod.ts";
import { adversarial, constant, fit, type Models, sgd } from "../../../../lib/train/mod.ts";
import { assert, assertClose, assertEquals, assertRejects, assertThrows } from "../../../assert.ts";
import { weightsOf } from "../_toy.ts";

await startEngine({ backend: "tensorflow" });

const LATENT = 3;

/** A generator of two numbers from three, and a discriminator of two. */
function pair(seed = 1, dropout = 0.2): Models {
  const init = (offset: number) => tf.initializers.glorotUniform({ seed: seed + offset });
  const generator = tf.sequential({
    layers: [tf.layers.dense({ inputShape: [LATENT], units: 2, kernelInitializer: init(0), name: "made" })],
  });
  const discriminator = tf.sequential({
    layers: [
      tf.layers.dense({
        inputShape: [2],
        units: 4,
        activation: "relu",
        kernelInitializer: init(1),
        name: "hidden",
      }),
      tf.layers.dropout({ rate: dropout }),
      tf.layers.dense({ units: 1, kernelInitializer: init(2), name: "score" }),
    ],
  });
  return { generator, discriminator };
}

/** Points round (2, -1). */
function points(count: number) {
  const data = Float32Array.from({ length: 2 * count }, (_, i) => (i % 2 ? -1 : 2) + Math.sin(i) / 4);
  return fromArrays({ data, shape: [count, 2] });
}

const options = { epochs: 1, batch: 8, shards: 1, seed: 4 };

Deno.test("adversarial() moves each model by its own rate and no other", async () => {
  for (const still of ["generator", "discriminator"]) {
    const models = pair();
    const before = Object.fromEntries(
      Object.entries(models).map(([name, model]) => [name, weightsOf(model)]),
    );
    const rate = (name: string) => ({ config: { name }, rate: () => name === still ? 0 : 0.1 });
    await fit(models, points(16), {
      ...options,
      step: adversarial({ generatorOptimizer: sgd(), discriminatorOptimizer: sgd() }),
      schedule: { generator: rate("generator"), discriminator: rate("discriminator") },
    });
    for (const [name, model] of Object.entries(models)) {
      const moved = weightsOf(model).some((value, i) => value !== before[name][i]);
      assertEquals(moved, name !== still, `${name} while ${still} stands still`);
    }
  }
});

Deno.test("adversarial() counts losses and scores as they are by hand", async () => {
  // All weights zero: every score is 0, a probability of 1/2, and each cross-entropy log 2.
  const models = pair();
  for (const model of Object.values(models)) model.setWeights(model.getWeights().map((w) => tf.zerosLike(w)));
  const { epochs: [numbers] } = await fit(models, points(16), {
    ...options,
    step: adversarial(),
    schedule: { config: { name: "still" }, rate: () => 0 },
  });
  assertClose([numbers.loss, numbers.generatorLoss], [2 * Math.LN2, Math.LN2], 1e-6);
  assertClose([numbers.realScore, numbers.generatedScore], [0.5, 0.5], 1e-6);
});

/** A discriminator that says p of everything: by logits, or by probabilities that a layer behind them has moved. */
function decided(p: number, asLogits: boolean): tf.LayersModel {
  const biasInitializer = tf.initializers.constant({ value: Math.log(p / (1 - p)) });
  const settings = { inputShape: [2], kernelInitializer: tf.initializers.zeros(), biasInitializer, units: 2 };
  const score = asLogits
    ? []
    : [tf.layers.activation({ activation: "sigmoid" }), tf.layers.reshape({ targetShape: [1, 2] })];
  return tf.sequential({ layers: [tf.layers.dense(settings), ...score] });
}

// By hand, with a probability p for each of both scores: the judge's loss is -(l ln p + (1 - l) ln (1 - p)) - ln (1 - p), the
// maker's - ln p.
Deno.test("adversarial() counts the same of logits and of probabilities, and heeds what real examples are called", async () => {
  const p = 0.8, miss = -Math.log(1 - p), hit = -Math.log(p);
  for (const asLogits of [true, false]) {
    for (const realLabel of [undefined, 0.9]) {
      const { generator } = pair(), label = realLabel ?? 1;
      const { epochs: [numbers] } = await fit(
        { generator, discriminator: decided(p, asLogits) },
        points(10),
        {
          ...options,
          shards: 2,
          step: adversarial({ realLabel }),
          schedule: { config: { name: "still" }, rate: () => 0 },
        },
      );
      assertClose(numbers.loss, label * hit + (1 - label) * miss + miss, 1e-5);
      assertClose(numbers.generatorLoss, hit, 1e-5);
      // two scores an example: their probabilities add up
      assertClose([numbers.realScore, numbers.generatedScore], [2 * p, 2 * p], 1e-5);
    }
  }
});

Deno.test("adversarial() regularises and constrains each model, and trains both by Adam with a short memory", async () => {
  const { generator } = pair();
  const discriminator = tf.sequential({
    layers: [tf.layers.dense({
      units: 1,
      inputShape: [2],
      kernelInitializer: tf.initializers.constant({ value: -2 }),
      kernelRegularizer: tf.regularizers.l2({ l2: 1 }),
      kernelConstraint: "nonNeg",
    })],
  });
  const step = adversarial().create({ generator, discriminator }, points(4));
  const { config, rates, better } = step;
  step.dispose();
  const rule = { name: "adam", beta1: 0.5, beta2: 0.999, epsilon: 1e-7 };
  assertEquals([config.generatorOptimizer, config.discriminatorOptimizer, config.realLabel], [rule, rule, 1]);
  assertEquals([rates, better], [["generator", "discriminator"], { loss: "lower", generatorLoss: "lower" }]);
  const plain = tf.sequential({
    layers: [
      tf.layers.dense({
        units: 1,
        inputShape: [2],
        kernelInitializer: tf.initializers.constant({ value: -2 }),
      }),
    ],
  });
  const still = { config: { name: "still" }, rate: () => 0 };
  const lossOf = async (judge: tf.LayersModel) =>
    (await fit({ generator: pair().generator, discriminator: judge }, points(8), {
      ...options,
      step: adversarial(),
      schedule: still,
    })).epochs[0].loss;
  assertClose(await lossOf(discriminator) - await lossOf(plain), 8, 1e-4);
  assertEquals(weightsOf(discriminator).map((value) => value + 0), [0, 0, 0], "no negative ones are left");
});

Deno.test("adversarial() moves what is trained of both models and nothing that is frozen", async () => {
  const models = pair(1, 0), { generator, discriminator } = models;
  discriminator.getLayer("hidden").trainable = false;
  const valuesOf = (model: tf.LayersModel, layer: string) =>
    model.getLayer(layer).getWeights().flatMap((weight) => [...weight.dataSync()]);
  const all =
    () => [valuesOf(discriminator, "hidden"), valuesOf(discriminator, "score"), valuesOf(generator, "made")];
  const before = all();
  await fit(models, points(16), { ...options, step: adversarial(), schedule: constant(0.1) });
  const moved = all().map((values, i) => values.some((value, k) => value !== before[i][k]));
  assertEquals(moved, [false, true, true]);
});

Deno.test("adversarial() learns where the points are", async () => {
  const models = pair();
  await fit(models, points(64), { ...options, epochs: 150, step: adversarial(), schedule: constant(0.02) });
  const noise = tf.randomNormal([256, LATENT], 0, 1, "float32", 3);
  const [x, y] = (models.generator.predict(noise) as tf.Tensor).mean(0).dataSync();
  assert(Math.hypot(x - 2, y + 1) < 0.8, `made points lie round ${x}, ${y}`);
});

Deno.test("adversarial() interrupted and resumed ends bit for bit as if never stopped", async () => {
  const folder = await Deno.makeTempDir();
  const run = async (path: string | undefined, stops: readonly number[]) => {
    for (let part = 0;; part++) {
      const models = pair(part === 0 ? 1 : 50), stop = new AbortController();
      const history = await fit(models, points(40), {
        ...options,
        epochs: 4,
        step: adversarial(),
        checkpoint: path === undefined ? undefined : { path },
        resume: true,
        signal: stop.signal,
        reportMs: 0,
        onBatch: ({ step }) => step >= stops[part] && stop.abort(),
      });
      if (history.ending !== "interrupted") return Object.values(models).flatMap(weightsOf);
    }
  };
  assertEquals(await run(join(folder, "a"), [1, 7, 10, 13]), await run(undefined, []));
  await Deno.remove(folder, { recursive: true });
});

Deno.test("adversarial() gives the same weights however a batch is cut", async () => {
  const ends: number[][] = [];
  for (const shards of [1, 2]) {
    const models = pair(1, 0), { generator, discriminator } = models;
    await fit(models, points(32), { ...options, epochs: 2, shards, step: adversarial() });
    ends.push([...weightsOf(generator), ...weightsOf(discriminator)]);
  }
  assertClose(ends[1], ends[0], 1e-4);
});

/** What a discriminator may be like: it may couple examples, or say two numbers of each. */
const JUDGES = {
  plain: "says one number of each example",
  coupling: "couples examples",
  double: "says two numbers of each example",
} as const;

/** Pairs in which the discriminator, which begins sure of itself by `bias`, sees what is given beside what is made. */
function pairedModels(bias: number, judge: keyof typeof JUDGES): Models {
  const init = (seed: number) => tf.initializers.glorotUniform({ seed });
  const generator = tf.sequential({
    layers: [tf.layers.dense({ inputShape: [3], units: 2, kernelInitializer: init(1), activation: "tanh" })],
  });
  const given = tf.input({ shape: [3] }), made = tf.input({ shape: [2] });
  const both = tf.layers.concatenate().apply([given, made]) as tf.SymbolicTensor;
  const dense = tf.layers.dense({ units: 4, activation: "tanh", kernelInitializer: init(2) });
  const hidden = dense.apply(both) as tf.SymbolicTensor;
  const seen = judge === "coupling"
    ? tf.layers.batchNormalization().apply(hidden) as tf.SymbolicTensor
    : hidden;
  const biasInitializer = tf.initializers.constant({ value: bias });
  const score = tf.layers.dense({
    units: judge === "double" ? 2 : 1,
    kernelInitializer: init(3),
    biasInitializer,
  }).apply(seen);
  return {
    generator,
    discriminator: tf.model({ inputs: [given, made], outputs: score as tf.SymbolicTensor }),
  };
}

/** Weights after one step of gradient descent by both losses, each taken back by itself. */
function steppedByHand(
  { generator, discriminator }: Models,
  x: tf.Tensor,
  y: tf.Tensor,
  rate: number,
): number[] {
  const of = (model: tf.LayersModel) => model.trainableWeights.map((weight) => weight.read() as tf.Variable);
  const says = (shown: tf.Tensor) => discriminator.apply([x, shown], { training: true }) as tf.Tensor;
  const make = () => generator.apply(x) as tf.Tensor,
    miss = (z: tf.Tensor) => tf.mean(tf.softplus(z)) as tf.Scalar;
  const fooled = tf.variableGrads(() => miss(tf.neg(says(make()))), of(generator)).grads;
  const told = tf.variableGrads(
    () => tf.add(miss(tf.neg(says(y))), miss(says(make()))) as tf.Scalar,
    of(discriminator),
  ).grads;
  return [...of(generator), ...of(discriminator)].flatMap((weight) => {
    const gradient = fooled[weight.name] ?? told[weight.name];
    return [...tf.sub(weight, tf.mul(gradient, rate)).dataSync()];
  });
}

for (const judge of ["plain", "coupling", "double"] as const) {
  Deno.test(`adversarial() takes one step as both losses by themselves, by a discriminator that ${JUDGES[judge]}`, async () => {
    const x = Float32Array.from({ length: 24 }, (_, i) => Math.sin(i)), y = x.slice(0, 16).map((v) => 1 - v);
    const source = fromArrays({ x: { data: x, shape: [8, 3] } }, { y: { data: y, shape: [8, 2] } });
    const still = { config: { name: "still" }, rate: () => 0.5 };
    for (const bias of [-60, 0, 25]) { // as good as sure that nothing is real, at a loss, and sure that all is
      for (const shards of [1, 2]) {
        const models = pairedModels(bias, judge);
        const expected = steppedByHand(models, tf.tensor2d(x, [8, 3]), tf.tensor2d(y, [8, 2]), 0.5);
        const rules = { generatorOptimizer: sgd(), discriminatorOptimizer: sgd() };
        const step = adversarial({ paired: { target: "y" }, ...rules });
        const before = [...models.generator.trainableWeights].map((weight) =>
          weight.read().dataSync().slice()
        );
        await fit(models, source, { ...options, shards, step, schedule: still });
        const after = Object.values(models).flatMap((model) =>
          model.trainableWeights.flatMap((weight) => [...weight.read().dataSync()])
        );
        assertClose(after, expected, 1e-6, `bias ${bias}, ${shards} shards:`);
        if (bias < 25 && judge !== "coupling") {
          assert(before[0].some((value, i) => Math.abs(value - after[i]) > 1e-3), "the maker moves");
        }
      }
    }
  });
}

Deno.test("adversarial() goes once through a discriminator that says one number of each example, and by itself through others", async () => {
  const x = new Float32Array(12), y = new Float32Array(8), rows: Record<string, number[]> = {};
  const source = fromArrays({ x: { data: x, shape: [4, 3] } }, { y: { data: y, shape: [4, 2] } });
  for (const judge of ["plain", "coupling", "double"] as const) {
    const models = pairedModels(0, judge), last = models.discriminator.layers.at(-1)!, { call } = last;
    const seen: number[] = rows[judge] = [];
    last.call = (inputs, settings) => {
      seen.push((Array.isArray(inputs) ? inputs[0] : inputs).shape[0]!);
      return call.call(last, inputs, settings);
    };
    await fit(models, source, {
      ...options,
      epochs: 1,
      shards: 1,
      step: adversarial({ paired: { target: "y" } }),
    });
  }
  // Real and made together; or made for the generator, real and made for the discriminator.
  assertEquals(rows, { plain: [8], coupling: [4, 4, 4], double: [4, 4, 4] });
});

Deno.test("adversarial() refuses models and sources that do not meet", async () => {
  const { generator, discriminator } = pair();
  const train = (models: Models, source = points(8)) =>
    fit(models, source, { ...options, step: adversarial() });
  await assertRejects(() => train({ generator }), TypeError, "two models called generator and discriminator");
  const two = fromArrays({
    a: { data: new Float32Array(4), shape: [2, 2] },
    b: { data: new Float32Array(4), shape: [2, 2] },
  });
  await assertRejects(
    () => train({ generator, discriminator }, two),
    TypeError,
    "must have one input: it has a, b",
  );
  const wide = tf.sequential({ layers: [tf.layers.dense({ inputShape: [LATENT], units: 3 })] });
  await assertRejects(
    () => train({ generator: wide, discriminator }),
    TypeError,
    "the discriminator takes [,2]",
  );
  await assertRejects(
    () =>
      fit({ generator, discriminator }, points(8), {
        ...options,
        step: adversarial(),
        schedule: { generator: constant(1) },
      }),
    TypeError,
    "a schedule for each of generator, discriminator: got generator",
  );
});

/** A generator of a number of each of two, and a discriminator of what it was given and what it made. */
function translators(weights: "drawn" | "zero"): Models {
  const kernelInitializer = weights === "zero"
    ? tf.initializers.zeros()
    : tf.initializers.glorotUniform({ seed: 3 });
  const generator = tf.sequential({
    layers: [tf.layers.dense({ units: 2, inputShape: [2], activation: "sigmoid", kernelInitializer })],
  });
  const inputs = [tf.input({ shape: [2] }), tf.input({ shape: [2] })];
  const both = tf.layers.concatenate().apply(inputs) as tf.SymbolicTensor;
  const score = tf.layers.dense({ units: 1, kernelInitializer }).apply(both) as tf.SymbolicTensor;
  return { generator, discriminator: tf.model({ inputs, outputs: score }) };
}

const pairs = (count: number) => {
  const data = Float32Array.from({ length: 2 * count }, (_, i) => Math.sin(i)), shape = [count, 2];
  return fromArrays({ x: { data, shape } }, {
    y: { data: Uint8Array.from(data, (x) => x > 0 ? 1 : 0), shape },
  });
};

// By hand, all weights zero: every score is 0 and every value made 1/2, and each cross-entropy log 2.
Deno.test("adversarial() of pairs adds the target's likeness to what the discriminator says", async () => {
  for (const likeness of [undefined, 10]) {
    const { epochs: [numbers] } = await fit(translators("zero"), pairs(16), {
      ...options,
      shards: 2,
      step: adversarial({ paired: { target: "y", likeness } }),
      schedule: { config: { name: "still" }, rate: () => 0 },
    });
    assertClose(numbers.generatorLoss, (1 + (likeness ?? 0)) * Math.LN2, 1e-5);
    assertClose([numbers.loss, numbers.realScore, numbers.generatedScore], [2 * Math.LN2, 0.5, 0.5], 1e-5);
  }
});

// By hand: a value of which the logit is -30 is 1e-13, less than what a loss of probabilities tells from 0, and 30 off where 1 belongs.
Deno.test("adversarial() of pairs finds back from where a generator gives nothing", async () => {
  const { generator, discriminator } = translators("zero");
  const [kernel] = generator.getWeights();
  generator.setWeights([kernel, tf.fill([2], -30)]);
  const source = pairs(16),
    wanted = (await source.read(Uint32Array.from({ length: 16 }, (_, i) => i))).targets.y;
  const share = Array.from(wanted.data as Uint8Array).reduce((sum, y) => sum + y, 0) / 32;
  const { epochs: [numbers] } = await fit({ generator, discriminator }, source, {
    ...options,
    batch: 16,
    epochs: 1,
    step: adversarial({ paired: { target: "y", likeness: 10 } }),
    schedule: constant(0.1),
  });
  assertClose(numbers.generatorLoss, Math.LN2 + 10 * 30 * share, 1e-4);
  const bias = Array.from(generator.getWeights()[1].dataSync());
  assertClose(bias, [-29.9, -29.9], 1e-4); // Adam's first step is the rate
});

Deno.test("adversarial() of pairs learns what belongs to an input", async () => {
  const models = translators("drawn");
  await fit(models, pairs(64), {
    ...options,
    epochs: 60,
    step: adversarial({ paired: { target: "y", likeness: 20 } }),
    schedule: constant(0.05),
  });
  const made = models.generator.predict(tf.tensor2d([[0.8, -0.8]])) as tf.Tensor;
  const [high, low] = made.dataSync();
  assert(high > 0.7 && low < 0.3, `${high} and ${low}`);
});

Deno.test("adversarial() of pairs wants a target, and a discriminator that sees both", () => {
  const create = (models: Models, target: string) =>
    adversarial({ paired: { target } }).create(models, pairs(4));
  assertThrows(() => create(translators("zero"), "z"), TypeError, 'must have a target "z": it has y');
  assertThrows(() => create(pair(), "y"), TypeError, "takes [,2] and is to be shown [,3] and [,2]");
});

// By hand, all weights zero but a bias of 1 on the second answer: values made are 1/2, which pass where 1/2 is asked for and fail where 3/4 is.
Deno.test("adversarial() of pairs asks which criteria the made passes, and wants the generator to pass all", async () => {
  const [low, high] = [Math.log(1 + Math.exp(-1)), Math.log(1 + Math.exp(1))]; // of a logit of 1 told 1, and told 0
  for (const { least, told } of [{ least: 0.5, told: low }, { least: 0.75, told: high }]) {
    const { generator } = translators("zero"), inputs = [tf.input({ shape: [2] }), tf.input({ shape: [2] })];
    const both = tf.layers.concatenate().apply(inputs) as tf.SymbolicTensor;
    const answers = tf.layers.dense({ units: 2, kernelInitializer: "zeros" });
    const outputs = answers.apply(both) as tf.SymbolicTensor;
    answers.setWeights([tf.zeros([4, 2]), tf.tensor1d([0, 1])]);
    const criteria = {
      name: "large",
      count: 1,
      passed: (made: tf.Tensor) => tf.cast(tf.greaterEqual(tf.min(made, 1, true), least), "float32"),
    };
    const models = { generator, discriminator: tf.model({ inputs, outputs }) };
    const { epochs: [numbers] } = await fit(models, pairs(16), {
      ...options,
      shards: 2,
      step: adversarial({ paired: { target: "y", criteria } }),
      schedule: { config: { name: "still" }, rate: () => 0 },
    });
    assertClose(numbers.loss, (Math.LN2 + low) / 2 + (Math.LN2 + told) / 2, 1e-5);
    assertClose(numbers.generatorLoss, (Math.LN2 + low) / 2, 1e-5);
    assertClose([numbers.realScore, numbers.generatedScore], [0.5, 0.5], 1e-5);
  }
  const criteria = { name: "none", count: 1, passed: (made: tf.Tensor) => made };
  const step = adversarial({ paired: { target: "y", criteria } });
  const create = () => step.create(translators("zero"), pairs(4));
  assertThrows(create, TypeError, "must answer 2 questions: it gives 1 numbers");
});
