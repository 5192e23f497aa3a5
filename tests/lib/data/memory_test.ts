import { join } from "@std/path";
import { assert, assertEquals } from "../../assert.ts";
import { linkImages, readInProcess } from "./_many_images.ts";

Deno.test("LazyImages holds no more of a larger set than of a smaller one", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const [few, many] = [join(folder, "few"), join(folder, "many")];
    await linkImages(few, 200);
    await linkImages(many, 1600); // crops of 50 and of 400 MiB
    const [small, large] = [await readInProcess(few, 256), await readInProcess(many, 256)];
    assertEquals([small.seen, large.seen], [200, 1600]);
    const more = large.mebibytes - small.mebibytes;
    assert(more < 120, `${more} MiB more for 350 MiB more of crops: ${small.mebibytes}, ${large.mebibytes}`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
