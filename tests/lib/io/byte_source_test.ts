import { join } from "@std/path";
import { assert, assertEquals, assertRejects } from "../../assert.ts";
import { type ByteSource, fileSource, memorySource } from "../../../lib/io/byte_source.ts";
import { httpSource } from "../../../lib/io/http_source.ts";
import { objectSource } from "../../../lib/io/object_source.ts";
import { openSource } from "../../../lib/io/open_source.ts";
import { rangeServer } from "./_range_server.ts";

/** Bytes whose value tells their place. */
const BYTES = Uint8Array.from({ length: 1000 }, (_, i) => i * 7);

async function checkReads(source: ByteSource) {
  assertEquals(source.size, 1000);
  for (const [offset, length] of [[0, 1000], [0, 0], [1000, 0], [999, 1], [95, 10], [64, 64], [3, 900]]) {
    const bytes = await source.read(offset, length);
    assertEquals(
      Array.from(bytes),
      Array.from(BYTES.subarray(offset, offset + length)),
      `${offset} + ${length}`,
    );
    if (source.readSync) assertEquals(Array.from(source.readSync(offset, length)), Array.from(bytes));
  }
  for (const [offset, length] of [[0, 1001], [1001, 0], [-1, 1], [0.5, 1], [0, -1], [2 ** 60, 1]]) {
    await assertRejects(() => source.read(offset, length), RangeError, `from byte ${offset} of`);
  }
}

Deno.test("memory, file, object and http sources read the same bytes and refuse the same places", async () => {
  const folder = await Deno.makeTempDir();
  await using server = rangeServer(BYTES);
  try {
    const path = join(folder, "a b.bin");
    await Deno.writeFile(path, BYTES);
    const object = {
      name: "s3://bucket/key",
      size: 1000,
      readRange: (offset: number, length: number) => Promise.resolve(BYTES.slice(offset, offset + length)),
    };
    const sources = [
      memorySource(BYTES),
      fileSource(path),
      await openSource(path),
      await openSource(new URL(`file://${path.replace(" ", "%20")}`)),
      objectSource(object, { blockBytes: 64, cacheBytes: 128 }),
      objectSource(object),
      await httpSource(server.url, { blockBytes: 100, cacheBytes: 100 }),
      await openSource(server.url),
    ];
    for (const source of sources) {
      await checkReads(source);
      source.close?.();
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  await assertRejects(() => openSource("ftp://somewhere/x"), TypeError, "expected a path, or an address");
  await assertRejects(() => openSource("nowhere.bin"), Deno.errors.NotFound);
});

Deno.test("objectSource() asks once for a block, joins neighbours, keeps its bound", async () => {
  const asked: string[] = [];
  const source = objectSource({
    name: "o",
    size: 1000,
    async readRange(offset, length) {
      asked.push(`${offset}+${length}`);
      await new Promise((resolve) => setTimeout(resolve, 1));
      return BYTES.slice(offset, offset + length);
    },
  }, { blockBytes: 100, cacheBytes: 300, maxBlocks: 4 });
  await Promise.all([source.read(10, 5), source.read(90, 20), source.read(110, 5)]);
  assertEquals(asked, ["0+100", "100+100"]);
  assertEquals(source.peek(95, 10), BYTES.slice(95, 105));
  assertEquals(source.peek(195, 10), undefined);
  await source.read(200, 800); // blocks 2 to 9, at most 4 in one range
  assertEquals(asked.slice(2), ["200+400", "600+400"]);
  assertEquals(source.asked, { ranges: 4, bytes: 1000 });
  const kept = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].filter((block) => source.peek(block * 100, 1));
  assertEquals(kept, [7, 8, 9]);
  await source.read(700, 1); // now the one used last
  await source.read(0, 1);
  assert(source.peek(700, 1) && !source.peek(800, 1));
});

Deno.test("objectSource() reports a failed or short range, and asks again the next time", async () => {
  let calls = 0;
  const source = objectSource({
    name: "o",
    size: 300,
    readRange(offset, length) {
      calls++;
      if (calls === 1) return Promise.reject(new Error("the bucket is away"));
      return Promise.resolve(new Uint8Array(calls === 2 ? length - 1 : length).fill(offset / 100));
    },
  }, { blockBytes: 100 });
  await assertRejects(() => source.read(100, 150), Error, "the bucket is away");
  await assertRejects(
    () => source.read(100, 150),
    RangeError,
    'Cannot read "o" from byte 100: expected 200 bytes',
  );
  assertEquals(await source.read(100, 1), Uint8Array.of(1));
});

Deno.test("httpSource() learns the size with the first block, and by HEAD where a star hides it", async () => {
  await using server = rangeServer(BYTES);
  const source = await httpSource(server.url, { blockBytes: 400 });
  assertEquals(await source.read(0, 3), BYTES.slice(0, 3));
  assertEquals(server.requests, ["GET bytes=0-399"]);
  assertEquals(await source.read(999, 1), BYTES.slice(999));
  assertEquals(server.requests[1], "GET bytes=800-999");
  await using shy = rangeServer(BYTES, { hideSize: true });
  assertEquals((await httpSource(shy.url)).size, 1000);
  assertEquals(shy.requests, ["GET bytes=0-1048575", "HEAD"]);
  await using empty = rangeServer(new Uint8Array(0));
  assertEquals((await httpSource(empty.url)).size, 0);
});

Deno.test("httpSource() refuses a server without ranges, notices a changed file, tries again", async () => {
  await using plain = rangeServer(BYTES, { ignoreRanges: true });
  await assertRejects(
    () => httpSource(plain.url),
    TypeError,
    "ignores them: it answers 200, not 206; download",
  );
  await using server = rangeServer(BYTES, { failures: 2 });
  const source = await httpSource(server.url, { blockBytes: 100, pauseMs: 1 });
  assertEquals(server.requests.length, 3);
  server.replace(BYTES.slice(1));
  await assertRejects(
    () => source.read(500, 1),
    Error,
    "from byte 500 as it has changed since it was opened",
  );
  await assertRejects(() => httpSource(`${server.url}/no`), Deno.errors.NotFound, "Cannot find");
  await using down = rangeServer(BYTES, { failures: 9 });
  await assertRejects(
    () => httpSource(down.url, { retries: 1, pauseMs: 1 }),
    Error,
    "the server answers 503",
  );
  assertEquals(down.requests.length, 2);
});
