import { join } from "@std/path";
import { fromArrays, type Source, subset } from "../../../lib/data/source.ts";
import { engineReport, mixedPrecisionRefusal, startEngine, tf, useTuning } from "../../../lib/engine/mod.ts";
import {
  absoluteError,
  accuracy,
  adam,
  binaryAccuracy,
  binaryCrossEntropy,
  constant,
  cosine,
  crossEntropy,
  csvLog,
  decodeHistory,
  earlyStopping,
  epochOrder,
  fit,
  type FitEnds,
  type LoopOptions,
  type Loss,
  meanSquaredError,
  type Metric,
  oneCycle,
  predict,
  reduceOnPlateau,
  sgd,
  squaredError,
  summarizeProfile,
  supervised,
  type SupervisedOptions,
} from "../../../lib/train/mod.ts";
import { chooseShards } from "../../../lib/train/choose_shards.ts";
import { assert, assertClose, assertEquals, assertRejects } from "../../assert.ts";
import { preprocessing, SIDE, toyArrays, toyModel, toySource, toyStream, weightsOf } from "./_toy.ts";

await startEngine({ backend: "tensorflow" });

const base = {
  loss: crossEntropy(),
  metrics: [accuracy()],
  epochs: 2,
  batch: 16,
  preprocessing,
  shards: 1,
};

/** The weights that a fresh toy model ends with. */
async function trained(
  options: Partial<LoopOptions & FitEnds & SupervisedOptions>,
  source: Source = toySource(40),
): Promise<number[]> {
  const model = toyModel();
  await fit(model, source, { ...base, ...options });
  const weights = weightsOf(model);
  model.dispose();
  return weights;
}

Deno.test("fit() learns, tells how it goes, and leaves nothing behind", async () => {
  const source = toySource(100), model = toyModel();
  const validation = subset(source, Uint32Array.from({ length: 20 }, (_, i) => i));
  const before = tf.memory().numTensors;
  let batches = 0;
  const history = await fit(model, source, {
    ...base,
    epochs: 6,
    schedule: oneCycle(0.02),
    validation,
    reportMs: 0,
    onBatch: ({ batch, batches: all, step, steps, means }) => {
      batches++;
      assertEquals([all, steps], [7, 42]);
      assert(batch <= all && step <= steps && Number.isFinite(means.loss));
    },
  });
  assertEquals(tf.memory().numTensors, before);
  assertEquals([history.ending, history.steps, history.weightsOf], ["finished", 42, 6]);
  assertEquals(
    Object.keys(history.epochs[0]),
    [
      "epoch",
      "loss",
      "accuracy",
      "validationLoss",
      "validationAccuracy",
      "learningRate",
      "seconds",
      "examplesPerSecond",
    ],
  );
  assert(batches >= 42);
  assert(history.epochs[5].loss < history.epochs[0].loss);
  assertEquals(history.epochs[5].validationAccuracy, 1);
  const { side: { data: probabilities, shape } } = await predict(model, validation, {
    preprocessing,
    batch: 7,
  });
  assertEquals(shape, [20, 2]);
  assertClose(probabilities[0] + probabilities[1], 1);
  assertEquals(tf.memory().numTensors, before);
});

Deno.test("fit() repeats itself bit for bit from one seed, and differs for another", async () => {
  const options = {
    augmentation: [
      { op: "shift", most: 1 },
      { op: "rotate", degrees: 9 },
      { op: "flip", horizontal: true },
      { op: "cutout", shape: "square", size: 2 },
    ] as const,
  };
  const first = await trained(options);
  assertEquals(await trained(options), first);
  assert((await trained({ ...options, seed: 1 })).some((value, i) => value !== first[i]));
});

