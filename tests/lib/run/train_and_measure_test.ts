import { join } from "@std/path";
import { createRng } from "../../../lib/base/rng.ts";
import { fromArrays } from "../../../lib/data/source.ts";
import { startEngine, tf } from "../../../lib/engine/mod.ts";
import { accuracy, argMaxRows } from "../../../lib/evaluate/mod.ts";
import { type Data, defineExperiment } from "../../../lib/run/experiment.ts";
import { optionsFor } from "../../../lib/run/options_for.ts";
import { trainAndMeasure } from "../../../lib/run/train_and_measure.ts";
import * as train from "../../../lib/train/mod.ts";
import { assert, assertEquals, assertRejects } from "../../assert.ts";
import { withFolder } from "../../folder.ts";

await startEngine({ backend: "cpu" });

/** Learns which side of a line a point is on. */
const sides = defineExperiment<Record<never, never>, Data & { labels: Int32Array }>({
  name: "sides",
  summary: "Sides of a line",
  options: {},
  defaults: { epochs: 20, batch: 20 },
  load() {
    const draw = (stream: number) => {
      const rng = createRng(1, stream), data = Float32Array.from({ length: 120 }, () => rng() - 0.5);
      const labels = Int32Array.from({ length: 60 }, (_, i) => data[2 * i] > data[2 * i + 1] ? 1 : 0);
      const source = fromArrays({ data, shape: [60, 2] }, { data: labels, shape: [60] });
      return { source, labels };
    };
    const { source: test, labels } = draw(3);
    return Promise.resolve({
      train: draw(1).source,
      validation: draw(2).source,
      test,
      labels,
      fingerprint: "sides",
      dispose() {},
    });
  },
  build: ({ seed }) => {
    const kernelInitializer = tf.initializers.glorotUniform({ seed });
    const layer = tf.layers.dense({
      units: 2,
      activation: "softmax",
      inputShape: [2],
      kernelInitializer,
      name: "side",
    });
    return tf.sequential({ layers: [layer] });
  },
  recipe: () => ({
    loss: train.crossEntropy(),
    schedule: train.constant(0.1),
    callbacks: [train.earlyStopping({ patience: 9 })], // watches the validation examples
  }),
  evaluate: ({ side }, { labels }) => ({
    metrics: { accuracy: { ...accuracy(argMaxRows(side.data, 2), labels), split: "test" } },
  }),
  card: () => ({
    description: "Says on which side of a line a point is.",
    inputs: [{ name: "point", shape: [2], dtype: "float32", units: "none" }],
    outputs: [{ name: "side", kind: "classes", labels: ["left", "right"] }],
  }),
  figures: () => [],
});

Deno.test("trainAndMeasure() goes on where it was stopped, and reads a training that ended", () =>
  withFolder(async (folder) => {
    const context = { dataFolder: folder, log: () => {} }, checkpoint = join(folder, "kept");
    const options = optionsFor(sides), whole = await trainAndMeasure(sides, options, context);
    assert(whole.metrics.accuracy.value > 0.7, `${whole.metrics.accuracy.value}`);
    const stopped = { ...context, signal: AbortSignal.abort() };
    await assertRejects(() => trainAndMeasure(sides, options, stopped, { checkpoint }), DOMException);
    let prepared = 0;
    const prepareModels = () => void prepared++;
    const resumed = await trainAndMeasure(sides, options, context, { checkpoint, prepareModels });
    const again = await trainAndMeasure(sides, options, context, { checkpoint });
    assertEquals([resumed.metrics, again.metrics, prepared], [whole.metrics, whole.metrics, 1]);
    const [values, ...others] = [whole, resumed, again].map(({ model }) =>
      train.allVariables(model).map((variable) => [...variable.dataSync()])
    );
    assertEquals(others, [values, values]);
    for (const { model } of [whole, resumed, again]) model.dispose();
  }));

Deno.test("trainAndMeasure() calibrates what was trained before it measures it", () =>
  withFolder(async (dataFolder) => {
    const order: string[] = [];
    const experiment: typeof sides = {
      ...sides,
      calibrate: () => void order.push("calibrated"),
      evaluate(...given) {
        order.push("measured");
        return sides.evaluate(...given);
      },
    };
    const options = { ...optionsFor(sides), epochs: 1 };
    const { model } = await trainAndMeasure(experiment, options, { dataFolder, log: () => {} });
    assertEquals(order, ["calibrated", "measured"]);
    model.dispose();
  }));
