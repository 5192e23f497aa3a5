import { startEngine, tf } from "../../../lib/engine/mod.ts";
import {
  buildConv3dNet,
  buildEcalInception,
  buildEcalNet,
  buildEcalResnet,
  formatSummary,
  summarizeModel,
} from "../../../lib/models/mod.ts";
import { countParameters } from "../../../lib/train/mod.ts";
import { assert, assertClose, assertEquals, assertThrows } from "../../assert.ts";

await startEngine({ backend: "cpu" });

Deno.test("buildConv3dNet() is the document's: its layers, shapes and 715,074 parameters", () => {
  // Of the document's summary; its flatten is of 5 · 8 · 8 · 32, and 1,792 + 256 + 55,328 + 128 + 655,424 + 2,080 + 66 = 715,074.
  const { layers, parameters } = summarizeModel(buildConv3dNet());
  assertEquals(layers.slice(1).map(({ type, shape, parameters }) => `${type} ${shape} ${parameters}`), [
    "Conv3D (None, 21, 32, 32, 64) 1792",
    "Dropout (None, 21, 32, 32, 64) 0",
    "BatchNormalization (None, 21, 32, 32, 64) 256",
    "MaxPooling3D (None, 10, 16, 16, 64) 0",
    "Conv3D (None, 10, 16, 16, 32) 55328",
    "Dropout (None, 10, 16, 16, 32) 0",
    "BatchNormalization (None, 10, 16, 16, 32) 128",
    "MaxPooling3D (None, 5, 8, 8, 32) 0",
    "Flatten (None, 10240) 0",
    "Dense (None, 64) 655424",
    "Dense (None, 32) 2080",
    "Dense (None, 2) 66",
  ]);
  assertEquals(parameters.total, 715_074);
  assert(formatSummary(summarizeModel(buildConv3dNet())).includes("715,074"));
});

Deno.test("buildConv3dNet() normalises before dropout where the order is mended, with as many parameters", () => {
  const model = buildConv3dNet({ order: "norm-dropout" });
  const types = model.layers.map((layer) => layer.getClassName());
  assertEquals(types.slice(1, 5), ["Conv3D", "BatchNormalization", "Dropout", "MaxPooling3D"]);
  assertEquals(summarizeModel(model).parameters.total, 715_074);
});

Deno.test("buildConv3dNet() normalises by Keras's slow averages, or by quicker ones", () => {
  for (const momentum of [undefined, 0.9]) {
    const norms = buildConv3dNet({ momentum }).layers.filter((layer) =>
      layer.getClassName() === "BatchNormalization"
    );
    assertEquals(norms.map((layer) => layer.getConfig().momentum), [momentum ?? 0.99, momentum ?? 0.99]);
  }
});

Deno.test("a new batch normalisation lets nothing of faint films through, until its slow average has forgotten where it began", () => {
  const faint = tf.mul(tf.randomNormal([512, 1], 0, 1, "float32", 3), 0.03);
  const spread = tf.moments(faint).variance.dataSync()[0];
  assert(spread > 7e-4 && spread < 11e-4, `${spread}`);
  const spreadAfter = (steps: number, momentum: number) => {
    const norm = tf.layers.batchNormalization({ momentum, scale: false });
    for (let i = 0; i < steps; i++) norm.apply(faint, { training: true });
    return tf.moments(norm.apply(faint, { training: false }) as tf.Tensor).variance.dataSync()[0];
  };
  // After 280 steps 0.99²⁸⁰ = 0.06 of the 1 that the average began at is left; epsilon is 0.001.
  const left = 0.99 ** 280,
    slow = spread / (spread * (1 - left) + left + 0.001),
    quick = spread / (spread + 0.001);
  assertClose([spreadAfter(280, 0.99), spreadAfter(280, 0.9)], [slow, quick], 0.01);
  assert(quick > 25 * slow, `${quick} and ${slow}`);
});

