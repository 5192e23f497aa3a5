/**
 * One training of one size, in a process of its own so that its memory is its own. Usage: `_growth_program.ts BATCH SIDE EXAMPLES`;
 * prints `{"stepMs": a step, "epochMs": an epoch, "mebibytes": the most it held}`.
 * @module
 */
import { fromArrays } from "../../lib/data/source.ts";
import { startEngine } from "../../lib/engine/mod.ts";
import { crossEntropy, fit } from "../../lib/train/mod.ts";
import { median } from "./_bench.ts";
import { peakMebibytes } from "./_memory.ts";

const [batch, side, examples] = Deno.args.map(Number);
const tf = await startEngine({ backend: "tensorflow" });
const images = Uint8Array.from({ length: examples * side * side }, (_, i) => i * 2654435761 >>> 24);
const labels = Uint8Array.from({ length: examples }, (_, i) => i % 10);
const source = fromArrays({ data: images, shape: [examples, side, side, 1] }, {
  data: labels,
  shape: [examples],
});
const { conv2d, maxPooling2d, globalAveragePooling2d, dense } = tf.layers;
const model = tf.sequential({
  layers: [
    conv2d({ inputShape: [side, side, 1], filters: 16, kernelSize: 3, padding: "same", activation: "relu" }),
    maxPooling2d({ poolSize: 2 }),
    conv2d({ filters: 32, kernelSize: 3, padding: "same", activation: "relu" }),
    globalAveragePooling2d({}),
    dense({ units: 10, activation: "softmax" }),
  ],
});
const steps: number[] = [], epochs: number[] = [];
let last = performance.now();
await fit(model, source, {
  loss: crossEntropy(),
  epochs: 3,
  batch,
  shards: 2,
  reportMs: 0,
  onBatch: () => {
    const now = performance.now();
    steps.push(now - last);
    last = now;
  },
  onEpoch: ({ seconds }) => {
    epochs.push(1000 * seconds);
    last = performance.now();
  },
});
const warm = steps.slice(Math.ceil(steps.length / 3)); // the first epoch traces
console.log(JSON.stringify({
  stepMs: median(warm),
  epochMs: Math.min(...epochs.slice(1)),
  mebibytes: peakMebibytes(Deno.pid),
}));
