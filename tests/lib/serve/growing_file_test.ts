import { join } from "@std/path";
import { GrowingFile } from "../../../lib/serve/growing_file.ts";
import { assertEquals } from "../../assert.ts";
import { withFolder } from "../../folder.ts";

const NOTHING = { inUse: { size: 0, pieces: () => [] }, bytes: 0, length: 0, lines: 0 };

Deno.test("GrowingFile.append() writes a line that comes just as the one before it is done", () =>
  withFolder(async (folder) => {
    const path = join(folder, "lines");
    for (let steps = 0; steps < 6; steps++) {
      const file = await GrowingFile.open(path, NOTHING);
      await file.append("one").then(async () => {
        for (let step = 0; step < steps; step++) await undefined;
        await file.append("two"); // a test that waits for what never comes fails
      });
      await file.close();
    }
    assertEquals(await Deno.readTextFile(path), "one\ntwo\n");
  }));

Deno.test("GrowingFile.append() says to every writer that its line is not there, whatever the file refuses", () =>
  withFolder(async (folder) => {
    const file = await GrowingFile.open(join(folder, "lines"), NOTHING);
    await file.append("one");
    await file.close(); // every call fails from now on
    const results = await Promise.allSettled([file.append("two"), file.append("three")]);
    assertEquals(results.map(({ status }) => status), ["rejected", "rejected"]);
  }));
