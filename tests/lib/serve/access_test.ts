import { assert, assertEquals, assertRejects } from "../../assert.ts";
import { createAccess, parseTokens } from "../../../lib/serve/access.ts";
import { createHash } from "node:crypto";
import { BASE, flatPng, get, post, withHost } from "./_service.ts";
import { until } from "../../until.ts";

Deno.test("tokens open what their scope allows, and nothing opens without one", async () => {
  const hash = createHash("sha256").update("boss").digest("hex");
  let tokens = await parseTokens(`# rotating\nscore daq\nadmin sha256:${hash}\n`);
  await withHost(async (host) => {
    const status = async (path: string, token?: string) =>
      (await get(host, path, token ? { headers: { authorization: `Bearer ${token}` } } : {})).status;
    assertEquals(await status("/models"), 401);
    assertEquals(await status("/models", "other"), 401);
    assertEquals(await status("/models", "daq"), 200);
    assertEquals(await status("/metrics", "daq"), 403);
    assertEquals(await status("/metrics", "boss"), 200);
    assertEquals(await status("/models", "boss"), 200);
    assertEquals(await status("/v2/health/live"), 200);
    assertEquals(await status("/"), 200);
    assertEquals((await post(host, "/score/tiny", flatPng(1))).headers.get("www-authenticate"), "Bearer");
    tokens = await parseTokens("score next");
    assertEquals([await status("/models", "daq"), await status("/models", "next")], [401, 200]);
  }, { access: createAccess(() => tokens) });
});

Deno.test("parseTokens() names the line that is wrong and never the token", async () => {
  const error = await assertRejects(
    () => parseTokens("score good\nowner secret-word"),
    SyntaxError,
    "line 2",
  );
  assert(!error.message.includes("secret-word"));
});

Deno.test("no page of another origin may use the service unless it is named", () =>
  withHost(async (host) => {
    const from = (origin: string) => get(host, "/v2/health/live", { headers: { origin } });
    assertEquals(
      (await from("https://lab.example")).headers.get("access-control-allow-origin"),
      "https://lab.example",
    );
    assertEquals((await from("https://evil.example")).headers.get("access-control-allow-origin"), null);
    const preflight = await get(host, "/score/tiny", {
      method: "OPTIONS",
      headers: { origin: "https://lab.example" },
    });
    assertEquals([preflight.status, preflight.headers.get("access-control-allow-methods")], [204, "POST"]);
  }, { corsOrigins: ["https://lab.example"] }));

Deno.test("every response carries security headers, an id and the trace it belongs to", () =>
  withHost(async (host) => {
    const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    for (const path of ["/", "/v2", "/nothing"]) {
      const { headers } = await get(host, path, { headers: { traceparent, "x-request-id": "run-7" } });
      assertEquals(headers.get("x-content-type-options"), "nosniff");
      assertEquals(headers.get("x-request-id"), "run-7");
      assert(
        /^00-4bf92f3577b34da6a3ce929d0e0e4736-(?!00f067aa0ba902b7)[0-9a-f]{16}-01$/.test(
          headers.get("traceparent") ?? "",
        ),
      );
    }
    const policy = (await get(host, "/")).headers.get("content-security-policy") ?? "";
    assert(policy.startsWith("default-src 'none'") && !policy.includes("unsafe"), policy);
  }));

Deno.test("long URLs, long headers, wrong methods and wrong paths are refused", () =>
  withHost(async (host) => {
    assertEquals((await get(host, "/" + "a".repeat(9000))).status, 414);
    assertEquals((await get(host, "/v2", { headers: { "x-long": "a".repeat(40_000) } })).status, 431);
    const wrong = await get(host, "/score/tiny", { method: "DELETE" });
    assertEquals([wrong.status, wrong.headers.get("allow")], [405, "POST"]);
    assertEquals((await get(host, "/v2/models/..%2f..%2fetc/ready")).status, 404);
    assertEquals((await get(host, "/nothing")).status, 404);
  }));

Deno.test("GET /metrics counts answers, failures by reason, batches and versions", () =>
  withHost(async (host) => {
    await (await post(host, "/score/tiny", flatPng(1))).body?.cancel();
    await (await post(host, "/score/tiny", "no picture")).body?.cancel();
    const text = await (await get(host, "/metrics")).text();
    for (
      const line of [
        'inference_request_success_total{model="tiny",version="1"} 1',
        'inference_request_failure_total{model="tiny",reason="input"} 1',
        'inference_batch_size_count{model="tiny"} 1',
        'model_version_loaded{model="tiny",version="1"} 1',
        "inference_pending_request_count 0",
      ]
    ) assert(text.includes(line), `${line} is not in\n${text}`);
  }));

Deno.test("the log has a line for each request, with its id and without its content or token", async () => {
  const lines: Record<string, unknown>[] = [];
  await withHost(async (host) => {
    const headers = { "x-request-id": "run-8", authorization: "Bearer secret-word" };
    await (await post(host, "/score/tiny?token=other-word", flatPng(1), headers)).body?.cancel();
  }, { log: (entry) => lines.push(entry) });
  const line = lines.find(({ id }) => id === "run-8");
  assertEquals([line?.route, line?.status, line?.model, line?.version], ["/score/{model}", 200, "tiny", "1"]);
  assert(!JSON.stringify(lines).includes("secret-word") && !JSON.stringify(lines).includes("other-word"));
});

