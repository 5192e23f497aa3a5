import { applySharded, compile, splitBatch, startEngine, tf } from "../../../lib/engine/mod.ts";
import { createRng } from "./_rng.ts";
import { assertClose, assertEquals, assertThrows } from "../../assert.ts";

const { layers } = tf;

/** Networks in which shards meet, or in which two layers are run as one; without dropout, which draws anew. */
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
};

function numbers(shape: number[], seed: number): tf.Tensor {
  const rng = createRng(seed);
  return tf.tensor(Float32Array.from({ length: tf.util.sizeFromShape(shape) }, () => rng() * 2 - 1), shape);
}

/** Loss, gradients and running averages for a batch of 7 in so many shards. */
function train(network: typeof NETWORKS[string], shards: number): Float32Array[] {
  const model = tf.sequential();
  model.add(layers.inputLayer({ inputShape: network.shape }));
  for (const layer of [...network.layers(), layers.flatten(), layers.dense({ units: 2 })]) model.add(layer);
  model.setWeights(model.weights.map(({ name, shape }, i) => {
    const drawn = numbers(shape as number[], 10 + i); // scales below zero as well
    return /variance/.test(name) ? tf.add(tf.square(drawn), 0.5) : drawn;
  }));
  const x = numbers([7, ...network.shape], 1), target = numbers([7, 2], 2);
  const weights = model.trainableWeights.map((weight) => (weight as unknown as { val: tf.Variable }).val);
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
