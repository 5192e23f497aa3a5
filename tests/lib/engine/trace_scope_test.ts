/** Which ops of a real step a profile finds in which layer, forward and in the gradient. */
import { applySharded, compile, inPart, startEngine, tf } from "../../../lib/engine/mod.ts";
import { assert, assertEquals } from "../../assert.ts";

/** A model in a model. */
function nested(): tf.LayersModel {
  const inner = tf.sequential({
    name: "inner",
    layers: [tf.layers.dense({ units: 3, inputShape: [4], activation: "tanh", name: "squash" })],
  });
  const first = tf.layers.conv1d({ filters: 2, kernelSize: 2, inputShape: [3, 1], name: "1st.conv-of/two" });
  return tf.sequential({
    layers: [first, tf.layers.flatten(), inner, tf.layers.dense({ units: 1, name: "end" })],
  });
}

Deno.test("compile().profile() finds every layer's ops and those of its gradient, and changes nothing", async () => {
  await startEngine({ backend: "tensorflow" });
  const model = nested(), weights = model.trainableWeights;
  const variables = weights.map((weight) => (weight as unknown as { val: tf.Variable }).val);
  const step = compile((x: tf.Tensor, rate: tf.Tensor) => {
    const { value, grads } = tf.variableGrads(() => {
      const [[y]] = applySharded(model, [[x]], { training: true });
      return inPart("loss", () => tf.sum(tf.square(y)) as tf.Scalar);
    }, variables);
    inPart("optimizer", () => variables.forEach((v) => v.assign(tf.sub(v, tf.mul(rate, grads[v.name])))));
    return value;
  });
  const x = tf.randomUniform([5, 3, 1]), rate = tf.scalar(0.1);
  const before = variables.map((variable) => [...variable.dataSync()]);
  const tensors = tf.memory().numTensors;
  const profile = step.profile([x, rate], 3)!;
  assertEquals(variables.map((variable) => [...variable.dataSync()]), before);
  assertEquals([tf.memory().numTensors, step.traces], [tensors, 0]);
  assertEquals(profile.steps.length, 3);
  assert(profile.traceMs > 0 && profile.firstMs > 0);
  for (const { ms, ops } of profile.steps) {
    assert(ms > 0 && ops.every(({ micros, start }) => micros >= 0 && start >= 0));
    const seen = (part: string, gradient: boolean) =>
      ops.filter((run) => run.part === part && run.gradient === gradient).map(({ op }) => op).join(" ");
    assert(/Conv/.test(seen("1st.conv-of/two", false)), seen("1st.conv-of/two", false));
    assert(/BackpropFilter/.test(seen("1st.conv-of/two", true)), seen("1st.conv-of/two", true));
    assert(/Tanh/.test(seen("inner/squash", false)), seen("inner/squash", false));
    assert(/TanhGrad/.test(seen("inner/squash", true)), seen("inner/squash", true));
    assert(/MatMul/.test(seen("end", true)), seen("end", true));
    assert(/Sub/.test(seen("optimizer", false)), seen("optimizer", false));
    assert(/Sum/.test(seen("loss", false)), seen("loss", false));
  }
  step(x, rate);
  assert(variables.some((variable, i) => variable.dataSync()[0] !== before[i][0]), "a step does");
  step.dispose();
});

Deno.test("compile().profile() has nothing to say where nothing is traced", async () => {
  await startEngine({ backend: "cpu" });
  const square = compile((x: tf.Tensor) => tf.square(x));
  assertEquals(square.profile([tf.scalar(2)], 1), undefined);
});
