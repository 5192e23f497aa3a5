import {
  applySharded,
  compile,
  lastActivations,
  logitOutputs,
  outputNames,
  random,
  splitBatch,
  startEngine,
  tf,
} from "../../../lib/engine/mod.ts";
import { createRng } from "./_rng.ts";
import { assert, assertClose, assertEquals, assertThrows } from "../../assert.ts";

const { layers } = tf;

/** Networks in which shards meet, in which two layers are run as one, or in which something is drawn. */
const NETWORKS: Record<string, { shape: number[]; layers: () => tf.layers.Layer[] }> = {
  "convolution, pooling": {
    shape: [8, 8, 2],
    layers: () => [
      layers.conv2d({ filters: 5, kernelSize: 3, activation: "relu" }),
      layers.maxPooling2d({ poolSize: 2 }),
    ],
  },
  "batch normalisation": {
    shape: [6, 5, 3],
    layers: () => [layers.batchNormalization({ epsilon: 0.01 }), layers.activation({ activation: "tanh" })],
  },
  "batch normalisation, pooling": {
    shape: [6, 5, 3],
    layers: () => [layers.batchNormalization(), layers.maxPooling2d({ poolSize: 2, padding: "same" })],
  },
  "batch normalisation, pooling, in three dimensions": {
    shape: [5, 4, 6, 2],
    layers: () => [
      layers.conv3d({ filters: 4, kernelSize: 3, padding: "same", activation: "relu" }),
      layers.batchNormalization({ momentum: 0.9 }),
      layers.maxPooling3d({ poolSize: 2 }),
    ],
  },
  "batch normalisation, pooling, on a sequence": {
    shape: [9, 4],
    layers: () => [
      layers.batchNormalization({ center: false }),
      layers.maxPooling1d({ poolSize: 3, strides: 2 }),
    ],
  },
  "batch normalisation over the first axis": {
    shape: [6, 5, 3],
    layers:
      () => [layers.batchNormalization({ axis: 1, epsilon: 0.01 }), layers.maxPooling2d({ poolSize: 2 })],
  },
  "batch normalisation of frozen averages": {
    shape: [6, 3],
    layers:
      () => [layers.batchNormalization({ trainable: false }), layers.activation({ activation: "tanh" })],
  },
};

/** Networks that draw; a backend draws its own numbers, so each is compared with itself. */
const DRAWING: typeof NETWORKS = {
  "dropout": { shape: [33], layers: () => [layers.dropout({ rate: 0.4 })] },
  "dropout at a rate that takes floats": { shape: [33], layers: () => [layers.dropout({ rate: 0.015 })] },
  "dropout after relu": {
    shape: [8],
    layers: () => [layers.dense({ units: 21, activation: "relu" }), layers.dropout({ rate: 0.3 })],
  },
  "dropout after relu of fewer inputs than rows": {
    shape: [5],
    layers: () => [layers.dense({ units: 21, activation: "relu" }), layers.dropout({ rate: 0.3 })],
  },
  "dropout of whole channels": {
    shape: [5, 6],
    layers: () => [layers.dropout({ rate: 0.5, noiseShape: [null, 1, 6] as never })],
  },
  "one mask for all examples": {
    shape: [5, 6],
    layers: () => [layers.dropout({ rate: 0.5, noiseShape: [1, 5, 6] })],
  },
  "spatial dropout": { shape: [5, 6], layers: () => [layers.spatialDropout1d({ rate: 0.5 })] },
  "noise": { shape: [9], layers: () => [layers.gaussianNoise({ stddev: 0.5 })] },
  "gaussian dropout, alpha dropout": {
    shape: [9],
    layers: () => [layers.gaussianDropout({ rate: 0.3 }), layers.alphaDropout({ rate: 0.2 })],
  },
  "a recurrent layer": {
    shape: [4, 3],
    layers: () => [layers.gru({ units: 5, dropout: 0.4, recurrentDropout: 0.3 })],
  },
};

