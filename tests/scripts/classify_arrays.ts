/** An analyst's script: two .npy files, one a class, to a trained model and its ROC curve. @module */
import {
  createRng,
  data,
  encodeOnnx,
  evaluate,
  fit,
  fromArrays,
  image,
  io,
  models,
  plot,
  predict,
  startEngine,
  train,
} from "../../lib/mod.ts";

const [signal, background] = Deno.args.map((file) => io.decodeNpy(Deno.readFileSync(file)));
const n = signal.shape[0] + background.shape[0], sides = signal.shape.slice(1);
const values = Float32Array.from([...signal.data, ...background.data], Number);
const labels = Int32Array.from({ length: n }, (_, i) => i < signal.shape[0] ? 1 : 0);
const parts = data.splitIndices(n, { test: 0.25 }, { rng: createRng(1), labels });
const all = fromArrays({ data: values, shape: [n, ...sides, 1] }, { data: labels, shape: [n] });

await startEngine();
const model = models.buildTutorialCnn({ inputShape: [sides[0], sides[1], 1], classes: 2, seed: 1 });
const preprocessing = image.parsePreprocessing([{ op: "scale", factor: 0.01 }]);
await fit(model, data.subset(all, parts.train), {
  loss: train.crossEntropy(),
  epochs: 8,
  batch: 16,
  preprocessing,
  augmentation: [{ op: "flip", horizontal: true, vertical: true }],
});
const { predictions } = await predict(model, data.subset(all, parts.test), { preprocessing });
const scores = Float32Array.from(parts.test, (_, i) => predictions.data[2 * i + 1]);
const truth = Int32Array.from(parts.test, (i) => labels[i]);

const auc = evaluate.auc(scores, truth), curve = evaluate.rocCurve(scores, truth);
console.log(`AUC ${auc.value.toFixed(2)} (${auc.low.toFixed(2)} to ${auc.high.toFixed(2)}) on ${auc.n}`);
await Deno.writeFile("roc.png", await plot.renderPng(plot.plotRoc([{ name: "CNN", curve, auc }])));
await Deno.writeFile("model.onnx", await encodeOnnx(model));
