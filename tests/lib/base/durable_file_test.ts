import { basename, join } from "@std/path";
import { fileURLToPath } from "node:url";
import { writeDurably } from "../../../lib/base/durable_file.ts";
import { assert, assertEquals, assertRejects } from "../../assert.ts";
import { diskError, withFileSystem } from "../../file_system.ts";
import { withFolder } from "../../folder.ts";

const CONFIG = fileURLToPath(import.meta.resolve("../../../deno.json"));

Deno.test("writeDurably() replaces a file and leaves nothing beside it", async () => {
  const folder = await Deno.makeTempDir(), path = join(folder, "a.txt");
  await writeDurably(path, "first");
  await writeDurably(path, new TextEncoder().encode("second"));
  assertEquals(await Deno.readTextFile(path), "second");
  assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["a.txt"]);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("writeDurably() names the file that it cannot write", async () => {
  const folder = await Deno.makeTempDir(), path = join(folder, "missing", "a.txt");
  await assertRejects(() => writeDurably(path, "text"), Deno.errors.NotFound, `Cannot write "${path}": `);
  await Deno.remove(folder, { recursive: true });
});

Deno.test({
  name: "writeDurably() keeps the old file when the disk is full",
  ignore: Deno.build.os === "windows",
  async fn() {
    const folder = await Deno.makeTempDir(), path = join(folder, "a.txt");
    await Deno.writeTextFile(path, "old");
    // A limit on the size of files stands for a full disk; the signal that it sends by default is ignored.
    const program = `import { writeDurably } from ${
      JSON.stringify(import.meta.resolve("../../../lib/base/durable_file.ts"))
    };
      await writeDurably(${JSON.stringify(path)}, new Uint8Array(1_000_000))
        .then(() => console.log("written"), (error) => console.log(error.message));`;
    const script = join(folder, "program.ts");
    await Deno.writeTextFile(script, program);
    const { stdout } = await new Deno.Command("bash", {
      args: [
        "-c",
        `trap '' XFSZ; ulimit -f 100; exec "${Deno.execPath()}" run -A --no-check --config "${CONFIG}" "${script}"`,
      ],
      stderr: "inherit",
    }).output();
    const said = new TextDecoder().decode(stdout);
    assert(said.startsWith(`Cannot write "${path}": `), said);
    assertEquals(await Deno.readTextFile(path), "old");
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), ["a.txt", "program.ts"]);
    await Deno.remove(folder, { recursive: true });
  },
});

Deno.test("writeDurably() flushes the file before it gives it its name, and the name after", () =>
  withFolder(async (folder) => {
    await withFileSystem(async (calls) => {
      await writeDurably(join(folder, "a.txt"), "text");
      assertEquals(calls, [
        "open a.txt.*.part",
        "write a.txt.*.part",
        "sync a.txt.*.part",
        "rename a.txt.*.part",
        `open ${basename(folder)}`,
        `sync ${basename(folder)}`,
      ]);
    });
  }));

Deno.test("writeDurably() that fails anywhere keeps the old file, and leaves nothing beside it", () =>
  withFolder(async (folder) => {
    const path = join(folder, "a.txt");
    await Deno.writeTextFile(path, "old");
    for (const what of ["open", "write", "sync", "rename"]) {
      await withFileSystem(
        async () => {
          const { message } = await assertRejects(() => writeDurably(path, "new"));
          assertEquals(message, `Cannot write "${path}": it failed (EIO)`);
        },
        (call) => call === `${what} a.txt.*.part` ? diskError("EIO") : undefined,
      );
      assertEquals(await Deno.readTextFile(path), "old");
      assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["a.txt"], what);
    }
  }));

Deno.test("writeDurably() writes on where a write took a part only", () =>
  withFolder(async (folder) => {
    const path = join(folder, "a.txt");
    await withFileSystem(
      () => writeDurably(path, "0123456789"),
      (call, count) => call.startsWith("write") && count < 3 ? 3 : undefined,
    );
    assertEquals(await Deno.readTextFile(path), "0123456789");
  }));

Deno.test("writeDurably() is content where a folder cannot be flushed", () =>
  withFolder(async (folder) => {
    const path = join(folder, "a.txt"), name = basename(folder);
    for (const what of ["open", "sync"]) {
      await withFileSystem(
        () => writeDurably(path, what),
        (call) => call === `${what} ${name}` ? diskError("EINVAL") : undefined,
      );
      assertEquals(await Deno.readTextFile(path), what);
    }
  }));