Deno.test("fit() counts each example of a smaller last batch once", async () => {
  // 20 examples in batches of 16: two steps. By hand: plain gradient descent on a linear model.
  const x = { data: Float32Array.from({ length: 20 }, (_, i) => i / 20), shape: [20, 1] };
  const y = { data: Float32Array.from({ length: 20 }, (_, i) => 3 * i / 20), shape: [20] };
  const model = tf.sequential({
    layers: [tf.layers.dense({ units: 1, inputShape: [1], useBias: false, kernelInitializer: "zeros" })],
  });
  const losses: number[] = [];
  const order = [...epochOrder(20, { seed: 5, epoch: 0 })];
  let w = 0, sum = 0;
  for (const rows of [order.slice(0, 16), order.slice(16)]) {
    const misses = rows.map((row) => (w - 3) * row / 20);
    sum += misses.reduce((total, miss) => total + miss * miss, 0);
    w -= 0.1 * 2 * misses.reduce((total, miss, i) => total + miss * rows[i] / 20, 0) / rows.length;
  }
  const { epochs } = await fit(model, fromArrays(x, y), {
    loss: meanSquaredError(),
    epochs: 1,
    batch: 16,
    seed: 5,
    optimizer: sgd(),
    schedule: constant(0.1),
    shards: 1,
    onEpoch: ({ loss }) => void losses.push(loss),
  });
  assertClose(weightsOf(model), [w], 1e-5);
  assertClose(epochs[0].loss, sum / 20, 1e-5);
  assertEquals(losses.length, 1);
});

Deno.test("fit() cut into shards moves the weights as in one piece", async () => {
  const plain = () => {
    const model = toyModel();
    const without = model.layers.filter((layer) => layer.getClassName() !== "Dropout");
    return tf.sequential({ layers: without });
  };
  const ends: number[][] = [];
  for (const shards of [1, 3]) {
    const source = toySource(40), model = plain();
    await fit(model, source, { ...base, shards, optimizer: sgd(), schedule: cosine(0.1) });
    ends.push(weightsOf(model));
  }
  assertClose(ends[1], ends[0], 1e-5);
});

Deno.test("fit() trains from a stream as from held arrays", async () => {
  const streamed = toyModel();
  await fit(streamed, toyStream(40), base);
  assertEquals(weightsOf(streamed), await trained({}));
});

Deno.test("fit() weighs examples and classes", async () => {
  const classWeights = [0.5, 2];
  const { labels } = toyArrays(40);
  const weights = Float32Array.from(labels, (label) => classWeights[label]);
  const byExample = await trained({}, toySource(40, weights));
  assertClose(await trained({ classWeights }), byExample, 1e-6);
  const unweighted = await trained({});
  assert(byExample.some((value, i) => Math.abs(value - unweighted[i]) > 1e-4));
});

Deno.test("fit() clips gradients before the step", async () => {
  const loose = await trained({ globalClipNorm: 1e6, clipValue: 1e6 });
  assertClose(loose, await trained({}), 1e-6);
  const still = await trained({ globalClipNorm: 1e-9, optimizer: sgd(), epochs: 1 });
  const start = weightsOf(toyModel());
  const kernel = SIDE; // the first values belong to the convolution's kernel
  assertClose(still.slice(0, kernel), start.slice(0, kernel), 1e-6);
});

Deno.test("fit() validates and ends with the averaged weights", async () => {
  const source = toySource(40), model = toyModel(), decay = 0.9;
  const start = weightsOf(model), weights: number[][] = [];
  const { epochs } = await fit(model, source, {
    ...base,
    emaMomentum: decay,
    validation: source,
    batch: 40, // one step an epoch, so that onEpoch sees the weights of each
    epochs: 3,
    onEpoch: () => void weights.push(weightsOf(model)),
  });
  let average = start;
  weights.forEach((now, i) => {
    const share = 1 - Math.min(decay, (2 + i) / (11 + i)); // steps count from 1
    average = average.map((value, j) => value + share * (now[j] - value));
  });
  assertClose(weightsOf(model), average, 1e-5);
  const { side: { data: probabilities } } = await predict(model, source, { preprocessing });
  const right =
    toyArrays(40).labels.filter((label, i) => (probabilities[2 * i + 1] > 0.5) === (label === 1)).length;
  assertEquals(epochs[2].validationAccuracy, right / 40);
});

