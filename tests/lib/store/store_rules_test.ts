/** What Store asks of the place where its bytes lie, in which order, and what it makes of what lies there. */
import { join } from "@std/path";
import { type Blobs, BlobsError, ConflictError, type PutOptions } from "../../../lib/store/blobs.ts";
import { FolderBlobs } from "../../../lib/store/folder.ts";
import { checkAlias, IntegrityError, NotInStoreError, openStore, Store } from "../../../lib/store/store.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../../assert.ts";
import { withFolder } from "../../folder.ts";
import { exampleCard } from "../card/example_card.ts";

const files = () => new Map([["a.onnx", Uint8Array.of(1, 2, 3)], ["b.keras", new Uint8Array(100)]]);
const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

/** A folder's blobs whose writes and deletions are noted, and fail where the test says so. */
function watched(folder: string, fault: (call: string) => Error | undefined = () => undefined) {
  const inner = new FolderBlobs(folder), calls: string[] = [];
  const note = (call: string) => {
    calls.push(call);
    const error = fault(call);
    if (error) throw error;
  };
  const blobs: Blobs = {
    location: inner.location,
    get: (key) => inner.get(key),
    list: (prefix) => inner.list(prefix),
    async put(key: string, bytes: Uint8Array, options: PutOptions = {}) {
      note(`put ${key}${options.ifNoneMatch ? " new" : options.ifMatch ? " if" : ""}`);
      return await inner.put(key, bytes, options);
    },
    async delete(key) {
      note(`delete ${key}`);
      await new Promise((resolve) => setTimeout(resolve)); // a bucket takes its time
      await inner.delete(key);
    },
  };
  return { store: new Store(blobs), blobs, calls };
}

const down = new BlobsError("the line is down");

Deno.test("Store.publish() claims first and makes visible last, each as nobody did before", () =>
  withFolder(async (folder) => {
    const { store, calls } = watched(folder);
    await store.publish(files(), exampleCard());
    assertEquals(calls, [
      "put mnist/1/claim.json new",
      "put mnist/1/a.onnx",
      "put mnist/1/b.keras",
      "put mnist/1/model.json",
      "put mnist/1/manifest.json new",
    ]);
  }));

Deno.test("Store.publish() that fails at a file takes away what it wrote, but not its number", () =>
  withFolder(async (folder) => {
    const { store, calls, blobs } = watched(
      folder,
      (call) => call === "put mnist/1/model.json" ? down : undefined,
    );
    await assertRejects(() => store.publish(files(), exampleCard()), BlobsError, "the line is down");
    const left = [...Deno.readDirSync(join(folder, "mnist", "1"))].map(({ name }) => name);
    assertEquals(left, ["claim.json"], "it is tidy before the failure is told");
    assertEquals(calls.filter((call) => call.startsWith("delete")), [
      "delete mnist/1/a.onnx",
      "delete mnist/1/b.keras",
      "delete mnist/1/model.json",
    ]);
    assertEquals((await blobs.list("")).map(({ key }) => key), ["mnist/1/claim.json"]);
    assertEquals(await store.publish(files(), exampleCard()), "2");
  }));

Deno.test("Store.publish() tells the first failure though tidying up fails too", () =>
  withFolder(async (folder) => {
    const { store } = watched(
      folder,
      (call) =>
        call.startsWith("delete")
          ? new BlobsError("cannot delete")
          : call.endsWith("b.keras")
          ? down
          : undefined,
    );
    await assertRejects(() => store.publish(files(), exampleCard()), BlobsError, "the line is down");
  }));

Deno.test("Store.publish() leaves its files where it is open whether the manifest arrived", () =>
  withFolder(async (folder) => {
    const { store, calls } = watched(folder, (call) => call.includes("manifest") ? down : undefined);
    await assertRejects(() => store.publish(files(), exampleCard()), BlobsError, "the line is down");
    assertEquals(calls.filter((call) => call.startsWith("delete")), []);
  }));

Deno.test("Store.publish() does not take another's manifest for its own", () =>
  withFolder(async (folder) => {
    const inner = new FolderBlobs(folder);
    const { store } = watched(folder, (call) => {
      if (!call.includes("manifest")) return undefined;
      Deno.writeTextFileSync(join(folder, "mnist", "1", "manifest.json"), "{}");
      return new ConflictError("there is one");
    });
    await assertRejects(() => store.publish(files(), exampleCard()), ConflictError, "there is one");
    assertEquals(new TextDecoder().decode((await inner.get("mnist/1/manifest.json"))!.bytes), "{}");
  }));

