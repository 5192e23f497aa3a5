import { join } from "@std/path";
import { fromArrays } from "../../../../lib/data/source.ts";
import { startEngine, tf } from "../../../../lib/engine/mod.ts";
import { Reparametrization } from "../../../../lib/layers/mod.ts";
import { constant, fit, type Models, sgd, vaeGan, type VaeGanOptions } from "../../../../lib/train/mod.ts";
import { assert, assertClose, assertEquals, assertThrows } from "../../../assert.ts";
import { weightsOf } from "../_toy.ts";

await startEngine({ backend: "tensorflow" });

/** An autoencoder of two numbers by a code of one, and a discriminator that sees them as they are. */
function networks(seed = 1): Models {
  const drawn = (offset: number) => tf.initializers.glorotUniform({ seed: seed + offset });
  const dense = (units: number, name: string, offset: number) =>
    tf.layers.dense({ units, kernelInitializer: drawn(offset), name });
  const x = tf.input({ shape: [2] });
  const [mean, spread] = ["z_mean", "z_log_variance"].map((name, i) =>
    dense(1, name, i).apply(x) as tf.SymbolicTensor
  );
  const code = new Reparametrization({ name: "code" }).apply([mean, spread]) as tf.SymbolicTensor;
  const again = dense(2, "reconstruction", 2).apply(code) as tf.SymbolicTensor;
  const shown = tf.input({ shape: [2] });
  const features = dense(2, "features", 3).apply(shown) as tf.SymbolicTensor;
  const score = dense(1, "score", 4).apply(features) as tf.SymbolicTensor;
  return {
    autoencoder: tf.model({ inputs: x, outputs: [again, mean, spread] }),
    discriminator: tf.model({ inputs: shown, outputs: [score, features] }),
  };
}

const parts: VaeGanOptions["parts"] = (autoencoder) => {
  const outputs = ["code", "z_mean", "z_log_variance"].map((name) =>
    autoencoder.getLayer(name).output as tf.SymbolicTensor
  );
  const encoder = tf.model({ inputs: autoencoder.inputs, outputs }), codes = tf.input({ shape: [1] });
  const drawn = autoencoder.getLayer("reconstruction").apply(codes) as tf.SymbolicTensor;
  return { encoder, decoder: tf.model({ inputs: codes, outputs: drawn }) };
};

/** Points on a line through (2, -1). */
function points(count: number) {
  const data = Float32Array.from({ length: 2 * count }, (_, i) => (i % 2 ? -1 : 2) + Math.sin(i >> 1));
  return fromArrays({ data, shape: [count, 2] });
}

const options = { epochs: 1, batch: 8, shards: 1, seed: 4 };
const still = { config: { name: "still" }, rate: () => 0 };

/** Gives a layer's weights numbers. */
function setTo(model: tf.LayersModel, name: string, kernel: number[][], bias: number[]): void {
  model.getLayer(name).setWeights([tf.tensor2d(kernel), tf.tensor1d(bias)]);
}

Deno.test("vaeGan() counts losses and scores as they are by hand", async () => {
  const models = networks(), { autoencoder, discriminator } = models;
  setTo(autoencoder, "z_mean", [[0], [0]], [3]);
  setTo(autoencoder, "z_log_variance", [[0], [0]], [0]);
  setTo(autoencoder, "reconstruction", [[0, 0]], [1, 1]);
  setTo(discriminator, "features", [[1, 0], [0, 2]], [0, 0]);
  setTo(discriminator, "score", [[0], [0]], [1]);
  const source = fromArrays({ data: Float32Array.of(2, 1, 4, 2), shape: [2, 2] });
  for (const shards of [1, 2]) {
    const { epochs: [numbers] } = await fit(models, source, {
      ...options,
      shards,
      batch: 2,
      step: vaeGan({ parts }),
      schedule: still,
    });
    // Features (2, 2) and (4, 4) against (1, 2): half of 1 and half of 9 + 4, on average 7 / 2. A logit of 1 everywhere.
    const real = Math.log(1 + Math.exp(-1)), made = Math.log(1 + Math.exp(1)), p = 1 / (1 + Math.exp(-1));
    assertClose([numbers.divergence, numbers.featureLoss], [9 / 2, 7 / 2], 1e-5);
    assertClose([numbers.loss, numbers.generatorLoss], [real + 2 * made, 2 * real], 1e-5);
    assertClose([numbers.realScore, numbers.generatedScore], [p, p], 1e-5);
  }
});