function numbers(shape: number[], seed: number): tf.Tensor {
  const rng = createRng(seed);
  return tf.tensor(Float32Array.from({ length: tf.util.sizeFromShape(shape) }, () => rng() * 2 - 1), shape);
}

/** Loss, gradients and running averages for a batch of 7 in so many shards. */
function train(network: typeof NETWORKS[string], shards: number): Float32Array[] {
  const model = tf.sequential();
  model.add(layers.inputLayer({ inputShape: network.shape }));
  for (const layer of network.layers()) model.add(layer);
  if (model.outputs[0].rank > 2) model.add(layers.flatten());
  model.add(layers.dense({ units: 2 }));
  model.weights.forEach((weight, i) => {
    const drawn = numbers(weight.shape as number[], 10 + i); // scales below zero as well
    weight.write(/variance/.test(weight.name) ? tf.add(tf.square(drawn), 0.5) : drawn);
  });
  const x = numbers([7, ...network.shape], 1), target = numbers([7, 2], 2);
  const weights = model.trainableWeights.map((weight) => (weight as unknown as { val: tf.Variable }).val);
  random.setState({ seed: 3, counter: 5 });
  const step = compile((x, target) => {
    const { value, grads } = tf.variableGrads(() => {
      const ys = applySharded(model, splitBatch(x, shards).map((x) => [x]), { training: true });
      return tf.sum(tf.mul(tf.concat(ys.flat(), 0), target)).asScalar();
    }, weights);
    return [value, ...weights.map(({ name }) => grads[name])] as tf.Tensor[];
  });
  const results = step(x, target) as tf.Tensor[];
  const values = [...results, ...model.weights.map((weight) => weight.read())]
    .map((tensor) => Float32Array.from(tensor.dataSync()));
  step.dispose();
  tf.dispose([results, x, target]);
  model.dispose();
  return values;
}

for (const [name, network] of Object.entries(NETWORKS)) {
  Deno.test(`applySharded() trains ${name} alike in one, two and three shards, on every backend`, async () => {
    await startEngine({ backend: "cpu" });
    const expected = train(network, 1);
    for (const backend of ["tensorflow", "wasm", "cpu"] as const) {
      await startEngine({ backend });
      for (const shards of [1, 2, 3]) {
        const actual = train(network, shards);
        assertEquals(actual.length, expected.length);
        actual.forEach((values, i) =>
          assertClose(values, expected[i], 1e-4, `${backend}, ${shards} shards, value ${i}:`)
        );
      }
    }
  });
}

/** What dropout keeps of a dense layer of ones is scaled up, whether weights or values are fewer, and so is its gradient. */
Deno.test("applySharded() keeps the mean of what it drops after relu", async () => {
  await startEngine();
  for (const inputs of [3, 40]) {
    const ones = { units: 50, activation: "relu", kernelInitializer: "ones" } as const;
    const model = tf.sequential({
      layers: [layers.dense({ ...ones, inputShape: [inputs] }), layers.dropout({ rate: 0.5 })],
    });
    const weights = model.trainableWeights.map((weight) => (weight as unknown as { val: tf.Variable }).val);
    const step = compile((x) => {
      let y = x;
      const { grads } = tf.variableGrads(() => {
        y = tf.keep(applySharded(model, [[x]], { training: true })[0][0]);
        return tf.sum(y).asScalar();
      }, weights);
      return [y, ...weights.map(({ name }) => grads[name])];
    });
    const [values, kernel, bias] = step(tf.ones([10, inputs])) as tf.Tensor[];
    assertEquals(new Set(values.dataSync()), new Set([0, 2 * inputs]));
    const kept = tf.sum(tf.div(values, inputs), 0); // two for each row that is kept
    assertEquals(bias.dataSync(), kept.dataSync());
    assertEquals(kernel.dataSync(), tf.tile(tf.expandDims(kept, 0), [inputs, 1]).dataSync());
    step.dispose();
    model.dispose();
  }
});

