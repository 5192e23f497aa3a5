import { compile, startEngine, tf } from "../../../lib/engine/mod.ts";
import { gradientsOf, stopGradient } from "../../../lib/train/mod.ts";
import { assertEquals } from "../../assert.ts";

for (const backend of ["tensorflow", "wasm", "cpu"] as const) {
  Deno.test(`stopGradient() holds on ${backend}, compiled too`, async () => {
    await startEngine({ backend });
    const x = tf.variable(tf.tensor1d([3, -2]));
    const slope = compile(() => {
      const loss = () => tf.sum(tf.mul(stopGradient(x), tf.square(x))) as tf.Scalar;
      return gradientsOf(loss, [x]).gradients[0];
    });
    assertEquals([...slope().dataSync()], [18, 8]); // 2 x², not 3 x²
  });
}
