import { engineReport, startEngine, tf } from "../../../../lib/engine/mod.ts";
import { type Heap, makeKernels } from "../../../../lib/engine/wasm/wasm_heap.ts";
import type { Job } from "../../../../lib/engine/wasm/wasm_jobs.ts";
import { WasmThreads } from "../../../../lib/engine/wasm/wasm_threads.ts";
import { assert, assertEquals, assertThrows } from "../../../assert.ts";
import { runDeno } from "../../../task_command.ts";

/** Any time that is longer than threads take to start. */
const FOREVER = 600_000;
/** So much that it is shared out, whatever it is. */
const WORK = 1 << 22;
const RESULT = 1 << 20, SCRATCH = 1 << 21;

/** A shared memory of 4 MiB with waves in its first half. */
function newMemory() {
  const memory = new WebAssembly.Memory({ initial: 64, maximum: 65536, shared: true });
  const floats = new Float32Array(memory.buffer);
  for (let i = 0; i < RESULT / 4; i++) floats[i] = Math.sin(i * 0.7);
  return { memory, heap: { kernels: makeKernels(memory) } };
}

const CONVOLUTION = {
  batch: 3,
  inputs: [1, 7, 8] as const,
  inChannels: 5,
  outputs: [1, 7, 8] as const,
  outChannels: 9,
  filter: [1, 3, 3] as const,
  strides: [1, 1, 1] as const,
  before: [0, 1, 1] as const,
};
const POOL = {
  batch: 5,
  channels: 8,
  inputs: [1, 7, 7] as const,
  outputs: [1, 4, 4] as const,
  filter: [1, 2, 2] as const,
  strides: [1, 2, 2] as const,
  before: [0, 0, 0] as const,
};
const PRODUCT = { batch: 2, m: 17, n: 13, k: 300, aStep: 5100, bStep: 3900 };

/** A job of each kind whose result is at `RESULT`; units, and how many floats it gives. */
const JOBS: Record<string, { job: Job; units: number; size: number }> = {
  convolve: {
    job: {
      loops: "convolve",
      told: { shape: CONVOLUTION, x: 0, y: RESULT, packed: 65536, scratch: SCRATCH },
    },
    units: 21,
    size: 3 * 7 * 8 * 9,
  },
  backInput: {
    job: {
      loops: "backInput",
      told: { shape: CONVOLUTION, dy: 0, dx: RESULT, packed: 65536, scratch: SCRATCH },
    },
    units: 24,
    size: 3 * 7 * 8 * 5,
  },
  backFilter: {
    job: { loops: "backFilter", told: { shape: CONVOLUTION, x: 0, dy: 65536, dw: RESULT, scratch: SCRATCH } },
    units: 18,
    size: 9 * 5 * 9,
  },
  product: {
    job: {
      loops: "product",
      told: {
        shape: { ...PRODUCT, transposeA: false, transposeB: true },
        a: 0,
        b: 65536,
        c: RESULT,
        scratch: SCRATCH,
      },
    },
    units: 34,
    size: 2 * 17 * 13,
  },
  "product of A turned": {
    job: {
      loops: "product",
      told: {
        shape: { ...PRODUCT, transposeA: true, transposeB: false },
        a: 0,
        b: 65536,
        c: RESULT,
        scratch: SCRATCH,
      },
    },
    units: 34,
    size: 2 * 17 * 13,
  },
  maxPool: {
    job: { loops: "maxPool", told: { shape: POOL, x: 0, y: RESULT } },
    units: 5,
    size: 5 * 4 * 4 * 8,
  },
  maxPoolGradient: {
    job: { loops: "maxPoolGradient", told: { shape: POOL, x: 0, y: 0, dy: 131072, dx: RESULT } },
    units: 5,
    size: 5 * 7 * 7 * 8,
  },
};

/** The result of a job. */
function resultOf(memory: WebAssembly.Memory, heap: Heap, threads: WasmThreads, name: string): number[] {
  const { job, units, size } = JOBS[name];
  const floats = new Float32Array(memory.buffer);
  floats.fill(0, RESULT / 4); // results, and scratch space with its borders
  threads.run(heap, job, { units, work: WORK });
  return [...floats.slice(RESULT / 4, RESULT / 4 + size)];
}

