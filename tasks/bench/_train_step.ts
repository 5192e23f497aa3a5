/**
 * Our training step, asked for over standard input like the peers' in `peers/train_step.py`.
 *
 * Usage: `_train_step.ts MODEL BATCH BACKEND MODE [PRECISION]` with MODE `fit` (the step of `fit`, gathered from held arrays), `online` (the same,
 * augmented), `compiled` or `plain` (one and the same function, through `compile()` or not); MODEL `lenses/NAME` is a network
 * of the search for lenses; PRECISION float32 or mixed. Request `{"steps": n}`: answers
 * `{"ms": milliseconds a step, "gflop": its arithmetic}`.
 * @module
 */
import { fromArrays } from "../../lib/data/source.ts";
import {
  applySharded,
  compile,
  engineReport,
  type Precision,
  splitBatch,
  startEngine,
  tf,
} from "../../lib/engine/mod.ts";
import type { AugmentationStep } from "../../lib/augment/mod.ts";
import { type NetworkName, NETWORKS } from "../../lib/experiments/lenses/networks.ts";
import { buildModel } from "../../lib/models/registry.ts";
import {
  adam,
  binaryCrossEntropy,
  createOptimizer,
  crossEntropy,
  gradientsOf,
  supervised,
  trainedVariables,
  type TrainStep,
} from "../../lib/train/mod.ts";
import { tuneAsFit } from "./_timed_step.ts";
import { stepGflop } from "./_work.ts";

const [name, batchText, backend, mode, precision = "float32"] = Deno.args;
const batch = Number(batchText);
await startEngine({ backend: backend as "tensorflow" | "wasm" });
const isLens = name.startsWith("lenses/"), network = name.slice("lenses/".length) as NetworkName;
const isSmall = network === "lens_net";
const model = isLens
  ? NETWORKS[network]({ inputShape: isSmall ? [32, 32, 4] : [67, 67, 3], seed: 1 })
  : buildModel(name, { seed: 1 });
const loss = isLens ? binaryCrossEntropy() : crossEntropy();
const inputShape = model.inputs[0].shape.slice(1) as number[],
  classes = Math.max(2, model.outputs[0].shape[1]!);
const isOnline = mode === "online", whole = isOnline ? (isSmall ? [50, 50, 4] : [100, 100, 3]) : inputShape;
const size = whole.reduce((product, side) => product * side, batch);
const images = Float32Array.from({ length: size }, () => Math.random());
const labels = Int32Array.from({ length: batch }, () => Math.floor(Math.random() * classes));
const source = fromArrays({ data: images, shape: [batch, ...whole] }, { data: labels, shape: [batch] });
const gflop = stepGflop(model, batch);
const rows = tf.tensor1d(Int32Array.from({ length: batch }, (_, i) => i), "int32");

/** A step to be timed. */
interface Step {
  run(): Promise<void>;
  dispose(): void;
}

/** The number of shards is the fastest of those that `fit` tries. */
async function fastest(make: (shards: number) => Step): Promise<Step> {
  let best: Step & { ms: number } | undefined;
  const { threads } = engineReport();
  for (const shards of backend === "tensorflow" ? [1, 2, 4, 8].filter((n) => n <= 2 * threads) : [1]) {
    const step = make(shards);
    await step.run();
    await step.run();
    const ms = await time(step, 3);
    if (best && best.ms <= ms) step.dispose();
    else {
      best?.dispose();
      best = { ...step, ms };
    }
  }
  return best!;
}

/** How `fit` trains; made once, as it is there, since the optimizer's moments are twice the weights. */
function fitPlan(): TrainStep {
  const augmentation: AugmentationStep[] | undefined = isOnline
    ? [
      { op: "shift", most: isSmall ? 5 : 10, fill: "nearest" },
      { op: "flip", horizontal: true, vertical: true },
      { op: "rotate", degrees: 180, fill: "nearest" },
      { op: "zoom", range: [0.9, 1.1], fill: "nearest" },
      { op: "centerCrop", size: inputShape[0] },
    ]
    : undefined;
  return supervised({ loss, optimizer: adam(), augmentation }).create({ model }, source);
}

/** The step of `fit`. */
function fitStep(plan: TrainStep, shards: number): Step {
  const compiled = plan.compile(shards, precision as Precision);
  return {
    async run() {
      compiled.run([rows], { learningRate: 1e-3 });
      await compiled.totals.read(); // as Keras and PyTorch give their loss back
    },
    dispose: () => compiled.dispose(),
  };
}

/** What a step written by hand takes. */
function handParts() {
  const weights = trainedVariables(model), optimizer = createOptimizer(adam(), weights);
  const x = tf.tensor(images, [batch, ...whole]), y = tf.tensor1d(labels, "int32"), rate = tf.scalar(1e-3);
  return { weights, optimizer, x, y, rate };
}

/** A step written by hand, as it is or compiled; as it is, shards would only run in turn. */
function handStep(
  { weights, optimizer, x, y, rate }: ReturnType<typeof handParts>,
  compiled: boolean,
  shards: number,
): Step {
  const { perExample } = crossEntropy();
  const step = (image: tf.Tensor, label: tf.Tensor1D, rate: tf.Scalar) => {
    const { value, gradients } = gradientsOf(() => {
      const logits = applySharded(model, splitBatch(image, shards).map((x) => [x]), {
        training: true,
        logits: "all",
      });
      const sums = splitBatch(label, shards)
        .map((part, i) => tf.sum(perExample(part, logits[i][0], { logits: true })));
      return tf.div(tf.addN(sums), batch) as tf.Scalar;
    }, weights);
    optimizer.apply(gradients, rate);
    return value;
  };
  const traced = compile(step);
  const run = compiled ? traced : (...args: Parameters<typeof step>) => tf.tidy(() => step(...args));
  return {
    async run() {
      const loss = run(x, y, rate);
      await loss.data();
      loss.dispose();
    },
    dispose: traced.dispose,
  };
}

async function time(step: Step, steps: number): Promise<number> {
  const start = performance.now();
  for (let i = 0; i < steps; i++) await step.run();
  return (performance.now() - start) / steps;
}

async function makeStep(): Promise<Step> {
  if (mode === "fit" || isOnline) {
    if (backend === "tensorflow" && precision === "float32") await tuneAsFit({ model }, batch);
    const plan = fitPlan();
    return await fastest((shards) => fitStep(plan, shards));
  }
  const parts = handParts();
  if (mode !== "compiled") return handStep(parts, false, 1);
  return await fastest((shards) => handStep(parts, true, shards));
}

let step: Step | undefined;
for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  const { steps } = JSON.parse(text.trim());
  if (!step) {
    step = await makeStep();
    await step.run();
    await step.run();
  }
  console.log(JSON.stringify({ ms: await time(step, steps), gflop }));
}
