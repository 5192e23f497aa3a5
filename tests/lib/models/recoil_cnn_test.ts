import { assert, assertClose, assertEquals, assertThrows } from "../../assert.ts";
import { startEngine, tf } from "../../../lib/engine/mod.ts";
import { buildCourseCnn } from "../../../lib/models/course_cnn.ts";
import { buildRecoilCnn } from "../../../lib/models/recoil_cnn.ts";

await startEngine({ backend: "cpu" });

Deno.test("buildRecoilCnn() gives a probability and an energy, or one of them", () => {
  const image = tf.randomNormal([2, 64, 64, 1], 0, 1, "float32", 1);
  const both = buildRecoilCnn({ side: 64, seed: 1 });
  const [nuclear, energy] = both.predict(image) as tf.Tensor[];
  assertEquals([nuclear.shape, energy.shape], [[2, 1], [2, 1]]);
  assert(Array.from(nuclear.dataSync()).every((p) => p > 0 && p < 1));
  const one = buildRecoilCnn({ side: 64, heads: ["energy"] });
  assertEquals(one.outputs.map(({ name, shape }) => [name.split("/")[0], shape]), [["energy", [null, 1]]]);
  tf.dispose([image, nuclear, energy]);
  [both, one].forEach((model) => model.dispose());
});

Deno.test("buildRecoilCnn() starts from the same weights for the same seed", () => {
  const [a, b, c] = [3, 3, 4].map((seed) => buildRecoilCnn({ side: 64, seed }));
  const weights = [a, b, c].map((model) =>
    Array.from(model.layers.find(({ name }) => name === "stage1_conv")!.getWeights()[0].dataSync())
  );
  assertEquals(weights[0], weights[1]);
  assert(weights[0].some((w, i) => w !== weights[2][i]));
  [a, b, c].forEach((model) => model.dispose());
});

Deno.test("buildRecoilCnn() refuses no head and sides that do not fit its stages", () => {
  assertThrows(() => buildRecoilCnn({ heads: [] }), RangeError, "without a head");
  assertThrows(() => buildRecoilCnn({ side: 100 }), RangeError, "images of 100 pixels");
});

Deno.test("buildCourseCnn() is the course's: sigmoid for the kind, linear for the energy, kernels regularised", () => {
  const [kind, energy] = (["nuclear", "energy"] as const).map((head) =>
    buildCourseCnn({ head, side: 32, penalty: 0.5, seed: 1 })
  );
  const last = [kind, energy].map((model) => model.layers.at(-1)!.getConfig().activation);
  assertEquals(last, ["sigmoid", "linear"]);
  const kernels = kind.layers.flatMap((layer) => layer.getWeights().slice(0, 1));
  const wanted = kernels.reduce((sum, kernel) => sum + 0.5 * kernel.square().sum().dataSync()[0], 0);
  const found = kind.calculateLosses().reduce((sum, loss) => sum + loss.dataSync()[0], 0);
  assertClose(found, wanted, 1e-5);
  [kind, energy].forEach((model) => model.dispose());
});
