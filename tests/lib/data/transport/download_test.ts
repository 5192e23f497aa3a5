import { assert, assertEquals, assertRejects } from "../../../assert.ts";
import { createHash } from "node:crypto";
import { join } from "@std/path";
import { until } from "../../../until.ts";
import { download } from "../../../../lib/data/transport/download.ts";

const CONTENT = Uint8Array.from({ length: 300_000 }, (_, i) => (i * i) >> 3);
const SHA256 = createHash("sha256").update(CONTENT).digest("hex");
const MD5 = createHash("md5").update(CONTENT).digest("hex");

interface Visit {
  range: string | null;
}

/** A server on loopback that cuts the connection after some bytes, as often as told; and a folder. */
async function withServer(
  options: { cuts?: number[]; etag?: (visit: number) => string; ranges?: boolean; status?: number[] },
  body: (place: { url: string; path: string; visits: Visit[] }) => Promise<void>,
) {
  const { cuts = [], etag = () => '"one"', ranges = true, status = [] } = options;
  const visits: Visit[] = [], folder = await Deno.makeTempDir();
  const path = join(folder, "deep", "set.zip");
  const server = Deno.serve({
    port: 0,
    hostname: "127.0.0.1",
    onListen() {},
    onError: () => new Response(null, { status: 500 }),
  }, (request) => {
    const range = request.headers.get("range"), visit = visits.push({ range }) - 1;
    if (status[visit]) return new Response("no", { status: status[visit] });
    const fresh = request.headers.get("if-range") === etag(visit);
    const start = range && ranges && fresh ? Number(/bytes=(\d+)-/.exec(range)![1]) : 0;
    const rest = CONTENT.subarray(start), cut = cuts[visit];
    const headers: Record<string, string> = { etag: etag(visit), "content-length": String(rest.length) };
    if (start > 0) headers["content-range"] = `bytes ${start}-${CONTENT.length - 1}/${CONTENT.length}`;
    const stream = new ReadableStream({
      async start(controller) {
        controller.enqueue(rest.slice(0, cut ?? rest.length));
        if (cut === undefined) return controller.close();
        const there = () => Deno.stat(`${path}.partial`).then(({ size }) => size, () => 0);
        await until("what was sent", async () => await there() >= start + cut); // and not lost with the connection
        controller.error(new Error("cut"));
      },
    });
    return new Response(stream, { status: start > 0 ? 206 : 200, headers });
  });
  try {
    const url = `http://127.0.0.1:${server.addr.port}/set.zip`;
    await body({ url, path, visits });
  } finally {
    await server.shutdown();
    await Deno.remove(folder, { recursive: true });
  }
}

const names = (path: string) => Array.from(Deno.readDirSync(join(path, "..")), ({ name }) => name);

Deno.test("download() goes on where it was cut off, and checks the whole", async () => {
  await withServer({ cuts: [100_000, 50_000] }, async ({ url, path, visits }) => {
    const progress: number[] = [];
    assert(
      await download(url, path, {
        pauseMs: 1,
        checksum: `sha256:${SHA256}`,
        onProgress: (done, total) => progress.push(done / total),
      }),
    );
    assertEquals(await Deno.readFile(path), CONTENT);
    assertEquals(visits.map(({ range }) => range), [null, "bytes=100000-", "bytes=150000-"]);
    assertEquals(progress.at(-1), 1);
    assertEquals(names(path), ["set.zip"]);
    assertEquals(await download(url, path, { checksum: MD5 }), false, "it is there already");
    assertEquals(visits.length, 3);
  });
});

Deno.test("download() resumes in a later call", async () => {
  await withServer({ cuts: [100_000] }, async ({ url, path, visits }) => {
    await assertRejects(() => download(url, path, { retries: 0 }), Error, `Cannot download ${url}`);
    assertEquals(names(path).sort(), ["set.zip.partial", "set.zip.partial.json"]);
    await download(url, path);
    assertEquals(visits[1].range, "bytes=100000-");
    assertEquals(await Deno.readFile(path), CONTENT);
  });
});

Deno.test("download() starts anew where the file changed or the server knows no ranges", async () => {
  for (const options of [{ etag: (visit: number) => `"${visit}"` }, { ranges: false }]) {
    await withServer({ cuts: [100_000], ...options }, async ({ url, path }) => {
      await download(url, path, { pauseMs: 1 });
      assertEquals(await Deno.readFile(path), CONTENT);
    });
  }
});

Deno.test("download() refuses what does not match its checksum and leaves nothing behind", async () => {
  await withServer({}, async ({ url, path }) => {
    const wrong = "0".repeat(64);
    await assertRejects(
      () => download(url, path, { checksum: wrong }),
      Error,
      `expected sha256 ${wrong}, got ${SHA256}`,
    );
    assertEquals(names(path), []);
    await assertRejects(
      () => download(url, path, { checksum: "abc" }),
      TypeError,
      "Cannot read the checksum",
    );
    await Deno.writeTextFile(path, "something else");
    await assertRejects(
      () => download(url, path, { checksum: SHA256 }),
      Error,
      "remove it to fetch it again",
    );
  });
});

