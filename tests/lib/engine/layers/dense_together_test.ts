import { isWorthJoining, runDenseTogether } from "../../../../lib/engine/layers/dense_together.ts";
import { applySharded, compile, splitBatch, startEngine, tf } from "../../../../lib/engine/mod.ts";
import { assert, assertClose, assertEquals } from "../../../assert.ts";

await startEngine();

const INPUTS = 1100, UNITS = 1000;

function denseModel(settings: { useBias?: boolean; activation?: "sigmoid" } = {}): tf.LayersModel {
  const kernelInitializer = tf.initializers.glorotNormal({ seed: 3 });
  const biasInitializer = tf.initializers.randomNormal({ seed: 4 });
  return tf.sequential({
    layers: [
      tf.layers.dense({
        units: UNITS,
        inputShape: [INPUTS],
        kernelInitializer,
        biasInitializer,
        ...settings,
      }),
    ],
  });
}

const rows = (count: number, inputs = INPUTS) => tf.randomNormal([count, inputs], 0, 1, "float32", 5);

Deno.test("a dense layer of many weights trains alike in one, two and three shards", () => {
  for (const settings of [{}, { useBias: false, activation: "sigmoid" as const }]) {
    const model = denseModel(settings), x = rows(7);
    const weights = model.trainableWeights.map((weight) => (weight as unknown as { val: tf.Variable }).val);
    const inShards = (shards: number) => {
      const step = compile((x: tf.Tensor) => {
        const { value, grads } = tf.variableGrads(() => {
          const ys = applySharded(model, splitBatch(x, shards).map((part) => [part]), { training: true });
          return tf.sum(tf.square(tf.concat(ys.flat(), 0))).asScalar();
        }, weights);
        return [value, ...weights.map(({ name }) => grads[name])] as tf.Tensor[];
      });
      const values = (step(x) as tf.Tensor[]).map((tensor) => tensor.dataSync<"float32">());
      step.dispose();
      return values;
    };
    const expected = inShards(1);
    for (const shards of [2, 3]) {
      inShards(shards).forEach((values, i) =>
        assertClose(values, expected[i], 1e-4, `${shards} shards, ${i}:`)
      );
    }
    model.dispose();
  }
});

Deno.test("runDenseTogether() gives each shard its rows, by the layer's bias and activation", () => {
  const model = denseModel({ activation: "sigmoid" }), [first, second] = tf.split(rows(5), [2, 3], 0);
  const results = runDenseTogether(model.layers[0], [first, second]);
  assertEquals(results.map(({ shape }) => shape), [[2, UNITS], [3, UNITS]]);
  for (const [i, x] of [first, second].entries()) {
    assertClose(results[i].dataSync(), (model.predict(x) as tf.Tensor).dataSync(), 1e-5);
  }
  model.dispose();
});

Deno.test("isWorthJoining() is of several shards of few rows before a dense layer of many weights", () => {
  const model = denseModel(),
    [layer] = model.layers,
    joins = (...xs: tf.Tensor[]) => isWorthJoining(layer, xs);
  assert(joins(rows(3), rows(2)));
  assert(!joins(rows(5)), "there is nothing to join");
  assert(!joins(rows(1000), rows(200)), "there are more rows than inputs");
  const small = tf.sequential({ layers: [tf.layers.dense({ units: 4, inputShape: [INPUTS] })] });
  assert(!isWorthJoining(small.layers[0], [rows(3), rows(2)]));
  small.dispose();
  model.dispose();
});
