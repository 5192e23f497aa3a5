import { startEngine } from "../../../../lib/engine/mod.ts";
import { type JoinOptions, joinWorkers, type Place } from "../../../../lib/engine/workers/join.ts";
import { readLines } from "../../../../tasks/_lines.ts";
import { assert, assertEquals, assertRejects } from "../../../assert.ts";
import { localPlaces } from "./_places.ts";

const join = (list: readonly Place[], options: Partial<JoinOptions> = {}) =>
  list.map((place) =>
    joinWorkers(place, { facts: { Deno: "2" }, word: `word of ${place.rank}`, ...options })
  );

Deno.test("joinWorkers() brings workers together, with the first one's word and everybody's address", async () => {
  const workers = await Promise.all(join(localPlaces(3)));
  const [alone] = await Promise.all(join(localPlaces(1)));
  assertEquals([alone.word, alone.addresses.length], ["word of 0", 1]);
  await alone.leave();
  for (const { addresses, word } of workers) {
    assertEquals([word, addresses], ["word of 0", workers[0].addresses]);
    assertEquals(new Set(addresses).size, 3);
  }
  await Promise.all(workers.map((worker) => worker.agree("the data", { data: "abc" })));
  const [failed] = await Promise.all([
    assertRejects(() => workers[0].agree("the run", { seed: "1" })),
    assertRejects(() => workers[1].agree("the run", { seed: "1" })),
    assertRejects(() => workers[2].agree("the run", { seed: "2" })),
  ]);
  assert(failed.message.includes("worker 2 on n2 (process"), failed.message);
  assert(failed.message.includes("has seed 2: worker 0 on n0"), failed.message);
  await Promise.all(workers.map((worker) => worker.leave()));
});

Deno.test("joinWorkers() says who failed, and nothing of who left", async () => {
  const [first, second, third] = await Promise.all(join(localPlaces(3)));
  await second.leave();
  third.fail("the disk is full");
  const end = await first.whyEnded(60_000);
  assertEquals(end?.rank, 2);
  assert(end!.line.endsWith("has failed: the disk is full"), end!.line);
  await Promise.all([first, third].map((worker) => worker.leave()));
});

Deno.test("joinWorkers() hears no more of the run's end once it leaves", async () => {
  const [, second] = localPlaces(2);
  // A first worker of our own: it ends the run at the very moment that the second one says goodbye.
  using listener = Deno.listen({ hostname: "127.0.0.1", port: second.port });
  const said: string[] = [];
  const first = (async () => {
    using connection = await listener.accept();
    const send = (message: unknown) =>
      connection.write(new TextEncoder().encode(JSON.stringify(message) + "\n"));
    for await (const line of readLines(connection.readable)) {
      const { type } = JSON.parse(line);
      if (type !== "beat") said.push(type);
      if (type === "hello") await send({ type: "welcome", addresses: ["a:1", "b:2"], word: "go" });
      if (type === "leave") await send({ type: "end", rank: 0, line: "worker 0 has ended" });
    }
  })();
  const [worker] = await Promise.all(join([second]));
  assertEquals(worker.word, "go");
  await worker.leave();
  assertEquals(await worker.whyEnded(0), undefined);
  await first.catch(() => {}); // its connection may be cut while it is read
  assertEquals(said, ["hello", "leave"]);
});

Deno.test("joinWorkers() refuses another run's worker, a taken port, and waits for nobody for ever", async () => {
  const list = localPlaces(2), strange = { ...list[1], token: "another" };
  const joining = join(list);
  await assertRejects(() => joinWorkers(strange, { facts: {} }), Error, "as another run is at this address");
  for (const worker of await Promise.all(joining)) await worker.leave();

  using listener = Deno.listen({ hostname: "0.0.0.0", port: 0 });
  const [taken] = localPlaces(2, { port: listener.addr.port });
  await assertRejects(
    () => joinWorkers(taken, { facts: {} }),
    Error,
    `Cannot open port ${taken.port} for the other workers`,
  );

  const [alone, other] = localPlaces(2);
  await assertRejects(
    () => joinWorkers(alone, { facts: {}, startSeconds: 1 }),
    Error,
    "Cannot train together as of 2 workers 1 did not come within 1 s",
  );
  await assertRejects(
    () => joinWorkers(other, { facts: {}, startSeconds: 1 }),
    Error,
    `Cannot find the first worker at 127.0.0.1, port ${other.port}`,
  );
});

Deno.test("startEngine() says in one line that the port of a worker's own server is taken", async () => {
  using taken = Deno.listen({ hostname: "0.0.0.0", port: 0 });
  const address = `127.0.0.1:${taken.addr.port}`;
  Deno.env.set("TF_CPP_MIN_LOG_LEVEL", "3");
  const { message } = await assertRejects(
    () => startEngine({ backend: "tensorflow", workers: { rank: 0, addresses: [address, "127.0.0.1:9"] } }),
    Error,
    `Cannot start worker 0 at ${address}: `,
  );
  assertEquals(message.split("\n").length, 1, message);
});