Deno.test("WasmThreads give the bits that one thread gives, whichever of them does a part", () => {
  const { memory, heap } = newMemory(), alone = new WasmThreads(memory, 1);
  const others = new WasmThreads(memory, 3, { mainTakes: false }), all = new WasmThreads(memory, 3);
  for (const threads of [others, all]) {
    threads.start();
    assert(threads.awaitReady(FOREVER));
  }
  for (const name of Object.keys(JOBS)) {
    const expected = resultOf(memory, heap, alone, name);
    assert(expected.some((value) => value !== 0), name);
    assertEquals(resultOf(memory, heap, others, name), expected, name);
    assertEquals(resultOf(memory, heap, all, name), expected, name);
  }
  for (const threads of [others, all]) threads.end();
});

Deno.test("WasmThreads see a memory that has grown, and go on after a part that failed", () => {
  const { memory, heap } = newMemory();
  const threads = new WasmThreads(memory, 2, { mainTakes: false });
  threads.start();
  assert(threads.awaitReady(FOREVER));
  const pool = (y: number) =>
    threads.run(heap, { loops: "maxPool", told: { shape: POOL, x: 0, y } }, { units: 5, work: WORK });
  const outside = memory.buffer.byteLength;
  assertThrows(() => pool(outside), Error, "Cannot finish a wasm kernel");
  memory.grow(1);
  pool(outside);
  const floats = new Float32Array(memory.buffer);
  // The first window of the first channel is at 0 and 8 along the rows of 56: sin(0), sin(5.6), sin(39.2), sin(44.8).
  assertEquals(floats[outside / 4], Math.fround(Math.max(0, ...[8, 56, 64].map((i) => Math.sin(i * 0.7)))));
  threads.end();
});

Deno.test("WasmThreads do all on the main thread before others are there and after they have ended", () => {
  const { memory, heap } = newMemory(), threads = new WasmThreads(memory, 4);
  const before = resultOf(memory, heap, threads, "maxPool");
  threads.start();
  assert(threads.awaitReady(FOREVER));
  threads.end();
  assertEquals(resultOf(memory, heap, threads, "maxPool"), before);
  assertEquals(
    new WasmThreads(new WebAssembly.Memory({ initial: 1 }), 4).count,
    1,
    "a memory that is not shared",
  );
});

/** Trains a little on wasm, with work enough to start threads. */
const PROGRAM = `
import { engineReport, startEngine, tf } from "${new URL("../../../../lib/engine/mod.ts", import.meta.url)}";
await startEngine({ backend: "wasm", threads: Number(Deno.args[0]) });
const wave = (shape) => tf.tensor(Float32Array.from({ length: tf.util.sizeFromShape(shape) }, (_, i) => Math.sin(i * 0.7)), shape);
const x = wave([8, 28, 28, 8]);
let w = wave([3, 3, 8, 16]);
const loss = (w) => tf.sum(tf.square(tf.maxPool(tf.conv2d(x, w, 1, "same"), 2, 2, "valid")));
for (let i = 0; i < 120; i++) w = tf.tidy(() => tf.sub(w, tf.mul(1e-6, tf.grad(loss)(w))));
console.log(engineReport().threads, [...w.dataSync()].join());
if (Deno.args[1]) tf.removeBackend("wasm");
`;

Deno.test("a program on wasm ends by itself, and computes the same on one thread and on several", async () => {
  const run = (...args: string[]) =>
    runDeno([
      ...["eval", "--no-check", "--config", new URL("../../../../deno.json", import.meta.url).pathname],
      ...[PROGRAM, ...args],
    ]);
  const [one, three, removed] = [await run("1"), await run("3"), await run("3", "removed")];
  assertEquals([one.err, three.err, removed.err], ["", "", ""]);
  assertEquals([one.code, three.code, removed.code], [0, 0, 0]);
  const [count, values] = one.out.split(" ");
  assertEquals(count, "1");
  assertEquals([three.out, removed.out], [`3 ${values}`, `3 ${values}`]);
});

Deno.test("the engine has as many wasm threads as it is asked for, and as there are processors by itself", async () => {
  await startEngine({ backend: "wasm", threads: 3 });
  assertEquals(engineReport().threads, 3);
  await startEngine({ backend: "wasm" });
  assertEquals(engineReport().threads, navigator.hardwareConcurrency);
  const product = tf.matMul(tf.ones([2, 3]), tf.ones([3, 2]));
  assertEquals([...product.dataSync()], [3, 3, 3, 3]);
  product.dispose();
});
