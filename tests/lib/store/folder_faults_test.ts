/** What FolderBlobs asks of the disk, and what it says and leaves when the disk fails. */
import { basename, join } from "@std/path";
import { BlobsError } from "../../../lib/store/blobs.ts";
import { FolderBlobs } from "../../../lib/store/folder.ts";
import { assert, assertEquals, assertRejects } from "../../assert.ts";
import { diskError, type DiskFaults, withFileSystem } from "../../file_system.ts";
import { withFolder } from "../../folder.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (blob: { bytes: Uint8Array } | undefined) => blob && new TextDecoder().decode(blob.bytes);
const namesIn = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

/** Fails the first call of this name. */
const failing = (wanted: string, error: Error): DiskFaults => (call) => call === wanted ? error : undefined;

Deno.test("FolderBlobs.put() flushes a blob before it gives it its name, and the name after", () =>
  withFolder(async (folder) => {
    const blobs = new FolderBlobs(folder);
    await withFileSystem(async (calls) => {
      await blobs.put("a/x", bytes("1"));
      const written = [
        "mkdir a",
        "open .*.tmp",
        "write .*.tmp",
        "sync .*.tmp",
        "rename .*.tmp",
        "open a",
        "sync a",
      ];
      assertEquals(calls, written);
      calls.length = 0;
      await blobs.put("a/y", bytes("1"), { ifNoneMatch: true });
      assertEquals(calls, [written[0], "open .lock", "lock .lock", ...written.slice(1)]);
      calls.length = 0;
      await blobs.delete("a/x");
      assertEquals(calls, ["remove x", "open a", "sync a"]);
    });
  }));

Deno.test("FolderBlobs.put() that fails anywhere keeps the old blob, and leaves nothing beside it", () =>
  withFolder(async (folder) => {
    const blobs = new FolderBlobs(folder);
    await blobs.put("a/x", bytes("old"));
    const { tag } = (await blobs.get("a/x"))!;
    for (const call of ["mkdir a", "open .*.tmp", "write .*.tmp", "sync .*.tmp", "rename .*.tmp"]) {
      for (const options of [{}, { ifMatch: tag }]) {
        await withFileSystem(async () => {
          await assertRejects(() => blobs.put("a/x", bytes("new"), options), BlobsError, "the disk is full");
        }, failing(call, diskError("ENOSPC")));
        assertEquals([text(await blobs.get("a/x")), namesIn(join(folder, "a"))], ["old", ["x"]], call);
      }
    }
    await blobs.put("a/x", bytes("new"), { ifMatch: tag }); // the lock was let go
    assertEquals(text(await blobs.get("a/x")), "new");
  }));

Deno.test("FolderBlobs.put() writes on where a write took a part only", () =>
  withFolder(async (folder) => {
    const blobs = new FolderBlobs(folder);
    await withFileSystem(
      async () => void await blobs.put("x", bytes("0123456789")),
      (call) => call.startsWith("write") ? 4 : undefined,
    );
    assertEquals(text(await blobs.get("x")), "0123456789");
  }));

Deno.test("FolderBlobs says in words why the disk refuses", () =>
  withFolder(async (folder) => {
    const blobs = new FolderBlobs(folder);
    const reasons: Record<string, string> = {
      ENOSPC: "the disk is full",
      EDQUOT: "the disk quota is used up",
      EROFS: "the file system is read-only",
      EACCES: "permission denied",
      EPERM: "permission denied",
      ENOTDIR: "a part of the path is a file, not a folder",
      EISDIR: "it is a folder",
      ENOENT: "no folder can be made there",
      ENAMETOOLONG: "the name is too long",
      EIO: "the disk failed to read or write",
      EMFILE: "too many files are open",
      ELOOP: "links lead in a circle",
      EXDEV: "it failed (EXDEV)",
    };
    for (const [code, reason] of Object.entries(reasons)) {
      await withFileSystem(async () => {
        const { message, cause } = await assertRejects(() => blobs.put("x", bytes("x")), BlobsError);
        assertEquals(message, `Cannot write "x" in file:${folder}: ${reason}`);
        assertEquals((cause as { code: string }).code, code);
      }, failing("open .*.tmp", diskError(code)));
    }
    await withFileSystem(
      async () => {
        const { message } = await assertRejects(() => blobs.put("x", bytes("x")), BlobsError);
        assertEquals(
          message,
          `Cannot write "x" in file:${folder}: Deno has no permission: Requires write access`,
        );
      },
      failing(
        "open .*.tmp",
        new Deno.errors.NotCapable("Requires write access, run again with --allow-write"),
      ),
    );
  }));

