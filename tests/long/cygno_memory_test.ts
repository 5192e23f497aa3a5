import { assert, assertEquals } from "../assert.ts";
import { linkImages, readInProcess } from "../lib/data/_many_images.ts";

Deno.test("LazyImages reads 50,000 images within 512 MiB", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await linkImages(folder, 50_000); // 16 GB of frames, 800 MB of crops
    const { seen, mebibytes } = await readInProcess(folder, 64);
    assertEquals(seen, 50_000);
    assert(mebibytes < 512, `${mebibytes} MiB`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