Deno.test("the path is the request's own, whatever the Host field says; a Host that is none is a 400", () =>
  withHost(async (host) => {
    for (const name of ["x/metrics?", "x#", "a b", "x/..", "user@x", "", "x:port", "[::1"]) {
      const request = new Request(BASE + "/v2", { headers: { host: name } });
      const odd = { headers: request.headers, method: "GET", url: `http://${name}/v2` } as Request;
      assertEquals([name, (await host.fetch(odd)).status], [name, 400]);
    }
    for (const name of ["localhost:8000", "127.0.0.1", "[::1]:8000", "scores.example.org"]) {
      const response = await host.fetch(new Request(`http://${name}/v2`, { headers: { host: name } }));
      assertEquals([response.status, (await response.json()).name], [200, "cloudchamber"]);
    }
  }));

Deno.test("a server with names of its own refuses other names, and what other sites' pages ask for", () =>
  withHost(async (host) => {
    const status = async (url: string, headers: Record<string, string> = {}, method = "POST") => {
      const body = method === "POST" ? flatPng(1) : undefined;
      return (await host.fetch(new Request(url, { method, headers, body }))).status;
    };
    const path = "/score/tiny", own = "http://localhost:8000";
    assertEquals(await status(own + path), 200);
    assertEquals(await status(own + path, { origin: own }), 200);
    assertEquals(await status(own + path, { origin: "https://friend.example" }), 200);
    assertEquals(await status(own + path, { origin: "https://evil.example" }), 403);
    assertEquals(await status(own + path, { origin: "null" }), 403);
    assertEquals(await status(own + path, { "sec-fetch-site": "cross-site" }), 403);
    assertEquals(await status("http://rebound.example:8000" + path), 421);
    assertEquals(await status("http://rebound.example:8000/models", {}, "GET"), 421);
  }, { hosts: ["localhost"], corsOrigins: ["https://friend.example"] }));

Deno.test("strangers see that a server with tokens is ready, but no names of models and no places", async () => {
  const tokens = await parseTokens("score secret");
  await withHost(async (host) => {
    const stranger = await (await get(host, "/v2/health/ready")).json();
    assertEquals(stranger, { ready: true, live: true });
    const headers = { authorization: "Bearer secret" };
    const known = await (await get(host, "/v2/health/ready", { headers })).json();
    assertEquals(known.models[0].name, "tiny");
  }, { access: createAccess(() => tokens) });
});

Deno.test("a Host field on a socket leads to no other path", () =>
  withHost(async (host) => {
    await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) =>
      host.fetch(request));
    const ask = async (name: string): Promise<string> => {
      using socket = await Deno.connect({ hostname: "127.0.0.1", port: server.addr.port });
      await socket.write(
        new TextEncoder().encode(`GET /v2 HTTP/1.1\r\nHost: ${name}\r\nConnection: close\r\n\r\n`),
      );
      return (await new Response(socket.readable).text()).split("\r\n")[0];
    };
    assertEquals(await ask("x"), "HTTP/1.1 200 OK");
    for (const name of ["x/metrics?", "[", "a b"]) {
      assertEquals(await ask(name), "HTTP/1.1 400 Bad Request", name);
    }
  }));

Deno.test("one client never has all places, and a slow body holds its place no longer than it deserves", () =>
  withHost(async (host) => {
    const slow = () => {
      const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
      const body = { body: readable, method: "POST", headers: { "content-length": "100" } };
      return { writable, answer: host.fetch(new Request(`${BASE}/score/tiny`, body), "192.0.2.1") };
    };
    const { setTimeout: start } = globalThis, over: (() => void)[] = []; // what is to happen after seconds
    globalThis.setTimeout = ((callback: () => void, ms = 0) =>
      ms < 1000 ? start(callback, ms) : void over.push(callback)) as typeof setTimeout;
    const held = [slow(), slow()];
    try {
      await until("both to be let in", () =>
        over.length === 2);
      const third = await host.fetch(new Request(`${BASE}/models`), "192.0.2.1");
      const other = await host.fetch(new Request(`${BASE}/models`), "192.0.2.2");
      assertEquals([third.status, other.status], [429, 200]);
    } finally {
      globalThis.setTimeout = start;
      for (const callback of over) callback();
    }
    for (const { answer } of held) {
      const response = await answer; // after its grace of 3 s and a moment, not the 30 s of the largest body
      assertEquals([response.status, (await response.text()).includes("within 3006 ms")], [408, true]);
    }
    for (const { writable } of held) await writable.abort().catch(() => {});
    assertEquals((await host.fetch(new Request(`${BASE}/models`), "192.0.2.1")).status, 200);
  }, { limits: { maxActive: 4 } }));