Deno.test("Store.publish() goes on where numbers above are taken, and stops where claiming fails", () =>
  withFolder(async (folder) => {
    const { store, blobs } = watched(folder);
    for (const key of ["mnist/7/claim.json", "mnist/notes/x", "mnist/012/x", "mnist/1234567890/x"]) {
      await blobs.put(key, json({}));
    }
    assertEquals(await store.publish(files(), exampleCard()), "8");
    let refused = 0;
    const busy = watched(
      folder,
      (call) => call.includes("claim") && refused++ < 2 ? new ConflictError("taken") : undefined,
    );
    assertEquals(await busy.store.publish(files(), exampleCard()), "11");
    const dead = watched(folder, (call) => call.includes("claim") ? down : undefined);
    await assertRejects(() => dead.store.publish(files(), exampleCard()), BlobsError, "the line is down");
    assertEquals(dead.calls.length, 1);
  }));

Deno.test("Store.remove() makes a version invisible before it deletes anything, and keeps its number", () =>
  withFolder(async (folder) => {
    const { store, calls } = watched(folder);
    await store.publish(files(), exampleCard());
    calls.length = 0;
    await store.remove("mnist", "1");
    assertEquals(calls, [
      "delete mnist/1/manifest.json",
      "delete mnist/1/a.onnx",
      "delete mnist/1/b.keras",
      "delete mnist/1/model.json",
    ]);
    assertEquals(await store.publish(files(), exampleCard()), "2");
    const cut = watched(folder, (call) => call === "delete mnist/2/a.onnx" ? down : undefined);
    await assertRejects(() => cut.store.remove("mnist", "2"), BlobsError);
    assertEquals(await store.versions("mnist"), []);
  }));

Deno.test("Store.remove() takes references, and refuses what any alias still means", () =>
  withFolder(async (folder) => {
    const { store } = watched(folder);
    for (let i = 0; i < 3; i++) await store.publish(files(), exampleCard());
    await store.setAlias("mnist", "first", "1");
    await store.setAlias("mnist", "second", "2");
    await assertRejects(() => store.remove("mnist", "2"), RangeError, 'alias "second" still means it');
    await assertRejects(() => store.remove("mnist", "4"), NotInStoreError);
    await store.remove("mnist", "latest");
    assertEquals(await store.versions("mnist"), ["1", "2"]);
  }));

Deno.test("Store.fetch() compares every digit of a checksum, and the size", () =>
  withFolder(async (folder) => {
    const { store } = watched(folder);
    await store.publish(files(), exampleCard());
    const path = join(folder, "mnist", "1", "manifest.json"),
      whole = JSON.parse(await Deno.readTextFile(path));
    const { sha256 } = whole.files["a.onnx"];
    const fetchWith = async (entry: { bytes: number; sha256: string }) => {
      await Deno.writeTextFile(
        path,
        JSON.stringify({ ...whole, files: { ...whole.files, "a.onnx": entry } }),
      );
      return await store.fetch("mnist");
    };
    await fetchWith({ bytes: 3, sha256 });
    for (let at = 0; at < 64; at++) {
      const digit = sha256[at] === "0" ? "1" : "0";
      await assertRejects(
        () => fetchWith({ bytes: 3, sha256: sha256.slice(0, at) + digit + sha256.slice(at + 1) }),
        IntegrityError,
        `file "a.onnx" must have 3 bytes`,
      );
    }
    await assertRejects(() => fetchWith({ bytes: 4, sha256 }), IntegrityError, "must have 4 bytes");
    await assertRejects(
      () => fetchWith({ bytes: 3, sha256: sha256.slice(1) }),
      IntegrityError,
      "files.a.onnx.sha256",
    );
  }));

Deno.test("Store.fetch() reads nothing but the card and what is asked for", () =>
  withFolder(async (folder) => {
    const inner = new FolderBlobs(folder), read: string[] = [];
    await openStore(folder).publish(files(), exampleCard());
    const store = new Store(Object.assign(Object.create(inner), {
      location: inner.location,
      get: (key: string) => (read.push(key), inner.get(key)),
      list: (prefix: string) => inner.list(prefix),
    }));
    const { files: found } = await store.fetch("mnist", "1", { files: ["b.keras"] });
    assertEquals([...found.keys()].sort(), ["b.keras", "model.json"]);
    assert(!read.some((key) => key.endsWith("a.onnx")), String(read));
    read.length = 0;
    await store.card("mnist", "1");
    assertEquals(read.filter((key) => /onnx|keras/.test(key)), []);
  }));

