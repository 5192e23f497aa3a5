import { startEngine, tf } from "../../../lib/engine/mod.ts";
import { gradCam } from "../../../lib/models/grad_cam.ts";
import { buildLensNet } from "../../../lib/models/lens_net.ts";
import { buildResnet18 } from "../../../lib/models/resnet18.ts";
import { assert, assertClose, assertEquals, assertRejects } from "../../assert.ts";

await startEngine();

/** One convolution of two channels, the image and its negative; their means, weighed 2 and −1, under a sigmoid. */
function known(): tf.LayersModel {
  const image = tf.input({ shape: [7, 7, 1] });
  const seen = tf.layers.conv2d({ filters: 2, kernelSize: 1, name: "seen" }).apply(image);
  const mean = tf.layers.globalAveragePooling2d({ name: "mean" }).apply(seen);
  const outputs = tf.layers.dense({ units: 1, activation: "sigmoid", name: "answer" }).apply(
    mean,
  ) as tf.SymbolicTensor;
  const model = tf.model({ inputs: image, outputs });
  model.getLayer("seen").setWeights([tf.tensor4d([1, -1], [1, 1, 1, 2]), tf.tensor1d([0, 0])]);
  model.getLayer("answer").setWeights([tf.tensor2d([[2], [-1]]), tf.tensor1d([0])]);
  return model;
}

// By hand: the logit is Σ (2 x + x) / 49, so the weights are 2 / 49 and −1 / 49, and the map is relu(3 x / 49).
Deno.test("gradCam() shows where the answer rises with the responses", async () => {
  const model = known(), image = tf.tensor3d(Float32Array.from({ length: 49 }, (_, i) => i - 24), [7, 7, 1]);
  const before = tf.memory().numTensors;
  const { values, rows, columns, layer } = await gradCam(model, image);
  assertEquals([rows, columns, layer], [7, 7, "seen"]);
  assertClose(values, Float32Array.from({ length: 49 }, (_, i) => Math.max(0, i - 24) / 24), 1e-4);
  assertEquals(tf.memory().numTensors, before);
  assertEquals((await gradCam(model, image, { layer: "seen" })).values, values, "the model is as it was");
  await assertRejects(
    () => gradCam(model, image, { layer: "mean" }),
    RangeError,
    'layer "mean" as it is no bottleneck',
  );
  await assertRejects(() => gradCam(model, image, { unit: 1 }), RangeError, "value 1 as the output has 1");
});

Deno.test("gradCam() finds a layer of networks with branches that join", async () => {
  const lens = buildLensNet({ inputShape: [32, 32, 4], seed: 1 });
  const resnet = buildResnet18({ inputShape: [16, 16, 3], seed: 1 });
  for (const [model, shape] of [[lens, [32, 32, 4]], [resnet, [16, 16, 3]]] as const) {
    const image = tf.randomUniform([...shape] as [number, number, number], 0, 1, "float32", 3) as tf.Tensor3D;
    const { values, rows, columns } = await gradCam(model, image);
    assert(rows >= 7 && values.length === rows * columns && values.every((v) => v >= 0 && v <= 1), `${rows}`);
  }
});
