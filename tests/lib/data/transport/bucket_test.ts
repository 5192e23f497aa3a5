import { join } from "@std/path";
import { copyBucket, type ObjectSource } from "../../../../lib/data/transport/bucket.ts";
import { walkFiles } from "../../../../lib/data/transport/glob.ts";
import { localize } from "../../../../lib/data/transport/localize.ts";
import { assert, assertEquals, assertRejects } from "../../../assert.ts";
import { withFolder } from "../../../folder.ts";

/** A bucket in memory that counts what is asked for. */
class MemoryBucket implements ObjectSource {
  readonly asked: string[] = [];
  readonly objects: Map<string, Uint8Array>;

  constructor(objects: Record<string, string>) {
    this.objects = new Map(
      Object.entries(objects).map(([key, text]) => [key, new TextEncoder().encode(text)]),
    );
  }

  list(prefix: string) {
    const listed = [...this.objects].filter(([key]) => key.startsWith(prefix));
    return Promise.resolve(listed.map(([key, { length }]) => ({ key, bytes: length })));
  }

  get(key: string): Promise<{ bytes: Uint8Array } | undefined> {
    this.asked.push(key);
    const bytes = this.objects.get(key);
    return Promise.resolve(bytes && { bytes });
  }
}

const copy = (bucket: ObjectSource, source: string, folder: string, options = {}) =>
  copyBucket(source, folder, { openBucket: () => bucket, ...options });

async function filesIn(folder: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for await (const path of walkFiles(folder)) {
    files[path.slice(folder.length + 1)] = await Deno.readTextFile(path);
  }
  return files;
}

Deno.test("copyBucket() copies what is wanted and not there, or there with another size", async () => {
  await withFolder(async (folder) => {
    const bucket = new MemoryBucket({
      "a/1.png": "one",
      "a/b/2.png": "two",
      "a/notes.txt": "?",
      "c/3.png": "three",
    });
    await Deno.mkdir(join(folder, "a"));
    await Deno.writeTextFile(join(folder, "a/1.png"), "half of it");
    const progress: [number, number][] = [], opened: string[] = [];
    const result = await copyBucket("s3://data/a/", folder, {
      openBucket: (place) => (opened.push(place), bucket),
      wanted: (key) => key.endsWith(".png"),
      onProgress: (done, total) => progress.push([done, total]),
    });
    assertEquals(opened, ["s3://data"]);
    assertEquals(result, {
      folder: join(folder, "a/"),
      files: ["a/1.png", "a/b/2.png"].map((key) => join(folder, key)),
    });
    assertEquals(await filesIn(folder), { "a/1.png": "one", "a/b/2.png": "two" });
    assertEquals(progress, [[3, 6], [6, 6]]);
    await copy(bucket, "s3://data/a/b/2", folder);
    assertEquals(bucket.asked.length, 2, "nothing is fetched twice");
  });
});

Deno.test("copyBucket() leaves whole objects alone when one fails, gives its lock back and goes on later", async () => {
  await withFolder(async (folder) => {
    const names = Array.from({ length: 30 }, (_, i) => `set/${String(i).padStart(2, "0")}`);
    const bucket = new MemoryBucket(Object.fromEntries(names.map((name) => [name, name])));
    const get = bucket.get.bind(bucket);
    bucket.get = (key) => key === "set/04" ? Promise.reject(new Error("connection lost")) : get(key);
    await assertRejects(() => copy(bucket, "s3://b/set/", folder), Error, "connection lost");
    const first = Object.keys(await filesIn(folder));
    assert(first.length < 20 && !first.includes("set/04") && !first.includes(".lock"), first.join());
    bucket.get = get;
    await Deno.writeTextFile(join(folder, "set", "04.0a1b2c3d.part"), "left by a killed process");
    await copy(bucket, "s3://b/set/", folder);
    assertEquals(await filesIn(folder), Object.fromEntries(names.map((name) => [name, name])));
    assertEquals(bucket.asked.length, 30);
  });
});

Deno.test("copyBucket() copies once for all who want it at the same time", async () => {
  await withFolder(async (folder) => {
    const bucket = new MemoryBucket({ a: "1", b: "22" });
    await Promise.all([1, 2, 3].map(() => copy(bucket, "s3://bucket", folder)));
    assertEquals(bucket.asked.sort(), ["a", "b"]);
  });
});

Deno.test("copyBucket() refuses unsafe keys before it copies any, and objects that are not what was listed", async () => {
  await withFolder(async (folder) => {
    for (const key of ["set/../x", "set//x", "set/./x", "set/a\\b", "set/a\0", "set/x/"]) {
      const bucket = new MemoryBucket({ "set/good": "1", [key]: "2" });
      await assertRejects(() => copy(bucket, "s3://b/set", folder), SyntaxError, "unsafe name");
      assertEquals(bucket.asked, []);
    }
    const gone = new MemoryBucket({ "set/x": "1" });
    gone.get = () => Promise.resolve(undefined);
    await assertRejects(
      () => copy(gone, "s3://b/set", folder),
      Deno.errors.NotFound,
      '"set/x" from "s3://b/set": it is gone',
    );
    gone.get = () => Promise.resolve({ bytes: new Uint8Array(2) });
    await assertRejects(() => copy(gone, "s3://b/set", folder), Error, "listed with 1 bytes, 2 came");
    await assertRejects(() => copy(gone, "s3://b/none", folder), Deno.errors.NotFound, "no object of a kind");
    await assertRejects(() => copy(gone, "s3:///x", folder), TypeError, "expected s3://bucket/prefix");
    assertEquals(await filesIn(folder), {});
  });
});

Deno.test("copyBucket() stops at a signal", async () => {
  await withFolder(async (folder) => {
    const bucket = new MemoryBucket(Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`k${i}`, "x"])));
    const stop = new AbortController();
    const onProgress = () => stop.abort(new Error("enough"));
    await assertRejects(
      () => copy(bucket, "s3://b", folder, { signal: stop.signal, onProgress }),
      Error,
      "enough",
    );
    assert(bucket.asked.length <= 9, `${bucket.asked.length} were asked for`);
  });
});

Deno.test("localize() gives one object by its path, several by their folder, and refuses archives among others", async () => {
  await withFolder(async (folder) => {
    const bucket = new MemoryBucket({
      "one/set.zip": "z",
      "two/a.png": "1",
      "two/b.png": "2",
      "mix/a.png": "1",
      "mix/b.ZIP": "2",
    });
    const open = (source: string) => localize(source, { cache: folder, openBucket: () => bucket });
    const inCache = async (source: string) =>
      (await open(source)).slice(folder.length + 1).split("/").slice(1).join("/");
    assertEquals(await inCache("s3://b/one/set.zip"), "one/set.zip");
    assertEquals(await inCache("s3://b/two/"), "two/");
    await assertRejects(() => open("s3://b/mix/"), RangeError, "it has 1 archives and 1 other files");
    assertEquals(await localize("a/[b]/*.png"), "a/[b]/*.png");
    assertEquals(await localize("file:///a%20b/c.zip"), "/a b/c.zip");
    await assertRejects(() => localize("s3://b/one"), TypeError, "without a cache folder");
    await assertRejects(
      () => localize("s3://b/one", { cache: folder }),
      TypeError,
      "without access to buckets",
    );
    await assertRejects(() => localize("ftp://b/one", { cache: folder }), TypeError, "expected a path");
  });
});
