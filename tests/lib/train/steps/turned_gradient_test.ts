import { startEngine, tf } from "../../../../lib/engine/mod.ts";
import { couplesExamples, turnGradient } from "../../../../lib/train/steps/turned_gradient.ts";
import { assertClose, assertEquals } from "../../../assert.ts";

await startEngine({ backend: "cpu" });

// The logit is twice what was made. By hand, with the logistic function σ: the generator's loss softplus(-l) has the slope -2 σ(-l), the
// discriminator's softplus(l) of the factor 2 has x σ(l).
Deno.test("turnGradient() gives behind it the other loss's gradient, however sure the discriminator is", () => {
  const values = [-35, -20.5, -1.5, 0, 1, 15, 40], sigma = (x: number) => 1 / (1 + Math.exp(-x));
  const [ofMade, ofFactor] = tf.grads((made, factor) => {
    const turned = turnGradient(made), logits = turned.judged(tf.mul(turned.shown, factor), 1);
    return tf.sum(tf.softplus(logits));
  })([tf.tensor2d(values, [7, 1]), tf.scalar(2)]);
  assertClose(ofMade.dataSync(), values.map((x) => -2 * sigma(-2 * x)), 1e-6);
  assertClose(ofFactor.dataSync(), values.reduce((sum, x) => sum + x * sigma(2 * x), 0), 1e-6);
});

Deno.test("couplesExamples() finds batch normalisation, in a model or a layer inside too", () => {
  const dense = () => tf.layers.dense({ units: 2, inputShape: [3] });
  assertEquals(
    couplesExamples(tf.sequential({ layers: [dense(), tf.layers.dropout({ rate: 0.5 })] })),
    false,
  );
  const normed = tf.sequential({ layers: [dense(), tf.layers.batchNormalization()] });
  assertEquals([couplesExamples(normed), couplesExamples(tf.sequential({ layers: [normed] }))], [true, true]);
  const layer = tf.layers.batchNormalization() as tf.layers.Layer;
  const series = tf.sequential({ layers: [tf.layers.timeDistributed({ layer, inputShape: [2, 3] })] });
  assertEquals(couplesExamples(series), true, "at every step of a series");
});
