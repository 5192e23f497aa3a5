import { startEngine, tf } from "../../../../lib/engine/mod.ts";
import { anyOrder, crossEntropy } from "../../../../lib/train/mod.ts";
import { assertClose, assertThrows } from "../../../assert.ts";

const backends = ["cpu", "wasm", "tensorflow"] as const;

/** Scores of two examples with five places and three groups, drawn once. */
const SCORES = Array.from({ length: 40 }, (_, i) => 2 * Math.sin(i * i + 1));
const GROUPS = [[0, 1, 1, 2, 3], [2, 2, 0, 0, 1]];

/** Every way to call three groups. */
const ORDERS = [[1, 2, 3], [1, 3, 2], [2, 1, 3], [2, 3, 1], [3, 1, 2], [3, 2, 1]];

Deno.test("anyOrder() costs what the cheapest order of the groups costs, and no matter what they are called", async () => {
  for (const backend of backends) {
    await startEngine({ backend });
    const scores = tf.tensor3d(SCORES, [2, 5, 4]);
    const called = (order: readonly number[]) =>
      tf.tensor2d(
        GROUPS.map((row) => row.map((group) => group === 0 ? 0 : order[group - 1])),
        [2, 5],
        "int32",
      );
    const all = ORDERS.map((order) =>
      crossEntropy().perExample(called(order), scores, { logits: true }).dataSync()
    );
    const least = [0, 1].map((row) => Math.min(...all.map((costs) => costs[row])));
    for (const order of ORDERS) {
      const given = anyOrder().perExample(called(order), scores, { logits: true });
      assertClose(given.dataSync(), least, 1e-5, `${backend} ${order}`);
    }
    const shares = anyOrder().perExample(called(ORDERS[0]), tf.softmax(scores), { logits: false });
    assertClose(shares.dataSync(), least, 1e-5, `${backend} of probabilities`);
  }
});

Deno.test("anyOrder() has the gradient of the cheapest order, on every backend", async () => {
  for (const backend of backends) {
    await startEngine({ backend });
    const scores = tf.tensor3d(SCORES.slice(0, 20), [1, 5, 4]);
    const wanted = (order: readonly number[]) =>
      tf.tensor2d([GROUPS[0].map((group) => group === 0 ? 0 : order[group - 1])], [1, 5], "int32");
    const costs = ORDERS.map((order) =>
      crossEntropy().perExample(wanted(order), scores, { logits: true }).dataSync()[0]
    );
    const best = ORDERS[costs.indexOf(Math.min(...costs))];
    const gradientOf = (f: (x: tf.Tensor) => tf.Tensor) => tf.grad((x) => tf.sum(f(x)))(scores).dataSync();
    const plain = gradientOf((x) => crossEntropy().perExample(wanted(best), x, { logits: true }));
    const own = gradientOf((x) => anyOrder().perExample(wanted(ORDERS[3]), x, { logits: true }));
    assertClose(own, plain, 1e-5, backend);
  }
});

Deno.test("anyOrder() counts an event of fewer groups once, though orders of the others cost alike", async () => {
  for (const backend of backends) {
    await startEngine({ backend });
    const scores = tf.tensor3d(SCORES.slice(0, 20), [1, 5, 4]);
    const wanted = (group: number) => tf.tensor2d([[group, group, group, 0, 0]], [1, 5], "int32");
    const plain = (group: number) => (x: tf.Tensor) =>
      crossEntropy().perExample(wanted(group), x, { logits: true });
    const costs = [1, 2, 3].map((group) => plain(group)(scores).dataSync()[0]);
    const best = 1 + costs.indexOf(Math.min(...costs));
    const gradientOf = (f: (x: tf.Tensor) => tf.Tensor) => tf.grad((x) => tf.sum(f(x)))(scores).dataSync();
    const own = gradientOf((x) => anyOrder().perExample(wanted(1), x, { logits: true }));
    assertClose(own, gradientOf(plain(best)), 1e-5, backend);
  }
});

Deno.test("anyOrder() refuses more groups than it can compare", async () => {
  await startEngine({ backend: "cpu" });
  const compare = () => anyOrder().perExample(tf.zeros([1, 2]), tf.zeros([1, 2, 8]), { logits: true });
  assertThrows(compare, RangeError, "there must be 1 to 6 groups: got 7");
});
