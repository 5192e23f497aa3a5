/**
 * Our training step in one of several processes that take it together, or in one alone, asked for over standard input.
 *
 * Usage: `_worker_step.ts ORDER`, JSON of {@linkcode WorkerStepOrder}. `{"steps": n}` answers `{"ms": milliseconds a step}`,
 * `{"reduce": floats, "times": n}` the median of so many sums over all workers, `{"weights": true}` the sum of all weights' bits
 * as `{"hash": …}`; all workers are asked at once.
 * @module
 */
import { sha256 } from "../../lib/base/sha256.ts";
import { fromArrays } from "../../lib/data/source.ts";
import { compile, joinWorkers, type Place, startEngine, sumOverWorkers, tf } from "../../lib/engine/mod.ts";
import { buildCourseCnn } from "../../lib/models/course_cnn.ts";
import { buildModel } from "../../lib/models/registry.ts";
import { adam, allVariables, binaryCrossEntropy, crossEntropy, supervised } from "../../lib/train/mod.ts";
import { ownRows, togetherOf } from "../../lib/train/together.ts";
import { readLines } from "../_lines.ts";
import { median } from "./_bench.ts";

/** What is measured. */
export interface WorkerStepOrder {
  /** Among several; absent for one alone. */
  place?: Place;
  model: string;
  /** Examples of a step, of all workers. */
  batch: number;
  threads: number;
}

const order: WorkerStepOrder = JSON.parse(Deno.args[0]), { place, batch, threads } = order;
Deno.env.set("TF_CPP_MIN_LOG_LEVEL", "3");
const joined = place && await joinWorkers(place, { facts: {} });
const workers = joined &&
  { rank: joined.rank, addresses: joined.addresses };
await startEngine({ backend: "tensorflow", threads, workers });

const model = order.model === "course_cnn"
  ? buildCourseCnn({ seed: 1 })
  : buildModel(order.model, { seed: 1 });
const shape = model.inputs[0].shape.slice(1) as number[];
const outputs = model.outputs[0].shape[1]!, size = shape.reduce((product, side) => product * side, batch);
const images = Float32Array.from({ length: size }, (_, i) => Math.sin(i * 12.9898) / 2 + 0.5);
const labels = Int32Array.from({ length: batch }, (_, i) => i * 7 % Math.max(2, outputs));
const source = fromArrays({ data: images, shape: [batch, ...shape] }, { data: labels, shape: [batch] });
const loss = outputs === 1 ? binaryCrossEntropy() : crossEntropy();
const step = supervised({ loss, optimizer: adam() }).create({ model }, source);
const together = togetherOf({ workers: place }), all = Uint32Array.from({ length: batch }, (_, i) => i);
const rows = tf.tensor1d(Int32Array.from(ownRows(all, together)), "int32");

/** So many steps; ms each. */
async function take(compiled: ReturnType<typeof step.compile>, steps: number): Promise<number> {
  const start = performance.now();
  for (let i = 0; i < steps; i++) {
    compiled.run([rows], { learningRate: 1e-3 }, { examples: batch });
    await compiled.totals.read(); // as the peers give their loss back
  }
  return (performance.now() - start) / steps;
}

/** The step with the fastest number of shards; one that a thread has to itself has nothing to share. */
async function fastest() {
  let best: { compiled: ReturnType<typeof step.compile>; ms: number } | undefined;
  for (const shards of threads === 1 ? [1] : [1, 2, 4]) {
    const compiled = step.compile(shards, "float32", together);
    await take(compiled, 2);
    const ms = await take(compiled, 3);
    if (!best || ms < best.ms) best = { compiled, ms };
  }
  return best!.compiled;
}

/** The median of some sums over all workers of so many numbers, ms. */
function reduce(floats: number, times: number): number {
  const sum = compile((x: tf.Tensor) => tf.slice(sumOverWorkers(x), [0], [1])), x = tf.ones([floats]);
  const taken = Array.from({ length: times + 3 }, () => {
    const start = performance.now();
    sum(x).dataSync();
    return performance.now() - start;
  });
  return median(taken.slice(3));
}

async function hashOfWeights(): Promise<string> {
  const values = Float32Array.from(allVariables(model).flatMap((weight) => [...weight.dataSync()]));
  return await sha256(new Uint8Array(values.buffer));
}

let compiled: ReturnType<typeof step.compile> | undefined;
for await (const line of readLines(Deno.stdin.readable)) {
  const { steps, reduce: floats, times } = JSON.parse(line);
  if (steps !== undefined) {
    compiled ??= await fastest();
    console.log(JSON.stringify({ ms: await take(compiled, steps) }));
  } else if (floats !== undefined) console.log(JSON.stringify({ ms: reduce(floats, times) }));
  else console.log(JSON.stringify({ hash: await hashOfWeights() }));
}
await joined?.leave();
Deno.exit(0);
