import { engineReport, startEngine, tf } from "../../../lib/engine/mod.ts";
import { chooseShards, shardsByThreads } from "../../../lib/train/choose_shards.ts";
import type { TrainStep } from "../../../lib/train/step.ts";
import { assertEquals } from "../../assert.ts";
import { counting, idleModel, numbered } from "./_counting_step.ts";

/** A step of which one run takes so many seconds with so many shards, and that notes what becomes of it. */
function timed(seconds: Record<number, number>, pass: (seconds: number) => void) {
  const step = counting().create({ model: idleModel() }, numbered(64)),
    compiled: number[] = [],
    disposed: number[] = [];
  const rates: Record<string, number>[] = [];
  const train: TrainStep = {
    ...step,
    compile(shards) {
      compiled.push(shards);
      const inner = step.compile(shards);
      return {
        totals: inner.totals,
        run(tensors, all) {
          pass(seconds[shards]);
          rates.push({ ...all });
          inner.run(tensors, all);
        },
        dispose() {
          disposed.push(shards);
          inner.dispose();
        },
      };
    },
  };
  return { train, compiled, disposed, rates, step };
}

/** Chooses by a clock that only the steps move. */
async function choose(
  seconds: Record<number, number>,
  options: Partial<Parameters<typeof chooseShards>[1]> = {},
) {
  const { now } = performance;
  let ms = 0;
  performance.now = () => ms;
  try {
    const all = timed(seconds, (passed) => ms += 1000 * passed);
    const { shards, step } = await chooseShards(all.train, { batch: 64, steps: 500, size: 64, ...options });
    const totals = await step.totals.read();
    const weights = all.step.weights.map((weight) => weight.dataSync<"float32">()[0]);
    step.dispose();
    all.step.dispose();
    return { ...all, shards, totals, weights };
  } finally {
    performance.now = now;
  }
}

Deno.test("chooseShards() takes the fastest of one, two, four …, lets the others go, and puts everything back", async () => {
  await startEngine({ backend: "tensorflow" });
  const { threads } = engineReport(), before = tf.memory().numTensors;
  const candidates = [1, 2, 4, 8].filter((shards) => shards <= Math.min(8, 2 * threads));
  for (const fastest of candidates) {
    const seconds = Object.fromEntries(candidates.map((shards) => [shards, shards === fastest ? 0.1 : 0.2]));
    const { shards, compiled, disposed, totals, weights, rates } = await choose(seconds);
    assertEquals([shards, compiled], [fastest, candidates]);
    assertEquals(disposed.sort(), candidates.toSorted(), "the losers first, then the one that was chosen");
    assertEquals([totals.examples, weights], [0, [0]], "as if nothing had been run");
    assertEquals(rates[0], { learningRate: 1e-6 });
    assertEquals(rates.length, 5 * candidates.length, "one to trace and four to measure");
  }
  const equal = Object.fromEntries(candidates.map((shards) => [shards, 0.1]));
  assertEquals((await choose(equal)).shards, 1, "no more than help");
  assertEquals(
    tf.memory().numTensors - before <= 2 * (candidates.length + 1),
    true,
    "models' own weights alone",
  );
});

Deno.test("chooseShards() measures nothing where a run is short, a batch is small, or the backend is another", async () => {
  await startEngine({ backend: "tensorflow" });
  const { threads } = engineReport();
  const many = [1, 2, 4, 8].findLast((shards) => shards <= threads)!;
  const short = await choose({}, { steps: 499 });
  assertEquals([short.shards, short.compiled, short.rates.length], [many, [many], 0]);
  for (const few of [{ batch: 7 }, { size: 7 }]) {
    assertEquals((await choose({}, few)).compiled, [1], "fewer than four examples a shard");
  }
  assertEquals((await choose({ 1: 1, 2: 2 }, { batch: 8 })).compiled, threads > 0 ? [1, 2] : [1]);
  await startEngine({ backend: "cpu" });
  const other = await choose({});
  assertEquals([other.shards, other.compiled, other.rates.length], [1, [1], 0]);
});

Deno.test("shardsByThreads() gives every thread a shard of at least four examples, and none off the native backend", async () => {
  await startEngine({ backend: "tensorflow" });
  const { threads } = engineReport(), most = [1, 2, 4, 8].findLast((shards) => shards <= threads)!;
  assertEquals([1, 7, 8, 1000].map(shardsByThreads), [1, 1, Math.min(most, 2), most]);
  await startEngine({ backend: "cpu" });
  assertEquals(shardsByThreads(1000), 1);
});