Deno.test("fit() stops on a loss that is no number and names the batch and its examples", async () => {
  const size = 32, images = new Float32Array(size).fill(1);
  images[11] = NaN;
  const source = fromArrays({ data: images, shape: [size, 1] }, {
    data: new Int32Array(size),
    shape: [size],
  });
  const model = tf.sequential({
    layers: [tf.layers.dense({ units: 2, inputShape: [1], activation: "softmax" })],
  });
  const place = epochOrder(size, { seed: 3, epoch: 0 }).indexOf(11);
  const folder = await Deno.makeTempDir();
  const path = join(folder, "state.safetensors");
  const before = tf.memory().numTensors;
  await assertRejects(
    () =>
      fit(model, source, {
        loss: crossEntropy(),
        epochs: 2,
        batch: 4,
        seed: 3,
        shards: 1,
        checkpoint: { path },
      }),
    RangeError,
    `the loss is no finite number at epoch 1, batch ${Math.floor(place / 4) + 1} of 8 (examples `,
  );
  assertEquals(tf.memory().numTensors, before);
  await assertRejects(() => Deno.stat(path), Deno.errors.NotFound);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("earlyStopping() ends a run and gives the best weights back", async () => {
  const source = toySource(40), model = toyModel();
  let best: number[] = [];
  const { ending, epochs, weightsOf: epoch } = await fit(model, source, {
    ...base,
    epochs: 20,
    schedule: { config: { name: "harmful" }, rate: ({ step }) => step < 6 ? 1e-3 : 30 },
    validation: source,
    callbacks: [earlyStopping({ patience: 2 })],
    onEpoch: ({ epoch }) => void (epoch === 2 && (best = weightsOf(model))),
  });
  assertEquals([ending, epoch, epochs.length], ["stopped early", 2, 4]);
  assertEquals(weightsOf(model), best);
});

Deno.test("fit() interrupted anywhere and resumed ends as if it had never stopped", async () => {
  const folder = await Deno.makeTempDir();
  const options = (): LoopOptions & SupervisedOptions => ({
    ...base,
    epochs: 5,
    optimizer: adam(),
    schedule: reduceOnPlateau(0.01, { patience: 1, monitor: "validationLoss" }),
    emaMomentum: 0.95,
    weightDecay: 0.01,
    augmentation: [{ op: "shift", most: 1 }, { op: "zoom", most: 0.1 }],
  });
  const run = async (path: string | undefined, stops: readonly number[]) => {
    const csv = join(folder, `${stops.length}.csv`);
    for (let part = 0;; part++) {
      const source = toySource(40), model = toyModel(part === 0 ? 1 : 99), stop = new AbortController();
      const history = await fit(model, source, {
        ...options(),
        validation: subset(source, Uint32Array.of(0, 1, 2, 3, 4)),
        callbacks: [earlyStopping({ patience: 9, monitor: "loss" }), csvLog(csv)],
        checkpoint: path === undefined ? undefined : { path },
        resume: true,
        signal: stop.signal,
        reportMs: 0,
        onBatch: ({ step }) => step >= stops[part] && stop.abort(),
      });
      const weights = weightsOf(model), before = tf.memory().numTensors;
      model.dispose();
      assert(tf.memory().numTensors < before);
      if (history.ending !== "interrupted") return { weights, history, csv: await Deno.readTextFile(csv) };
      assert(part < stops.length, "interrupted more often than asked");
    }
  };
  const whole = await run(undefined, []);
  const broken = await run(join(folder, "a"), [1, 2, 5, 6, 11, 14]); // 3 steps an epoch; 6 is an epoch's end
  assertEquals(broken.weights, whole.weights);
  assertEquals(broken.history.steps, 15);
  const plain = (csv: string) =>
    decodeHistory(csv).map(({ seconds: _, examplesPerSecond: __, ...rest }) => rest);
  assertEquals(plain(broken.csv), plain(whole.csv));
  assertEquals(plain(broken.csv).length, 5);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("fit() resumes only what is its own and whole", async () => {
  const folder = await Deno.makeTempDir(), path = join(folder, "state.safetensors");
  await trained({ checkpoint: { path }, epochs: 1 });
  const resume = (options: Partial<LoopOptions & SupervisedOptions>) =>
    trained({ checkpoint: { path }, epochs: 1, resume: true, ...options });
  await resume({}); // finished: nothing left to do
  await assertRejects(() => resume({ batch: 8 }), Error, "as its run had batch 16: got 8");
  await assertRejects(() => resume({ optimizer: sgd() }), Error, 'had optimizer {"name":"adam"');
  const bytes = await Deno.readFile(path);
  bytes[bytes.length - 3] ^= 1;
  await Deno.writeFile(path, bytes);
  await assertRejects(() => resume({}), SyntaxError, "its checksum differs");
  await Deno.writeFile(path, bytes.subarray(0, 1000));
  await assertRejects(() => resume({}), SyntaxError, "Cannot decode safetensors");
  await Deno.remove(folder, { recursive: true });
});

Deno.test("fit() refuses settings that make no sense", async () => {
  await assertRejects(
    () => trained({ epochs: 0 }),
    RangeError,
    "epochs must be a whole number of at least 1: got 0",
  );
  await assertRejects(
    () => trained({ batch: 1.5 }),
    RangeError,
    "batch must be a whole number of at least 1: got 1.5",
  );
  await assertRejects(() => trained({ emaMomentum: 1 }), RangeError, "between 0 and 1: got 1");
});

Deno.test("fit() measures how many shards are fastest and puts everything back", async () => {
  const auto = await trained({ shards: "auto", epochs: 1, batch: 16 });
  assertEquals(auto.length, (await trained({ epochs: 1 })).length);
  const source = toySource(64), model = toyModel();
  const tensors = tf.memory().numTensors, before = weightsOf(model);
  const step = supervised({ ...base, optimizer: adam() }).create({ model }, source);
  const { shards, step: compiled } = await chooseShards(step, {
    batch: 32,
    steps: 10_000,
    size: source.size,
  });
  assert(shards >= 1 && shards <= 2 * engineReport().threads);
  assertEquals(weightsOf(model), before);
  assertEquals(step.variables.optimizer[0].dataSync()[0], 0);
  compiled.dispose();
  step.dispose();
  assertEquals(tf.memory().numTensors, tensors);
});

Deno.test("fit() ends with the same numbers on every backend", async () => {
  const ends: number[][] = [];
  for (const backend of ["tensorflow", "wasm", "cpu"] as const) {
    await startEngine({ backend });
    const layers = toyModel().layers.filter((layer) => layer.getClassName() !== "Dropout"); // draws differ by backend
    const model = tf.sequential({ layers });
    const source = toySource(24);
    await fit(model, source, {
      ...base,
      epochs: 1,
      optimizer: sgd({ momentum: 0.9 }),
      schedule: cosine(0.05),
    });
    ends.push(weightsOf(model));
  }
  assertClose(ends[1], ends[0], 1e-4);
  assertClose(ends[2], ends[0], 1e-4);
  await startEngine({ backend: "tensorflow" });
});

Deno.test("fit() measures what the model says, whatever form its loss takes that in", async () => {
  // One value of 0 goes in, so that sigmoid(bias) comes out: |1 - sigmoid(2)| = 0.119203, squared 0.014209.
  const head = (activation: "sigmoid" | "linear") => {
    const layer = tf.layers.dense({
      units: 1,
      activation,
      biasInitializer: tf.initializers.constant({ value: 2 }),
      inputShape: [1],
    });
    return tf.sequential({ layers: [layer] });
  };
  const source = fromArrays({ data: Float32Array.of(0, 0), shape: [2, 1] }, {
    data: Float32Array.of(1, 1),
    shape: [2],
  });
  const first = async (activation: "sigmoid" | "linear", loss: Loss, metrics: Metric[]) =>
    (await fit(head(activation), source, { loss, metrics, epochs: 1, batch: 2 })).epochs[0];
  const crossed = await first("sigmoid", binaryCrossEntropy(), [absoluteError(), squaredError()]);
  assertClose([crossed.absoluteError, crossed.squaredError], [0.119203, 0.014209], 1e-4);
  // A loss that takes probabilities leaves them to the metric: a threshold of 0.9 is above sigmoid(2) = 0.88.
  const squared = await first("sigmoid", meanSquaredError(), [binaryAccuracy({ threshold: 0.9 })]);
  assertEquals(squared.accuracy, 0);
  // Keras holds logits themselves against the threshold: 2 > 0.9.
  const raw = await first("linear", binaryCrossEntropy(), [binaryAccuracy({ threshold: 0.9, raw: true })]);
  assertEquals(raw.accuracy, 1);
});

Deno.test("fit() takes probabilities where another activation stands at the end than the loss undoes", async () => {
  // Keras 3.15: keras.losses.SparseCategoricalCrossentropy()([1], [[0.5, 0.8807971]]) is 0.449589, that of sigmoids
  // divided by their sum.
  const bias = tf.tensor1d([0, 2]);
  const layer = tf.layers.dense({ units: 2, activation: "sigmoid", inputShape: [1] });
  const model = tf.sequential({ layers: [layer] });
  layer.setWeights([tf.zeros([1, 2]), bias]);
  const source = fromArrays({ data: Float32Array.of(0), shape: [1, 1] }, {
    data: Int32Array.of(1),
    shape: [1],
  });
  const { epochs } = await fit(model, source, { loss: crossEntropy(), epochs: 1, batch: 1 });
  assertClose(epochs[0].loss, Math.log(1.3807971 / 0.8807971), 1e-4);
});

Deno.test("fit() in mixed precision learns, repeats itself, and resumes to the very same weights", async () => {
  const refusal = mixedPrecisionRefusal();
  if (refusal) {
    await assertRejects(
      () => trained({ precision: "mixed" }),
      Error,
      `Cannot train in mixed precision: ${refusal}`,
    );
    return;
  }
  const folder = await Deno.makeTempDir(), path = join(folder, "state");
  const options = { precision: "mixed", epochs: 4, globalClipNorm: 0.5, schedule: constant(0.02) } as const;
  const run = async (resume: boolean, stopAt = Infinity, more: Partial<LoopOptions> = {}) => {
    const model = toyModel(resume ? 99 : 1), stop = new AbortController();
    const history = await fit(model, toySource(40), {
      ...base,
      ...options,
      checkpoint: { path },
      resume,
      signal: stop.signal,
      reportMs: 0,
      onBatch: ({ step }) => step >= stopAt && stop.abort(),
      ...more,
    });
    const weights = weightsOf(model);
    model.dispose();
    return { history, weights };
  };
  const whole = await run(false);
  assertEquals([whole.history.precision, whole.history.ending], ["mixed", "finished"]);
  assert(whole.history.epochs[3].loss < whole.history.epochs[0].loss);
  const float32 = await trained({ ...options, precision: "float32" });
  assert(whole.weights.some((weight, i) => weight !== float32[i]), "rounding shows");
  assert(Math.max(...whole.weights.map((weight, i) => Math.abs(weight - float32[i]))) < 0.1);
  assertEquals((await run(false, 5)).history.ending, "interrupted");
  await assertRejects(
    () => run(true, Infinity, { precision: "float32" }),
    Error,
    "Cannot resume as the run had mixed precision: got float32",
  );
  assertEquals((await run(true, 8, { precision: "auto" })).history.precision, "mixed", "as it began");
  const resumed = await run(true, Infinity, { precision: undefined });
  assertEquals([resumed.weights, resumed.history.precision], [whole.weights, "mixed"]);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("fit() in mixed precision stops on a loss that is no number, and clips the gradients that it has", async () => {
  if (mixedPrecisionRefusal()) return; // as the test above shows
  const { images, labels } = toyArrays(8), bad = Float32Array.from(images);
  bad[5] = NaN;
  const source = fromArrays({ data: bad, shape: [8, SIDE, SIDE, 1] }, { data: labels, shape: [8] });
  await assertRejects(
    () => trained({ precision: "mixed", batch: 8 }, source),
    RangeError,
    "the loss is no finite number at epoch 1, batch 1 of 1",
  );
  // y = w · 3 towards 4 from w = 1, all of them bfloat16 numbers: the slope is 2 · (3 − 4) · 3 = −6, or what it is clipped to.
  const layer = () =>
    tf.layers.dense({ units: 1, inputShape: [1], useBias: false, kernelInitializer: "ones" });
  const point = fromArrays({ data: Float32Array.of(3), shape: [1, 1] }, {
    data: Float32Array.of(4),
    shape: [1],
  });
  const moved = async (clip: Partial<SupervisedOptions>) => {
    const model = tf.sequential({ layers: [layer()] });
    const optimizer = sgd(), loss = meanSquaredError();
    const options = { epochs: 1, shards: 1, schedule: constant(1), precision: "mixed" } as const;
    await fit(model, point, { ...options, loss, optimizer, ...clip });
    return weightsOf(model)[0];
  };
  assertEquals(await moved({}), 7);
  assertEquals(await moved({ clipValue: 2 }), 3);
  assertEquals(await moved({ globalClipNorm: 0.5 }), 1.5);
});

Deno.test("fit() says where a step's time goes before it trains, and trains the same", async () => {
  const parts: string[][] = [];
  const profiled = await trained({
    onProfile: (profile) => {
      const { steps, ops, parts: shares } = summarizeProfile(profile!);
      assertEquals([steps, ops.length > 5], [5, true]);
      parts.push(shares.map(({ part }) => part));
    },
  });
  assertEquals(profiled, await trained({}));
  assertEquals(parts.length, 1);
  const layers = toyModel().layers.map(({ name }) => name.replace(/\d+$/, ""));
  const found = new Set(parts[0].map((part) => part.replace(/\d+$/, "")));
  for (
    const part of [
      "preprocessing",
      "loss",
      "optimizer",
      ...layers.filter((name) => /^(conv|batch|dense|side)/.test(name)),
    ]
  ) {
    assert(found.has(part), `${part} is not among ${[...found].join(", ")}`);
  }
});

Deno.test("fit() does convolutions as it measured at its start, and a resumed run as the one before it", async () => {
  const folder = await Deno.makeTempDir(), path = join(folder, "state"), cache = join(folder, "cache");
  const name = `${SIDE}×${SIDE}×2 by 1×1 same to 4`;
  const run = async (resume: boolean, stopAt: number) => {
    const seeded = (
      seed: number,
    ) => ({ padding: "same", kernelInitializer: tf.initializers.glorotUniform({ seed }) } as const);
    const model = tf.sequential({
      layers: [
        tf.layers.conv2d({ inputShape: [SIDE, SIDE, 1], filters: 2, kernelSize: 3, ...seeded(1) }),
        tf.layers.conv2d({ filters: 4, kernelSize: 1, activation: "tanh", ...seeded(2) }),
        tf.layers.flatten(),
        tf.layers.dense({
          name: "side",
          units: 2,
          activation: "softmax",
          kernelInitializer: seeded(3).kernelInitializer,
        }),
      ],
    });
    const stop = new AbortController();
    const { tuning } = await fit(model, toySource(16), {
      ...base,
      epochs: 500,
      checkpoint: { path, every: 1000 },
      resume,
      signal: stop.signal,
      reportMs: 0,
      onBatch: ({ step }) => step >= stopAt && stop.abort(),
    });
    return { tuning, weights: weightsOf(model) };
  };
  const { get } = Deno.env;
  Deno.env.get = (variable) => variable === "CLOUDCHAMBER_CACHE" ? cache : get.call(Deno.env, variable);
  try {
    const whole = await run(false, 6);
    assertEquals(Object.keys(whole.tuning), [name]);
    assertEquals((await run(false, 6)).weights, whole.weights, "by the cache");
    assertEquals((await run(false, 3)).tuning, whole.tuning);
    const [{ name: file }] = Deno.readDirSync(join(cache, "tuning")), place = join(cache, "tuning", file);
    const other = whole.tuning[name] === "direct" ? "product" : "direct";
    const kept = JSON.parse(await Deno.readTextFile(place));
    await Deno.writeTextFile(place, JSON.stringify({ ...kept, ways: { [name]: other } }));
    const resumed = await run(true, 6);
    assertEquals([resumed.tuning, resumed.weights], [whole.tuning, whole.weights]);
    assertEquals((await run(false, 1)).tuning, { [name]: other }, "a new run goes by the cache");
  } finally {
    Deno.env.get = get;
    useTuning({});
    await Deno.remove(folder, { recursive: true });
  }
  assertEquals((await fit(toyModel(), toySource(16), base)).tuning, {}, "a short run measures nothing");
});
