/** What becomes of work, models and threads when a compute worker is lost; the workers are the test's own. */
import type { Item, ModelSource } from "../../../lib/score/compute.ts";
import {
  type SpawnOptions,
  spawnUnit,
  startWorkerAhead,
  UnitLostError,
} from "../../../lib/score/compute_pool.ts";
import { assert, assertEquals, assertRejects } from "../../assert.ts";
import { withWaits } from "../../waits.ts";

interface Asked {
  id: number;
  ask: string;
  key?: string;
  [field: string]: unknown;
}

/** A worker that does nothing by itself. */
class IdleWorker {
  static all: IdleWorker[] = [];
  asked: Asked[] = [];
  transferred: ArrayBuffer[][] = [];
  terminated = false;
  onmessage: (event: { data: unknown }) => void = () => {};
  onerror: (event: { message: string; preventDefault(): void }) => void = () => {};
  constructor(readonly url: URL) {
    IdleWorker.all.push(this);
  }
  postMessage(message: Asked, transfer: ArrayBuffer[] = []) {
    this.asked.push(message);
    this.transferred.push(transfer);
  }
  terminate() {
    this.terminated = true;
  }
  answer(value: unknown, index = this.asked.length - 1) {
    this.onmessage({ data: { id: this.asked[index].id, value } });
  }
  crash(message: string): boolean {
    let prevented = false;
    this.onerror({ message, preventDefault: () => prevented = true });
    return prevented;
  }
}

async function withUnit(
  use: (unit: ReturnType<typeof spawnUnit>, workers: IdleWorker[], lost: string[]) => Promise<void>,
  options: SpawnOptions = {},
): Promise<void> {
  const { Worker } = globalThis, lost: string[] = [];
  IdleWorker.all = [];
  Object.assign(globalThis, { Worker: IdleWorker });
  try {
    await use(spawnUnit({ onLost: (reason) => lost.push(reason), ...options }), IdleWorker.all, lost);
  } finally {
    Object.assign(globalThis, { Worker });
  }
}

const source = { card: { name: "m" }, onnx: Uint8Array.of(1) } as unknown as ModelSource;
const asks = (worker: IdleWorker) => worker.asked.map(({ ask, key }) => `${ask} ${key ?? ""}`.trim());

/** Loads a model, the newest worker saying that it did. */
async function load(
  unit: ReturnType<typeof spawnUnit>,
  workers: IdleWorker[],
  key: string,
): Promise<unknown> {
  const loading = unit.load(key, source);
  (workers.at(-1) as IdleWorker).answer({ inputs: [], outputs: [] });
  return await loading;
}

Deno.test("spawnUnit() opens a worker with its options, and gives each request its own answer", () =>
  withUnit(async (unit, workers) => {
    assertEquals(workers.length, 0, "nothing was asked yet");
    assertEquals(await load(unit, workers, "m"), { inputs: [], outputs: [] });
    const [worker] = workers;
    assertEquals(worker.asked[0], { id: -1, ask: "open", options: { threads: 2 } });
    const [a, b] = [unit.run("m", []), unit.run("m", [])];
    assertEquals(new Set(worker.asked.map(({ id }) => id)).size, 4);
    worker.answer("second", 3);
    worker.answer("first", 2);
    assertEquals([await a, await b] as unknown[], ["first", "second"]);
    const failing = unit.run("m", []);
    worker.onmessage({ data: { id: worker.asked.at(-1)!.id, error: "no memory" } });
    await assertRejects(() => failing, Error, "no memory");
    worker.onmessage({ data: { id: 999, value: 1 } });
    const closed = assertRejects(() => unit.run("m", []), UnitLostError, "it was closed");
    await unit.close();
    await closed;
  }, { threads: 2 }));

Deno.test("a worker that was started ahead is the first unit's, once", () =>
  withUnit(async (unit, workers) => {
    startWorkerAhead();
    startWorkerAhead();
    assertEquals([workers.length, asks(workers[0])], [1, ["warm"]]);
    await load(unit, workers, "m");
    assertEquals([workers.length, asks(workers[0])], [1, ["warm", "open", "load m"]]);
    const second = spawnUnit();
    await load(second, workers, "m");
    assertEquals([workers.length, asks(workers[1])], [2, ["open", "load m"]]);
    for (const one of [unit, second]) await one.close();
  }));

