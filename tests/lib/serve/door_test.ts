/** What is asked of a request at the door: its body's size and time, its token, its name, its trace, its route. */
import { deflateSync, gzipSync } from "node:zlib";
import { sha256 } from "../../../lib/base/sha256.ts";
import { DeadlineError, OverloadError } from "../../../lib/score/batcher.ts";
import { UnitLostError } from "../../../lib/score/compute_pool.ts";
import { UnknownModelError } from "../../../lib/score/models.ts";
import { createAccess, parseTokens } from "../../../lib/serve/access.ts";
import { type BodyLimits, readBody } from "../../../lib/serve/body.ts";
import { parseJsonObject } from "../../../lib/serve/json.ts";
import { checkOrigin, isLoopback, urlOf } from "../../../lib/serve/origin.ts";
import {
  faultProblem,
  HttpProblem,
  problemOf,
  problemResponse,
  reasonOf,
} from "../../../lib/serve/problem.ts";
import { findRoute } from "../../../lib/serve/routes.ts";
import { createStatistics } from "../../../lib/serve/statistics.ts";
import { continueTrace, formatTrace } from "../../../lib/serve/trace.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../../assert.ts";
import { withWaits } from "../../waits.ts";

const text = (value: string) => new TextEncoder().encode(value);

/** A request with a body; chunked where no length is announced. */
function posted(body: BodyInit | null, headers: Record<string, string> = {}): Request {
  return new Request("http://test/", { method: "POST", body, headers });
}

const chunks = (...sizes: number[]) =>
  new ReadableStream<Uint8Array>({
    start(controller) {
      for (const size of sizes) controller.enqueue(new Uint8Array(size).fill(7));
      controller.close();
    },
  });

async function problem(work: () => Promise<unknown>): Promise<[number, string]> {
  const { status, message } = await assertRejects(work, HttpProblem);
  return [status, message];
}

Deno.test("readBody() takes a body up to the limit, announced or in chunks, and refuses one byte more", async () => {
  const limits: BodyLimits = { maxBytes: 10 };
  assertEquals((await readBody(posted(chunks(4, 6)), limits)).length, 10);
  assertEquals((await readBody(posted(new Uint8Array(10), { "content-length": "10" }), limits)).length, 10);
  assertEquals((await readBody(posted(null), limits)).length, 0);
  const larger = [413, "The body is larger than 10 bytes"] as [number, string];
  assertEquals(await problem(() => readBody(posted(chunks(4, 7)), limits)), larger);
  assertEquals(
    await problem(() => readBody(posted(new Uint8Array(1), { "content-length": "11" }), limits)),
    larger,
  );
  assertEquals(
    await problem(() => readBody(posted(new Uint8Array(11), { "content-length": "3" }), limits)),
    larger,
  );
  for (const length of ["-1", "1e3", "0x1", "1".repeat(16), ""]) {
    const [status, message] = await problem(() =>
      readBody(posted(new Uint8Array(1), { "content-length": length }), limits)
    );
    assertEquals([status, message], [400, `Content-Length must be a number of bytes: got "${length}"`]);
  }
});

Deno.test("readBody() unpacks up to the limit, and not one byte beyond", async () => {
  const read = (packed: Uint8Array<ArrayBuffer>, encoding: string, maxBytes: number) =>
    readBody(posted(packed, { "content-encoding": encoding }), { maxBytes });
  const zeros = new Uint8Array(5000), own = (bytes: Uint8Array) => Uint8Array.from(bytes);
  for (
    const [encoding, packed] of [["gzip", own(gzipSync(zeros))], [
      " DEFLATE ",
      own(deflateSync(zeros)),
    ]] as const
  ) {
    assertEquals(await read(packed, encoding, 5000), zeros);
    assertEquals(await problem(() => read(packed, encoding, 4999)), [
      413,
      "The body is larger than 4999 bytes",
    ]);
    const [status] = await problem(() => read(packed.slice(0, 12), encoding, 5000));
    assertEquals(status, 400);
  }
  assertEquals(await read(text("as it is") as Uint8Array<ArrayBuffer>, "identity", 100), text("as it is"));
  const [status, message] = await problem(() => read(text("x") as Uint8Array<ArrayBuffer>, "br", 100));
  assertEquals([status, message.includes('"br"')], [415, true]);
});

