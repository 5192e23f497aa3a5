import { join } from "@std/path";
import { createDurableWriter } from "../../../lib/base/durable_writer.ts";
import { assertEquals, assertThrows } from "../../assert.ts";
import { diskError, withFileSystem } from "../../file_system.ts";
import { withFolder } from "../../folder.ts";

const names = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name);

Deno.test("createDurableWriter() puts pieces where they belong, and flushes before it gives the name", () =>
  withFolder((folder) =>
    withFileSystem(async (calls) => {
      const path = join(folder, "x.bin"), writer = createDurableWriter(path);
      writer.put(Uint8Array.of(7, 8), 4);
      writer.put(Uint8Array.of(1, 2, 3), 0);
      assertEquals(names(folder).length, 1);
      assertEquals(await Deno.stat(path).catch(() => "none"), "none");
      writer.finish();
      assertEquals(calls, [
        "open x.bin.*.partial",
        "write x.bin.*.partial",
        "write x.bin.*.partial",
        "sync x.bin.*.partial",
        "rename x.bin.*.partial",
      ]);
      assertEquals(await Deno.readFile(path), Uint8Array.of(1, 2, 3, 0, 7, 8));
      assertEquals(names(folder), ["x.bin"]);
    })
  ));

Deno.test("createDurableWriter() writes on where a write took a part only", () =>
  withFolder((folder) =>
    withFileSystem(async () => {
      const path = join(folder, "x.bin"), writer = createDurableWriter(path);
      writer.put(Uint8Array.of(0, 1, 2, 3, 4, 5, 6), 0);
      writer.finish();
      assertEquals(await Deno.readFile(path), Uint8Array.of(0, 1, 2, 3, 4, 5, 6));
    }, (call) => call.startsWith("write") ? 2 : undefined)
  ));

Deno.test("createDurableWriter() that is given up keeps the old file, and two of one path do not meet", () =>
  withFolder(async (folder) => {
    const path = join(folder, "x.bin");
    await Deno.writeFile(path, Uint8Array.of(9));
    const [lost, kept] = [createDurableWriter(path), createDurableWriter(path)];
    lost.put(Uint8Array.of(1), 0);
    kept.put(Uint8Array.of(2), 0);
    lost.abort();
    assertEquals(await Deno.readFile(path), Uint8Array.of(9));
    kept.finish();
    assertEquals([await Deno.readFile(path), names(folder)], [Uint8Array.of(2), ["x.bin"]]);
  }));

Deno.test("createDurableWriter() gives a file that cannot be flushed no name", () =>
  withFolder((folder) =>
    withFileSystem(() => {
      const writer = createDurableWriter(join(folder, "x.bin"));
      assertThrows(() => writer.finish(), Error, "it failed (ENOSPC)");
      writer.abort();
      assertEquals(names(folder), []);
      return Promise.resolve();
    }, (call) => call.startsWith("sync") ? diskError("ENOSPC") : undefined)
  ));
