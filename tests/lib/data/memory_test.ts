import { assert, assertEquals } from "../../assert.ts";
import { linkImages, readInProcess } from "./_many_images.ts";

Deno.test("LazyImages holds no more of a larger set than of a smaller one", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await linkImages(folder, 1500); // 475 MiB of frames, 23 MiB of crops
    const { seen, mebibytes } = await readInProcess(folder);
    assertEquals(seen, 1500);
    assert(mebibytes < 400, `${mebibytes} MiB`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
