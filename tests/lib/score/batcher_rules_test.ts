/** Whose turn it is, what is computed together, and what of a queue is never computed, with units that a test holds back. */
import { createBatcher, DeadlineError, OverloadError } from "../../../lib/score/batcher.ts";
import type { BatchReport, ComputeUnit, Item } from "../../../lib/score/compute.ts";
import { UnitLostError } from "../../../lib/score/compute_pool.ts";
import { assert, assertClose, assertEquals, assertRejects } from "../../assert.ts";

/** An example that is told by a number, with so many rows. */
const item = (id: number, rows = 1): Item => ({
  tensors: [{ name: "x", type: "FP32", shape: [rows, 1], data: new Float32Array(rows).fill(id) }],
});
const idOf = (one: Item) => "tensors" in one ? one.tensors[0].data[0] as number : -1;

interface Held extends ComputeUnit {
  /** Ids of every batch so far, behind the model's name. */
  batches: string[];
  calls: string[];
  /** Ends the batch in work. */
  release(error?: Error): Promise<void>;
}

/** A unit whose batches end when the test says so. */
function heldUnit(): Held {
  let end = (_?: Error) => {};
  const batches: string[] = [], calls: string[] = [];
  return {
    batches,
    calls,
    load: (key) => {
      calls.push(`load ${key}`);
      return Promise.resolve({ inputs: [], outputs: [] });
    },
    unload: (key) => {
      calls.push(`unload ${key}`);
      return Promise.resolve();
    },
    close: () => {
      calls.push("close");
      return Promise.resolve();
    },
    run(key, items) {
      batches.push(`${key} ${items.map(idOf).join(",")}`);
      return new Promise<BatchReport>((resolve, reject) => {
        end = (error) =>
          error ? reject(error) : resolve({
            results: items.map((one) => ({ fault: { who: "content", message: String(idOf(one)) } })),
            computeMs: 7,
            rows: items.reduce((sum, one) => sum + ("tensors" in one ? one.tensors[0].shape[0] : 1), 0),
          } as unknown as BatchReport);
      });
    },
    async release(error) {
      end(error);
      await new Promise((resolve) => setTimeout(resolve, 0));
    },
  };
}

/** A batcher over held units with one model or more. */
async function over(units: Held[], limits: Parameters<typeof createBatcher>[1] = {}, keys = ["m"]) {
  const batcher = createBatcher(units, limits);
  for (const key of keys) await batcher.load(key, {} as never);
  return batcher;
}

/** A batcher whose second unit takes its first model when the test says so. */
async function withLateUnit() {
  const units = [heldUnit(), heldUnit()], late = Promise.withResolvers<void>(), leftOut: string[] = [];
  const { load } = units[1];
  units[1].load = (key, source) => late.promise.then(() => load(key, source));
  const batcher = createBatcher(units, { maxBatch: 1, onLeftOut: (reason) => leftOut.push(reason) });
  await batcher.load("m", {} as never);
  return { batcher, units, late, leftOut };
}

Deno.test("the first model answers as soon as one unit has it, and the others join", async () => {
  const { batcher, units, late } = await withLateUnit();
  const answers = [batcher.submit("m", item(1)), batcher.submit("m", item(2))];
  assertEquals(units.map(({ batches }) => batches), [["m 1"], []], "the second has no model yet");
  let further = false;
  const loading = batcher.load("n", {} as never).then(() => further = true);
  await new Promise((resolve) => setTimeout(resolve, 0));
  assertEquals(further, false, "a free unit must have every model");
  late.resolve();
  await loading;
  assertEquals(units.map(({ batches }) => batches), [["m 1"], ["m 2"]]);
  assertEquals(units.map(({ calls }) => calls), [["load m", "load n"], ["load m", "load n"]]);
  for (const unit of units) await unit.release();
  await Promise.all(answers);
  await batcher.close();
});

