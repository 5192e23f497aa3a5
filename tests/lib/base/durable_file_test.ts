import { join } from "@std/path";
import { fileURLToPath } from "node:url";
import { writeDurably } from "../../../lib/base/durable_file.ts";
import { assert, assertEquals, assertRejects } from "../../assert.ts";

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