Deno.test("readBody() waits for a body as long as its length deserves, and no longer than any may take", () =>
  withWaits(async (waits) => {
    const limitOf = async (length: number | undefined, limits: BodyLimits = {}) => {
      waits.length = 0;
      const body = new Uint8Array(length ?? 1);
      await readBody(
        length === undefined ? posted(chunks(1)) : posted(body, { "content-length": String(length) }),
        limits,
      );
      return waits[0];
    };
    assertEquals(await limitOf(0), 3000);
    assertEquals(await limitOf(16_384), 4000);
    assertEquals(await limitOf(163_840), 13_000);
    assertEquals(await limitOf(1_638_400), 30_000);
    assertEquals(await limitOf(undefined), 3000);
    assertEquals(await limitOf(1000, { leastBytesPerSecond: 100, bodyTimeoutMs: 8000 }), 8000);
  }, { most: 0 }));

Deno.test("readBody() gives a body of no announced length time for what has come, and no more", () =>
  withWaits(async (waits) => {
    let sent = 0;
    const dripping = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (sent === 2) return new Promise(() => {});
        sent++;
        controller.enqueue(new Uint8Array(8192));
      },
    });
    const [status, message] = await problem(() => readBody(posted(dripping)));
    assertEquals([status, message], [408, "The body did not arrive within 4000 ms"]);
    assertEquals(waits.slice(0, 2), [3000, 1000]);
  }));

Deno.test("readBody() says that a body came too slowly, or ended too early", async () => {
  const endless = new ReadableStream<Uint8Array>({ pull: () => new Promise(() => {}) });
  assertEquals(await problem(() => readBody(posted(endless), { bodyTimeoutMs: 20 })), [
    408,
    "The body did not arrive within 20 ms",
  ]);
  const broken = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.error(new Error("reset")),
  });
  assertEquals(await problem(() => readBody(posted(broken))), [400, "The body ended too early"]);
});

Deno.test("createAccess() compares every digit of a token's digest", async () => {
  const digest = await sha256(text("secret")), bearer = { authorization: "Bearer secret" };
  const check = async (
    table: string,
    headers: Record<string, string> = bearer,
    scope: "score" | "admin" = "score",
  ) => {
    const tokens = await parseTokens(table);
    return await createAccess(() => tokens).check(new Request("http://test/", { headers }), scope)
      .then(() => 200, ({ status }: HttpProblem) => status);
  };
  assertEquals(await check(`score sha256:${digest}`), 200);
  for (let at = 0; at < 64; at++) {
    const other = digest.slice(0, at) + (digest[at] === "0" ? "1" : "0") + digest.slice(at + 1);
    assertEquals(await check(`score sha256:${other}`), 401, `digit ${at}`);
  }
  assertEquals(await check("score other\nscore secret\nscore third"), 200);
  assertEquals(await check("score secret", {}), 401);
  assertEquals(await check("score secret", { authorization: "Basic secret" }), 401);
  assertEquals(await check("score secret", { authorization: "bearer  secret" }), 200);
  assertEquals([await check("score secret", bearer, "admin"), await check("admin secret", bearer, "score")], [
    403,
    200,
  ]);
});

Deno.test("urlOf() and isLoopback() take names of hosts for what they are", () => {
  const host = (value: string) =>
    urlOf(new Request("http://test/a?b", { headers: { host: value } })).pathname;
  for (const good of ["localhost", "a-b.c_d:8080", "127.0.0.1:1", "[::1]:80", "x".repeat(255)]) {
    assertEquals(host(good), "/a");
  }
  for (const bad of ["a/b", "a b", "a@b", "a:123456", "[::1", "", "x".repeat(256)]) {
    assertEquals(assertThrows(() => host(bad), HttpProblem).status, 400, bad);
  }
  assertEquals(["localhost", "::1", "127.9.9.9", "128.0.0.1", "x.127.0.0.1"].map(isLoopback), [
    true,
    true,
    true,
    false,
    false,
  ]);
});

