import { startEngine, tf } from "../../../../lib/engine/mod.ts";
import { normalizeBatch } from "../../../../lib/engine/ops/batch_norm.ts";
import { assertClose, assertEquals } from "../../../assert.ts";
import { numbers } from "./_numbers.ts";

/** Values and gradients of a loss that weighs each normalised value otherwise; no gradient is nothing then. */
function normalized(shape: number[]): number[][] {
  return tf.tidy(() => {
    const channels = shape.at(-1)!, x = numbers(shape, 1), weights = numbers(shape, 2);
    const gamma = tf.range(1, channels + 1) as tf.Tensor1D, beta = tf.range(0, channels) as tf.Tensor1D;
    const apply = (x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor) =>
      normalizeBatch(x, gamma as tf.Tensor1D, beta as tf.Tensor1D, 1e-3);
    const slopes = tf.grads((x, gamma, beta) => tf.sum(tf.mul(apply(x, gamma, beta).value, weights)))([
      x,
      gamma,
      beta,
    ]);
    const { value, mean, variance } = apply(x, gamma, beta);
    return [value, mean, variance, ...slopes].map((tensor) => [...tensor.dataSync()]);
  });
}

Deno.test("normalizeBatch() has by hand the values of two examples, and no slope along what it takes away", async () => {
  for (const backend of ["cpu", "tensorflow"] as const) {
    await startEngine({ backend });
    // 1 and 5: mean 3, variance 4; with ε = 5 they become ∓2/3, twice that and 1 more
    const [one, two, e] = [tf.tensor1d([2]), tf.tensor1d([1]), 5];
    const apply = (x: tf.Tensor) => normalizeBatch(x, one, two, e);
    const { value, mean } = apply(tf.tensor2d([[1], [5]]));
    assertClose(value.dataSync(), [1 - 4 / 3, 1 + 4 / 3], 1e-6, backend);
    assertEquals([...mean.dataSync()], [3]);
    // d/dx₁ of γ (x₁ - μ) / √(σ² + ε): γ/3 · (1 - 1/2 - (2/3)²/2) = 2/3 · 5/18 = 5/27; d/dx₂ is the opposite
    const slope = tf.grad((x) => tf.slice(apply(x).value, [0, 0], [1, 1]))(tf.tensor2d([[1], [5]]));
    assertClose(slope.dataSync(), [5 / 27, -5 / 27], 1e-5, backend);
  }
});

Deno.test("normalizeBatch() by TensorFlow's op has the values, moments and gradients of the plain formula", async () => {
  for (const shape of [[7, 3], [4, 3, 5, 2], [2, 3, 2, 2, 3]]) {
    await startEngine({ backend: "cpu" });
    const plain = normalized(shape);
    await startEngine({ backend: "tensorflow" });
    const native = normalized(shape);
    for (const [i, name] of ["value", "mean", "variance", "of x", "of gamma", "of beta"].entries()) {
      assertClose(native[i], plain[i], 1e-4, `${name}, [${shape}]:`);
    }
  }
});
