/** When mixed precision is taken, by steps that take as long as a test says. */
import { mixedPrecisionRefusal, type Precision, startEngine } from "../../../lib/engine/mod.ts";
import { choosePrecision } from "../../../lib/train/choose_precision.ts";
import type { TrainStep } from "../../../lib/train/step.ts";
import { assertEquals } from "../../assert.ts";
import { counting, idleModel, numbered } from "./_counting_step.ts";

/** Chooses by a clock that only the steps move: so many seconds a step in each precision. */
async function choose(seconds: Record<Precision, number>, steps = 500) {
  const { now } = performance;
  let ms = 0;
  performance.now = () => ms;
  try {
    const counted = counting().create({ model: idleModel() }, numbered(64));
    const taken: Record<Precision, number> = { float32: 0, mixed: 0 }, disposed: Precision[] = [];
    const train: TrainStep = {
      ...counted,
      compile(shards, precision = "float32") {
        const inner = counted.compile(shards);
        return {
          totals: inner.totals,
          run(tensors, rates) {
            taken[precision]++;
            ms += 1000 * seconds[precision];
            inner.run(tensors, rates);
          },
          dispose() {
            disposed.push(precision);
            inner.dispose();
          },
        };
      },
    };
    const float32 = train.compile(2);
    const { precision, step } = await choosePrecision(train, {
      batch: 64,
      size: 64,
      steps,
      shards: 2,
      float32,
    });
    const { examples } = await step.totals.read();
    const [weight] = counted.weights[0].dataSync<"float32">();
    step.dispose();
    counted.dispose();
    return { precision, taken, disposed, examples, weight };
  } finally {
    performance.now = now;
  }
}

Deno.test("choosePrecision() takes mixed precision where it saves a twentieth of a step, and puts everything back", async () => {
  await startEngine({ backend: "tensorflow" });
  if (mixedPrecisionRefusal()) {
    assertEquals((await choose({ float32: 1, mixed: 0.1 })).precision, "float32", "the processor has none");
    return;
  }
  const faster = await choose({ float32: 0.1, mixed: 0.09 });
  assertEquals([faster.precision, faster.disposed], ["mixed", ["float32", "mixed"]]);
  assertEquals([faster.examples, faster.weight], [0, 0], "as if nothing had been run");
  assertEquals(faster.taken, { float32: 12, mixed: 12 }, "one to trace, then in turns for two seconds");
  const slower = await choose({ float32: 0.1, mixed: 0.096 });
  assertEquals([slower.precision, slower.disposed], ["float32", ["mixed", "float32"]]);
  assertEquals((await choose({ float32: 60, mixed: 50 })).taken, { float32: 3, mixed: 3 }, "two at least");
  assertEquals(
    (await choose({ float32: 0.001, mixed: 0.0005 })).taken,
    { float32: 21, mixed: 21 },
    "twenty at most",
  );
});

Deno.test("choosePrecision() measures nothing where a run is short or there is no bfloat16", async () => {
  await startEngine({ backend: "tensorflow" });
  const short = await choose({ float32: 1, mixed: 0.1 }, 499);
  assertEquals([short.precision, short.taken], ["float32", { float32: 0, mixed: 0 }]);
  await startEngine({ backend: "cpu" });
  const other = await choose({ float32: 1, mixed: 0.1 });
  assertEquals([other.precision, other.taken], ["float32", { float32: 0, mixed: 0 }]);
});
