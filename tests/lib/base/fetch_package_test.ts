import { join } from "@std/path";
import config from "../../../deno.json" with { type: "json" };
import { fetchPackage } from "../../../lib/base/fetch_package.ts";
import { assert, assertEquals, assertThrows } from "../../assert.ts";
import { withFolder } from "../../folder.ts";
import { readSource } from "../../sources.ts";

/** A package without dependencies that the tree has too, so that Deno's cache holds it. */
const SMALL = (() => {
  const version = config.imports.gifenc.split("@")[1], id = `gifenc@${version}`;
  const { integrity } = JSON.parse(readSource("deno.lock")).npm[id] as { integrity: string };
  return { name: "gifenc", version, lock: { [id]: { integrity } } };
})();

const namesIn = (cacheFolder: string) =>
  Array.fromAsync(Deno.readDir(join(cacheFolder, "npm")), ({ name }) => name);

Deno.test("fetchPackage() installs a package once and then reads it from the cache", async () => {
  await withFolder(async (cacheFolder) => {
    const said: string[] = [], options = { cacheFolder, log: (line: string) => said.push(line) };
    const folder = fetchPackage(SMALL, options);
    assert(folder.startsWith(join(cacheFolder, "npm")), folder);
    const { name, version } = JSON.parse(await Deno.readTextFile(join(folder, "package.json")));
    assertEquals([name, version], ["gifenc", SMALL.version]);
    if (Deno.build.os !== "windows") {
      const { mode } = await Deno.stat(join(folder, "..", ".."));
      assertEquals(mode! & 0o777, 0o755, "a shared cache is others' to read");
    }
    assertEquals(fetchPackage(SMALL, options), folder);
    assertEquals(said, [`Fetching npm:gifenc@${SMALL.version}, once`]);
  });
});

Deno.test("fetchPackage() takes what another process put there meanwhile", async () => {
  await withFolder(async (cacheFolder) => {
    let theirs = "";
    const ours = fetchPackage(SMALL, {
      cacheFolder,
      log: () => theirs = fetchPackage(SMALL, { cacheFolder }),
    });
    assertEquals(ours, theirs);
    assertEquals((await namesIn(cacheFolder)).length, 1);
  });
});

Deno.test("fetchPackage() says why nothing came and leaves nothing behind", async () => {
  await withFolder(async (cacheFolder) => {
    const wrong = { name: "gifenc", version: "no version", lock: {} };
    assertThrows(() => fetchPackage(wrong, { cacheFolder }), Error, 'npm package "gifenc" no version into "');
    assertEquals(await namesIn(cacheFolder), []);
  });
});
