import { startEngine, tf } from "../../../lib/engine/mod.ts";
import { addUp, createTotals } from "../../../lib/train/totals.ts";
import { assertClose, assertEquals } from "../../assert.ts";

await startEngine({ backend: "cpu" });

const scalar = (value: number) => tf.scalar(value);

Deno.test("createTotals() gives means over examples, the loss's over batches of any size", async () => {
  const totals = createTotals(["right", "missed"]);
  totals.add(scalar(2), 6, [scalar(5), scalar(-3)]);
  totals.add(scalar(10), 2, [scalar(1), scalar(7)]);
  const { means, examples, firstBad } = await totals.read();
  assertEquals([examples, firstBad, Object.keys(means)], [8, 0, ["loss", "right", "missed"]]);
  assertClose([means.loss, means.right, means.missed], [4, 0.75, 0.5], 1e-6);
  totals.reset();
  totals.add(scalar(1), 1, [scalar(1), scalar(0)]);
  assertEquals((await totals.read()).means, { loss: 1, right: 1, missed: 0 });
  totals.dispose();
});

Deno.test("createTotals() remembers the first batch whose loss was no finite number, until reset", async () => {
  for (const bad of [NaN, Infinity, -Infinity]) {
    const totals = createTotals([]);
    for (const loss of [1, bad, 2, NaN]) totals.add(scalar(loss), 3, []);
    assertEquals((await totals.read()).firstBad, 2);
    totals.reset();
    totals.add(scalar(1), 3, []);
    assertEquals((await totals.read()).firstBad, 0);
    totals.add(scalar(bad), 3, []);
    assertEquals((await totals.read()).firstBad, 2, "counted anew");
    totals.dispose();
  }
});

Deno.test("createTotals() keeps two variables, which a checkpoint can take and give back", async () => {
  const before = tf.memory().numTensors;
  const [first, second] = [createTotals(["x"]), createTotals(["x"])];
  assertEquals(first.variables.map(({ shape }) => shape), [[4], []]);
  tf.tidy(() => first.add(scalar(3), 2, [scalar(4)]));
  first.variables.forEach((variable, i) => second.variables[i].assign(variable));
  tf.tidy(() => second.add(scalar(NaN), 2, [scalar(0)]));
  const { examples, means, firstBad } = await second.read();
  assertEquals([examples, means.x, firstBad], [4, 1, 2]);
  first.dispose();
  second.dispose();
  assertEquals(tf.memory().numTensors, before);
});

Deno.test("addUp() is the sum of one or several", () => {
  assertEquals([...addUp([tf.tensor1d([1, 2])]).dataSync()], [1, 2]);
  assertEquals([...addUp([tf.tensor1d([1, 2]), tf.tensor1d([10, 20]), tf.tensor1d([3, 3])]).dataSync()], [
    14,
    25,
  ]);
});
