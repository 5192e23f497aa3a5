import { startEngine, tf } from "../../../lib/engine/mod.ts";
import { routeByAgreement, squash } from "../../../lib/layers/capsules.ts";
import { assertClose } from "../../assert.ts";
import { numbers } from "../engine/ops/_numbers.ts";

/** The routing as the paper writes it, whose gradient TensorFlow.js takes op by op. */
function routed(votes: tf.Tensor, routings: number): tf.Tensor {
  let logits: tf.Tensor = tf.zeros(votes.shape.slice(0, 3)), out: tf.Tensor = tf.zeros([1]);
  for (let i = 0; i < routings; i++) {
    const powers = tf.exp(logits), shares = tf.div(powers, tf.sum(powers, 1, true));
    out = squash(tf.sum(tf.mul(tf.expandDims(shares, 3), votes), 2));
    logits = tf.add(logits, tf.sum(tf.mul(votes, tf.expandDims(out, 2)), 3));
  }
  return out;
}

for (const backend of ["cpu", "tensorflow"] as const) {
  Deno.test(`routeByAgreement() has the gradient that its ops have one by one, on ${backend}`, async () => {
    await startEngine({ backend });
    const votes = numbers([2, 3, 5, 4], 1) as tf.Tensor4D, slopes = numbers([2, 3, 4], 2);
    for (const routings of [1, 2, 3, 4]) {
      const values = (route: (votes: tf.Tensor) => tf.Tensor) => [
        route(votes).dataSync(),
        tf.grad((votes) => tf.sum(tf.mul(route(votes), slopes)))(votes).dataSync(),
      ];
      const actual = values((votes) => routeByAgreement(votes as tf.Tensor4D, routings));
      values((votes) => routed(votes, routings)).forEach((expected, i) =>
        assertClose(actual[i], expected, 2e-6, `${routings} routings, value ${i}:`)
      );
    }
  });
}

Deno.test("routeByAgreement() of votes that are all zeros is zero and has a finite gradient", async () => {
  await startEngine({ backend: "cpu" });
  const votes = tf.zeros([1, 2, 3, 4]) as tf.Tensor4D;
  assertClose(routeByAgreement(votes, 3).dataSync(), new Float32Array(8));
  const gradient = tf.grad((votes) => tf.sum(routeByAgreement(votes as tf.Tensor4D, 3)))(votes);
  assertClose(gradient.dataSync(), new Float32Array(24), 1e-6);
});