Deno.test("Store.fetch() refuses a version without a card, and one removed meanwhile", () =>
  withFolder(async (folder) => {
    const { store } = watched(folder);
    await store.publish(files(), exampleCard());
    const path = join(folder, "mnist", "1", "manifest.json"),
      whole = JSON.parse(await Deno.readTextFile(path));
    delete whole.files["model.json"];
    await Deno.writeTextFile(path, JSON.stringify(whole));
    await assertRejects(() => store.fetch("mnist"), IntegrityError, "it has no model.json");
    for (
      const [change, words] of [[{ model: "other" }, "manifest of other/1"], [
        { version: "9" },
        "of mnist/9",
      ]] as const
    ) {
      await Deno.writeTextFile(path, JSON.stringify({ ...whole, ...change }));
      await assertRejects(() => store.fetch("mnist"), IntegrityError, words);
    }
    const inner = new FolderBlobs(folder);
    const late = new Store(Object.assign(Object.create(inner), {
      location: inner.location,
      list: (prefix: string) => inner.list(prefix),
      get: () => Promise.resolve(undefined),
    }));
    await assertRejects(() => late.fetch("mnist"), NotInStoreError, "the version was removed meanwhile");
  }));

Deno.test("Store counts versions as numbers, and takes nothing else for one", () =>
  withFolder(async (folder) => {
    const { store, blobs } = watched(folder);
    const stray = ["mnist/0", "mnist/01", "mnist/x", "mnist/1234567890", "mnist/5/deep", "b.c d"];
    for (const version of ["2", "10", "9", "123456789"]) {
      await blobs.put(`mnist/${version}/manifest.json`, json({}));
    }
    for (const key of stray) await blobs.put(`${key}/manifest.json`, json({}));
    await blobs.put("mnist/11/model.onnx", json({}));
    await blobs.put("mnist/12/manifest.json/deep", json({}));
    assertEquals(await store.versions("mnist"), ["2", "9", "10", "123456789"]);
    assertEquals(await store.resolve("mnist"), "123456789");
    assertEquals(await store.list(), [{
      name: "mnist",
      versions: ["2", "9", "10", "123456789"],
      aliases: {},
    }]);
    const { message } = await assertRejects(() => store.resolve("lens"), NotInStoreError);
    assertEquals(message, `Cannot find model "lens" in file:${folder}: there are "mnist"`);
  }));

Deno.test("Store.setAlias() writes only what changes, on condition, and tries again when another was faster", () =>
  withFolder(async (folder) => {
    let losses = 0;
    const { store, calls } = watched(
      folder,
      (call) => call.includes("aliases") && losses-- > 0 ? new ConflictError("") : undefined,
    );
    await store.publish(files(), exampleCard());
    await store.publish(files(), exampleCard());
    calls.length = 0;
    await store.setAlias("mnist", "champion", "1");
    await store.setAlias("mnist", "champion", "1");
    assertEquals(calls, ["put mnist/aliases.json new"]);
    losses = 2;
    await store.setAlias("mnist", "champion", "2");
    assertEquals(calls.slice(1), Array(3).fill("put mnist/aliases.json if"));
    await store.removeAlias("mnist", "nobody");
    assertEquals([calls.length, (await store.aliasHistory("mnist")).length], [4, 2]);
    const { time } = (await store.aliasHistory("mnist"))[0];
    assert(Math.abs(Date.parse(time) - Date.now()) < 60_000, time);
    const broken = watched(folder, (call) => call.includes("aliases") ? down : undefined);
    await assertRejects(
      () => broken.store.setAlias("mnist", "champion", "1"),
      BlobsError,
      "the line is down",
    );
  }));

Deno.test("Store.rollBack() goes back to the last other version that is still there", () =>
  withFolder(async (folder) => {
    const store = openStore(folder);
    for (let i = 0; i < 4; i++) await store.publish(files(), exampleCard());
    await assertRejects(
      () => store.rollBack("mnist", "champion"),
      NotInStoreError,
      "it meant no other version",
    );
    for (const version of ["1", "2", "3"]) await store.setAlias("mnist", "champion", version);
    await store.setAlias("mnist", "rival", "4");
    await store.remove("mnist", "2");
    assertEquals(await store.rollBack("mnist", "champion"), "1");
    assertEquals((await store.aliases("mnist")).champion, "1");
    assertEquals(await store.rollBack("mnist", "champion"), "3");
    await assertRejects(() => store.rollBack("mnist", "rival"), NotInStoreError);
    await assertRejects(() => store.rollBack("mnist", "latest"), RangeError, "it means a version already");
  }));

