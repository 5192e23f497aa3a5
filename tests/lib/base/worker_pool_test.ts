// Not counted: it starts many threads.
import { assert, assertEquals, assertRejects, assertThrows } from "../../assert.ts";
import {
  createPool,
  PoolFullError,
  type PoolOptions,
  TaskTimeoutError,
  ThreadMemoryError,
} from "../../../lib/base/worker_pool.ts";
import { until } from "../../until.ts";
import type { Order } from "./_pool_worker.ts";

const url = new URL("./_pool_worker.ts", import.meta.url);
const open = (options: Partial<PoolOptions> = {}) => createPool<Order, unknown>({ url, size: 2, ...options });

Deno.test("createPool() runs many tasks on few threads and gives each its own answer", async () => {
  const pool = open({ idleMs: Infinity }); // the first to be done is still there when the other is
  try {
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) => pool.run({ do: "double", values: Uint8Array.of(i) })),
    );
    assertEquals(answers, Array.from({ length: 50 }, (_, i) => Uint8Array.of(2 * i)));
    assertEquals(pool.state(), { threads: 2, running: 0, waiting: 0 });
  } finally {
    pool.close();
  }
});

Deno.test("Pool.run() moves buffers that are transferred and sends the setup first", async () => {
  const pool = open({ setup: "hello" });
  try {
    const values = Uint8Array.of(1, 2, 3);
    assertEquals(await pool.run({ do: "double", values }, [values.buffer]), Uint8Array.of(2, 4, 6));
    assertEquals(values.length, 0);
    assertEquals(await pool.run({ do: "setup" }), "hello");
  } finally {
    pool.close();
  }
});

Deno.test("Pool.run() replaces the thread of a task that never ends, and the others go on", async () => {
  const pool = open({ timeoutMs: 120_000 });
  try {
    const spinning = [
      pool.run({ do: "spin" }, [], { timeoutMs: 150 }),
      pool.run({ do: "hang" }, [], { timeoutMs: 150 }),
    ];
    const after = pool.run({ do: "double", values: Uint8Array.of(4) });
    // At once, as either may be the first to fail.
    await Promise.all(spinning.map((task) => assertRejects(() => task, TaskTimeoutError, "within 150 ms")));
    assertEquals(await after, Uint8Array.of(8));
  } finally {
    pool.close();
  }
});

Deno.test("Pool.run() rejects with the class and message that the task threw", async () => {
  const pool = open({ size: 1 });
  try {
    await assertRejects(() => pool.run({ do: "throw", kind: "SyntaxError" }), SyntaxError, "bad bytes");
    const odd = await assertRejects(() => pool.run({ do: "throw", kind: "Odd" }), Error, "odd");
    assertEquals(odd.name, "Odd");
    await assertRejects(() => pool.run({ do: "unclonable" }));
    assertEquals(await pool.run({ do: "double", values: Uint8Array.of(1) }), Uint8Array.of(2));
  } finally {
    pool.close();
  }
});

Deno.test("Pool.run() survives a thread that dies", async () => {
  const pool = open({ size: 1 });
  try {
    await assertRejects(() => pool.run({ do: "crash" }), Error, "out of cheese");
    assertEquals(await pool.run({ do: "double", values: Uint8Array.of(1) }), Uint8Array.of(2));
  } finally {
    pool.close();
  }
});

Deno.test("Pool.run() refuses more waiting tasks than allowed", async () => {
  const pool = open({ size: 1, maxQueue: 1, timeoutMs: 120_000 });
  try {
    const running = pool.run({ do: "hang" }, [], { timeoutMs: 200 }),
      waiting = pool.run({ do: "double", values: Uint8Array.of(1) });
    await assertRejects(() => pool.run({ do: "setup" }), PoolFullError, "as 1 are waiting");
    await assertRejects(() => running, TaskTimeoutError);
    assertEquals(await waiting, Uint8Array.of(2));
  } finally {
    pool.close();
  }
});