for (const [name, network] of Object.entries(DRAWING)) {
  Deno.test(`applySharded() draws alike in one, two, three and four shards: ${name}`, async () => {
    for (const backend of ["tensorflow", "wasm", "cpu"] as const) {
      await startEngine({ backend });
      const expected = train(network, 1);
      assert(expected[0][0] !== 0, "nothing is left to compare");
      for (const shards of [2, 3, 4]) {
        const actual = train(network, shards);
        actual.forEach((values, i) =>
          assertClose(values, expected[i], 1e-5, `${backend}, ${shards} shards, value ${i}:`)
        );
      }
    }
  });
}

Deno.test("recurrent dropout draws anew in every call of a compiled function", async () => {
  await startEngine({ backend: "tensorflow" });
  const model = tf.sequential({ layers: [layers.lstm({ units: 3, dropout: 0.5, inputShape: [4, 6] })] });
  const run = compile((x: tf.Tensor) => model.apply(x, { training: true }) as tf.Tensor);
  const x = tf.ones([5, 4, 6]), [first, second] = [run(x).dataSync(), run(x).dataSync()];
  assert(first.some((value, i) => value !== second[i]), "the mask was frozen into the trace");
  run.dispose();
});

Deno.test("splitBatch() cuts into parts that differ by one row at most", async () => {
  await startEngine({ backend: "cpu" });
  const parts = splitBatch(tf.range(0, 7), 3);
  assertEquals(parts.map(({ shape }) => shape[0]), [2, 2, 3]);
  assertEquals(splitBatch(tf.ones([2, 1]), 5).length, 2);
});

Deno.test("applySharded() takes a model of two inputs and two outputs, shard by shard", async () => {
  await startEngine({ backend: "cpu" });
  const [a, b] = [tf.input({ shape: [2] }), tf.input({ shape: [2] })];
  const sum = layers.add().apply([a, b]) as tf.SymbolicTensor;
  const squashed = layers.activation({ activation: "sigmoid", name: "squashed" }).apply(
    sum,
  ) as tf.SymbolicTensor;
  const model = tf.model({ inputs: [a, b], outputs: [sum, squashed] });
  const shards = [[tf.ones([1, 2]), tf.fill([1, 2], -1)], [tf.ones([2, 2]), tf.ones([2, 2])]];
  const results = applySharded(model, shards);
  assertEquals(results.map((outputs) => outputs.map(({ shape }) => shape)), [[[1, 2], [1, 2]], [[2, 2], [
    2,
    2,
  ]]]);
  assertClose(results[0][0].dataSync(), [0, 0]);
  assertClose(results[0][1].dataSync(), [0.5, 0.5]);
  assertClose(results[1][0].dataSync(), [2, 2, 2, 2]);
  const [, [, logits]] = applySharded(model, shards, { logits: new Set(["squashed"]) });
  assertClose(logits.dataSync(), [2, 2, 2, 2]);
});

Deno.test("applySharded() names what does not fit the model", async () => {
  await startEngine({ backend: "cpu" });
  const [a, b] = [tf.input({ shape: [2] }), tf.input({ shape: [2] })];
  const sum = layers.add({ name: "sum" }).apply([a, b]) as tf.SymbolicTensor;
  const model = tf.model({ inputs: [a, b], outputs: sum, name: "two" });
  const x = tf.ones([1, 2]);
  assertThrows(() => applySharded(model, [[x, x], [x]]), TypeError, "each needs 2 inputs: got 1");
  const logits = new Set(["head"]);
  assertThrows(() => applySharded(model, [[x, x]], { logits }), RangeError, 'output "head" of model "two"');
});

/** A dense layer of one unit that gives scale · x + offset. */
function linear(scale: number, offset: number, name: string): tf.layers.Layer {
  const kernelInitializer = tf.initializers.constant({ value: scale });
  return layers.dense({
    units: 1,
    kernelInitializer,
    biasInitializer: tf.initializers.constant({ value: offset }),
    name,
  });
}

const symbol = (x: unknown) => x as tf.SymbolicTensor;

