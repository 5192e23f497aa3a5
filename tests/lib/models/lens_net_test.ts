import { startEngine, tf } from "../../../lib/engine/mod.ts";
import { buildLensNet } from "../../../lib/models/lens_net.ts";
import { assert, assertClose, assertEquals, assertThrows } from "../../assert.ts";

await startEngine({ backend: "tensorflow" });

for (const side of [67, 48]) {
  Deno.test(`the lens network says the same of a cutout of ${side} pixels in all eight positions`, () => {
    const model = buildLensNet({ inputShape: [side, side, 4], seed: 1 });
    tf.tidy(() => {
      const x = tf.randomUniform([3, side, side, 4], 0, 1, "float32", 5);
      const positions = [x, tf.transpose(x, [0, 2, 1, 3])].flatMap((one) => [
        one,
        tf.reverse(one, 1),
        tf.reverse(one, 2),
        tf.reverse(one, [1, 2]),
      ]);
      const [first, ...others] = positions.map((one) => (model.predict(one) as tf.Tensor).dataSync());
      for (const other of others) assertClose(other, first, 1e-5);
      const shifted = (model.predict(tf.reverse(x, 3)) as tf.Tensor).dataSync();
      assert(
        first.some((p, i) => Math.abs(p - shifted[i]) > 1e-3),
        "bands in another order are another cutout",
      );
    });
    model.dispose();
  });
}

// By hand: 25·3·3 + 3, 9·24·4 + 4, 9·32·6 + 6, 9·48·8 + 8, 9·64·8 + 8, four numbers a channel to normalise by, 16 + 1.
Deno.test("the lens network is small and repeats from its seed", () => {
  const models = [3, 3, 4].map((seed) => buildLensNet({ seed }));
  assertEquals(models[0].countParams(), 228 + 868 + 1734 + 3464 + 4616 + 4 * 29 + 17);
  const [a, b, c] = models.map((model) => model.getWeights()[0].dataSync());
  assertEquals([...a], [...b]);
  assert(a.some((value, i) => value !== c[i]));
});

Deno.test("buildLensNet() refuses images that are not square", () => {
  assertThrows(() => buildLensNet({ inputShape: [32, 33, 3] }), RangeError, "not square: got [32,33,3]");
});
