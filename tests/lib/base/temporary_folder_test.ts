import { basename, join } from "@std/path";
import { makeTemporaryIn } from "../../../lib/base/temporary_folder.ts";
import { assert, assertEquals } from "../../assert.ts";
import { withFolder } from "../../folder.ts";

Deno.test("makeTemporaryIn() clears away what a killed process left a day ago, and nothing else", () =>
  withFolder(async (folder) => {
    const aged = async (name: string, seconds: number) => {
      await Deno.mkdir(join(folder, name));
      await Deno.writeTextFile(join(folder, name, "part"), "");
      const time = new Date(Date.now() - 1000 * seconds);
      await Deno.utime(join(folder, name), time, time);
    };
    await aged(".fetching-old", 86_410);
    await aged(".fetching-new", 86_200);
    await aged("tensorflow-1.0.0", 1e6);
    const made = makeTemporaryIn(folder);
    assertEquals(
      (await Array.fromAsync(Deno.readDir(folder), ({ name }) => name)).sort(),
      [
        ".fetching-new",
        basename(made),
        "tensorflow-1.0.0",
      ].sort(),
    );
    assert(basename(made).startsWith(".fetching-"));
  }));
