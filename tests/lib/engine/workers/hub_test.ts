import { createHub, type Hello, type Hub, type HubMessage } from "../../../../lib/engine/workers/hub.ts";
import { assertEquals } from "../../../assert.ts";

/** A worker that comes from a machine. */
function hello(rank: number, more: Partial<Hello> = {}) {
  const machine = more.machine ?? "m";
  const own = {
    rank,
    token: "t",
    host: `n${rank}`,
    machine,
    pid: 100 + rank,
    address: `127.0.0.1:${5000 + rank}`,
  };
  return { type: "hello" as const, ...own, facts: { "--batch": "64" }, ...more };
}

/** A hub, and all that it has said, by worker. */
function start(size: number): { hub: Hub; said: HubMessage[][]; lines: () => string[] } {
  const said: HubMessage[][] = Array.from({ length: size }, () => []);
  const hub = createHub({
    size,
    word: { folder: "runs/a" },
    startSeconds: 60,
    silenceSeconds: 15,
    patienceSeconds: 120,
    send: (rank, message) => said[rank].push(message),
  }, 0);
  const lines = () => said.flat().flatMap((message) => message.type === "end" ? [message.line] : []);
  return { hub, said, lines };
}

/** A hub whose workers have all come. */
function complete(size: number) {
  const started = start(size);
  for (let rank = 0; rank < size; rank++) started.hub.receive(rank, hello(rank), 1);
  for (const list of started.said) list.length = 0;
  return started;
}

Deno.test("createHub() welcomes all workers when the last has come", () => {
  const { hub, said } = start(2);
  hub.receive(1, hello(1), 1);
  assertEquals(said, [[], []]);
  hub.receive(0, hello(0), 2);
  const welcome = {
    type: "welcome" as const,
    addresses: ["127.0.0.1:5000", "127.0.0.1:5001"],
    word: { folder: "runs/a" },
  };
  assertEquals(said, [[welcome], [welcome]]);
});

Deno.test("createHub() refuses other options, a number that comes twice, and workers that do not come", () => {
  const options = start(2);
  options.hub.receive(0, hello(0), 1);
  options.hub.receive(1, hello(1, { facts: { "--batch": "128" } }), 1);
  const other = "Cannot train together as worker 1 on n1 (process 101) has --batch 128: " +
    "worker 0 on n0 (process 100) has 64";
  assertEquals(options.lines(), [other, other]);

  const twice = start(3);
  twice.hub.receive(1, hello(1), 1);
  twice.hub.receive(1, hello(1, { host: "n9" }), 1);
  const line =
    "Cannot train together as two workers have number 1: worker 1 on n1 (process 101) and one on n9";
  assertEquals(twice.lines(), [line, line]);

  const LATE = "Cannot train together as of 3 workers 2 did not come within 60 s";
  const missing = start(3);
  missing.hub.receive(1, hello(1), 1);
  missing.hub.tick(59);
  assertEquals(missing.lines(), []);
  missing.hub.tick(60);
  assertEquals(missing.lines(), [LATE, LATE]);
});

Deno.test("createHub() gives an address that all machines can use, and refuses a loop between machines", () => {
  const beside = start(3);
  beside.hub.receive(0, hello(0, { address: "10.0.0.1:5000", machine: "a" }), 1);
  beside.hub.receive(1, hello(1, { machine: "a" }), 1);
  beside.hub.receive(2, hello(2, { address: "10.0.0.2:5002", machine: "b" }), 1);
  const [message] = beside.said[2];
  assertEquals(message.type === "welcome" && message.addresses, [
    "10.0.0.1:5000",
    "10.0.0.1:5001",
    "10.0.0.2:5002",
  ]);

  const looped = start(2);
  looped.hub.receive(0, hello(0, { machine: "a" }), 1);
  looped.hub.receive(1, hello(1, { address: "10.0.0.2:5001", machine: "b" }), 1);
  assertEquals(
    looped.lines()[0].slice(0, 98),
    "Cannot train together as worker 0 on n0 (process 100) would be at 127.0.0.1:5000, where only its o",
  );
});

Deno.test("createHub() says when all have come to a point, and who says another thing there", () => {
  const { hub, said, lines } = complete(2);
  hub.receive(0, { type: "facts", topic: "the data", facts: { data: "abc" } }, 2);
  assertEquals(said, [[], []]);
  hub.receive(1, { type: "facts", topic: "the data", facts: { data: "abc" } }, 3);
  assertEquals(said, [[{ type: "agreed", topic: "the data" }], [{ type: "agreed", topic: "the data" }]]);
  hub.receive(0, { type: "facts", topic: "the run", facts: { seed: "1" } }, 4);
  hub.receive(1, { type: "facts", topic: "the run", facts: {} }, 4);
  assertEquals(
    lines()[0].slice(25, 103),
    "worker 1 on n1 (process 101) has seed nothing: worker 0 on n0 (process 100) ha",
  );
});

