/** What httpSource does with each answer of a server: how often it asks, how long it waits, what it takes for the file. */
import { httpSource, type HttpSourceOptions } from "../../../lib/io/http_source.ts";
import { assert, assertEquals, assertRejects } from "../../assert.ts";
import { withWaits } from "../../waits.ts";

const URL_ = "http://test/file";
const BYTES = Uint8Array.from({ length: 100 }, (_, i) => i);

/** One request as the server gets it. */
interface Asked {
  method: string;
  range: string | null;
  headers: Headers;
}

/** A server that answers ranges of a file, unless the test says something else. */
function server(
  misbehave: (asked: Asked, count: number) => Response | Error | undefined = () => undefined,
  more: Record<string, string> = { etag: '"1"' },
) {
  const requests: Asked[] = [];
  const fetch = ((_: string, init: RequestInit) => {
    const headers = new Headers(init.headers);
    const asked = { method: init.method ?? "GET", range: headers.get("range"), headers };
    const other = misbehave(asked, requests.length);
    requests.push(asked);
    if (other instanceof Error) return Promise.reject(other);
    if (other) return Promise.resolve(other);
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(asked.range ?? "")!;
    return Promise.resolve(part(Number(first), Math.min(Number(last) + 1, BYTES.length), more));
  }) as typeof globalThis.fetch;
  return { fetch, requests };
}

/** Bytes of the file as a server gives them; `said` is what it says that they are. */
function part(first: number, end: number, more: Record<string, string> = {}, said = first): Response {
  return new Response(BYTES.slice(first, end), {
    status: 206,
    headers: { ...more, "content-range": `bytes ${said}-${said + end - first - 1}/${BYTES.length}` },
  });
}

const open = (fetch: typeof globalThis.fetch, options: HttpSourceOptions = {}) =>
  httpSource(URL_, { fetch, blockBytes: 40, ...options });

Deno.test("httpSource() asks again after 5xx, 429 and lost connections, four times in all, each pause twice the last", () =>
  withWaits(async (waits) => {
    const pauses = () => waits.splice(0).filter((ms) => ms < 5000);
    for (const trouble of [500, 503, 599, 429, new TypeError("connection reset")]) {
      const fail = () => trouble instanceof Error ? trouble : new Response("x", { status: trouble });
      const down = server(fail);
      const { message, cause } = await assertRejects(
        () => open(down.fetch),
        Error,
        `Cannot read "${URL_}": `,
      );
      assertEquals([down.requests.length, pauses()], [4, [250, 500, 1000]], message);
      assert(cause instanceof Error);
      const late = server((_, count) => count < 3 ? fail() : undefined);
      assertEquals((await open(late.fetch)).size, 100);
      pauses();
      const twice = server(fail);
      await assertRejects(() => open(twice.fetch, { retries: 1, pauseMs: 8 }));
      assertEquals([twice.requests.length, pauses()], [2, [8]]);
    }
  }));

Deno.test("httpSource() asks once where the server refuses, and says so", async () => {
  for (
    const [status, words] of [[404, "Cannot find"], [410, "Cannot find"], [403, "answers 403"], [
      400,
      "answers 400",
    ]] as const
  ) {
    const refusing = server(() => new Response(null, { status }));
    const error = await assertRejects(() => open(refusing.fetch), Error, words);
    assertEquals([refusing.requests.length, error instanceof Deno.errors.NotFound], [
      1,
      words === "Cannot find",
    ]);
  }
});

Deno.test("httpSource() sends its header fields, asks for bytes as they are, and on condition that nothing changed", async () => {
  for (
    const [more, condition] of [
      [{ etag: '"1"', "last-modified": "yesterday" }, '"1"'],
      [{ etag: 'W/"1"', "last-modified": "yesterday" }, "yesterday"],
      [{ "last-modified": "yesterday" }, "yesterday"],
      [{}, null],
    ] as [Record<string, string>, string | null][]
  ) {
    const { fetch, requests } = server(undefined, more);
    const source = await open(fetch, { headers: { authorization: "me" } });
    assertEquals(await source.read(90, 10), BYTES.slice(90));
    assertEquals(requests.map(({ range }) => range), ["bytes=0-39", "bytes=80-99"]);
    assertEquals(requests.map(({ headers }) => headers.get("if-range")), [null, condition]);
    for (const { headers } of requests) {
      assertEquals([headers.get("authorization"), headers.get("accept-encoding")], ["me", "identity"]);
    }
  }
});

