/** What the layers of our own promise beside Keras's values: by hand, in training, and where they are misused. */
import { startEngine, tf } from "../../../lib/engine/mod.ts";
import {
  ChannelAttention,
  ClusterShapes,
  LocalResponseNormalization,
  MinPooling2D,
  MultiHeadAttention,
  Reparametrization,
  routeByAgreement,
  SelfAttention,
  SoftMaskMoments,
  SpectralNormalization,
  squash,
  Twin,
} from "../../../lib/layers/mod.ts";
import { assertClose, assertEquals, assertThrows } from "../../assert.ts";

const backends = ["cpu", "wasm", "tensorflow"] as const;

Deno.test("LocalResponseNormalization gives AlexNet's numbers", async () => {
  // Channels 10, 20, 30 with radius 1: squares 500, 1400, 1300; (2 + 1e-4 · sum)^0.75.
  const wanted = [[10, 500], [20, 1400], [30, 1300]].map(([x, sum]) => x / (2 + 1e-4 * sum) ** 0.75);
  for (const backend of backends) {
    await startEngine({ backend });
    const layer = new LocalResponseNormalization({ depthRadius: 1, bias: 2, alpha: 1e-4, beta: 0.75 });
    const y = layer.apply(tf.tensor([10, 20, 30], [1, 1, 1, 3])) as tf.Tensor;
    assertClose(y.dataSync(), wanted, 1e-6, backend);
  }
});

Deno.test("SelfAttention starts as if it were not there, and learns gamma first", async () => {
  await startEngine({ backend: "cpu" });
  const layer = new SelfAttention({ reduction: 2 }), x = tf.randomNormal([2, 3, 3, 4], 0, 1, "float32", 3);
  assertEquals((layer.apply(x) as tf.Tensor).dataSync(), x.dataSync());
  const variables = layer.trainableWeights.map((weight) => (weight as unknown as { val: tf.Variable }).val);
  const { grads } = tf.variableGrads(() => tf.sum(tf.square(layer.apply(x) as tf.Tensor)), variables);
  const moved = variables.map(({ name }) => tf.max(tf.abs(grads[name])).dataSync()[0] > 0);
  assertEquals(moved, [false, false, false, false, false, false, true]);
});

Deno.test("Reparametrization draws in training what mean and variance say, and is the mean otherwise", async () => {
  for (const backend of backends) {
    await startEngine({ backend });
    const layer = new Reparametrization(), n = 20_000;
    const mean = tf.fill([n, 1], 3), logVariance = tf.fill([n, 1], Math.log(4));
    const drawn = layer.apply([mean, logVariance], { training: true }) as tf.Tensor;
    const moments = tf.moments(drawn);
    // Standard errors: 2 / √n = 0.014 and 4 √(2 / n) = 0.04; five of them.
    assertClose(moments.mean.dataSync()[0], 3, 0.07 / 3, backend);
    assertClose(moments.variance.dataSync()[0], 4, 0.2 / 4, backend);
    const told = layer.apply([mean, logVariance], { training: false }) as tf.Tensor;
    assertEquals(told.dataSync(), mean.dataSync());
    // dz/dmean = 1, dz/dlogVariance = (z − mean) / 2.
    const z = (m: tf.Tensor, v: tf.Tensor) => tf.sum(layer.apply([m, v], { training: true }) as tf.Tensor);
    const [byMean] = tf.grads(z)([mean, logVariance]);
    assertEquals(byMean.dataSync(), new Float32Array(n).fill(1));
  }
});

Deno.test("SpectralNormalization brings the kernel to a largest singular value of 1", async () => {
  for (const backend of backends) {
    await startEngine({ backend });
    const dense = tf.layers.dense({ units: 2, useBias: false });
    const layer = new SpectralNormalization({ layer: dense, powerIterations: 50 });
    const x = tf.ones([1, 3]);
    layer.apply(x);
    // The singular values of [[3, 0], [0, 4], [0, 0]] are 4 and 3.
    const [, vector] = layer.getWeights();
    layer.setWeights([tf.tensor2d([[3, 0], [0, 4], [0, 0]]), vector]);
    layer.apply(x, { training: false });
    assertEquals(Array.from(dense.getWeights()[0].dataSync()), [3, 0, 0, 4, 0, 0]);
    layer.apply(x, { training: true });
    assertClose(dense.getWeights()[0].dataSync(), [0.75, 0, 0, 1, 0, 0], 1e-5, backend);
  }
});

Deno.test("squash() and routeByAgreement() give the paper's formulas", async () => {
  await startEngine({ backend: "cpu" });
  // |(3, 4)| = 5: 25 / 26 of the direction (0.6, 0.8).
  assertClose(squash(tf.tensor2d([[3, 4]])).dataSync(), [0.6 * 25 / 26, 0.8 * 25 / 26], 1e-6);
  assertEquals(Array.from(squash(tf.zeros([1, 2])).dataSync()), [0, 0]);
  // One routing shares every vote equally among two capsules above: (1 + 3) / 2 = 2 and 0, so 4 / 5 and 0.
  const votes = tf.tensor4d([1, 3, 0, 0], [1, 2, 2, 1]);
  assertClose(routeByAgreement(votes, 1).dataSync(), [0.8, 0], 1e-6);
  // Then the votes that agree count more: logits 0.8, 2.4 against 0, shares 1 / (1 + exp(-logit)).
  const share = (logit: number) => 1 / (1 + Math.exp(-logit)), sum = share(0.8) + 3 * share(2.4);
  assertClose(routeByAgreement(votes, 2).dataSync(), [sum ** 2 / (1 + sum ** 2), 0], 1e-6);
});

