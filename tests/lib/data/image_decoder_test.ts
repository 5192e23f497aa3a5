import { assertEquals, assertRejects } from "../../assert.ts";
import { createImageDecoder } from "../../../lib/data/image_decoder.ts";
import { encodePng } from "../../../lib/io/png.ts";

Deno.test("createImageDecoder() decodes on threads, keeps the errors' classes, and holds the pixel limit", async () => {
  const decoder = createImageDecoder({ size: 1, maxPixels: 100 });
  try {
    const png = new Uint8Array(encodePng({ data: Uint8Array.of(7, 8), height: 1, width: 2 }));
    const wanted = {
      data: Uint8Array.of(7, 8),
      height: 1,
      width: 2,
      channels: 1 as const,
      depth: 8 as const,
    };
    assertEquals(await decoder.decode(png), wanted);
    const large = new Uint8Array(encodePng({ data: new Uint8Array(101), height: 1, width: 101 }));
    await assertRejects(() => decoder.decode(large), RangeError, "it is 1 × 101");
    await assertRejects(
      () => decoder.decode(png.slice(0, 50), { name: "cut.png" }),
      SyntaxError,
      'PNG "cut.png"',
    );
    await assertRejects(() => decoder.decode(Uint8Array.of(1)), TypeError, "no PNG");
    assertEquals(await decoder.decode(png, { move: true }), wanted);
    assertEquals(png.length, 0);
  } finally {
    decoder.close();
  }
});