Deno.test("a worker that could not be started ahead ends nothing, and is no unit's", () =>
  withUnit(async (unit, workers) => {
    startWorkerAhead();
    assert(workers[0].crash("no read access"), "it would have ended the process");
    await load(unit, workers, "m");
    assertEquals([workers.length, asks(workers[1])], [2, ["open", "load m"]]);
    await unit.close();
  }));

Deno.test("spawnUnit() replaces a worker that crashed, with the models that it had, and rejects its work", () =>
  withUnit(async (unit, workers, lost) => {
    for (const key of ["a", "b"]) await load(unit, workers, key);
    const unloading = unit.unload("a");
    workers[0].answer(undefined);
    await unloading;
    const work = [unit.run("b", []), unit.run("b", [])].map((one) =>
      assertRejects(() => one, UnitLostError, "A compute worker was lost: out of memory")
    );
    assert(workers[0].crash("out of memory"), "the process goes on");
    await Promise.all(work);
    assertEquals([workers.length, workers[0].terminated, lost], [2, true, ["out of memory"]]);
    assertEquals(asks(workers[1]), ["open", "load b"]);
    workers[0].crash("late news of the one that is gone");
    assertEquals([workers.length, lost.length], [2, 1]);
    const again = unit.run("b", []);
    workers[1].answer("done");
    assertEquals(await again as unknown, "done");
    await unit.close();
  }));

Deno.test("spawnUnit() replaces a worker that does not answer in time, and forgets the time of one that did", () =>
  withWaits((waits) =>
    withUnit(async (unit, workers, lost) => {
      const quick = load(unit, workers, "m");
      await quick;
      await new Promise((resolve) => setTimeout(resolve, 0));
      assertEquals([workers.length, waits[0]], [1, 700]);
      await assertRejects(() => unit.run("m", []), UnitLostError, "no answer within 700 ms");
      assertEquals([workers.length, lost], [2, ["no answer within 700 ms"]]);
      await unit.close();
    }, { timeoutMs: 700 })
  ));

Deno.test("spawnUnit() forgets a model that did not load, and asks nothing after it was closed", () =>
  withUnit(async (unit, workers, lost) => {
    const failing = unit.load("bad", source);
    workers[0].onmessage({ data: { id: workers[0].asked[1].id, error: "no model" } });
    await assertRejects(() => failing, Error, "no model");
    workers[0].crash("gone");
    assertEquals(asks(workers[1]), ["open"]);
    await unit.close();
    assertEquals([workers.length, workers[1].terminated, lost], [2, true, ["gone"]]);
    await assertRejects(() => unit.run("m", []), UnitLostError, "after it was closed");
  }));

Deno.test("spawnUnit() hands pictures and values over that are whole buffers, and posts of a part of one no more than the part", () =>
  withUnit(async (unit, workers) => {
    const whole = new Uint8Array(4),
      part = Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7).subarray(2, 6),
      shared = new Uint8Array(new SharedArrayBuffer(4)),
      floats = Float32Array.of(0, 1, 2, 3).subarray(1, 3);
    const tensor = { name: "x", type: "FP32", shape: [2], data: floats };
    const items = [
      { png: whole },
      { png: part, view: true },
      { png: shared },
      { tensors: [tensor] },
      { arrays: { x: { data: floats, shape: [2] } } },
    ] as Item[];
    const work = unit.run("m", items);
    const [worker] = workers;
    const posted = (worker.asked.at(-1) as unknown as { items: Item[] }).items;
    assertEquals(posted, items, "the same values");
    const buffers = posted.map((item) =>
      "png" in item
        ? item.png.buffer
        : "tensors" in item
        ? item.tensors[0].data.buffer
        : item.arrays.x.data.buffer
    );
    assertEquals(buffers.map(({ byteLength }) => byteLength), [4, 4, 4, 8, 8]);
    assert(buffers[0] === whole.buffer && buffers[2] === shared.buffer, "what is whole is not copied");
    assertEquals(worker.transferred.at(-1), [whole.buffer, buffers[1], buffers[4]]);
    assertEquals(part.length, 4, "what was a part stays with its owner");
    worker.answer("done");
    await work;
    await load(unit, workers, "m");
    assertEquals(worker.transferred.at(-1), []);
    await unit.close();
  }));
