import { createTurns } from "../../../lib/train/turn_taking.ts";
import { assert, assertEquals } from "../../assert.ts";

/** Keeps this thread, as a native step does. */
function block(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end;);
}

Deno.test("createTurns() lets timers and connections be heard between steps that block", async () => {
  const heard = { timer: false, connection: false };
  const timer = setTimeout(() => heard.timer = true, 1);
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepted = listener.accept().then((connection) => {
    heard.connection = true;
    connection.close();
  });
  const connecting = Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
  const turn = createTurns();
  for (let step = 0; step < 20_000 && !(heard.timer && heard.connection); step++) {
    block(1);
    await turn();
  }
  clearTimeout(timer);
  (await connecting).close();
  assertEquals(heard, { timer: true, connection: true });
  await accepted;
});

Deno.test("createTurns() gives a turn after 40 ms of work, and not before", async () => {
  const { now } = performance;
  let ms = 0;
  performance.now = () => ms;
  try {
    const turn = createTurns();
    ms = 39.9;
    assertEquals(turn(), undefined);
    ms = 40;
    const waiting = turn();
    assert(waiting instanceof Promise);
    await waiting;
    ms = 79;
    assertEquals(turn(), undefined, "counted from the last turn");
    ms = 80;
    const next = turn();
    assert(next instanceof Promise);
    await next;
  } finally {
    performance.now = now;
  }
});