Deno.test("download() compares every digit of a checksum", async () => {
  const other = (digest: string, at: number) =>
    digest.slice(0, at) + (digest[at] === "0" ? "1" : "0") + digest.slice(at + 1);
  await withServer({}, async ({ url, path }) => {
    for (const digest of [SHA256, MD5]) {
      for (const at of [0, digest.length >> 1, digest.length - 1]) {
        const checksum = other(digest, at);
        await assertRejects(
          () => download(url, path, { checksum }),
          Error,
          `expected ${digest === MD5 ? "md5" : "sha256"}`,
        );
        assertEquals(names(path), []);
      }
    }
    await download(url, path, { checksum: ` SHA256=${SHA256.toUpperCase()} ` });
    await assertRejects(() => download(url, path, { checksum: other(MD5, 31) }), Error, "differs from");
  });
});

Deno.test("download() fetches a file once for all who want it at the same time", async () => {
  await withServer({}, async ({ url, path, visits }) => {
    const fetched = await Promise.all([1, 2, 3].map(() => download(url, path, { checksum: SHA256 })));
    assertEquals([fetched.filter((yes) => yes).length, visits.length], [1, 1]);
    assertEquals(names(path), ["set.zip"]);
  });
});

/** Answers that no good server gives; `partial` bytes are on the disk already, of the file with the tag "one". */
async function withAnswers(
  answers: ((range: string | null) => Response)[],
  body: (place: { url: string; path: string; ranges: (string | null)[] }) => Promise<void>,
  partial = 1000,
) {
  const ranges: (string | null)[] = [], folder = await Deno.makeTempDir();
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
    const range = request.headers.get("range");
    return answers[ranges.push(range) - 1](range);
  });
  try {
    const url = `http://127.0.0.1:${server.addr.port}/set.zip`, path = join(folder, "set.zip");
    await Deno.writeFile(`${path}.partial`, CONTENT.subarray(0, partial));
    await Deno.writeTextFile(`${path}.partial.json`, JSON.stringify({ url, validator: '"one"' }));
    await body({ url, path, ranges });
  } finally {
    await server.shutdown();
    await Deno.remove(folder, { recursive: true });
  }
}

const whole = () => new Response(CONTENT, { headers: { etag: '"two"' } });

Deno.test("download() starts anew where the rest is of another file, or there is no such rest", async () => {
  const foreign = () =>
    new Response(new Uint8Array(CONTENT.length - 1000), {
      status: 206,
      headers: { etag: '"two"', "content-range": `bytes 1000-${CONTENT.length - 1}/${CONTENT.length}` },
    });
  const tooFar = () => new Response(null, { status: 416, headers: { "content-range": "bytes */900" } });
  for (const first of [foreign, tooFar]) {
    await withAnswers([first, whole], async ({ url, path, ranges }) => {
      await download(url, path, { checksum: SHA256, pauseMs: 1 });
      assertEquals(ranges, ["bytes=1000-", null]);
      assertEquals(names(path), ["set.zip"]);
    });
  }
});

Deno.test("download() refuses a rest that begins elsewhere, and takes a whole partial file as it is", async () => {
  const shifted = () =>
    new Response(CONTENT.slice(900), {
      status: 206,
      headers: { etag: '"one"', "content-range": `bytes 900-${CONTENT.length - 1}/${CONTENT.length}` },
    });
  await withAnswers([shifted], async ({ url, path }) => {
    await assertRejects(
      () => download(url, path, { pauseMs: 1 }),
      Error,
      'asked for bytes from 1000, got "bytes 900-',
    );
    assert(!names(path).includes("set.zip"));
  });
  const nothingLeft = () =>
    new Response(null, { status: 416, headers: { "content-range": `bytes */${CONTENT.length}` } });
  await withAnswers([nothingLeft], async ({ url, path }) => {
    await download(url, path, { checksum: SHA256, pauseMs: 1 });
    assertEquals(await Deno.readFile(path), CONTENT);
  }, CONTENT.length);
});

Deno.test("download() does not go on with a file that came from elsewhere", async () => {
  await withAnswers([whole], async ({ url, path, ranges }) => {
    await Deno.writeTextFile(
      `${path}.partial.json`,
      JSON.stringify({ url: `${url}?other`, validator: '"one"' }),
    );
    await download(url, path, { checksum: SHA256, pauseMs: 1 });
    assertEquals(ranges, [null]);
  });
});

Deno.test("download() tries again after a server error, and not after a refusal", async () => {
  await withServer({ status: [503] }, async ({ url, path, visits }) => {
    await download(url, path, { pauseMs: 1 });
    assertEquals(visits.length, 2);
  });
  await withServer({ status: [404] }, async ({ url, path, visits }) => {
    await assertRejects(() => download(url, path, { pauseMs: 1 }), Error, "the server answers 404");
    assertEquals(visits.length, 1);
  });
});

Deno.test("download() stops at a signal and keeps what came", async () => {
  await withServer({}, async ({ url, path }) => {
    const stop = new AbortController();
    await assertRejects(
      () => download(url, path, { signal: stop.signal, onProgress: () => stop.abort(new Error("enough")) }),
      Error,
      "enough",
    );
    assert(!names(path).includes("set.zip"));
  });
});