Deno.test("dropout before batch normalisation gives it another spread in training than in use, after it the same", () => {
  const spread = (order: "dropout-norm" | "norm-dropout") => {
    const dropout = tf.layers.dropout({ rate: 0.5, seed: 1 }),
      norm = tf.layers.batchNormalization({ momentum: 0, scale: false });
    const x = tf.ones([4096, 1]);
    const apply = (layer: tf.layers.Layer, input: tf.Tensor, training: boolean) =>
      layer.apply(input, { training }) as tf.Tensor;
    const layers = order === "dropout-norm" ? [dropout, norm] : [norm, dropout];
    layers.reduce((now, layer) => apply(layer, now, true), x);
    return norm.getWeights().at(-1)!.dataSync()[0];
  };
  // A one that is kept is doubled: variance 1 of what in use is always 1.
  assert(Math.abs(spread("dropout-norm") - 1) < 0.05);
  assert(spread("norm-dropout") < 1e-6);
});

Deno.test("buildEcalResnet() is the public one: its layers, and its 174,385 parameters but for the softmax's second column", () => {
  const model = buildEcalResnet({ seed: 1 });
  const convolutions = model.layers.filter((layer) => layer.getClassName() === "Conv2D");
  assertEquals(convolutions.length, 15); // 13, and the short cuts of the two blocks that widen
  assertEquals(model.getLayer("features").outputShape, [null, 64]);
  // 9 · 16; 4 of 9 · 16²; 9 · 16 · 32, 3 of 9 · 32², 16 · 32; 9 · 32 · 64, 3 of 9 · 64², 32 · 64
  const kernels = 144 + 4 * 2304 + 4608 + 3 * 9216 + 512 + 18432 + 3 * 36864 + 2048;
  const normed = 5 * 16 + 5 * 32 + 5 * 64; // scale and offset of each filter
  assertEquals(countParameters(model), kernels + 2 * normed + 65 * 2);
  const output = model.predict(tf.zeros([2, 32, 32, 1])) as tf.Tensor;
  assertEquals(output.shape, [2, 2]);
});

Deno.test("buildEcalInception() is the public one: 2,393,218 parameters, its modules' filters side by side", () => {
  const model = buildEcalInception({ seed: 1 });
  assertEquals(summarizeModel(model).parameters.total, 2_393_218); // as Keras's summary of it says
  const modules = ["inception_3a", "inception_3b", "inception_4a"].map((name) =>
    model.getLayer(name).outputShape
  );
  assertEquals(modules, [[null, 16, 16, 128], [null, 16, 16, 240], [null, 8, 8, 256]]);
  assertEquals((model.predict(tf.zeros([2, 32, 32, 1])) as tf.Tensor).shape, [2, 2]);
});

Deno.test("buildEcalNet() looks at the seed's rows only, and refuses more of them than there are", () => {
  const model = buildEcalNet({ seed: 1 });
  const noise = tf.randomNormal([1, 33, 33, 2], 0, 1, "float32", 3);
  const far = tf.pad(tf.zeros([1, 13, 33, 2]), [[0, 0], [10, 10], [0, 0], [0, 0]], 1); // changes rows 0 to 9 and 23 to 32
  const [one, other] = [noise, tf.add(noise, far)].map((x) => (model.predict(x) as tf.Tensor).dataSync());
  assertEquals([...one], [...other]);
  assertThrows(() => buildEcalNet({ reach: 17 }), RangeError, "Cannot keep 17 rows");
});

