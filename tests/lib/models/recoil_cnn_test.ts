import { assert, assertClose, assertEquals, assertThrows } from "../../assert.ts";
import { startEngine, tf } from "../../../lib/engine/mod.ts";
import { buildCourseCnn } from "../../../lib/models/course_cnn.ts";
import { decodeKeras } from "../../../lib/export/keras_read.ts";
import { buildRecoilCnn, calibrateRecoilCnn, standardizeRecoilCnn } from "../../../lib/models/recoil_cnn.ts";

await startEngine({ backend: "cpu" });

Deno.test("buildRecoilCnn() gives a probability and an energy, or one of them", () => {
  const image = tf.randomNormal([2, 64, 64, 1], 0, 1, "float32", 1);
  const both = buildRecoilCnn({ side: 64, seed: 1 });
  const [nuclear, energy] = both.predict(image) as tf.Tensor[];
  assertEquals([nuclear.shape, energy.shape], [[2, 1], [2, 2]]);
  assert([1, 3].every((i) => energy.dataSync()[i] > 0), "σ is positive");
  assert(Array.from(nuclear.dataSync()).every((p) => p > 0 && p < 1));
  const one = buildRecoilCnn({ side: 64, heads: ["energy"] });
  assertEquals(one.outputs.map(({ name, shape }) => [name.split("/")[0], shape]), [["energy", [null, 2]]]);
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

/** Diagonal stripes of several widths, [n, 64, 64, 1]. */
function stripes(count: number): tf.Tensor {
  const data = Float32Array.from({ length: count * 64 * 64 }, (_, i) => {
    const image = Math.floor(i / 4096), row = Math.floor(i / 64) % 64, column = i % 64;
    return Math.max(0, image + 1 - Math.abs(row - column + 3 * image) / 2) / 4;
  });
  return tf.tensor(data, [count, 64, 64, 1]);
}

Deno.test("files of the recoil CNN from before its fixed features were layers are read, and answer as they did", async () => {
  // Written by the builder that made moments and apertures of frozen Dense layers, standardized on stripes(6), seed 3.
  const bytes = await Deno.readFile(new URL("recoil_of_dense_layers.keras", import.meta.url));
  const expected = [
    [0.025267580524086952, 0.13149036467075348, 0.4181611239910126],
    [1.0643054246902466, 0.48055699467658997, 0.7150521278381348],
  ];
  const { model: before } = await decodeKeras(bytes);
  const outputs = before.predict(stripes(3)) as tf.Tensor[];
  outputs.forEach((output, i) => assertClose(output.dataSync(), expected[i], 2e-5));
  before.dispose();
});

Deno.test("standardizeRecoilCnn() brings the fixed features to mean 0 and deviation 1", () => {
  const model = buildRecoilCnn({ side: 64, seed: 3 });
  standardizeRecoilCnn(model, stripes(6));
  const standard = tf.model({
    inputs: model.inputs,
    outputs: model.getLayer("standard").output as tf.SymbolicTensor,
  });
  const { mean, variance } = tf.moments(standard.predict(stripes(6)) as tf.Tensor, 0);
  assert(mean.dataSync().every((value) => Math.abs(value) < 1e-3));
  assert(variance.dataSync().every((value) => Math.abs(value - 1) < 0.05 || value < 1e-3));
  model.dispose();
});

Deno.test("calibrateRecoilCnn() stretches the score of the kind, and σ by the predicted energy", () => {
  const model = buildRecoilCnn({ side: 64, seed: 3 }), images = stripes(6);
  const outputs = () => (model.predict(images) as tf.Tensor[]).map((output) => Array.from(output.dataSync()));
  const [kinds, energies] = outputs();
  const sigma: [number, number, number] = [1.5, 1, 2];
  calibrateRecoilCnn(model, { kind: { slope: 0.5, offset: -0.2 }, sigma });
  const [nuclear, energy] = outputs();
  const score = (p: number) => Math.log(p / (1 - p));
  assertClose(nuclear.map(score), kinds.map((p) => 0.5 * score(p) - 0.2), 1e-4, "", 1e-4);
  for (let i = 0; i < 12; i += 2) {
    const keV = 30 * energies[i];
    const factor = keV < 3 ? 1.5 : keV < 10 ? 1.5 - (keV - 3) / 14 : keV < 25 ? 1 + (keV - 10) / 15 : 2;
    assertClose([energy[i], energy[i + 1]], [energies[i], factor * energies[i + 1]], 1e-4);
  }
  calibrateRecoilCnn(model);
  assertClose(outputs().flat(), [...kinds, ...energies], 1e-6);
  const fixed = ["nuclear", "energy_knots", "energy_scale"].map((name) => model.getLayer(name).trainable);
  assertEquals(fixed, [false, false, false]);
  model.dispose();
});
