import { join } from "@std/path";
import { BlobsError, ConflictError } from "../../../lib/store/blobs.ts";
import { FolderBlobs } from "../../../lib/store/folder.ts";
import { assert, assertEquals, assertRejects } from "../../assert.ts";
import { testOnDisk } from "../../disk.ts";
import { withFolder } from "../../folder.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (blob: { bytes: Uint8Array } | undefined) => blob && new TextDecoder().decode(blob.bytes);

Deno.test("FolderBlobs writes, reads, lists and deletes", () =>
  withFolder(async (folder) => {
    const blobs = new FolderBlobs(join(folder, "deep", "store"));
    assertEquals(await blobs.get("a/1/x"), undefined);
    assertEquals(await blobs.list(""), []);
    await blobs.put("a/1/x", bytes("one"));
    await blobs.put("a/1/x", bytes("three"));
    await blobs.put("a/10/y", bytes(""));
    await blobs.put("b/1/x", bytes("b"));
    assertEquals(text(await blobs.get("a/1/x")), "three");
    assertEquals(await blobs.list("a/"), [{ key: "a/1/x", bytes: 5 }, { key: "a/10/y", bytes: 0 }]);
    assertEquals((await blobs.list("a/1")).length, 2);
    assertEquals((await blobs.list("a/1/")).length, 1);
    await blobs.delete("a/1/x");
    await blobs.delete("a/1/x");
    assertEquals((await blobs.list("")).map(({ key }) => key), ["a/10/y", "b/1/x"]);
  }));

Deno.test("FolderBlobs leaves no withFolder files and shows none", () =>
  withFolder(async (folder) => {
    const blobs = new FolderBlobs(folder);
    await blobs.put("a/x", bytes("x"));
    await Deno.writeTextFile(join(folder, "a", ".left-by-a-crash.tmp"), "half");
    assertEquals((await blobs.list("")).map(({ key }) => key), ["a/x"]);
    const names = [...Deno.readDirSync(join(folder, "a"))].map(({ name }) => name).sort();
    assertEquals(names, [".left-by-a-crash.tmp", "x"]);
  }));

Deno.test("FolderBlobs lets one of many writers create a blob, and one change it", () =>
  withFolder(async (folder) => {
    const writers = Array.from({ length: 12 }, () => new FolderBlobs(folder));
    const won = async (puts: Promise<string>[]) => {
      const results = await Promise.allSettled(puts);
      const lost = results.filter((result) => result.status === "rejected");
      assert(lost.every(({ reason }) => reason instanceof ConflictError), String(lost[0]?.reason));
      return results.length - lost.length;
    };
    assertEquals(
      await won(writers.map((blobs, i) => blobs.put("a/x", bytes(`${i}`), { ifNoneMatch: true }))),
      1,
    );
    const { tag } = (await writers[0].get("a/x"))!;
    assertEquals(await won(writers.map((blobs, i) => blobs.put("a/x", bytes(`n${i}`), { ifMatch: tag }))), 1);
    await assertRejects(() => writers[0].put("a/y", bytes(""), { ifMatch: tag }), ConflictError);
  }));

Deno.test("FolderBlobs refuses keys that are not plain file names", () =>
  withFolder(async (folder) => {
    const blobs = new FolderBlobs(join(folder, "store"));
    for (
      const key of ["../x", "a/../../x", "/etc/passwd", "a//b", ".lock", "a/.x", "a\\b", "C:x", "a\0b", ""]
    ) {
      await assertRejects(() => blobs.put(key, bytes("x")), RangeError, "plain, visible file name");
      await assertRejects(() => blobs.get(key), RangeError);
      await assertRejects(() => blobs.delete(key), RangeError);
    }
    assertEquals([...Deno.readDirSync(folder)], []);
  }));

Deno.test("FolderBlobs follows no link out of the store", () =>
  withFolder(async (folder) => {
    await Deno.writeTextFile(join(folder, "secret"), "secret");
    await Deno.mkdir(join(folder, "store"));
    await Deno.symlink(join(folder, "secret"), join(folder, "store", "x"));
    await Deno.symlink(folder, join(folder, "store", "up"));
    const blobs = new FolderBlobs(join(folder, "store"));
    await assertRejects(() => blobs.get("x"), BlobsError, "leaves the store");
    await assertRejects(() => blobs.get("up/secret"), BlobsError, "leaves the store");
    assertEquals(await blobs.list(""), []);
  }));

Deno.test("FolderBlobs says in one line that a file stands where a folder should", () =>
  withFolder(async (folder) => {
    await Deno.writeTextFile(join(folder, "file"), "");
    const blobs = new FolderBlobs(join(folder, "file"));
    const { message } = await assertRejects(
      () => blobs.put("x", bytes("x")),
      BlobsError,
      `Cannot write "x" in file:`,
    );
    assert(!message.includes("\n"), message);
    assertEquals(await blobs.get("x"), undefined);
  }));

testOnDisk(
  "FolderBlobs says that the disk is full and leaves the old blob whole",
  "size=64k",
  async (folder) => {
    const blobs = new FolderBlobs(folder);
    await blobs.put("a/x", bytes("old"));
    await assertRejects(() => blobs.put("a/x", new Uint8Array(200_000)), BlobsError, "the disk is full");
    assertEquals(text(await blobs.get("a/x")), "old");
    assertEquals([...Deno.readDirSync(join(folder, "a"))].map(({ name }) => name), ["x"]);
  },
);

testOnDisk("FolderBlobs says that the folder is read-only", "ro", async (folder) => {
  await assertRejects(() => new FolderBlobs(folder).put("a/x", bytes("x")), BlobsError, "is read-only");
});
