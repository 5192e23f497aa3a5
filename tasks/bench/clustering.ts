/** Networks that take SuperNEMO's tracks apart, and capsules: steps against Keras, rates, and what they reach. @module */
import { createRng, drawInteger } from "../../lib/base/rng.ts";
import { fromArrays, type NdArray } from "../../lib/data/source.ts";
import { startEngine, tf } from "../../lib/engine/mod.ts";
import { capsuleLoss } from "../../lib/experiments/capsnet/loss.ts";
import { encodeOnnx } from "../../lib/export/mod.ts";
import { buildCapsNet } from "../../lib/models/capsnet.ts";
import { buildSuperNemoMap } from "../../lib/models/supernemo_map.ts";
import { buildSuperNemoCritic } from "../../lib/models/supernemo_critic.ts";
import { buildSegNet } from "../../lib/models/supernemo_segnet.ts";
import { buildSuperNemoVae } from "../../lib/models/supernemo_vae.ts";
import { openSession } from "../../lib/score/mod.ts";
import * as train from "../../lib/train/mod.ts";
import {
  alternate,
  type BenchContext,
  type BenchRow,
  type BenchTable,
  memoryBeside,
  type Parts,
  Peer,
  runParts,
} from "./_bench.ts";
import { LONG } from "./_clustering_quality.ts";
import { type TimedStep, timedStep } from "./_timed_step.ts";
import { stepGflop } from "./_work.ts";

export const name = "clustering";
export const summary =
  "Taking SuperNEMO's tracks apart, and capsules: steps against Keras, rates (parts: step, rate, score); trainings on request: ours, hard, published, segnet, against, criteria, likeness, latent, learned, tracks, tracks-hard, digits, each also -short";

const PEER = new URL("./peers/clustering.py", import.meta.url).pathname;

/** Events of a step and of a part that is scored; events scored. */
const BATCH = 128, SCORED_BATCH = 256, SCORED = 4096;

/** Parts that take minutes at most. */
const PARTS: Parts = { step, rate, score };

/** Runs the chosen parts, where none is chosen all but the trainings. */
export async function run(context: BenchContext): Promise<BenchTable[]> {
  await startEngine();
  return await runParts(name, context, PARTS, LONG);
}

/** Maps with a twentieth of their cells hit, and half of these to stay. */
function maps(count: number): { image: NdArray<Uint8Array>; mask: NdArray<Uint8Array> } {
  const rng = createRng(7), shape = [count, 116, 12, 1], size = count * 116 * 12;
  const image = Uint8Array.from({ length: size }, () => rng() < 0.05 ? 1 : 0);
  return { image: { data: image, shape }, mask: { data: image.map((hit) => rng() < 0.5 ? hit : 0), shape } };
}

/** Pictures of noise, and their digits. */
function digits(count: number): { image: NdArray<Float32Array>; digit: NdArray<Int32Array> } {
  const rng = createRng(7);
  return {
    image: { data: Float32Array.from({ length: count * 784 }, rng), shape: [count, 28, 28, 1] },
    digit: { data: Int32Array.from({ length: count }, () => drawInteger(rng, 10)), shape: [count] },
  };
}

function mapStep(model: tf.LayersModel): Promise<TimedStep> {
  const { image, mask } = maps(BATCH);
  const plan = train.supervised({ loss: train.binaryCrossEntropy(), optimizer: train.adam() });
  return timedStep({ model }, fromArrays({ image }, { mask }), plan);
}

function adversaries(): Promise<TimedStep> {
  const { image, mask } = maps(BATCH);
  const models = { generator: buildSegNet({ seed: 1 }), discriminator: buildSuperNemoCritic({ seed: 2 }) };
  const [generatorOptimizer, discriminatorOptimizer] = [train.adam(), train.adam()];
  const plan = train.adversarial({ paired: { target: "mask" }, generatorOptimizer, discriminatorOptimizer });
  return timedStep(models, fromArrays({ image }, { mask }), plan);
}

function vaeStep(): Promise<TimedStep> {
  const plan = train.variational({ optimizer: train.adam() });
  return timedStep({ model: buildSuperNemoVae({ seed: 1 }) }, fromArrays({ image: maps(BATCH).image }), plan);
}

function capsuleStep(): Promise<TimedStep> {
  const { image, digit } = digits(BATCH), model = buildCapsNet({ seed: 1 });
  const plan = train.supervised({ loss: capsuleLoss(() => model, 5e-4), optimizer: train.adam() });
  return timedStep({ model }, fromArrays({ image }, { lengths: digit }), plan);
}