Deno.test("applySharded() runs a model within a model: used twice, as an output, with several outputs", async () => {
  await startEngine({ backend: "cpu" });
  const z = tf.input({ shape: [1] });
  const inner = tf.model({
    inputs: z,
    outputs: linear(2, 1, "first").apply(z) as tf.SymbolicTensor,
    name: "encoder",
  });
  const [a, b] = [tf.input({ shape: [1] }), tf.input({ shape: [1] })];
  const twice = symbol(linear(3, 0, "head").apply(inner.apply(b) as tf.SymbolicTensor));
  const model = tf.model({ inputs: [a, b], outputs: [symbol(inner.apply(a)), twice] });
  const shards = [3, 5].map((value) => [tf.fill([2, 1], value), tf.fill([2, 1], -value)]);
  const values = applySharded(model, shards).map((outputs) => outputs.map((y) => [...y.dataSync()]));
  // 2 · 3 + 1 = 7 and 3 · (2 · -3 + 1) = -15; 2 · 5 + 1 = 11 and 3 · (2 · -5 + 1) = -27
  assertEquals(values, [[[7, 7], [-15, -15]], [[11, 11], [-27, -27]]]);

  const w = tf.input({ shape: [1] });
  const two = tf.model({
    inputs: w,
    outputs: [symbol(linear(2, 0, "left").apply(w)), symbol(linear(0, 4, "right").apply(w))],
    name: "two",
  });
  const x = tf.input({ shape: [1] }), [left, right] = two.apply(x) as tf.SymbolicTensor[];
  const outer = tf.model({ inputs: x, outputs: [right, left, right] });
  assertEquals(outputNames(outer), ["two", "two_1", "two_2"]);
  const [outputs] = applySharded(outer, [[tf.fill([1, 1], 3)]]);
  assertEquals(outputs.map((y) => y.dataSync()[0]), [4, 6, 4]);
});

Deno.test("a model trains a model within it that is used twice as one", async () => {
  for (const backend of ["cpu", "tensorflow"] as const) {
    await startEngine({ backend });
    const z = tf.input({ shape: [1] });
    const inner = tf.model({ inputs: z, outputs: symbol(linear(2, 1, `inner_${backend}`).apply(z)) });
    const a = tf.input({ shape: [1] });
    const model = tf.model({ inputs: a, outputs: symbol(inner.apply(symbol(inner.apply(a)))) });
    const weights = model.trainableWeights.map((weight) => (weight as unknown as { val: tf.Variable }).val);
    const { value, grads } = tf.variableGrads(
      () =>
        tf.sum(tf.concat(applySharded(model, [[tf.fill([1, 1], 3)], [tf.fill([1, 1], 1)]]).flat()))
          .asScalar(),
      weights,
    );
    // y = w (w x + b) + b; dy/dw = 2 w x + b and dy/db = w + 1 at x = 3 and x = 1
    assertClose(value.dataSync(), [15 + 7]);
    assertClose(weights.map(({ name }) => grads[name].dataSync()[0]), [13 + 5, 6]);
  }
});

/** A model on three numbers whose layers follow each other. */
function chain(...made: tf.layers.Layer[]): tf.LayersModel {
  const x = tf.input({ shape: [3] });
  const y = made.reduce((value, layer) => symbol(layer.apply(value)), x);
  return tf.model({ inputs: x, outputs: y });
}