Deno.test("vaeGan() moves the encoder by divergence and features, and the decoder by the judgement, too", async () => {
  const moved = async (settings: Partial<VaeGanOptions>, blind: boolean) => {
    const models = networks(), { autoencoder, discriminator } = models;
    // Features of nothing but a bias: alike of everything, so that no gradient comes of their distance nor of the judgement.
    if (blind) setTo(discriminator, "features", [[0, 0], [0, 0]], [1, 1]);
    const names = ["z_mean", "reconstruction", "score"];
    const layer = (name: string) => (name === "score" ? discriminator : autoencoder).getLayer(name);
    const values = () => names.map((name) => [...layer(name).getWeights()[0].dataSync()]);
    const before = values();
    const rules = { autoencoderOptimizer: sgd(), discriminatorOptimizer: sgd() };
    await fit(models, points(8), {
      ...options,
      step: vaeGan({ parts, ...rules, ...settings }),
      schedule: constant(0.1),
    });
    return values().map((kernel, i) => kernel.some((value, k) => value !== before[i][k]));
  };
  assertEquals(await moved({}, false), [true, true, true]);
  assertEquals(await moved({}, true), [true, false, true], "by the divergence");
  assertEquals(await moved({ beta: 0 }, true), [false, false, true]);
  assertEquals(await moved({ likeness: 0 }, false), [true, true, true], "the decoder by the judgement");
});

Deno.test("vaeGan() gives the same weights however a batch is cut, and when it is killed and resumed", async () => {
  const folder = await Deno.makeTempDir();
  const run = async (shards: number, path?: string, stops: readonly number[] = []) => {
    for (let part = 0;; part++) {
      const models = networks(part === 0 ? 1 : 50), stop = new AbortController();
      const history = await fit(models, points(24), {
        ...options,
        shards,
        epochs: 3,
        step: vaeGan({ parts }),
        schedule: constant(0.01),
        checkpoint: path === undefined ? undefined : { path },
        resume: true,
        signal: stop.signal,
        reportMs: 0,
        onBatch: ({ step }) => step >= stops[part] && stop.abort(),
      });
      if (history.ending !== "interrupted") return Object.values(models).flatMap(weightsOf);
    }
  };
  const whole = await run(1);
  assertEquals(await run(1, join(folder, "a"), [1, 5]), whole);
  assertClose(await run(2), whole, 1e-4);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("vaeGan() learns to draw points where they are", async () => {
  const models = networks();
  await fit(models, points(64), {
    ...options,
    epochs: 60,
    step: vaeGan({ parts }),
    schedule: constant(0.02),
  });
  const [x, y] = (parts(models.autoencoder).decoder.predict(tf.zeros([1, 1])) as tf.Tensor).dataSync();
  assert(Math.hypot(x - 2, y + 1) < 1, `the middle code draws ${x}, ${y}`);
});

Deno.test("vaeGan() says what its models lack", () => {
  const { autoencoder, discriminator } = networks(), source = points(4);
  const create = (models: Models) => vaeGan({ parts }).create(models, source);
  assertThrows(() => create({ autoencoder }), TypeError, "two models called autoencoder and discriminator");
  const blind = tf.model({ inputs: discriminator.inputs, outputs: discriminator.outputs[0] });
  assertThrows(() => create({ autoencoder, discriminator: blind }), TypeError, "it gives [,1]");
});