Deno.test("SoftMaskMoments measures a bar by its length and width, whichever way it lies", async () => {
  for (const backend of backends) {
    await startEngine({ backend });
    const bar = (upright: boolean) =>
      Float32Array.from({ length: 441 }, (_, i) => {
        const [long, short] = upright ? [Math.floor(i / 21), i % 21] : [i % 21, Math.floor(i / 21)];
        return Math.abs(long - 10) <= 4 && Math.abs(short - 10) <= 1 ? 5 : 0;
      });
    const layer = new SoftMaskMoments({ gains: [4], contrast: 20 });
    const picture = tf.tensor([...bar(true), ...bar(false)], [2, 21, 21, 1]);
    const [upright, lying] = (layer.apply(picture) as tf.Tensor2D).arraySync();
    // Variances of 9 and of 3 pixels in a row: 80 / 12 and 8 / 12.
    const [along, across] = [80 / 12, 8 / 12], r = along + across, d = along - across;
    assertClose(upright, [r, -d, 0, r * r, d * d], 1e-4, backend);
    assertClose(lying, [r, d, 0, r * r, d * d], 1e-4, backend);
  }
});

Deno.test("MinPooling2D never takes what same padding adds", async () => {
  await startEngine({ backend: "cpu" });
  const layer = new MinPooling2D({ poolSize: 2, padding: "same" });
  const y = layer.apply(tf.tensor([5, 7, 6], [1, 1, 3, 1])) as tf.Tensor;
  assertEquals(Array.from(y.dataSync()), [5, 6]);
});

Deno.test("a model may take one tensor twice and give it twice, with twins", async () => {
  await startEngine({ backend: "cpu" });
  const x = tf.input({ shape: [2] }), y = tf.layers.dense({ units: 2, useBias: false }).apply(x);
  const twin = new Twin({}).apply(y) as tf.SymbolicTensor;
  const z = tf.layers.multiply().apply([y as tf.SymbolicTensor, twin]) as tf.SymbolicTensor;
  const model = tf.model({ inputs: x, outputs: [y as tf.SymbolicTensor, twin, z] });
  model.layers[1].setWeights([tf.tensor2d([[1, 0], [0, 2]])]);
  const outputs = model.predict(tf.tensor2d([[3, 4]])) as tf.Tensor[];
  assertEquals(outputs.map((output) => Array.from(output.dataSync())), [[3, 8], [3, 8], [9, 64]]);
});

Deno.test("layers say what they cannot take", async () => {
  await startEngine({ backend: "cpu" });
  assertThrows(() => new ChannelAttention({ reduction: 0 }), RangeError, "reduction must be a whole number");
  assertThrows(
    () => new SelfAttention().apply(tf.zeros([1, 4, 4])),
    TypeError,
    "its input must have 4 axes: got [1,4,4]",
  );
  assertThrows(
    () => new Reparametrization().apply([tf.zeros([1, 2]), tf.zeros([1, 3])]),
    TypeError,
    "mean and logVariance of one shape",
  );
  assertThrows(
    () => new SoftMaskMoments({ gains: [1] }).apply(tf.zeros([1, 4, 4, 2])),
    TypeError,
    "must have one channel: got [1,4,4,2]",
  );
  assertThrows(
    () => new MultiHeadAttention({ numHeads: 1, keyDim: 2 }).apply(tf.zeros([1, 4])),
    TypeError,
    "1 to 3 series",
  );
  assertThrows(
    () => new SpectralNormalization({ layer: tf.layers.flatten() }).apply(tf.zeros([1, 4, 4])),
    TypeError,
    "the layer inside must have a kernel: got Flatten",
  );
});

Deno.test("a frozen layer of a Sequential stays frozen when the model is built", async () => {
  await startEngine({ backend: "cpu" });
  const frozen = tf.layers.dense({ units: 2, inputShape: [2], trainable: false });
  const model = tf.sequential({ layers: [frozen, tf.layers.dense({ units: 1 })] });
  model.predict(tf.ones([1, 2]));
  assertEquals(model.layers.map(({ trainable }) => trainable), [false, true]);
});

Deno.test("ClusterShapes measures a bar of light by hand", async () => {
  // A bar of 2 × 8 pixels of brightness 10: far above the threshold, so that its smoothed picture is all open but far from it.
  // Along: 8 pixels in a row, (8² − 1) / 12 = 5.25; across: 2 pixels, (2² − 1) / 12 = 0.25. Light 160, squares 1600.
  for (const backend of backends) {
    await startEngine({ backend });
    const pixels = Float32Array.from({ length: 256 }, (_, i) => {
      const row = i >> 4, column = i & 15;
      return (row === 7 || row === 8) && column >= 4 && column < 12 ? 10 : 0;
    });
    const layer = new ClusterShapes({ thresholds: [0.2, 1000], sharpness: 1 });
    const [light, area, length, width, elongation, squares, concentration, ...nothing] = Array.from(
      (layer.apply(tf.tensor(pixels, [1, 16, 16, 1])) as tf.Tensor).dataSync(),
    );
    assertClose([light, squares], [Math.log(160.1), Math.log(1600.1)], 1e-5, backend);
    assertClose(
      [length, width, elongation],
      [Math.sqrt(5.25), 0.5, Math.log(Math.sqrt(5.25) / 0.5)],
      1e-4,
      backend,
    );
    // Two means over 3 × 3 widen the bar by two pixels on each side: the faintest of the 6 × 12, its corners, have 10 / 81 · 1.
    const open = Math.exp(area) - 1;
    assertClose(concentration, Math.log(1600 * open / 160 ** 2 + 1), 1e-5, backend);
    assertClose(open, 72 - 4 * (1 - (10 / 81 / 0.2 - 0.5)), 0.02, backend);
    assertClose(nothing.slice(0, 2), [Math.log(0.01 + 0.1), 0], 1e-5, backend, 1e-6);
  }
});
