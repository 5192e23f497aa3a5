import { startEngine, tf } from "../../../lib/engine/mod.ts";
import { encodeGraphDef } from "../../../lib/export/mod.ts";
import { assert } from "../../assert.ts";

// That TensorFlow's C API gives with it what the model gives, tests/functions/cpp/score_test.ts shows.
Deno.test("encodeGraphDef() writes all inputs and outputs of a model, and its weights", async () => {
  await startEngine({ backend: "tensorflow" });
  const inputs = ["left", "right"].map((name) => tf.input({ shape: [3], name }));
  const sum = tf.layers.add({ name: "sum" }).apply(inputs) as tf.SymbolicTensor;
  const kind = tf.layers.dense({ units: 2000, name: "kind" }).apply(sum) as tf.SymbolicTensor;
  const model = tf.model({ inputs, outputs: [kind, sum] });
  const graph = encodeGraphDef(model), text = new TextDecoder("latin1").decode(graph);
  for (const name of ["left", "right", "kind", "sum"]) assert(text.includes(name), name);
  assert(graph.length > 4 * 3 * 2000, `${graph.length} bytes`);
  assert(encodeGraphDef(model, { batch: 4 }).length > 4 * 3 * 2000);
  model.dispose();
});