Deno.test("checkOrigin() lets pages of this server change things, and others only where that is allowed", () => {
  const ask = (headers: Record<string, string>, method = "POST", allowed = false, name = "localhost") => {
    const request = new Request(`http://${name}:80/`, { method, headers });
    try {
      checkOrigin(request, new URL(request.url), ["localhost"], allowed);
      return 200;
    } catch (error) {
      return (error as HttpProblem).status;
    }
  };
  assertEquals([ask({}), ask({ origin: "http://localhost" }), ask({ "sec-fetch-site": "same-origin" })], [
    200,
    200,
    200,
  ]);
  for (
    const headers of [{ origin: "http://evil" }, { origin: "null" }, { "sec-fetch-site": "cross-site" }, {
      "sec-fetch-site": "same-site",
    }]
  ) {
    assertEquals(ask(headers as unknown as Record<string, string>), 403);
    assertEquals([
      ask(headers as unknown as Record<string, string>, "GET"),
      ask(headers as unknown as Record<string, string>, "POST", true),
    ], [200, 200]);
  }
  assertEquals([ask({}, "GET", true, "other"), ask({}, "GET", false, "LOCALHOST")], [421, 200]);
});

Deno.test("continueTrace() goes on with a trace of the standard's form, by a span of its own, and begins one else", () => {
  const trace = "4bf92f3577b34da6a3ce929d0e0e4736", span = "00f067aa0ba902b7";
  const good = continueTrace(`00-${trace}-${span}-01`);
  assertEquals([good.traceId, good.flags, good.spanId === span], [trace, "01", false]);
  assert(/^[0-9a-f]{16}$/.test(good.spanId));
  assertEquals(formatTrace(good), `00-${trace}-${good.spanId}-01`);
  assertEquals(continueTrace(`01-${trace}-${span}-00-later`).traceId, trace, "a later version may say more");
  for (
    const bad of [
      null,
      "",
      `ff-${trace}-${span}-01`,
      `00-${trace}-${span}-01-more`,
      `00-${"0".repeat(32)}-${span}-01`,
      `00-${trace}-${"0".repeat(16)}-01`,
      `00-${trace.toUpperCase()}-${span}-01`,
      `00-${trace}-${span}`,
    ]
  ) {
    const begun = continueTrace(bad);
    assert(begun.traceId !== trace && /^[0-9a-f]{32}$/.test(begun.traceId), String(bad));
    assertEquals(begun.flags, "00");
  }
});

Deno.test("problemOf() keeps the words that are meant for clients, and says nothing of the rest", async () => {
  const of = (error: unknown) => {
    const { status, message, headers } = problemOf(error);
    return [status, message, headers["retry-after"], reasonOf(problemOf(error), error)];
  };
  assertEquals(of(new HttpProblem(418, "short")), [418, "short", undefined, "input"]);
  assertEquals(of(new UnknownModelError("no such")), [404, "no such", undefined, "input"]);
  assertEquals(of(new OverloadError("full", 1001)), [503, "full", "2", "rejected"]);
  assertEquals(of(new DeadlineError("late")), [503, "late", "1", "deadline"]);
  assertEquals(of(new UnitLostError("lost")), [503, "lost", "1", "rejected"]);
  assertEquals(of(new DOMException("x", "AbortError"))[0], 499);
  assertEquals(reasonOf(new HttpProblem(499, ""), null), "canceled");
  assertEquals(reasonOf(new HttpProblem(429, ""), null), "rejected");
  assertEquals(of(new Error("/secret")), [
    500,
    "The server failed to answer this request",
    undefined,
    "internal",
  ]);
  const faults = (["client", "content", "server"] as const).map((who) =>
    faultProblem({ who, message: "m" }).status
  );
  assertEquals(faults, [400, 422, 503]);
  const response = problemResponse(new HttpProblem(405, "no", { allow: "GET" }));
  assertEquals([response.status, response.headers.get("allow"), await response.json()], [405, "GET", {
    error: "no",
  }]);
});

