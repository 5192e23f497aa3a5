import { join } from "@std/path";
import { copyBucket, type ObjectSource } from "../../../../lib/data/transport/bucket.ts";
import { assertEquals, assertRejects } from "../../../assert.ts";
import { withFolder } from "../../../folder.ts";

/** A bucket in memory that says which of its objects were fetched, and may lie about their sizes. */
function bucketOf(objects: Record<string, string>, listedBytes: Record<string, number> = {}) {
  const fetched: string[] = [];
  const source: ObjectSource = {
    list: (prefix) =>
      Promise.resolve(
        Object.keys(objects).filter((key) => key.startsWith(prefix))
          .map((key) => ({ key, bytes: listedBytes[key] ?? objects[key].length })),
      ),
    get(key) {
      fetched.push(key);
      return Promise.resolve(key in objects ? { bytes: new TextEncoder().encode(objects[key]) } : undefined);
    },
  };
  return { source, fetched, objects };
}

Deno.test("copyBucket() copies what is wanted under a prefix and not there yet", () =>
  withFolder(async (folder) => {
    const { source, fetched } = bucketOf({
      "a/b/ev1.png": "one",
      "a/b/ev2.png": "three",
      "a/b/x.txt": "no",
      "c": "no",
    });
    const opened: string[] = [], progress: [number, number][] = [];
    const copy = () =>
      copyBucket("S3://runs/a/b/ev", folder, {
        openBucket: (place) => (opened.push(place), source),
        wanted: (key) => key.endsWith(".png"),
        onProgress: (done, total) => progress.push([done, total]),
      });
    const files = ["ev1.png", "ev2.png"].map((name) => join(folder, "a", "b", name));
    const { folder: whole, files: copied } = await copy();
    assertEquals([join(whole, "."), copied, opened], [join(folder, "a", "b"), files, ["s3://runs"]]);
    assertEquals(await Promise.all(files.map((file) => Deno.readTextFile(file))), ["one", "three"]);
    assertEquals([progress.at(-1), progress.length, fetched.length], [[8, 8], 2, 2]);
    assertEquals(Array.from(Deno.readDirSync(folder), ({ name }) => name), ["a"], "the lock is left");
    await Deno.writeTextFile(files[0], "cut");
    await Deno.writeTextFile(files[1], "cu");
    await copy();
    assertEquals(fetched.slice(2), ["a/b/ev2.png"], "told by its size");
  }));

Deno.test("copyBucket() refuses addresses, keys and objects that are not what they should be", () =>
  withFolder(async (folder) => {
    const copyOf = (source: string, objects: Record<string, string>, listed?: Record<string, number>) =>
      copyBucket(source, folder, { openBucket: () => bucketOf(objects, listed).source });
    await assertRejects(
      () => copyOf("s3:///a", {}),
      TypeError,
      'Cannot open "s3:///a": expected s3://bucket/prefix',
    );
    await assertRejects(() => copyOf("s3://runs/b", { a: "" }), Deno.errors.NotFound, "it has no object");
    for (const key of ["../up", "a//b", "./a", "a\\b", "a/\0"]) {
      await assertRejects(() => copyOf("s3://runs", { [key]: "" }), SyntaxError, "unsafe name");
    }
    const words = 'Cannot copy "a" from "s3://runs": it was listed with 4 bytes, 3 came';
    await assertRejects(() => copyOf("s3://runs", { a: "one" }, { a: 4 }), Error, words);
    assertEquals(Array.from(Deno.readDirSync(folder)), [], "half an object is left");
    const gone = bucketOf({ a: "one" });
    gone.source.get = () => Promise.resolve(undefined);
    await assertRejects(
      () => copyBucket("s3://runs", folder, { openBucket: () => gone.source }),
      Deno.errors.NotFound,
      'Cannot copy "a" from "s3://runs": it is gone',
    );
  }));

Deno.test("copyBucket() stops at a signal", () =>
  withFolder(async (folder) => {
    const { source, fetched } = bucketOf({ a: "one" });
    const signal = AbortSignal.abort(new Error("enough"));
    await assertRejects(
      () => copyBucket("s3://runs", folder, { openBucket: () => source, signal }),
      Error,
      "enough",
    );
    assertEquals(fetched, []);
  }));
