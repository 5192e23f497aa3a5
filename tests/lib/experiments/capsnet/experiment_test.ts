import { join } from "@std/path";
import { createRng } from "../../../../lib/base/rng.ts";
import { startEngine, tf } from "../../../../lib/engine/mod.ts";
import { capsnet } from "../../../../lib/experiments/capsnet/experiment.ts";
import { capsuleLoss } from "../../../../lib/experiments/capsnet/loss.ts";
import { perturb, VARIED } from "../../../../lib/experiments/capsnet/perturb.ts";
import { trainAndMeasure } from "../../../../lib/run/train_and_measure.ts";
import { buildCapsNet, CAPSULE_SIZE, decodeCapsules } from "../../../../lib/models/capsnet.ts";
import { optionsFor } from "../../../../lib/run/options_for.ts";
import { runExperiment } from "../../../../lib/run/run.ts";
import { assert, assertClose, assertEquals } from "../../../assert.ts";
import { withFolder } from "../../../folder.ts";
import { smallMnist } from "../../../small_mnist.ts";

await startEngine();

const small = () => buildCapsNet({ filters: 4, capsules: 2, seed: 1 });

Deno.test("buildCapsNet() has the paper's 8.2 million parameters, and its lengths are those of its capsules", () => {
  const whole = buildCapsNet({ seed: 1 });
  // 9·9·256 + 256; 9·9·256·256 + 256; 10·1152·16·8; 160·512 + 512; 512·1024 + 1024; 1024·784 + 784.
  assertEquals(whole.countParams(), 20_992 + 5_308_672 + 1_474_560 + 82_432 + 525_312 + 803_600);
  whole.dispose();
  const model = small(), x = tf.randomUniform([3, 28, 28, 1], 0, 1, "float32", 2);
  const [lengths, capsules, reconstruction] = model.predict(x) as tf.Tensor[];
  const vectors = tf.reshape(capsules, [3, 10, CAPSULE_SIZE]);
  const wanted = tf.sqrt(tf.add(tf.sum(tf.square(vectors), 2), 1e-7));
  assertClose(lengths.dataSync(), wanted.dataSync(), 1e-5);
  const longest = tf.oneHot(tf.cast(tf.argMax(lengths, 1), "int32"), 10, 1, 0, "float32");
  const alone = tf.reshape(tf.mul(vectors, tf.expandDims(longest, 2)), [3, 160]);
  assertClose(reconstruction.dataSync(), decodeCapsules(model, alone).dataSync(), 1e-5);
  model.dispose();
});

Deno.test("capsuleLoss() is the sum of its parts, and draws by the true class's capsule", () => {
  const model = small(), x = tf.randomUniform([2, 28, 28, 1], 0, 1, "float32", 2);
  const [lengths, capsules] = model.predict(x) as tf.Tensor[], digit = tf.tensor1d([3, 7], "int32");
  const { loss, parts } = capsuleLoss(() => model, 0.5).together({ lengths: digit }, { lengths, capsules }, {
    image: x,
  }) as {
    loss: tf.Tensor;
    parts: Record<string, tf.Tensor>;
  };
  const sum = tf.add(parts.marginLoss, tf.mul(parts.reconstructionLoss, 0.5));
  assertClose(loss.dataSync(), sum.dataSync(), 1e-6);
  const own = tf.tensor2d(
    Float32Array.from(capsules.dataSync(), (value, i) => {
      const row = Math.floor(i / 160), capsule = Math.floor(i % 160 / CAPSULE_SIZE);
      return capsule === [3, 7][row] ? value : 0;
    }),
    [2, 160],
  );
  const missed = tf.sum(tf.square(tf.sub(decodeCapsules(model, own), tf.reshape(x, [2, 784]))), 1);
  assertClose(parts.reconstructionLoss.dataSync(), missed.dataSync(), 1e-3);
  model.dispose();
});

Deno.test("perturb() draws a row a number of the longest capsule, and each image in all steps", () => {
  const model = small(), rng = createRng(1);
  const images = { data: Uint8Array.from({ length: 2 * 784 }, () => 255 * rng()), shape: [2, 28, 28, 1] };
  const { data, shape } = perturb(model, images);
  assertEquals(shape, [CAPSULE_SIZE * 2 * VARIED.length, 784]);
  const rows = new Set(
    Array.from({ length: shape[0] }, (_, row) => data.slice(row * 784, row * 784 + 9).join()),
  );
  assertEquals(rows.size, shape[0], "each is another image");
  model.dispose();
});

Deno.test("capsnet trains on a folder's digits, and serves as trained", () =>
  withFolder(async (folder) => {
    await smallMnist(folder, 40, 20);
    const lines: string[] = [], out = join(folder, "run");
    const given = {
      data: folder,
      images: 100,
      validation: 8,
      filters: 4,
      capsules: 2,
      epochs: 1,
      batch: 16,
      seed: 1,
    };
    const { metrics, card } = await runExperiment(capsnet, {
      folder: out,
      options: optionsFor(capsnet, given),
      dataFolder: folder,
      log: (line) => lines.push(line),
    });
    const options = optionsFor(capsnet, given);
    const again = await trainAndMeasure(capsnet, options, { dataFolder: folder, log: () => {} }, {
      draw: true,
    });
    assertClose(again.metrics.reconstructionError.value, metrics!.reconstructionError.value, 1e-3);
    assert(again.figures.some(({ name }) => name === "perturbed"));
    again.model.dispose();
    const few = await capsnet.load({ ...options, images: 20 }, { dataFolder: folder, log: () => {} });
    assertEquals([few.train.size, few.validation!.size], [12, 8]);
    assertEquals([metrics!.accuracy.n, metrics!.reconstructionError.n], [20, 20]);
    assertEquals(card!.outputs.map(({ kind }) => kind), ["classes", "vector", "image"]);
    assert(lines.some((line) => line.startsWith("Served as trained")), lines.join("\n"));
    const history = await Deno.readTextFile(join(out, "history.csv"));
    for (const column of ["marginLoss", "reconstructionLoss", "lengthsAccuracy"]) {
      assert(history.split("\n")[0].split(",").includes(column), history.split("\n")[0]);
    }
    const plots = Array.from(Deno.readDirSync(join(out, "plots")), ({ name }) => name);
    for (const name of ["drawn_again", "perturbed"]) {
      assert(plots.some((plot) => plot.startsWith(name)), `${plots}`);
    }
  }));
