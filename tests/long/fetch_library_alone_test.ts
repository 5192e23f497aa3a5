/** In a process of its own: a second TensorFlow beside the one that other tests have loaded would crash both. @module */
import { fetchLibrary, findLibrary } from "../../lib/engine/native/library.ts";
import { checkCachedLibrary } from "../../lib/engine/native/library_cache.ts";
import { readEnvironment } from "../../lib/base/environment.ts";
import { assert, assertEquals } from "../assert.ts";

Deno.test("findLibrary() downloads a TensorFlow that loads, into an empty cache", async () => {
  const cacheFolder = await Deno.makeTempDir();
  try {
    const lines: string[] = [];
    const options = { ...readEnvironment(), cacheFolder, log: (line: string) => lines.push(line) };
    const { folder } = await fetchLibrary(options);
    assertEquals(await checkCachedLibrary(folder, { full: true }), undefined);
    const found = await findLibrary({ ...options, library: undefined });
    assertEquals([found?.folder, found?.origin, found?.version], [folder, "cache", "2.21.0"]);
    assert(lines.some((line) => line.startsWith("Unpacking libtensorflow")), lines.join("\n"));
  } finally {
    await Deno.remove(cacheFolder, { recursive: true });
  }
});