/** Our steps by the names that the peer knows. */
const STEPS: Readonly<Record<string, () => Promise<TimedStep>>> = {
  segnet: () => mapStep(buildSegNet({ seed: 1 })),
  adversaries,
  vae: vaeStep,
  capsnet: capsuleStep,
};

/** Steps of the networks that Keras has, too. */
async function step(context: BenchContext): Promise<BenchTable[]> {
  const rows: BenchRow[] = [];
  for (const [model, make] of Object.entries(STEPS)) {
    await using keras = new Peer(context.need("keras"), [PEER]);
    const timed = await make(), ours = () => timed.run();
    const theirs = async () => 1000 * (await keras.ask({ model, batch: BATCH })).seconds;
    for (const warm of [ours, theirs, ours, theirs]) await warm();
    const times = await alternate(context.rounds, { ours, theirs });
    const memory = memoryBeside(keras);
    rows.push({ what: `${model}, batch ${BATCH}`, unit: "ms", ...times, peer: "Keras", bar: 0.8, memory });
    timed.dispose();
  }
  return [{ title: "A training step", rows }];
}

/** Events a second in training, without reading or drawing; and what share of the cores' best multiplication rate SegNet has. */
async function rate(context: BenchContext): Promise<BenchTable[]> {
  const network = buildSegNet({ seed: 1 }), gflop = stepGflop(network, BATCH);
  const segnet = await mapStep(network), ours = await mapStep(buildSuperNemoMap({ seed: 1 }));
  for (const timed of [segnet, ours, segnet, ours]) await timed.run();
  const times = await alternate(context.rounds, {
    segnet: () => segnet.run(),
    ours: () => ours.run(),
    peak: matrixRate,
  });
  segnet.dispose();
  ours.dispose();
  const perSecond = (all: readonly number[]) => all.map((ms) => BATCH / ms * 1000);
  const share = times.segnet.map((ms, i) => 100 * 1e9 * gflop / (ms / 1000) / times.peak[i]);
  const row = { unit: "events/s", better: "higher" } as const;
  return [{
    title: `Training in batches of ${BATCH}`,
    rows: [
      { ...row, what: "our network of maps", ours: perSecond(times.ours), limit: 1000 },
      { ...row, what: "SegNet", ours: perSecond(times.segnet) },
      { what: "SegNet's share of the cores' peak", unit: "%", better: "higher", ours: share, limit: 50 },
    ],
    notes: [
      "Published: 69 events/s of the SegNet on a V100, one event at a time.",
      "The share counts the SegNet's arithmetic as its layers are written: what is spared where they see enlarged pictures counts.",
      `Peak: matrices of ${SIDE} × ${SIDE}, ${(times.peak[0] / 1e9).toFixed(0)} GFLOP/s in the first round.`,
    ],
  }];
}

/** Side of the matrices whose product measures the cores. */
const SIDE = 2048;

/** Additions and multiplications a second of a product of two matrices. */
async function matrixRate(): Promise<number> {
  const a = tf.randomUniform([SIDE, SIDE]), b = tf.randomUniform([SIDE, SIDE]);
  const start = performance.now(), product = tf.matMul(a, b);
  await tf.slice(product, [0, 0], [1, 1]).data();
  const seconds = (performance.now() - start) / 1000;
  tf.dispose([a, b, product]);
  return 2 * SIDE ** 3 / seconds;
}

/** Scoring by ONNX Runtime, from arrays to masks. */
async function score(context: BenchContext): Promise<BenchTable[]> {
  const rows: BenchRow[] = [], { image } = maps(SCORED), size = image.data.length / SCORED;
  const networks = {
    "our network of maps": buildSuperNemoMap({ seed: 1 }),
    SegNet: buildSegNet({ seed: 1 }),
  };
  for (const [what, model] of Object.entries(networks)) {
    const session = await openSession(encodeOnnx(model), { threads: navigator.hardwareConcurrency });
    const ours: number[] = [];
    for (let round = -1; round < context.rounds; round++) {
      const start = performance.now();
      for (let first = 0; first < SCORED; first += SCORED_BATCH) {
        const data = Float32Array.from(image.data.subarray(first * size, (first + SCORED_BATCH) * size));
        await session.run([{ name: "image", type: "FP32", shape: [SCORED_BATCH, 116, 12, 1], data }]);
      }
      if (round >= 0) ours.push(SCORED / (performance.now() - start) * 1000); // the first warms it up
    }
    const limit = what === "SegNet" ? {} : { limit: 4000 };
    rows.push({ what, unit: "events/s", better: "higher", ours, ...limit });
    await session.close();
    model.dispose();
  }
  return [{ title: `Scoring by ONNX Runtime in batches of ${SCORED_BATCH}`, rows }];
}
