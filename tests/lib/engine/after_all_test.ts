import { afterAll, compile, startEngine, tf } from "../../../lib/engine/mod.ts";
import { assertEquals } from "../../assert.ts";

/** Twice the values that wait for one another: of an input, of what is made of it, of a variable and of a constant. */
function doubled(wait: (tensors: tf.Tensor[]) => tf.Tensor[]) {
  const weight = tf.variable(tf.scalar(5)), three = tf.scalar(3);
  const run = compile((x) => wait([x, tf.square(x), weight, three]).map((tensor) => tf.mul(tensor, 2)));
  const x = tf.scalar(7), values = run(x).map((tensor) => tensor.dataSync()[0]), { ops } = run;
  run.dispose();
  tf.dispose([weight, three, x]);
  return { values, ops };
}

for (const backend of ["tensorflow", "cpu"] as const) {
  Deno.test(`afterAll() changes no value on ${backend}`, async () => {
    await startEngine({ backend });
    assertEquals(doubled(afterAll).values, [14, 98, 10, 6]);
  });
}

Deno.test("afterAll() puts one gate into a trace, and behind it each tensor once", async () => {
  await startEngine({ backend: "tensorflow" });
  assertEquals(doubled(afterAll).ops - doubled((tensors) => tensors).ops, 1 + 4);
});