Deno.test("Pool.run() gives up by signal, waiting or running, and names the reason", async () => {
  const pool = open({ size: 1 });
  try {
    const first = new AbortController(), second = new AbortController();
    const running = pool.run({ do: "spin" }, [], { signal: first.signal });
    const waiting = pool.run({ do: "setup" }, [], { signal: second.signal });
    second.abort(new Error("not wanted"));
    await assertRejects(() => waiting, Error, "not wanted");
    assertEquals(pool.state().waiting, 0);
    first.abort(new Error("client gone"));
    await assertRejects(() => running, Error, "client gone");
    await assertRejects(() => pool.run({ do: "setup" }, [], { signal: first.signal }), Error, "client gone");
    assertEquals(await pool.run({ do: "setup" }), undefined);
  } finally {
    pool.close();
  }
});

Deno.test("createPool() ends a thread that takes more memory than allowed, and the others go on", async () => {
  const pool = open({ size: 1, heapMegabytes: 48, setup: "hello" });
  try {
    await assertRejects(() => pool.run({ do: "hoard" }), ThreadMemoryError, "within 48 MB of memory");
    assertEquals(await pool.run({ do: "double", values: Uint8Array.of(1, 2) }), Uint8Array.of(2, 4));
    assertEquals(await pool.run({ do: "setup" }), "hello");
    await assertRejects(() => pool.run({ do: "throw", kind: "SyntaxError" }), SyntaxError, "bad bytes");
    await assertRejects(() => pool.run({ do: "spin" }, [], { timeoutMs: 100 }), TaskTimeoutError);
    await assertRejects(() => pool.run({ do: "crash" }), Error, "out of cheese");
  } finally {
    pool.close();
  }
});

for (const heapMegabytes of [undefined, 64]) {
  const kind = heapMegabytes === undefined ? "plain threads" : "threads with a memory limit";
  Deno.test(`an idle pool of ${kind} ends its threads, and starts them again`, async () => {
    const pool = open({ size: 1, idleMs: 50, heapMegabytes });
    try {
      await pool.run({ do: "setup" });
      assertEquals(pool.state().threads, 1);
      await until("its threads to end", () => pool.state().threads === 0);
      assertEquals(pool.state(), { threads: 0, running: 0, waiting: 0 });
      assertEquals(await pool.run({ do: "double", values: Uint8Array.of(4) }), Uint8Array.of(8));
    } finally {
      pool.close();
    }
  });

  Deno.test(`an idle pool of ${kind} that is never closed does not hold its process`, async () => {
    const module = new URL("../../../lib/base/worker_pool.ts", import.meta.url);
    const program = `
      import { createPool } from "${module}";
      const idleMs = ${heapMegabytes} === undefined ? 500 : Infinity; // such threads need not end for it
      const pool = createPool({ url: "${url}", size: 2, heapMegabytes: ${heapMegabytes}, idleMs });
      console.log(await pool.run({ do: "double", values: Uint8Array.of(21) }));`;
    const { code, stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--allow-read", `data:application/typescript,${encodeURIComponent(program)}`],
      signal: AbortSignal.timeout(120_000),
    }).output();
    assertEquals([code, new TextDecoder().decode(stdout)], [0, "Uint8Array(1) [ 42 ]\n"]);
  });
}

Deno.test("Pool.run() goes on after a message that cannot be sent", async () => {
  const pool = open({ size: 1 });
  try {
    const unsendable = { do: "double", values: () => {} } as unknown as Order;
    await assertRejects(() => pool.run(unsendable), Error, "could not be cloned");
    assertEquals(await pool.run({ do: "setup" }), undefined);
  } finally {
    pool.close();
  }
});

Deno.test("Pool.close() rejects what is running and waiting, and refuses more", async () => {
  const pool = open({ size: 1 });
  const tasks = [pool.run({ do: "hang" }), pool.run({ do: "hang" })];
  pool.close();
  await Promise.all(tasks.map((task) => assertRejects(() => task, Error, "the pool was closed")));
  await assertRejects(() => pool.run({ do: "setup" }), Error, "the pool is closed");
  assert(pool.state().threads === 0, "no thread is left");
  assertThrows(() => open({ size: 0 }), RangeError, "a pool of 0 threads");
});
