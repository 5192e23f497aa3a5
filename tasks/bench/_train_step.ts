/**
 * Our training step, asked for over standard input like the peers' in `peers/train_step.py`.
 *
 * Usage: `_train_step.ts MODEL BATCH BACKEND MODE` with MODE `fit` (the step of `fit`, gathered from held arrays),
 * `compiled` or `plain` (one and the same function, through `compile()` or not). Request `{"steps": n}`: answers
 * `{"ms": milliseconds a step}`.
 * @module
 */
import { applySharded, compile, engineReport, hold, startEngine, tf } from "../../lib/engine/mod.ts";
import { buildModel } from "../../lib/models/registry.ts";
import {
  adam,
  createOptimizer,
  createTrainStep,
  crossEntropy,
  gradientsOf,
  type HeldSource,
  trainedVariables,
  type TrainStep,
} from "../../lib/train/mod.ts";

const [name, batchText, backend, mode] = Deno.args;
const batch = Number(batchText);
await startEngine({ backend: backend as "tensorflow" | "wasm" });
const model = buildModel(name, { seed: 1 });
const inputShape = model.inputs[0].shape.slice(1) as number[], classes = model.outputs[0].shape[1]!;
const size = inputShape.reduce((product, side) => product * side, batch);
const images = Float32Array.from({ length: size }, () => Math.random());
const labels = Int32Array.from({ length: batch }, () => Math.floor(Math.random() * classes));
const optimizer = createOptimizer(adam(), trainedVariables(model));

/** The step of `fit`: the number of shards is the fastest of those that `fit` tries. */
async function fitStep(): Promise<() => Promise<void>> {
  const source: HeldSource = {
    kind: "held",
    size: batch,
    x: hold(images, [batch, ...inputShape]),
    y: hold(labels, [batch]),
  };
  const rows = tf.tensor1d(Int32Array.from({ length: batch }, (_, i) => i), "int32");
  const stepOf = (step: TrainStep) => async () => {
    step.run([rows], 1e-3);
    await step.totals.read(); // as Keras and PyTorch give their loss back
  };
  let best: { run: () => Promise<void>; ms: number } | undefined;
  const { threads } = engineReport();
  for (const shards of backend === "tensorflow" ? [1, 2, 4, 8].filter((n) => n <= threads) : [1]) {
    const step = createTrainStep(model, source, { loss: crossEntropy(), metrics: [], optimizer, shards });
    const run = stepOf(step);
    await run();
    await run();
    const ms = await time(run, 3);
    if (best && best.ms <= ms) step.dispose();
    else best = { run, ms };
  }
  return best!.run;
}

/** A step written by hand, as it is or compiled. */
function handStep(compiled: boolean): () => Promise<void> {
  const x = tf.tensor(images, [batch, ...inputShape]),
    y = tf.tensor1d(labels, "int32"),
    rate = tf.scalar(1e-3);
  const { perExample } = crossEntropy();
  const weights = trainedVariables(model);
  const step = (image: typeof x, label: typeof y, rate: tf.Scalar) => {
    const { value, gradients } = gradientsOf(() => {
      const [logits] = applySharded(model, [image], { training: true, logits: true });
      return tf.mean(perExample(label, logits)) as tf.Scalar;
    }, weights);
    optimizer.apply(gradients, rate);
    return value;
  };
  const run = compiled ? compile(step) : (...args: Parameters<typeof step>) => tf.tidy(() => step(...args));
  return async () => {
    const loss = run(x, y, rate);
    await loss.data();
    loss.dispose();
  };
}

async function time(run: () => Promise<void>, steps: number): Promise<number> {
  const start = performance.now();
  for (let i = 0; i < steps; i++) await run();
  return (performance.now() - start) / steps;
}

let step: (() => Promise<void>) | undefined;
for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  const { steps } = JSON.parse(text.trim());
  if (!step) {
    step = mode === "fit" ? await fitStep() : handStep(mode === "compiled");
    await step();
    await step();
  }
  console.log(JSON.stringify({ ms: await time(step, steps) }));
}
