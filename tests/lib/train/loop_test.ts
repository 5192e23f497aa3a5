import { applySharded, compile, startEngine, takeRows, tf, toDevice } from "../../../lib/engine/mod.ts";
import {
  accuracy,
  adam,
  batches,
  clipByGlobalNorm,
  createOptimizer,
  crossEntropy,
  epochOrder,
  fit,
  gradientsOf,
  trainedVariables,
} from "../../../lib/train/mod.ts";
import { assert, assertEquals } from "../../assert.ts";
import { preprocessing, SIDE, toyArrays, toyModel, toySource, weightsOf } from "./_toy.ts";

await startEngine({ backend: "tensorflow" });

/** The toy's arrays in the engine's keeping. */
function heldToy(size: number) {
  const { images, labels } = toyArrays(size);
  return { size, x: toDevice(images, [size, SIDE, SIDE, 1]), y: toDevice(labels, [size]) };
}

// The exercise "write the training loop from scratch", with the same parts that fit() is made of: 16 lines.
Deno.test("a loop written by hand learns", async () => {
  const { x, y, size } = heldToy(64), model = toyModel(), losses: number[] = [];

  const weights = trainedVariables(model), optimizer = createOptimizer(adam(), weights);
  const step = compile((rows: tf.Tensor1D, rate: tf.Scalar) => {
    const images = tf.div(takeRows(x, rows), 255), labels = takeRows(y, rows);
    const { value, gradients } = gradientsOf(() => {
      const [[logits]] = applySharded(model, [[images]], { training: true, logits: "all" });
      return tf.mean(crossEntropy().perExample(labels, logits, { logits: true })) as tf.Scalar;
    }, weights);
    optimizer.apply(clipByGlobalNorm(gradients, 1), rate);
    return value;
  });
  for (let epoch = 0; epoch < 10; epoch++) {
    for (const rows of batches(size, 16, { seed: 7, epoch })) {
      const loss = step(tf.tensor1d(Int32Array.from(rows), "int32"), tf.scalar(0.01));
      losses.push((await loss.data())[0]);
    }
  }

  assertEquals(losses.length, 40);
  assert(losses[39] < losses[0] / 4, `${losses[0]} to ${losses[39]}`);
});

Deno.test("a loop written by hand takes the very steps that fit() takes", async () => {
  const prepare = (x: tf.Tensor) => tf.div(x, 255);
  const plain = () => {
    const model = toyModel();
    const layers = model.layers.filter((layer) => !["Dropout", "Dense"].includes(layer.getClassName()));
    const kernelInitializer = tf.initializers.glorotUniform({ seed: 9 });
    return tf.sequential({
      layers: [...layers, tf.layers.dense({ units: 2, activation: "softmax", kernelInitializer })],
    });
  };
  const source = toySource(40), held = heldToy(40), byFit = plain(), byHand = plain();
  await fit(byFit, source, {
    loss: crossEntropy(),
    metrics: [accuracy()],
    epochs: 2,
    batch: 16,
    preprocessing,
    shards: 1,
  });
  const weights = trainedVariables(byHand), optimizer = createOptimizer(adam(), weights);
  const step = compile((rows: tf.Tensor1D) => {
    const x = prepare(takeRows(held.x, rows)), y = takeRows(held.y, rows);
    const { gradients } = gradientsOf(() => {
      const [[logits]] = applySharded(byHand, [[x]], { training: true, logits: "all" });
      return tf.div(
        tf.sum(crossEntropy().perExample(y, logits, { logits: true })),
        rows.shape[0],
      ) as tf.Scalar;
    }, weights);
    optimizer.apply(gradients, tf.scalar(1e-3));
    return null;
  });
  for (const epoch of [0, 1]) {
    const order = epochOrder(40, { epoch });
    for (const at of [0, 16, 32]) step(tf.tensor1d(Int32Array.from(order.slice(at, at + 16)), "int32"));
  }
  const [hand, fitted] = [weightsOf(byHand), weightsOf(byFit)];
  const worst = Math.max(...hand.map((value, i) => Math.abs(value - fitted[i])));
  assert(worst < 1e-5, `weights differ by ${worst}`);
});