Deno.test("a unit that cannot load the first model is told of and left out", async () => {
  const { batcher, units, late, leftOut } = await withLateUnit();
  late.reject(new UnitLostError("out of memory"));
  await batcher.load("n", {} as never);
  assertEquals(leftOut, ["out of memory"]);
  const answers = [batcher.submit("m", item(1)), batcher.submit("n", item(2))];
  await units[0].release();
  await units[0].release();
  await Promise.all(answers);
  await batcher.unload("n");
  assertEquals(units.map(({ batches }) => batches), [["m 1", "n 2"], []]);
  assertEquals(units.map(({ calls }) => calls), [["load m", "load n", "unload n"], ["close"]]);
  await batcher.close();
});

Deno.test("a unit that is still loading when all is closed is nobody's fault", async () => {
  const { batcher, late, leftOut } = await withLateUnit();
  await batcher.close();
  late.reject(new UnitLostError("it was closed"));
  await new Promise((resolve) => setTimeout(resolve, 0));
  assertEquals(leftOut, []);
});

Deno.test("a further model is loaded into one unit after the other, so that the rest go on", async () => {
  const units = [heldUnit(), heldUnit()], under = { now: 0, most: 0 };
  const batcher = await over(units, {}, ["first", "second"]);
  for (const unit of units) {
    unit.load = async () => {
      under.most = Math.max(under.most, ++under.now);
      await new Promise((resolve) => setTimeout(resolve, 0));
      under.now--;
      return { inputs: [], outputs: [] };
    };
  }
  await batcher.load("third", {} as never);
  assertEquals(under, { now: 0, most: 1 });
  await batcher.close();
});

Deno.test("what was cancelled or is late while it waited is never computed", async () => {
  const unit = heldUnit(), batcher = await over([unit]), stop = new AbortController();
  const { now } = performance;
  const first = batcher.submit("m", item(1));
  const cancelled = assertRejects(
    () => batcher.submit("m", item(2), { signal: () => stop.signal }),
    DOMException,
  );
  const late = assertRejects(
    () => batcher.submit("m", item(3), { deadline: now.call(performance) + 1e6 }),
    DeadlineError,
    "Not scored within the deadline: waited ",
  );
  const last = batcher.submit("m", item(4));
  assertEquals(batcher.waiting("m"), 3);
  stop.abort();
  await cancelled;
  performance.now = () => now.call(performance) + 2e6;
  try {
    await unit.release();
    await late;
  } finally {
    performance.now = now;
  }
  assertEquals(unit.batches, ["m 1", "m 4"]);
  await unit.release();
  await Promise.all([first, last]);
  assertEquals(batcher.waiting(), 0);
  await batcher.close();
});

Deno.test("a signal is asked for only where there is a wait, and one that was raised already ends it", async () => {
  const unit = heldUnit(), batcher = await over([unit]);
  let asked = 0;
  const signal = () => (asked++, AbortSignal.abort(new DOMException("gone", "AbortError")));
  const first = batcher.submit("m", item(1), { signal });
  assertEquals(asked, 0, "it is computed at once");
  await assertRejects(() => batcher.submit("m", item(2), { signal }), DOMException, "gone");
  assertEquals(asked, 1);
  await unit.release();
  await first;
  assertEquals(unit.batches, ["m 1"]);
  await batcher.close();
});

Deno.test("a batch holds as many rows as it may, in turn, and a larger example alone", async () => {
  const unit = heldUnit(), batcher = await over([unit], { maxBatch: 4 });
  const all = [[0, 1], [1, 2], [2, 1], [3, 3], [4, 9], [5, 1]].map(([id, rows]) =>
    batcher.submit("m", item(id, rows))
  );
  for (let i = 0; i < 5; i++) await unit.release();
  const scored = await Promise.all(all);
  assertEquals(unit.batches, ["m 0", "m 1,2", "m 3", "m 4", "m 5"]);
  assertEquals(
    scored.map(({ batch, computeMs }) => [batch, computeMs]),
    [1, 3, 3, 3, 9, 1].map((rows) => [rows, 7]),
  );
  await batcher.close();
});

Deno.test("everyone gets the result of their own example, in whichever batch", async () => {
  const unit = heldUnit(), reports: [string, number][] = [];
  const batcher = await over([unit], { maxBatch: 3, onBatch: (key, { rows }) => reports.push([key, rows]) });
  const all = [10, 11, 12, 13, 14].map((id) => batcher.submit("m", item(id)));
  for (let i = 0; i < 3; i++) await unit.release();
  const results = (await Promise.all(all)).map(({ result }) => "fault" in result && result.fault.message);
  assertEquals(results, ["10", "11", "12", "13", "14"]);
  assertEquals(reports, [["m", 1], ["m", 3], ["m", 1]]);
  await batcher.close();
});