Deno.test("httpSource() uses the first block that came with the size, and lets it go", async () => {
  const { fetch, requests } = server();
  const source = await open(fetch, { cacheBytes: 40 });
  assertEquals(await source.read(0, 40), BYTES.slice(0, 40));
  assertEquals(requests.length, 1);
  await source.read(40, 40);
  await source.read(0, 40);
  assertEquals(requests.map(({ range }) => range), ["bytes=0-39", "bytes=40-79", "bytes=0-39"]);
});

Deno.test("httpSource() refuses bytes that are not those asked for", async () => {
  const later = (answer: () => Response) => server((_, count) => count > 0 ? answer() : undefined).fetch;
  const read = async (fetch: typeof globalThis.fetch) => await (await open(fetch)).read(40, 40);
  await assertRejects(
    () => read(later(() => part(40, 80, {}, 0))),
    Error,
    "asked for 40 bytes from 40, got 40 from 0",
  );
  await assertRejects(
    () => read(later(() => part(40, 79))),
    Error,
    "asked for 40 bytes from 40, got 39 from 40",
  );
  await assertRejects(() => read(later(() => new Response(BYTES))), Error, "from byte 40 as it has changed");
  await assertRejects(
    () => read(later(() => new Response(null, { status: 206 }))),
    Error,
    "asked for 40 bytes from 40, got 0 from undefined",
  );
  await assertRejects(() => read(later(() => new Response(null, { status: 404 }))), Deno.errors.NotFound);
});

Deno.test("httpSource() refuses a server that does not say which bytes it gives", async () => {
  const first = (response: () => Response) => open(server(() => response()).fetch);
  for (
    const response of [
      () => part(0, 40, {}, 1),
      () => part(0, 39),
      () => new Response(BYTES.slice(0, 40), { status: 206 }),
      () => new Response(BYTES.slice(0, 40), { status: 206, headers: { "content-range": "bytes 0-39" } }),
    ]
  ) {
    await assertRejects(() => first(response), TypeError, "the server does not say which");
  }
  await assertRejects(() => first(() => new Response(BYTES)), TypeError, "it answers 200, not 206; download");
});

Deno.test("httpSource() takes an empty file by any of its answers", async () => {
  const answers = [
    () => new Response(null, { status: 416 }),
    () => new Response(null, { status: 200, headers: { "content-length": "0" } }),
  ];
  for (const answer of answers) {
    const source = await open(server(answer).fetch);
    assertEquals([source.size, (await source.read(0, 0)).length], [0, 0]);
  }
});

Deno.test("httpSource() asks for the size by HEAD where the range hides it, and refuses where that hides it too", async () => {
  const hidden = (length?: string) =>
    server(({ method }) =>
      method === "HEAD"
        ? new Response(null, { headers: length === undefined ? {} : { "content-length": length } })
        : new Response(BYTES.slice(0, 40), { status: 206, headers: { "content-range": "bytes 0-39/*" } })
    );
  assertEquals((await open(hidden("100").fetch)).size, 100);
  for (const length of [undefined, "many"]) {
    await assertRejects(() => open(hidden(length).fetch), TypeError, "does not say which");
  }
});

Deno.test("httpSource() stops with the signal's reason, at once and between two tries", async () => {
  const stop = new AbortController(), reason = new Error("enough");
  const { fetch, requests } = server(() => {
    stop.abort(reason);
    return new TypeError("aborted");
  });
  await assertRejects(() => open(fetch, { signal: stop.signal }), Error, "enough");
  assertEquals(requests.length, 1);
});