/**
 * Features and answers by PyTorch 2.15, float64, of weights and pictures by a formula:
 * ```py
 * import numpy as np, torch, torch.nn as nn, torch.nn.functional as F
 * k = 0
 * def fill(*shape, scale, about=0.0):  # the i-th value of the k-th weight, in Keras's layout
 *     global k
 *     n = int(np.prod(shape)); i = np.arange(n)
 *     w = about + scale * np.sin(0.7 * i + 1.3 * k + 0.01 * i * i)
 *     k += 1
 *     return w.reshape(shape)
 * def conv(x, cin, cout, size, stride=1):
 *     w = fill(size, size, cin, cout, scale=np.sqrt(3 / (size * size * cin)))
 *     bn = nn.BatchNorm2d(cout, eps=1e-5).double().eval()
 *     bn.weight.data = torch.tensor(fill(cout, scale=0.3, about=1))
 *     bn.bias.data = torch.tensor(fill(cout, scale=0.2))
 *     bn.running_mean = torch.tensor(fill(cout, scale=0.2))
 *     bn.running_var = torch.tensor(fill(cout, scale=0.4, about=1))
 *     return bn(F.conv2d(x, torch.tensor(w.transpose(3, 2, 0, 1).copy()), stride=stride, padding=size // 2))
 * def block(x, cin, cout, stride):
 *     y = conv(F.relu(conv(x, cin, cout, 3, stride)), cout, cout, 3)
 *     return F.relu(y + (x if stride == 1 else conv(x, cin, cout, 1, stride)))
 * with torch.no_grad():
 *     at = np.arange(2 * 32 * 32)
 *     x = torch.tensor((np.sin(0.37 * at) * np.cos(0.0007 * at)).reshape(2, 1, 32, 32))
 *     x = F.relu(conv(x, 1, 16, 3)); c = 16
 *     for stage, width in enumerate([16, 32, 64]):
 *         for i in range(2):
 *             x = block(x, c, width, 2 if stage > 0 and i == 0 else 1); c = width
 *     features = x.mean((2, 3))
 *     logits = features @ torch.tensor(fill(64, 2, scale=0.05)) + torch.tensor(fill(2, scale=0.1))
 *     p = torch.softmax(logits, 1)
 * np.set_printoptions(precision=7, suppress=True)
 * print(features[:, ::8].numpy()); print(p.numpy()); print(k)
 * ```
 */
const RESNET_FEATURES = [
  [3.888083, 0.1441282, 0.3878617, 4.5498165, 1.1378573, 0, 1.4340797, 0.5395682],
  [3.2748141, 0.0313677, 0.2920216, 3.2253978, 0.923758, 0, 1.1275104, 0.3111596],
];
const RESNET_ANSWERS = [[0.9420913, 0.0579087], [0.8842843, 0.1157157]];

Deno.test("buildEcalResnet() computes what PyTorch computes of the same weights", () => {
  const model = buildEcalResnet();
  let k = 0;
  const fill = ({ shape }: tf.Tensor, scale: number, about = 0) => {
    const value = (i: number) => about + scale * Math.sin(0.7 * i + 1.3 * k + 0.01 * i * i);
    const values = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => value(i));
    k++;
    return tf.tensor(values, shape);
  };
  for (const layer of model.layers.toSorted((a, b) => a.id - b.id)) { // as they were made
    const [first, ...others] = layer.getWeights(), type = layer.getClassName();
    if (type === "Conv2D") {
      const [height, width, channels] = first.shape;
      layer.setWeights([fill(first, Math.sqrt(3 / (height * width * channels)))]);
    } else if (type === "BatchNormalization") {
      const [beta, mean, variance] = others;
      layer.setWeights([fill(first, 0.3, 1), fill(beta, 0.2), fill(mean, 0.2), fill(variance, 0.4, 1)]);
    } else if (type === "Dense") layer.setWeights([fill(first, 0.05), fill(others[0], 0.1)]);
  }
  assertEquals(k, 77);
  const pixel = (i: number) => Math.sin(0.37 * i) * Math.cos(0.0007 * i);
  const pictures = tf.tensor(Float32Array.from({ length: 2 * 32 * 32 }, (_, i) => pixel(i)), [2, 32, 32, 1]);
  const both = tf.model({
    inputs: model.inputs,
    outputs: [model.getLayer("features").output as tf.SymbolicTensor, model.outputs[0]],
  });
  const [features, answers] = (both.predict(pictures) as tf.Tensor2D[]).map((output) => output.arraySync());
  assertClose(features.map((row) => row.filter((_, i) => i % 8 === 0)).flat(), RESNET_FEATURES.flat(), 1e-4);
  assertClose(answers.flat(), RESNET_ANSWERS.flat(), 1e-4);
});
