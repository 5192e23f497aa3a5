/** A newcomer's experiment: a track along the rows, across them, or slanting; its length is counted by `bench source`. @module */
import {
  createRng,
  defineExperiment,
  evaluate,
  fromArrays,
  image,
  models,
  plot,
  type Source,
  subset,
  train,
} from "../../../lib/mod.ts";

const SIDE = 16, NAMES = ["along", "across", "slanting"];
/** Steps of a pixel's number along each kind of track. */
const STRIDES = [1, SIDE, SIDE + 1];
const preprocessing = image.parsePreprocessing([{ op: "grey" }, { op: "scale", factor: 1 / 255 }]);

interface Tracks {
  train: Source;
  validation: Source;
  test: Source;
  labels: Int32Array;
  fingerprint: string;
  dispose(): void;
}

export default defineExperiment<Record<never, never>, Tracks>({
  name: "three_tracks",
  summary: "Tracks on 16 × 16 pixels: along, across, slanting",
  options: {},
  defaults: { epochs: 12, batch: 32 },
  load({ seed }) {
    const count = 900, rng = createRng(seed), whole = (most: number) => Math.floor(rng() * most);
    const pixels = Uint8Array.from({ length: count * SIDE ** 2 }, () => whole(100));
    const labels = Int32Array.from({ length: count }, (_, i) => {
      const kind = whole(4) % 3, start = i * SIDE ** 2 + whole(10) * SIDE + whole(10);
      for (let k = 0; k < 6; k++) pixels[start + k * STRIDES[kind]] += 100;
      return kind;
    });
    const all = fromArrays({ data: pixels, shape: [count, SIDE, SIDE, 1] }, { data: labels, shape: [count] });
    const rows = Uint32Array.from(labels, (_, i) => i);
    return Promise.resolve({
      train: subset(all, rows.subarray(0, 600)),
      validation: subset(all, rows.subarray(600, 700)),
      test: subset(all, rows.subarray(700)),
      labels: labels.subarray(700),
      fingerprint: `three tracks, seed ${seed}`,
      dispose() {},
    });
  },
  build: ({ seed }) => models.buildTutorialCnn({ inputShape: [SIDE, SIDE, 1], classes: NAMES.length, seed }),
  recipe: () => ({
    loss: train.crossEntropy(),
    metrics: [train.accuracy()],
    classWeights: [1, 2, 2], // half of all tracks run along the rows
    augmentation: [{ op: "shift", most: 1 }],
    callbacks: [train.earlyStopping({ patience: 3 })],
    preprocessing,
  }),
  evaluate({ direction }, { labels }) {
    const found = evaluate.argMaxRows(direction.data, NAMES.length);
    const baseline = evaluate.mostFrequentClass(labels);
    return { metrics: { accuracy: { ...evaluate.accuracy(found, labels), split: "test", baseline } } };
  },
  card: () => ({
    description: "Tells tracks along the rows, across them and slanting ones apart.",
    inputs: [{ name: "image", shape: [SIDE, SIDE, 1], dtype: "float32", units: "fraction of full scale" }],
    preprocessing,
    outputs: [{ name: "direction", kind: "classes", labels: NAMES }],
  }),
  figures({ predictions: { direction }, history }, { labels }) {
    const sure = labels.length > 0 ? Array.from(labels, (label, i) => direction.data[3 * i + label]) : [];
    const spec = plot.plotHistogram(sure, {
      groups: labels,
      groupNames: NAMES,
      xTitle: "P(true class)",
      bins: 20,
    });
    const loss = plot.plotEpochCurves({ loss: history.epochs.map((epoch) => epoch.loss) });
    return [{ name: "sure", section: "Test", spec }, { name: "loss", section: "Training", spec: loss }];
  },
});
