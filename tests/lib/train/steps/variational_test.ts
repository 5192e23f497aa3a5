import { fromArrays } from "../../../../lib/data/source.ts";
import { startEngine, tf } from "../../../../lib/engine/mod.ts";
import { adam, constant, divergence, fit, sgd, variational } from "../../../../lib/train/mod.ts";
import { assert, assertClose, assertEquals } from "../../../assert.ts";

await startEngine({ backend: "tensorflow" });

/** Encoder and decoder of four values with a code of two; the mean alone is decoded. */
function autoencoder(): tf.LayersModel {
  const init = (seed: number) => tf.initializers.glorotUniform({ seed });
  const input = tf.input({ shape: [4], name: "image" });
  const apply = (layer: tf.layers.Layer, x: tf.SymbolicTensor) => layer.apply(x) as tf.SymbolicTensor;
  const mean = apply(tf.layers.dense({ units: 2, name: "z_mean", kernelInitializer: init(1) }), input);
  const logVariance = apply(
    tf.layers.dense({ units: 2, name: "z_log_variance", kernelInitializer: init(2) }),
    input,
  );
  const decode = tf.layers.dense({
    units: 4,
    activation: "sigmoid",
    name: "reconstruction",
    kernelInitializer: init(3),
  });
  return tf.model({ inputs: input, outputs: [apply(decode, mean), mean, logVariance] });
}

const source = fromArrays({
  data: Float32Array.from({ length: 64 }, (_, i) => (i >> 2) % 2 === i % 2 ? 0.9 : 0.1),
  shape: [16, 4],
});

// By hand: -(1 + ln 4 - 1² - 4) / 2 - (1 + 0 - 0 - 1) / 2 = (4 - ln 4) / 2
Deno.test("divergence() is Kullback and Leibler's of a Gaussian from the standard one", () => {
  const value = divergence(tf.tensor2d([[1, 0]]), tf.tensor2d([[Math.log(4), 0]])).dataSync();
  assertClose(value, [(4 - Math.log(4)) / 2], 1e-6);
});

// By hand, all weights zero: the image is 0.5 everywhere and the code N(0, 1). Of 0.9 and 0.1: four times
// -(0.9 ln 0.5 + 0.1 ln 0.5) = 4 ln 2, or 4 · 0.4².
Deno.test("variational() sums what a reconstruction is off by over an example's values", async () => {
  for (const [reconstruction, expected] of [["squaredError", 0.64], [undefined, 4 * Math.LN2]] as const) {
    const model = autoencoder();
    model.setWeights(model.getWeights().map((weight) => tf.zerosLike(weight)));
    const { epochs: [numbers] } = await fit(model, source, {
      step: variational({ reconstruction }),
      schedule: { config: { name: "still" }, rate: () => 0 },
      epochs: 1,
      batch: 8,
      shards: 1,
    });
    assertClose([numbers.loss, numbers.reconstructionLoss], [expected, expected], 1e-5);
    assertClose([numbers.divergence], [0], 1e-6, "", 1);
  }
});

Deno.test("variational() reconstructs a target of another name where it is told to", async () => {
  const { image } = source.held!.inputs;
  const dark = fromArrays({ image: image as never }, {
    clean: { data: new Float32Array(64), shape: [16, 4] },
  });
  const model = autoencoder();
  model.setWeights(model.getWeights().map((weight) => tf.zerosLike(weight)));
  const { epochs: [numbers] } = await fit(model, dark, {
    step: variational({ reconstruction: "squaredError", target: "clean" }),
    schedule: { config: { name: "still" }, rate: () => 0 },
    epochs: 1,
    shards: 1,
  });
  assertClose(numbers.reconstructionLoss, 4 * 0.25, 1e-5);
  const step = variational({ beta: 2, target: "clean" }).create({ model }, dark);
  assertEquals(step.config.loss, {
    name: "variational",
    reconstruction: "binaryCrossEntropy",
    beta: 2,
    target: "clean",
  });
  step.dispose();
});

Deno.test("variational() minimises reconstruction plus β times divergence", async () => {
  for (const beta of [0, 3]) {
    const { epochs } = await fit(autoencoder(), source, {
      step: variational({ beta, optimizer: adam() }),
      epochs: 1,
      batch: 16,
      shards: 2,
    });
    const { loss, reconstructionLoss, divergence } = epochs[0];
    assertClose(loss, reconstructionLoss + beta * divergence, 1e-4);
    assert(divergence > 0 && reconstructionLoss > 0);
  }
});

Deno.test("variational() moves what its two parts depend on, and nothing that is frozen", async () => {
  const movedBy = async (beta: number, frozen?: string) => {
    const model = autoencoder(), names = ["z_mean", "z_log_variance", "reconstruction"];
    if (frozen) model.getLayer(frozen).trainable = false;
    const valuesOf = () =>
      names.map((name) => model.getLayer(name).getWeights().flatMap((w) => [...w.dataSync()]));
    const before = valuesOf();
    await fit(model, source, {
      step: variational({ beta, optimizer: sgd() }),
      schedule: constant(0.1),
      epochs: 1,
      batch: 16,
      shards: 1,
    });
    return valuesOf().map((values, i) => values.some((value, k) => value !== before[i][k]));
  };
  // Without the divergence nothing depends on the variance, as the mean alone is decoded here.
  assertEquals(await movedBy(0), [true, false, true]);
  assertEquals(await movedBy(1), [true, true, true]);
  assertEquals(await movedBy(1, "reconstruction"), [true, true, false]);
});

Deno.test("variational() learns to reconstruct, and β pulls the codes together", async () => {
  const train = async (beta: number) => {
    const history = await fit(autoencoder(), source, {
      step: variational({ beta, reconstruction: "squaredError" }),
      schedule: constant(0.05),
      epochs: 60,
      batch: 16,
      shards: 1,
      validation: source,
    });
    return history.epochs.at(-1)!;
  };
  const free = await train(0), bound = await train(10);
  assert(free.reconstructionLoss < 0.05, String(free.reconstructionLoss));
  assert(bound.divergence < free.divergence / 5, `${bound.divergence} against ${free.divergence}`);
  assert(Number.isFinite(bound.validationDivergence));
});

// By hand: where the image is sure of 1 and of 0, each value costs -0.9 ln ε or -0.1 ln ε of what it is wrong by, ε = 1e-7.
Deno.test("variational() stays finite where a reconstruction is sure and wrong", async () => {
  for (const bias of [200, -200]) {
    const model = autoencoder();
    model.setWeights(model.getWeights().map((weight) => tf.zerosLike(weight)));
    const decode = model.getLayer("reconstruction");
    decode.setWeights([tf.zeros([2, 4]), tf.fill([4], bias)]);
    const { epochs: [numbers] } = await fit(model, source, {
      step: variational(),
      schedule: { config: { name: "still" }, rate: () => 0 },
      epochs: 1,
      batch: 16,
      shards: 1,
    });
    // two values of 0.9 and two of 0.1 an example: 2 of the whole weight are on the wrong side
    assertClose(numbers.reconstructionLoss, -2 * Math.log(1e-7), 0.02);
  }
});
