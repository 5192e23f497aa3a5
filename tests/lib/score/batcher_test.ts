import { assert, assertEquals, assertRejects } from "../../assert.ts";
import { createBatcher, DeadlineError, OverloadError } from "../../../lib/score/batcher.ts";
import { type ComputeUnit, createUnit, type Item } from "../../../lib/score/compute.ts";
import { spawnUnit } from "../../../lib/score/compute_pool.ts";
import { SIDE, tinyCard, tinyOnnx } from "../../tiny_model.ts";

const item = (value: number, rows = 1): Item => ({
  tensors: [{
    name: "image",
    type: "FP32",
    shape: [rows, SIDE, SIDE, 1],
    data: new Float32Array(rows * SIDE * SIDE).fill(value),
  }],
});
const source = () => ({ card: tinyCard(), onnx: tinyOnnx() });

/** The second output's first row: the mean of the pixels. */
function meanOf(result: object): number {
  if (!("tensors" in result)) throw new Error(JSON.stringify(result));
  return (result.tensors as { data: Float32Array }[])[1].data[0];
}

Deno.test("createBatcher() computes together what waits together, and gives everyone their own rows", async () => {
  const batches: number[] = [];
  const batcher = createBatcher([createUnit()], {
    maxBatch: 8,
    onBatch: (_, { rows }) => batches.push(rows),
  });
  await batcher.load("tiny", source());
  const values = Array.from({ length: 20 }, (_, i) => i / 20);
  const scored = await Promise.all(values.map((value) => batcher.submit("tiny", item(value))));
  scored.forEach(({ result }, i) => assert(Math.abs(meanOf(result) - values[i]) < 1e-6));
  assertEquals(batches.reduce((a, b) => a + b, 0), 20);
  assert(Math.max(...batches) === 8 && batches.length < 10, `batches of ${batches}`);
  await batcher.close();
});

Deno.test("createBatcher() waits for a batch to fill only as long as it may", async () => {
  const batcher = createBatcher([createUnit()], { maxBatch: 4, maxDelayMs: 30 });
  await batcher.load("tiny", source());
  const together = await Promise.all([0, 1, 2, 3].map((value) => batcher.submit("tiny", item(value))));
  assertEquals(together.map(({ batch }) => batch), [4, 4, 4, 4]);
  assertEquals((await batcher.submit("tiny", item(1))).batch, 1);
  await batcher.close();
});

Deno.test("createBatcher() refuses what the queue cannot hold, saying when to come back", async () => {
  const batcher = createBatcher([createUnit()], { maxBatch: 1, maxQueue: 2 });
  await batcher.load("tiny", source());
  const results = await Promise.allSettled(
    [1, 2, 3, 4, 5].map((value) => batcher.submit("tiny", item(value))),
  );
  const refused = results.filter(({ status }) => status === "rejected") as PromiseRejectedResult[];
  assertEquals(refused.length, 2);
  assert(refused.every(({ reason }) => reason instanceof OverloadError && reason.retryAfterMs >= 1));
  await batcher.close();
});

Deno.test("createBatcher() gives up what is late or not wanted any more", async () => {
  const batcher = createBatcher([createUnit()], { maxBatch: 64, maxDelayMs: 10_000 });
  await batcher.load("tiny", source());
  await assertRejects(
    () => batcher.submit("tiny", item(1), { deadline: performance.now() + 5 }),
    DeadlineError,
  );
  const signal = AbortSignal.timeout(5);
  await assertRejects(() => batcher.submit("tiny", item(1), { signal: () => signal }), DOMException);
  await batcher.close();
});

Deno.test("createBatcher() answers one bad example alone and computes the others", async () => {
  const batcher = createBatcher([createUnit()], { maxDelayMs: 5, maxBatch: 3 });
  await batcher.load("tiny", source());
  const bad: Item = { png: Uint8Array.of(1, 2, 3) };
  const [a, b, c] = await Promise.all(
    [item(0.5), bad, item(0.25, 2)].map((one) => batcher.submit("tiny", one)),
  );
  assert("fault" in b.result && b.result.fault.who === "client");
  assertEquals([meanOf(a.result), meanOf(c.result)], [0.5, 0.25]);
  await batcher.close();
});

Deno.test("spawnUnit() computes in a worker", async () => {
  const unit = spawnUnit({ onLost: (reason) => assert(false, reason) });
  await unit.load("tiny", source());
  assertEquals(meanOf((await unit.run("tiny", [item(0.5)])).results[0]), 0.5);
  await unit.close();
});

Deno.test("createBatcher() lets those who ask take turns, whatever one of them asks for", async () => {
  const order: string[] = [];
  const unit: ComputeUnit = {
    load: () => Promise.resolve({ inputs: [], outputs: [] }),
    unload: () => Promise.resolve(),
    async run(_, items) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      return { results: items.map(() => ({ tensors: [], ms: 0 })), computeMs: 0, rows: items.length };
    },
    close: () => Promise.resolve(),
  };
  const batcher = createBatcher([unit], { maxBatch: 1 });
  await batcher.load("tiny", source());
  const zip = {},
    ask = (name: string, owner?: object) =>
      batcher.submit("tiny", item(0), { owner }).then(() => order.push(name));
  const all = [...Array.from({ length: 20 }, () => ask("zip", zip)), ask("one"), ask("two"), ask("three")];
  await Promise.all(all);
  assertEquals(order.slice(0, 6), ["zip", "zip", "one", "two", "three", "zip"]);
  await batcher.close();
});