Deno.test("createHub() names a worker that ends, fails, or falls silent", () => {
  const gone = complete(3);
  gone.hub.receive(2, { type: "beat", step: 7, doing: 2 }, 5);
  gone.hub.close(2);
  assertEquals(gone.said, [
    [{ type: "end", rank: 2, line: "worker 2 on n2 (process 102) has ended at step 7" }],
    [{ type: "end", rank: 2, line: "worker 2 on n2 (process 102) has ended at step 7" }],
    [],
  ]);

  const failed = complete(2);
  failed.hub.receive(1, { type: "fail", line: "the disk is full" }, 5);
  assertEquals(failed.lines(), ["worker 1 on n1 (process 101) has failed: the disk is full"]);

  const silent = complete(2);
  silent.hub.receive(0, { type: "beat", step: 3, doing: 2 }, 10);
  silent.hub.tick(15.9);
  assertEquals(silent.lines(), []);
  silent.hub.tick(16);
  assertEquals(silent.said[0], [{
    type: "end",
    rank: 1,
    line: "worker 1 on n1 (process 101) stands still at step 0: nothing was heard of it for 15 s",
  }]);

  const left = complete(2);
  left.hub.receive(1, { type: "leave" }, 5);
  left.hub.close(1);
  left.hub.receive(0, { type: "beat", step: 3, doing: 2 }, 100);
  left.hub.tick(101);
  assertEquals(left.lines(), []);
});

Deno.test("createHub() names the worker that the others wait for, however long all take together", () => {
  const { hub, lines } = complete(3);
  const beat = (now: number, ...steps: [step: number, doing: number][]) => {
    steps.forEach(([step, doing], rank) => hub.receive(rank, { type: "beat", step, doing }, now));
    hub.tick(now);
  };
  for (let now = 10; now < 400; now += 10) beat(now, [4, 2], [4, 2], [4, 2]); // a long step is nobody's fault
  assertEquals(lines(), []);
  for (let now = 400; now <= 520; now += 10) beat(now, [5, 2], [5, 1], [5, 2]);
  assertEquals(lines(), []);
  beat(521, [5, 2], [5, 1], [5, 2]);
  const line =
    "worker 1 on n1 (process 101) stands still at step 5, reading its examples, while the others wait for it";
  assertEquals(lines(), [line, line, line]);
});

Deno.test("createHub() counts the wait from when the others came, and takes a step that is begun for less than one that is over", () => {
  const after = (now: number, ...before: [step: number, doing: number][]) => {
    const { hub, lines } = complete(2);
    const beat = (now: number, steps: [step: number, doing: number][]) => {
      steps.forEach(([step, doing], rank) => hub.receive(rank, { type: "beat", step, doing }, now));
      hub.tick(now);
    };
    for (let at = 10; at < 200; at += 10) beat(at, [[5, 1], [5, 1]]); // both read for long
    for (let at = 200; at <= now; at += 10) beat(at, before);
    beat(now + 1, before);
    return lines()[0];
  };
  assertEquals(after(310, [5, 2], [5, 1]), undefined);
  assertEquals(
    after(320, [5, 2], [5, 1])?.slice(0, 52),
    "worker 1 on n1 (process 101) stands still at step 5,",
  );
  assertEquals(
    after(320, [5, 2], [6, 1])?.slice(0, 62),
    "worker 0 on n0 (process 100) stands still at step 5, in a step",
  );
});

Deno.test("createHub() names the worker that does not come to where the others are to agree", () => {
  const { hub, lines } = complete(3);
  const beat = (now: number) => {
    for (const rank of [0, 1, 2]) hub.receive(rank, { type: "beat", step: 0, doing: 0 }, now);
    hub.tick(now);
  };
  for (const rank of [0, 1, 2]) hub.receive(rank, { type: "facts", topic: "the data", facts: {} }, 2);
  for (let now = 10; now < 200; now += 10) beat(now); // what all have agreed on is waited for no longer
  hub.receive(0, { type: "facts", topic: "the run", facts: {} }, 200);
  hub.receive(2, { type: "facts", topic: "the run", facts: {} }, 250);
  for (let now = 200; now <= 320; now += 10) beat(now); // patience begins with the first
  assertEquals(lines(), []);
  beat(321);
  const line = "worker 1 on n1 (process 101) stands still at step 0, starting, while the others wait for it";
  assertEquals(lines(), [line, line, line]);
});

Deno.test("createHub() waits for none that has left, and blames nobody where all have", () => {
  const { hub, lines } = complete(3);
  hub.receive(1, { type: "beat", step: 3, doing: 1 }, 5);
  hub.receive(1, { type: "leave" }, 5);
  hub.receive(0, { type: "facts", topic: "the run", facts: {} }, 6);
  hub.receive(2, { type: "facts", topic: "the run", facts: {} }, 6);
  for (let now = 10; now < 300; now += 10) {
    for (const rank of [0, 2]) hub.receive(rank, { type: "beat", step: now, doing: 2 }, now);
    hub.tick(now);
  }
  for (const rank of [0, 2]) hub.receive(rank, { type: "leave" }, 300);
  hub.tick(1000);
  assertEquals(lines(), []);
});
