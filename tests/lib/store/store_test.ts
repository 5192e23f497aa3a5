import { join } from "@std/path";
import { type Blobs, BlobsError } from "../../../lib/store/blobs.ts";
import { FolderBlobs } from "../../../lib/store/folder.ts";
import { IntegrityError, NotInStoreError, openStore, Store } from "../../../lib/store/store.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../../assert.ts";
import { exampleCard } from "../card/example_card.ts";
import { assertStoreKeepsItsPromises } from "./promises.ts";

const files = () => new Map([["model.onnx", Uint8Array.of(1, 2, 3)], ["model.keras", new Uint8Array(1000)]]);

async function temporary(use: (store: Store, folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await use(openStore(folder), folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("Store keeps its promises in a folder", () =>
  temporary((store) => assertStoreKeepsItsPromises(store)));

Deno.test("openStore() takes a path, file: and file://, and refuses what it does not know", async () => {
  const folder = await Deno.makeTempDir();
  const locations = [folder, `file:${folder}`, `file://${folder}`].map((location) =>
    openStore(location).location
  );
  assertEquals(locations, Array(3).fill(`file:${folder}`));
  assertThrows(
    () => openStore("http://host/models"),
    TypeError,
    "must be a folder, file:PATH or s3://BUCKET/PREFIX",
  );
  assertThrows(() => openStore("s3://bucket/models"), TypeError, "needs an endpoint or a region");
  assertThrows(() => openStore("file://host/models"), TypeError, "three slashes");
  assertThrows(() => openStore(""), TypeError, "empty");
  await Deno.remove(folder);
});

Deno.test("Store.publish() takes the files of a run folder that its card names, checked", () =>
  temporary(async (store, folder) => {
    const run = join(folder, "..", `run-${crypto.randomUUID()}`);
    await Deno.mkdir(run);
    try {
      await Deno.writeFile(join(run, "model.onnx"), Uint8Array.of(7));
      await Deno.writeFile(join(run, "history.csv"), Uint8Array.of(8));
      const sha256 = "ca358758f6d27e6cf45272937977a748fd88391db679ceda7dc7bf1f005ee879"; // sha256sum of the byte 7
      const card = { ...exampleCard(), files: { "model.onnx": { bytes: 1, sha256 } } };
      assertEquals(await store.publish(run, card), "1");
      assertEquals([...(await store.fetch("mnist")).files.keys()].sort(), ["model.json", "model.onnx"]);
      await Deno.writeFile(join(run, "model.onnx"), Uint8Array.of(9));
      await assertRejects(() => store.publish(run, card), IntegrityError, "its SHA-256 differs");
      await Deno.remove(join(run, "model.onnx"));
      await assertRejects(() => store.publish(run, card), BlobsError, "which the model card names");
      await assertRejects(() => store.publish(run, exampleCard()), RangeError, "there are no files");
      assertEquals(await store.versions("mnist"), ["1"]);
    } finally {
      await Deno.remove(run, { recursive: true });
    }
  }));

Deno.test("Store.fetch() notices a changed, shortened, lost or swapped file, and a damaged manifest", () =>
  temporary(async (store, folder) => {
    await store.publish(files(), exampleCard());
    await store.publish(files(), exampleCard());
    const path = join(folder, "mnist", "1", "model.onnx");
    await Deno.writeFile(path, Uint8Array.of(1, 2, 4));
    await assertRejects(
      () => store.fetch("mnist", "1"),
      IntegrityError,
      `file "model.onnx" must have 3 bytes`,
    );
    await Deno.writeFile(path, Uint8Array.of(1, 2));
    await assertRejects(() => store.fetch("mnist", "1"), IntegrityError, "found 2 bytes");
    await Deno.remove(path);
    await assertRejects(() => store.fetch("mnist", "1"), IntegrityError, `file "model.onnx" is missing`);
    const [first, second] = ["1", "2"].map((version) => join(folder, "mnist", version, "manifest.json"));
    await Deno.copyFile(second, first);
    await assertRejects(() => store.fetch("mnist", "1"), IntegrityError, "it is the manifest of mnist/2");
    await Deno.truncate(first, 100);
    await assertRejects(() => store.fetch("mnist", "1"), IntegrityError, "it is not JSON");
    await Deno.writeTextFile(
      first,
      (await Deno.readTextFile(second)).replaceAll(`"version": "2"`, `"version": "1"`)
        .replace("model.onnx", "../2/model.onnx"),
    );
    await assertRejects(() => store.fetch("mnist", "1"), RangeError, `"../2/model.onnx"`);
    assertEquals((await store.fetch("mnist")).card.version, "2");
  }));

/** Blobs whose writes fail from the `n`th on, as when a machine or a line goes down. */
function failingAfter(blobs: Blobs, n: number): Blobs {
  let writes = 0;
  const down = () => Promise.reject(new BlobsError("the line is down"));
  return {
    location: blobs.location,
    get: (key) => writes > n ? down() : blobs.get(key),
    put: (key, bytes, options) => ++writes > n ? down() : blobs.put(key, bytes, options),
    list: (prefix) => blobs.list(prefix),
    delete: (key) => writes > n ? down() : blobs.delete(key),
  };
}

Deno.test("Store.publish() cut off after any write shows nothing, and the next one works", () =>
  temporary(async (store, folder) => {
    const blobs = new FolderBlobs(folder);
    for (let writes = 0; writes < 5; writes++) { // claim, two files, card, manifest
      const cut = new Store(failingAfter(blobs, writes));
      await assertRejects(() => cut.publish(files(), exampleCard()), BlobsError, "the line is down");
      assertEquals(await store.list(), []);
      await assertRejects(() => store.fetch("mnist"), NotInStoreError, "the store is empty");
    }
    assertEquals(await new Store(failingAfter(blobs, 5)).publish(files(), exampleCard()), "5");
    assertEquals(await store.versions("mnist"), ["5"]);
    assertEquals((await store.fetch("mnist")).files.get("model.onnx"), Uint8Array.of(1, 2, 3));
  }));

Deno.test("Store.publish() succeeds when only the answer to its last write was lost", () =>
  temporary(async (store, folder) => {
    const blobs = new FolderBlobs(folder);
    const forgetful = new Store({
      location: blobs.location,
      get: (key) => blobs.get(key),
      list: (prefix) => blobs.list(prefix),
      delete: (key) => blobs.delete(key),
      put: async (key, bytes, options) => {
        const tag = await blobs.put(key, bytes, options);
        if (key.endsWith("manifest.json")) throw new BlobsError("no answer");
        return tag;
      },
    });
    assertEquals(await forgetful.publish(files(), exampleCard()), "1");
    assertEquals(await store.versions("mnist"), ["1"]);
  }));

Deno.test("Store: processes that publish at once get versions of their own, and readers see whole models", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const module = new URL("../../../lib/store/store.ts", import.meta.url).href;
    const program = `
      import { openStore } from ${JSON.stringify(module)};
      const [folder, byte] = Deno.args, store = openStore(folder);
      for (let i = 0; i < 4; i++) {
        const files = new Map([["model.onnx", new Uint8Array(50_000).fill(Number(byte))]]);
        console.log(await store.publish(files, ${JSON.stringify(exampleCard())}));
        await store.setAlias("mnist", "by" + byte, "latest");
      }`;
    const script = join(folder, "publish.ts");
    await Deno.writeTextFile(script, program);
    const config = new URL("../../../deno.json", import.meta.url).pathname;
    const store = openStore(join(folder, "store"));
    const running = [1, 2, 3].map((byte) =>
      new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--no-check", "--config", config, script, join(folder, "store"), String(byte)],
        stderr: "inherit",
      }).output()
    );
    let reading = true, reads = 0;
    const reader = (async () => {
      while (reading || reads === 0) { // there is something to read when all is published
        for (const version of await store.versions("mnist")) {
          const { files } = await store.fetch("mnist", version);
          assertEquals(new Set(files.get("model.onnx")).size, 1);
          reads++;
        }
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    })();
    const outputs = await Promise.all(running);
    reading = false;
    await reader;
    assert(outputs.every(({ success }) => success) && reads > 0);
    const versions = outputs.flatMap(({ stdout }) => new TextDecoder().decode(stdout).trim().split("\n")).map(
      Number,
    );
    assertEquals(versions.sort((a, b) => a - b), Array.from({ length: 12 }, (_, i) => i + 1));
    assertEquals(Object.keys(await store.aliases("mnist")).sort(), ["by1", "by2", "by3"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("Store.publish() killed at any moment leaves whole versions or none", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const module = new URL("../../../lib/store/store.ts", import.meta.url).href;
    const script = join(folder, "publish.ts");
    await Deno.writeTextFile(
      script,
      `import { openStore } from ${JSON.stringify(module)};
      console.log("ready");
      const files = new Map([["model.onnx", new Uint8Array(2_000_000)], ["model.keras", new Uint8Array(1_000_000)]]);
      for (;;) await openStore(Deno.args[0]).publish(files, ${JSON.stringify(exampleCard())});`,
    );
    const config = new URL("../../../deno.json", import.meta.url).pathname;
    const store = openStore(join(folder, "store"));
    for (let i = 0; i < 6; i++) {
      const child = new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--no-check", "--config", config, script, join(folder, "store")],
        stdout: "piped",
      }).spawn();
      const output = child.stdout.getReader();
      await output.read(); // it is about to start
      await new Promise((resolve) => setTimeout(resolve, 20 + i * 17));
      child.kill("SIGKILL");
      await child.status;
      await output.cancel();
      for (const version of await store.versions("mnist")) await store.fetch("mnist", version);
    }
    const before = await store.versions("mnist");
    const next = await store.publish(files(), exampleCard());
    assertEquals(await store.versions("mnist"), [...before, next]);
    await store.setAlias("mnist", "champion", next); // no lock was left behind
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("Store.list() shows every model though the aliases of one are damaged, and says so", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const store = openStore(folder), files = new Map([["model.onnx", Uint8Array.of(1)]]);
    for (const name of ["a", "b"]) await store.publish(files, exampleCard(name));
    await Deno.writeTextFile(`${folder}/a/aliases.json`, "{");
    const [a, b] = await store.list();
    assertEquals([a.versions, a.aliases, b], [["1"], {}, { name: "b", versions: ["1"], aliases: {} }]);
    assert(a.aliasProblem?.includes("a/aliases.json"), a.aliasProblem);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