Deno.test("lastActivations() takes only a very last softmax or sigmoid for one whose logits can be had", async () => {
  await startEngine({ backend: "cpu" });
  const { dense, activation, softmax, reshape, dropout, lstm } = layers;
  const probabilities = () => dense({ units: 4, activation: "softmax" });
  const cases: [tf.LayersModel, "softmax" | "sigmoid" | "none", boolean][] = [
    [chain(probabilities()), "softmax", true],
    [chain(dense({ units: 1, activation: "sigmoid" })), "sigmoid", true],
    [chain(dense({ units: 4 }), softmax()), "softmax", true],
    [chain(dense({ units: 4 }), activation({ activation: "softmax" })), "softmax", true],
    [chain(probabilities(), reshape({ targetShape: [2, 2] })), "softmax", false],
    [chain(probabilities(), dropout({ rate: 0.5 })), "softmax", false],
    [chain(probabilities(), dense({ units: 2 })), "none", false],
    [chain(dense({ units: 4, activation: "relu" })), "none", false],
    [chain(reshape({ targetShape: [3, 1] }), lstm({ units: 2, activation: "sigmoid" })), "none", false],
    [chain(chain(probabilities()) as unknown as tf.layers.Layer), "softmax", true],
    [chain(tf.sequential({ layers: [dense({ units: 4, inputShape: [3] }), softmax()] })), "softmax", true],
    [
      chain(reshape({ targetShape: [3, 1] }), layers.timeDistributed({ layer: probabilities() })),
      "softmax",
      false,
    ],
    [
      chain(reshape({ targetShape: [3, 1] }), layers.simpleRNN({ units: 2, activation: "sigmoid" })),
      "sigmoid",
      false,
    ],
    [
      chain(reshape({ targetShape: [3, 1] }), probabilities(), layers.globalAveragePooling1d()),
      "softmax",
      false,
    ],
    [chain(chain(probabilities()), reshape({ targetShape: [2, 2] })), "softmax", false],
  ];
  const across = chain(reshape({ targetShape: [3, 1] }), softmax({ axis: 1 }));
  assertEquals(Object.values(lastActivations(across)), [{ activation: "softmax", logits: false }]);
  const x = tf.tensor2d([[0.5, -1, 2], [1, 0, -0.5]]);
  cases.forEach(([model, activation, logits], i) => {
    const [name] = outputNames(model);
    assertEquals(lastActivations(model), { [name]: { activation, logits } }, `case ${i}`);
    assertEquals([...logitOutputs(model)], logits || activation === "none" ? [name] : [], `case ${i}`);
    const expected = (model.predict(x) as tf.Tensor).dataSync();
    const [[given]] = applySharded(model, [[x]], { logits: "all" });
    const squash = activation === "sigmoid" ? tf.sigmoid : tf.softmax;
    assertClose((logits ? squash(given) : given).dataSync(), expected, 1e-6, `case ${i}`);
    if (logits) {
      assert(given.dataSync().some((value, at) => Math.abs(value - expected[at]) > 1e-3), `case ${i}`);
    }
  });
});

Deno.test("applySharded() gives logits of one output while its probabilities go on elsewhere", async () => {
  await startEngine({ backend: "cpu" });
  const x = tf.input({ shape: [1] });
  const kind = layers.dense({ units: 1, activation: "sigmoid", name: "kind", kernelInitializer: "ones" });
  const probability = symbol(kind.apply(x)), again = symbol(kind.apply(probability));
  const model = tf.model({
    inputs: x,
    outputs: [probability, symbol(linear(10, 0, "tenfold").apply(probability)), again],
  });
  const [outputs] = applySharded(model, [[tf.fill([1, 1], 2)]], { logits: new Set(["kind"]) });
  const sigmoid = (value: number) => 1 / (1 + Math.exp(-value));
  assertClose(outputs.map((y) => y.dataSync()[0]), [2, 10 * sigmoid(2), sigmoid(sigmoid(2))], 1e-6);
});

Deno.test("applySharded() hands on which steps of a sequence count", async () => {
  for (const backend of ["cpu", "tensorflow"] as const) {
    await startEngine({ backend });
    const model = tf.sequential({
      layers: [
        layers.embedding({ inputDim: 5, outputDim: 3, maskZero: true }),
        layers.dropout({ rate: 0.5 }),
        layers.lstm({ units: 2 }),
      ],
    });
    const short = tf.tensor2d([[3, 1, 0, 0], [2, 0, 0, 0]], [2, 4], "int32");
    const expected = (model.predict(short) as tf.Tensor).dataSync();
    const parts = applySharded(model, splitBatch(short, 2).map((x) => [x]));
    assertClose(tf.concat(parts.flat()).dataSync(), expected, 1e-6, backend);
    const cut = (model.predict(tf.slice(short, [0, 0], [2, 2])) as tf.Tensor).dataSync();
    assertClose(expected, cut, 1e-6, "what is masked counts");
  }
});
