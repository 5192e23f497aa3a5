/** Convolutions of pictures that layers enlarged: in a traced graph they take the small picture, and give what they give otherwise. */
import { applySharded, compile, splitBatch, startEngine, tf } from "../../../../lib/engine/mod.ts";
import { wasEnlarged } from "../../../../lib/engine/layers/enlargement.ts";
import { assertClose, assertEquals } from "../../../assert.ts";
import { numbers } from "../ops/_numbers.ts";

await startEngine({ backend: "tensorflow" });

const { layers } = tf;
type Symbol = tf.SymbolicTensor;

const settings = (seed: number) => ({
  filters: 4,
  kernelSize: 3,
  padding: "same" as const,
  activation: "relu" as const,
  kernelInitializer: tf.initializers.glorotUniform({ seed }),
  biasInitializer: tf.initializers.randomUniform({ minval: -1, maxval: 1, seed: seed + 100 }),
});

/** A picture, itself halved and enlarged in between, and both joined. */
function model(
  join: boolean,
  upsampling: Parameters<typeof layers.upSampling2d>[0] = {},
  bias = true,
): tf.LayersModel {
  const image = tf.input({ shape: [6, 4, 3] });
  const half = layers.maxPooling2d({ poolSize: 2 }).apply(layers.conv2d(settings(1)).apply(image)) as Symbol;
  const large = layers.upSampling2d(upsampling).apply(half) as Symbol;
  const both = join ? layers.concatenate().apply([image, large]) as Symbol : large;
  const out = layers.conv2d({ ...settings(2), useBias: bias, name: "over" }).apply(both) as Symbol;
  return tf.model({ inputs: image, outputs: out });
}

/** What a model gives of two shards, and the gradients of its weights. */
function results(of: tf.LayersModel, x: tf.Tensor): tf.Tensor[] {
  const weights = of.trainableWeights.map((weight) => weight.read() as tf.Variable);
  const give = () => tf.concat(applySharded(of, splitBatch(x, 2).map((part) => [part])).map(([y]) => y), 0);
  const { grads } = tf.variableGrads(() => tf.sum(tf.square(give())), weights);
  return [give(), ...weights.map(({ name }) => grads[name])];
}

for (
  const [what, made] of Object.entries({
    "alone": () => model(false),
    "beside others": () => model(true),
    "without a bias": () => model(true, {}, false),
  })
) {
  Deno.test(`a traced convolution of an enlarged picture ${what} gives what it gives by hand, with gradients`, () => {
    const network = made(), x = numbers([5, 6, 4, 3], 1);
    const expected = results(network, x); // not traced: of the large picture
    const step = compile((x: tf.Tensor) => results(network, x)), actual = step(x) as tf.Tensor[];
    actual.forEach((tensor, i) => {
      assertEquals(tensor.shape, expected[i].shape);
      assertClose(tensor.dataSync(), expected[i].dataSync(), 1e-5, `value ${i} of ${what}:`);
    });
    step.dispose();
    network.dispose();
  });
}

Deno.test("a traced model that frees what it has used takes the enlarged picture as it is", () => {
  const network = model(true), x = numbers([5, 6, 4, 3], 1), expected = network.predict(x) as tf.Tensor;
  const step = compile((x: tf.Tensor) => network.apply(x) as tf.Tensor); // TensorFlow.js's own way through the layers
  assertClose((step(x) as tf.Tensor).dataSync(), expected.dataSync(), 1e-5);
  step.dispose();
  network.dispose();
});

Deno.test("wasEnlarged() holds of twofold nearest pixels, alone or joined by channels, under traced filters of 3 × 3", () => {
  const found: boolean[] = [], x = numbers([1, 2, 2, 1], 1), filter = tf.zeros([3, 3, 1, 1]);
  const ask = () => {
    const enlarge = (options: Parameters<typeof layers.upSampling2d>[0]) =>
      layers.upSampling2d(options).apply(x) as tf.Tensor;
    const large = enlarge({}), joined = layers.concatenate().apply([large, large]) as tf.Tensor;
    const stacked = layers.concatenate({ axis: 1 }).apply([large, large]) as tf.Tensor;
    found.push(wasEnlarged(large, filter, "same"), wasEnlarged(joined, filter, "same"));
    found.push(wasEnlarged(stacked, filter, "same"), wasEnlarged(large, filter, "valid"));
    found.push(wasEnlarged(large, tf.zeros([5, 5, 1, 1]), "same"), wasEnlarged(x, filter, "same"));
    found.push(wasEnlarged(enlarge({ size: [2, 3] }), filter, "same"));
    found.push(wasEnlarged(enlarge({ interpolation: "bilinear" }), filter, "same"));
    const three = layers.concatenate().apply([large, large, large]) as tf.Tensor;
    found.push(wasEnlarged(three, filter, "same"));
    return large;
  };
  tf.tidy(ask);
  assertEquals(found, found.map(() => false), "not traced");
  found.length = 0;
  const step = compile(ask);
  step();
  assertEquals(found.slice(0, 9), [true, true, ...new Array(7).fill(false)]);
  step.dispose();
});