Deno.test("a free unit takes the model whose first example has waited longest", async () => {
  const unit = heldUnit(), batcher = await over([unit], {}, ["a", "b", "c"]);
  const all = [batcher.submit("a", item(0))];
  for (const [key, id] of [["b", 1], ["c", 2], ["a", 3], ["b", 4]] as const) {
    await new Promise((resolve) => setTimeout(resolve, 2));
    all.push(batcher.submit(key, item(id)));
  }
  for (let i = 0; i < 4; i++) await unit.release();
  await Promise.all(all);
  assertEquals(unit.batches, ["a 0", "b 1,4", "c 2", "a 3"]);
  await batcher.close();
});

Deno.test("several units compute at the same time", async () => {
  const units = [heldUnit(), heldUnit()], batcher = await over(units, { maxBatch: 1 });
  assertEquals(units.map(({ calls }) => calls), [["load m"], ["load m"]]);
  const all = [1, 2, 3].map((id) => batcher.submit("m", item(id)));
  assertEquals([batcher.waiting("m"), units.flatMap(({ batches }) => batches).sort()], [1, ["m 1", "m 2"]]);
  await units[0].release();
  assertEquals(units.flatMap(({ batches }) => batches).length, 3);
  await Promise.all(units.map((unit) => unit.release()));
  await Promise.all(all);
  await batcher.unload("m");
  await assertRejects(() => batcher.submit("m", item(1)), Error, 'Model "m" is not loaded');
  await batcher.close();
  assertEquals(units.map(({ calls }) => calls), [["load m", "unload m", "close"], [
    "load m",
    "unload m",
    "close",
  ]]);
});

Deno.test("a batch is waited for until it is full or its first example has waited long enough", async () => {
  const unit = heldUnit(), batcher = await over([unit], { maxBatch: 2, maxDelayMs: 20 });
  const all = [batcher.submit("m", item(1))];
  assertEquals(unit.batches, []);
  all.push(batcher.submit("m", item(2)));
  assertEquals(unit.batches, ["m 1,2"]);
  await unit.release();
  all.push(batcher.submit("m", item(3)));
  assertEquals(unit.batches.length, 1);
  await new Promise((resolve) => setTimeout(resolve, 40));
  assertEquals(unit.batches, ["m 1,2", "m 3"]);
  await unit.release();
  await Promise.all(all);
  await batcher.close();
});

Deno.test("sixteen examples make a batch and 256 may wait where nothing else is said", async () => {
  const unit = heldUnit(), batcher = await over([unit]);
  const all = Array.from({ length: 257 }, (_, id) => batcher.submit("m", item(id))); // the first is at work
  await assertRejects(() => batcher.submit("m", item(257)), OverloadError, "256 examples are waiting");
  for (let i = 0; i < 17; i++) await unit.release();
  await Promise.all(all);
  assertEquals(unit.batches.map((batch) => batch.split(",").length), [1, ...new Array(16).fill(16)]);
  await batcher.close();
});

Deno.test("a full queue says how long it will take, and takes one example however large where nothing waits", async () => {
  const unit = heldUnit(), batcher = await over([unit], { maxBatch: 1, maxQueue: 3 });
  const all = [1, 2, 3, 4].map((id) => batcher.submit("m", item(id)));
  const full = await assertRejects(
    () => batcher.submit("m", item(5)),
    OverloadError,
    "The queue is full: 3 examples are waiting",
  );
  assertClose(full.retryAfterMs, 3, 1e-9, "a millisecond an example as long as nothing is known");
  for (let i = 0; i < 4; i++) await unit.release();
  const busy = batcher.submit("m", item(6)), large = batcher.submit("m", item(7, 50));
  await unit.release();
  await unit.release();
  await Promise.all([...all, busy, large]);
  await batcher.close();
});

