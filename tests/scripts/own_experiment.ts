/** An analyst's script: an experiment of its own, its run folder and report, a store, and an answer. @module */
import {
  createRng,
  createScorer,
  defineExperiment,
  evaluate,
  fromArrays,
  image,
  openStore,
  plot,
  type run,
  runExperiment,
  startEngine,
  subset,
  tf,
  train,
} from "../../lib/mod.ts";

const SIDE = 8;
const options = { blobs: { type: "integer", default: 400, min: 40, help: "Pictures to draw." } } as const;

/** Is the upper half of a noisy picture brighter, or the lower? */
const halves = defineExperiment<typeof options, run.Data & { labels: Int32Array }>({
  name: "halves",
  summary: "Which half of a picture is brighter",
  options,
  defaults: { epochs: 5, batch: 20 },
  load({ blobs, seed }) {
    const rng = createRng(seed), tested = blobs / 4;
    const labels = Int32Array.from({ length: blobs }, (_, i) => i % 2);
    const data = Uint8Array.from({ length: blobs * SIDE * SIDE }, (_, i) => {
      const example = Math.floor(i / SIDE ** 2), row = Math.floor(i / SIDE) % SIDE;
      return 100 * rng() + (row < SIDE / 2 === (labels[example] === 0) ? 30 : 0);
    });
    const all = fromArrays({ data, shape: [blobs, SIDE, SIDE, 1] }, { data: labels, shape: [blobs] });
    const rows = Uint32Array.from(labels, (_, i) => i);
    return Promise.resolve({
      train: subset(all, rows.subarray(tested)),
      test: subset(all, rows.subarray(0, tested)),
      labels: labels.subarray(0, tested),
      fingerprint: `drawn from seed ${seed}`,
      dispose() {},
    });
  },
  build: ({ seed }) =>
    tf.sequential({
      layers: [
        tf.layers.flatten({ inputShape: [SIDE, SIDE, 1], name: "image" }),
        tf.layers.dense({
          units: 2,
          activation: "softmax",
          name: "half",
          kernelInitializer: tf.initializers.glorotUniform({ seed }),
        }),
      ],
    }),
  recipe: () => ({
    loss: train.crossEntropy(),
    metrics: [train.accuracy()],
    schedule: train.constant(0.01),
    preprocessing: image.parsePreprocessing([{ op: "scale", factor: 1 / 255 }]),
  }),
  evaluate({ half }, { labels }) {
    const right = evaluate.accuracy(evaluate.argMaxRows(half.data, 2), labels);
    return {
      metrics: { accuracy: { ...right, split: "test", baseline: evaluate.mostFrequentClass(labels) } },
    };
  },
  card: () => ({
    description: "Tells which half of a picture is brighter.",
    inputs: [{ name: "image", shape: [SIDE, SIDE, 1], dtype: "float32", units: "fraction of full scale" }],
    preprocessing: [{ op: "grey" }, { op: "scale", factor: 1 / 255 }],
    outputs: [{ name: "half", kind: "classes", labels: ["upper", "lower"] }],
  }),
  figures: ({ history }) => [{
    name: "loss",
    section: "Training",
    spec: plot.plotHistogram(history.epochs.map(({ loss }) => loss), { xTitle: "loss" }),
  }],
});

await startEngine();
const { card } = await runExperiment(halves, {
  folder: "run",
  options: { ...halves.defaults, blobs: 400, seed: 1 },
});
const store = openStore("file:store");
const onnx = await Deno.readFile("run/model.onnx");
const version = await store.publish(new Map([["model.onnx", onnx]]), card!);
const scorer = await createScorer({ card: card!, onnx });
const data = Uint8Array.from({ length: SIDE * SIDE }, (_, i) => i < SIDE * SIDE / 2 ? 120 : 60);
const [{ answers }] = await scorer.score([{ data, width: SIDE, height: SIDE, channels: 1, depth: 8 }]);
console.log(`version ${version}, accuracy ${card!.metrics!.accuracy.value}: ${JSON.stringify(answers.half)}`);
await scorer.close();