Deno.test("parseJsonObject() takes nesting up to the limit, brackets in texts left out", () => {
  const nested = (depth: number) => text('{"a":'.repeat(depth) + "1" + "}".repeat(depth));
  assertEquals(parseJsonObject(text('{"a":"[[[{{{\\"]"}'), 1), { a: '[[[{{{"]' });
  parseJsonObject(nested(5), 5);
  parseJsonObject(text('{"a":[1],"b":[2]}'), 2);
  assertThrows(() => parseJsonObject(nested(6), 5), HttpProblem, "nested deeper than 5");
  parseJsonObject(nested(100));
  assertThrows(() => parseJsonObject(nested(101)), HttpProblem, "nested deeper than 100");
  for (const wrong of ["[1]", "null", "7", '"a"']) {
    assertThrows(() => parseJsonObject(text(wrong)), HttpProblem, "must be a JSON object");
  }
  for (const wrong of [text("{"), Uint8Array.of(0x7b, 0xff, 0x7d)]) {
    assertThrows(() => parseJsonObject(wrong), HttpProblem, "The body is not JSON");
  }
});

Deno.test("findRoute() finds each path once, with its parameters, and says which methods there are", () => {
  const of = (method: string, path: string) => {
    const { route, params } = findRoute(method, path);
    return [route.name, params, route.scope];
  };
  assertEquals(of("GET", "/"), ["/", [], undefined]);
  assertEquals(of("HEAD", "/models/"), ["/models", [], "score"]);
  assertEquals(of("POST", "/score/a%20b/7"), ["/score/{model}/{version}", ["a b", "7"], "score"]);
  assertEquals(of("GET", "/v2/models/stats"), ["/v2/models/stats", [], "score"]);
  assertEquals(of("POST", "/v2/repository/models/m/unload"), [
    "/v2/repository/models/{model}/unload",
    ["m"],
    "admin",
  ]);
  assertEquals(of("GET", "/metrics"), ["/metrics", [], "admin"]);
  const refused = (method: string, path: string) => {
    const { status, headers } = assertThrows(() => findRoute(method, path), HttpProblem);
    return [status, headers.allow];
  };
  assertEquals(refused("PUT", "/models"), [405, "GET, HEAD"]);
  assertEquals(refused("GET", "/score/m"), [405, "POST"]);
  assertEquals(
    [refused("GET", "/no")[0], refused("POST", "/score/")[0], refused("GET", "/v2/models/%ff")[0]],
    [404, 404, 400],
  );
});

Deno.test("createStatistics() adds up what each version did, by the size of its batches", () => {
  const statistics = createStatistics(), before = Date.now();
  statistics.batch("m", "1", 4, 0.25);
  statistics.batch("m", "1", 2, 0.5);
  statistics.batch("m", "1", 4, 0.125);
  statistics.success("m", "1", 1, 0.5);
  statistics.success("m", "1", 2, 0.25);
  statistics.failure("m", "1", 3);
  const { last_inference, inference_count, execution_count, inference_stats, batch_stats } = statistics.of(
    "m",
    "1",
  );
  assert(last_inference >= before);
  assertEquals([inference_count, execution_count], [10, 3]);
  assertEquals([
    inference_stats.success,
    inference_stats.queue,
    inference_stats.fail,
    inference_stats.compute_infer,
  ], [
    { count: 2, ns: 3e9 },
    { count: 2, ns: 0.75e9 },
    { count: 1, ns: 3e9 },
    { count: 3, ns: 0.875e9 },
  ]);
  assertEquals(batch_stats.map(({ batch_size, compute_infer }) => [batch_size, compute_infer]), [
    [2, { count: 1, ns: 0.5e9 }],
    [4, { count: 2, ns: 0.375e9 }],
  ]);
  assertEquals(statistics.of("m", "2").inference_count, 0);
  assertEquals(statistics.of("other", "1").batch_stats, []);
});
