import { startEngine } from "../../../lib/engine/mod.ts";
import { assertEquals } from "../../assert.ts";

const tf = await startEngine({ backend: "cpu" });

Deno.test("tensors and variables print type, shape and state", () => {
  const tensor = tf.zeros([2, 3]);
  assertEquals(Deno.inspect(tensor), "Tensor float32 [2, 3]");
  tensor.dispose();
  assertEquals(Deno.inspect(tensor), "Tensor float32 [2, 3], disposed");
  const variable = tf.variable(tf.scalar(1, "int32"), true, "count");
  assertEquals(Deno.inspect({ variable }), '{ variable: Variable "count" int32 [] }');
  variable.dispose();
});

Deno.test("models print layers, weights and what they take and give", () => {
  const layers = [tf.layers.flatten({ inputShape: [4, 5, 1] }), tf.layers.dense({ units: 3 })];
  const model = tf.sequential({ layers, name: "small" });
  assertEquals(Deno.inspect(model), 'Model "small": 2 layers, 63 weights, [batch, 4, 5, 1] to [batch, 3]');
  const [output] = model.outputs;
  assertEquals(Deno.inspect(output), `SymbolicTensor "${output.name}" float32 [batch, 3]`);
  assertEquals(Deno.inspect(tf.sequential({ name: "bare" })), 'Model "bare": 0 layers, no input yet');
});