Deno.test("a full queue of next to nothing is worth a millisecond's wait", async () => {
  const units = [heldUnit(), heldUnit()], batcher = await over(units, { maxBatch: 1, maxQueue: 1 });
  const all = [1, 2, 3].map((id) => batcher.submit("m", item(id)));
  const { retryAfterMs } = await assertRejects(() => batcher.submit("m", item(4)), OverloadError);
  assertEquals(retryAfterMs, 1);
  await units[0].release();
  await Promise.all(units.map((unit) => unit.release()));
  await Promise.all(all);
  await batcher.close();
});

Deno.test("a queue learns how long an example takes", async () => {
  const { now } = performance;
  let ms = 0;
  performance.now = () => ms;
  try {
    const unit = heldUnit(), batcher = await over([unit], { maxBatch: 1, maxQueue: 2 });
    const first = batcher.submit("m", item(1));
    ms = 101; // a tenth of the way from 1 ms to 101 ms
    await unit.release();
    const all = [first, ...[2, 3, 4].map((id) => batcher.submit("m", item(id)))];
    const { retryAfterMs } = await assertRejects(() => batcher.submit("m", item(5)), OverloadError);
    assertClose(retryAfterMs, 2 * 11, 1e-9);
    for (let i = 0; i < 3; i++) await unit.release();
    const scored = await Promise.all(all);
    assertEquals(scored.map(({ queueMs }) => queueMs), [0, 0, 0, 0]);
    await batcher.close();
  } finally {
    performance.now = now;
  }
});

Deno.test("examples that shared a batch with one that killed the unit are tried alone, once, before everybody else", async () => {
  const unit = heldUnit(), batcher = await over([unit], { maxBatch: 3 });
  const settled: string[] = [];
  const ask = (id: number) =>
    batcher.submit("m", item(id)).then(
      () => settled.push(`${id} scored`),
      (error) => settled.push(`${id} ${error.name}`),
    );
  const all = [ask(0), ask(1), ask(2), ask(3), ask(4)];
  await unit.release();
  const lost = new UnitLostError("the worker is gone");
  await unit.release(lost); // 1, 2, 3 together
  assertEquals([settled, batcher.waiting()], [["0 scored"], 1], "back in the queue and taken again");
  await unit.release(lost); // again together: now their second try is used up
  for (let i = 0; i < 3; i++) await unit.release();
  await Promise.all(all);
  assertEquals(settled.sort(), [
    "0 scored",
    "1 UnitLostError",
    "2 UnitLostError",
    "3 UnitLostError",
    "4 scored",
  ]);
  await batcher.close();
});

Deno.test("other failures, single examples and pictures that were handed over are not tried again", async () => {
  const nameOf = (work: Promise<unknown>) => work.then(() => "scored", (error) => error.message);
  const unit = heldUnit(), batcher = await over([unit], { maxBatch: 2 });
  const alone = nameOf(batcher.submit("m", item(1)));
  await unit.release(new UnitLostError("lost"));
  assertEquals(await alone, "lost");
  const hold = batcher.submit("m", item(0));
  const failing = [2, 3].map((id) => nameOf(batcher.submit("m", item(id))));
  await unit.release();
  await unit.release(new Error("no memory"));
  assertEquals(await Promise.all(failing), ["no memory", "no memory"]);
  const again = batcher.submit("m", item(0));
  const given = nameOf(batcher.submit("m", { png: new Uint8Array(0) } as Item)),
    other = nameOf(batcher.submit("m", item(4)));
  await unit.release();
  await unit.release(new UnitLostError("lost"));
  await unit.release();
  assertEquals([await given, await other], ["lost", "scored"]);
  await Promise.all([hold, again]);
  await batcher.close();
});

Deno.test("closing refuses what waits, and frees the units", async () => {
  const unit = heldUnit(), batcher = await over([unit]);
  const working = batcher.submit("m", item(1)), waiting = batcher.submit("m", item(2));
  const refused = assertRejects(() => waiting, UnitLostError, "The server is stopping");
  await batcher.close();
  await refused;
  await unit.release();
  await working;
  assertEquals([unit.calls.at(-1), batcher.waiting()], ["close", 0]);
  assert(unit.batches.length === 1, "nothing of it was computed");
});