Deno.test("Store.prune() deletes what was claimed before a time and never became visible", () =>
  withFolder(async (folder) => {
    const { store, blobs, calls } = watched(folder);
    await store.publish(files(), exampleCard());
    const claimed = (time: string) => json({ claimed: time });
    await blobs.put("mnist/2/claim.json", claimed("2026-01-01T00:00:00Z"));
    await blobs.put("mnist/3/claim.json", claimed("2026-01-03T00:00:00Z"));
    await blobs.put("mnist/4/claim.json", new TextEncoder().encode("no JSON"));
    for (const version of [2, 3, 4, 5]) await blobs.put(`mnist/${version}/a.onnx`, json({}));
    await blobs.put("mnist/2/deep/b", json({}));
    await blobs.put("other/a.onnx", json({}));
    calls.length = 0;
    const found = await store.prune(new Date("2026-01-02T00:00:00Z"));
    assertEquals(found, ["mnist/2/a.onnx", "mnist/2/deep/b", "mnist/5/a.onnx"]);
    assertEquals(calls, found.map((key) => `delete ${key}`));
    const left = (await blobs.list("")).map(({ key }) => key);
    for (
      const key of [
        "mnist/1/a.onnx",
        "mnist/2/claim.json",
        "mnist/3/a.onnx",
        "mnist/4/a.onnx",
        "other/a.onnx",
      ]
    ) {
      assert(left.includes(key), key);
    }
    assertEquals(await openStore(folder).prune(new Date("2026-01-03T00:00:00Z")), [], "not before that time");
  }));

Deno.test("Store.prune() also names what the place itself had left", () =>
  withFolder(async (folder) => {
    const temporary = ".01234567-89ab-cdef-0123-456789abcdef.tmp";
    await Deno.writeTextFile(join(folder, temporary), "half");
    assertEquals(await openStore(folder).prune(new Date(Date.now() + 60_000)), [temporary]);
  }));

Deno.test("Store says what is wrong with damaged aliases and manifests", () =>
  withFolder(async (folder) => {
    const { store, blobs } = watched(folder);
    await store.publish(files(), exampleCard());
    await blobs.put(
      "mnist/aliases.json",
      json({ format: "cloudchamber-aliases/1", aliases: { a: 1 }, history: [] }),
    );
    await assertRejects(() => store.aliases("mnist"), IntegrityError, "aliases.a: ");
    await blobs.put("mnist/aliases.json", json({ format: "other", aliases: {}, history: [] }));
    await assertRejects(() => store.aliasHistory("mnist"), IntegrityError, "format: ");
    await blobs.put("mnist/1/manifest.json", json({ format: "cloudchamber-manifest/2" }));
    await assertRejects(() => store.fetch("mnist"), IntegrityError, "mnist/1/manifest.json in file:");
    const broken = new Store({
      ...blobs,
      list: () => Promise.resolve([{ key: "a/1/manifest.json", bytes: 1 }]),
      get: () => Promise.reject(down),
    });
    await assertRejects(() => broken.list(), BlobsError, "the line is down");
  }));

Deno.test("checkAlias() takes a name that means no version by itself", () => {
  for (const name of ["champion", "v1", "1st", "a.b-c_d", "x".repeat(128)]) checkAlias(name);
  for (const name of ["latest", "0", "17", "", ".a", "a/b", "x".repeat(129)]) {
    assertThrows(() => checkAlias(name), RangeError, "Cannot use");
  }
});

Deno.test("openStore() reads addresses with blanks, and closes what it opened", async () => {
  assertEquals(openStore("file:///a%20b/c").location, "file:/a b/c");
  assertEquals(openStore("some/./where").location, `file:${join(Deno.cwd(), "some", "where")}`);
  assertEquals(openStore("s3://b", { s3: { endpoint: "http://h" } }).location, "s3://b");
  assertThrows(() => openStore("s3:/b"), TypeError, "must be a folder");
  assertThrows(() => openStore("s3:///b", { s3: {} }), TypeError, "must be a folder");
  let closed = 0;
  const store = new Store(
    { ...new FolderBlobs("x"), location: "x", close: () => void closed++ } as unknown as Blobs,
  );
  store.close();
  await Promise.resolve();
  assertEquals(closed, 1);
});
