import { Desk, MOST_PARTS } from "../../../../lib/engine/wasm/wasm_desk.ts";
import type { Job } from "../../../../lib/engine/wasm/wasm_jobs.ts";
import { assert, assertEquals } from "../../../assert.ts";

const PAGE = 65536;

/** A job that nobody runs; told apart by an address. */
const jobAt = (a: number): Job => ({
  loops: "product",
  told: {
    shape: { batch: 1, m: 1, n: 1, k: 1, transposeA: false, transposeB: false, aStep: 0, bStep: 0 },
    a,
    b: 0,
    c: 0,
    scratch: 0,
  },
});

Deno.test("Desk gives each part of a job once, whoever asks, and none before there is a job", () => {
  const main = new Desk(), other = new Desk(main.shared);
  assertEquals(main.take(), undefined);
  assert(main.lay(jobAt(7), 3, 5 * PAGE));
  assertEquals([other.take(), main.take(), other.take(), main.take(), other.take()], [
    { index: 0, of: 3 },
    { index: 1, of: 3 },
    { index: 2, of: 3 },
    undefined,
    undefined,
  ]);
  assertEquals(other.read(), { job: jobAt(7), heapBytes: 5 * PAGE });
});

Deno.test("Desk goes from one job to the next, and says whether a part failed", () => {
  const main = new Desk(), other = new Desk(main.shared);
  for (const [address, failed] of [[1, false], [2, true], [3, false]] as const) {
    main.lay(jobAt(address), 2, PAGE);
    main.take();
    other.take();
    assertEquals(other.read().job, jobAt(address));
    main.finish();
    other.finish(failed);
    assertEquals(main.awaitAll(), !failed);
  }
});

Deno.test("Desk has as many jobs as one likes: their numbers come round", () => {
  const desk = new Desk();
  for (let i = 0; i < (1 << 20) + 2; i += 1 << 19) {
    // Jobs between are as good as laid: the number is what is above the count of parts.
    new Int32Array(desk.shared)[0] = i << 12 | 0xfff;
    desk.lay(jobAt(i), 1, PAGE);
    assertEquals([desk.take(), desk.take()], [{ index: 0, of: 1 }, undefined]);
  }
});

Deno.test("Desk has no room for more parts than it counts, nor for a job of any length", () => {
  const desk = new Desk(), job = jobAt(0);
  assertEquals(desk.lay(job, MOST_PARTS + 1, PAGE), false);
  const long = Object.assign(jobAt(0), { note: "x".repeat(10_000) });
  assertEquals(desk.lay(long, 1, PAGE), false);
  assertEquals(desk.take(), undefined);
});

Deno.test("Desk counts the threads that have come", () => {
  const main = new Desk();
  assertEquals([main.ready, main.awaitReady(1, 0)], [0, false]);
  new Desk(main.shared).arrive();
  assertEquals([main.ready, main.awaitReady(1, 0)], [1, true]);
});