Deno.test("FolderBlobs says whether it read, listed, deleted or pruned when the disk failed", () =>
  withFolder(async (folder) => {
    const blobs = new FolderBlobs(folder), where = `file:${folder}: the disk failed to read or write`;
    await blobs.put("a/x", bytes("x"));
    const cases: [call: string, use: () => Promise<unknown>, message: string][] = [
      ["readFile x", () => blobs.get("a/x"), `Cannot read "a/x" in ${where}`],
      ["remove x", () => blobs.delete("a/x"), `Cannot delete "a/x" in ${where}`],
      ["sync a", () => blobs.delete("a/x"), `Cannot delete "a/x" in ${where}`],
      [`readDir ${basename(folder)}`, () => blobs.list(""), `Cannot list ${where}`],
      [`readDir ${basename(folder)}`, () => blobs.prune(new Date()), `Cannot prune ${where}`],
    ];
    for (const [call, use, message] of cases) {
      await withFileSystem(async () => {
        assertEquals((await assertRejects(use, BlobsError)).message, message);
      }, failing(call, diskError("EIO")));
    }
  }));

Deno.test("FolderBlobs.get() takes a folder in a blob's place for none, and follows a link within the store", () =>
  withFolder(async (folder) => {
    const blobs = new FolderBlobs(folder);
    await blobs.put("a/x", bytes("x"));
    assertEquals([await blobs.get("a"), await blobs.get("a/x/y")], [undefined, undefined]);
    await Deno.symlink(join(folder, "a", "x"), join(folder, "same"));
    assertEquals(text(await blobs.get("same")), "x");
    await Deno.symlink("circle", join(folder, "circle"));
    await assertRejects(() => blobs.get("circle"), BlobsError, "links lead in a circle");
    await assertRejects(() => blobs.put("a", bytes("x")), BlobsError, "it is a folder");
  }));

Deno.test("FolderBlobs.list() goes into the folders that the prefix can mean, and no other", () =>
  withFolder(async (folder) => {
    const blobs = new FolderBlobs(folder);
    for (const key of ["ab/c/1", "ab/cd/2", "ab/d/3", "abc/4", "b/5", "ab/c/z/6"]) {
      await blobs.put(key, bytes("x"));
    }
    await Deno.mkdir(join(folder, ".hidden"));
    await Deno.writeTextFile(join(folder, ".hidden", "x"), "x");
    const keys = async (prefix: string) => (await blobs.list(prefix)).map(({ key }) => key);
    assertEquals(await keys("ab/c"), ["ab/c/1", "ab/c/z/6", "ab/cd/2"]);
    assertEquals(await keys("ab/c/"), ["ab/c/1", "ab/c/z/6"]);
    assertEquals(await keys("ab"), ["ab/c/1", "ab/c/z/6", "ab/cd/2", "ab/d/3", "abc/4"]);
    assertEquals(await keys("ab/c/1"), ["ab/c/1"]);
    assertEquals(await keys("no/such/"), []);
    await withFileSystem(async (calls) => {
      await blobs.list("ab/c/");
      assertEquals(calls.filter((call) => call.startsWith("readDir")), ["readDir c", "readDir z"]);
    });
  }));

Deno.test("FolderBlobs.prune() deletes temporary files of before a time, and nothing else", () =>
  withFolder(async (folder) => {
    const blobs = new FolderBlobs(folder), uuid = "01234567-89ab-cdef-0123-456789abcdef";
    await blobs.put("a/x", bytes("x"));
    await Deno.mkdir(join(folder, ".other"));
    const old = [`a/.${uuid}.tmp`, `.${uuid}.tmp`],
      kept = [
        `.other/.${uuid}.tmp`,
        `a/.${uuid}.tmp.bak`,
        `a/${uuid}.tmp`,
        `a/x.${uuid}.tmp`,
        "a/.short.tmp",
      ];
    for (const name of [...old, ...kept]) {
      await Deno.writeTextFile(join(folder, name), "half");
      await Deno.utime(join(folder, name), new Date(1000), new Date(1000));
    }
    const young = `a/.${uuid.replace("0", "f")}.tmp`;
    await Deno.writeTextFile(join(folder, young), "half");
    assertEquals((await blobs.prune(new Date(1000))).length, 0, "not before that time");
    assertEquals((await blobs.prune(new Date(2000))).sort(), old.sort());
    for (const name of [...kept, young, "a/x"]) assert((await Deno.stat(join(folder, name))).isFile, name);
    assertEquals(await new FolderBlobs(join(folder, "none")).prune(new Date()), []);
  }));
