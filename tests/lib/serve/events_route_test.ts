/** What POST /events takes, keeps for the log, and answers when the journal does not take an event. */
import { postEvents } from "../../../lib/serve/events_route.ts";
import { HttpProblem } from "../../../lib/serve/problem.ts";
import type { Context, EventIntake } from "../../../lib/serve/service.ts";
import { assertEquals, assertRejects } from "../../assert.ts";

const KEPT = { accepted: 1, known: 2, ignored: 3 };

/** Asks the route; gives the answer, what the intake was given, and what the log is told. */
async function ask(
  body: string,
  options: {
    headers?: Record<string, string>;
    accept?: EventIntake["accept"];
    limits?: { maxBytes?: number };
  } = {},
) {
  const { headers, limits = {} } = options,
    given: Record<string, unknown>[] = [],
    note: Record<string, unknown> = {};
  const events: EventIntake = {
    async accept(notification) {
      given.push(notification);
      return await (options.accept?.(notification) ?? Promise.resolve(KEPT));
    },
  };
  const request = new Request("http://test/events", { method: "POST", body, headers });
  const context = { request, note, service: { events, limits } } as unknown as Context;
  const response = await postEvents(context);
  return { status: response.status, answer: await response.json(), given, note };
}

Deno.test("postEvents() answers 202 with what became of the events, once they are kept", async () => {
  let keep = (_: typeof KEPT) => {}, answered = false;
  const kept = new Promise<typeof KEPT>((resolve) => keep = resolve);
  const asked = ask('{"Records":[]}', { accept: () => kept });
  void asked.then(() => answered = true);
  await new Promise((resolve) => setTimeout(resolve, 5));
  assertEquals(answered, false, "not before they are safe");
  keep(KEPT);
  const { status, answer, given, note } = await asked;
  assertEquals([status, answer, given, note], [202, KEPT, [{ Records: [] }], KEPT]);
});

Deno.test("postEvents() takes an empty body for a test of the address", async () => {
  const { status, answer, given } = await ask("");
  assertEquals([status, answer, given], [202, { accepted: 0, known: 0, ignored: 0 }, []]);
});

Deno.test("postEvents() puts a CloudEvent's header fields round its body", async () => {
  const headers = { "ce-specversion": "1.0", "ce-type": "x.created" };
  assertEquals((await ask('{"a":1}', { headers })).given, [{
    specversion: "1.0",
    type: "x.created",
    data: { a: 1 },
  }]);
  assertEquals((await ask("{}", { headers: { "ce-specversion": "1.0" } })).given[0].type, "");
});

Deno.test("postEvents() tells the log, and nobody else, which address a subscription wants opened", async () => {
  const { note, answer } = await ask('{"Type":"SubscriptionConfirmation","SubscribeURL":"https://sns/x"}');
  assertEquals([note.subscription, answer], ["https://sns/x", KEPT]);
  assertEquals("subscription" in (await ask("{}")).note, false);
});

Deno.test("postEvents() tells a wrong notification from a journal that is full, and says no more than that", async () => {
  const failing = (error: Error) => ask("{}", { accept: () => Promise.reject(error) });
  const problem = async (work: Promise<unknown>) => {
    const { status, message, headers } = await assertRejects(() => work, HttpProblem);
    return [status, message, headers["retry-after"]];
  };
  assertEquals(await problem(failing(new TypeError("Records[0] names no bucket"))), [
    400,
    "Records[0] names no bucket",
    undefined,
  ]);
  assertEquals(await problem(failing(new Error("ENOSPC: /secret/path"))), [
    503,
    "The events could not be kept: try again",
    "5",
  ]);
  assertEquals((await problem(failing(new HttpProblem(429, "slower"))))[0], 429);
});

Deno.test("postEvents() takes a mebibyte of notification, or less where the service takes less", async () => {
  const text = (length: number) => JSON.stringify({ a: "x".repeat(length - 8) });
  assertEquals((await ask(text(1 << 20))).status, 202);
  for (
    const [length, limits] of [[(1 << 20) + 1, {}], [(1 << 20) + 1, { maxBytes: 1 << 26 }], [101, {
      maxBytes: 100,
    }]] as const
  ) {
    const { status } = await assertRejects(() => ask(text(length), { limits }), HttpProblem);
    assertEquals(status, 413);
  }
  const deep = '{"a":'.repeat(21) + "1" + "}".repeat(21);
  const { message } = await assertRejects(() => ask(deep), HttpProblem);
  assertEquals(message, "The JSON is nested deeper than 20");
});

Deno.test("postEvents() is not there where the server takes no events", async () => {
  const request = new Request("http://test/events", { method: "POST", body: "{}" });
  const context = { request, note: {}, service: { limits: {} } } as unknown as Context;
  const { status } = await assertRejects(() => postEvents(context), HttpProblem, "start it with --events");
  assertEquals(status, 404);
});
