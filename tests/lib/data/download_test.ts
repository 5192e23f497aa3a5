import { assert, assertEquals, assertRejects } from "../../assert.ts";
import { createHash } from "node:crypto";
import { join } from "@std/path";
import { download } from "../../../lib/data/download.ts";

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
        await new Promise((resolve) => setTimeout(resolve, 30)); // what was sent arrives before the cut
        if (cut === undefined) controller.close();
        else controller.error(new Error("cut"));
      },
    });
    return new Response(stream, { status: start > 0 ? 206 : 200, headers });
  });
  try {
    const url = `http://127.0.0.1:${server.addr.port}/set.zip`;
    await body({ url, path: join(folder, "deep", "set.zip"), visits });
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
