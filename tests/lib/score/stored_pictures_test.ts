import { assertEquals, assertThrows } from "../../assert.ts";
import { encodePng } from "../../../lib/io/png.ts";
import { encodeZip, type ZipInput } from "../../../lib/io/zip.ts";
import { storedPictures } from "../../../lib/score/stored_pictures.ts";

const pngOf = (value: number) => encodePng({ data: new Uint8Array(64).fill(value), height: 8, width: 8 });
const picture = { inputs: [{ name: "image", shape: [8, 8, 1], kind: "picture" as const }], name: "run.zip" };

Deno.test("storedPictures() finds the PNGs of a zip without unpacking, and passes over what systems put beside them", () => {
  const zip = encodeZip([
    { name: "a.png", bytes: pngOf(1) },
    { name: "__MACOSX/._a.png", bytes: Uint8Array.of(1) },
    { name: "dark/b", bytes: pngOf(2) }, // known by its content
  ]);
  const found = storedPictures(zip, picture)!;
  assertEquals(found.map(({ name }) => name), ["run.zip/a.png", "run.zip/dark/b"]);
  assertEquals(found.map((one) => "png" in one && one.png), [pngOf(1), pngOf(2)]);
  assertEquals(storedPictures(zip, { ...picture, page: 1 })!.map(({ name }) => name), ["run.zip/dark/b"]);
  assertThrows(() => storedPictures(zip, { ...picture, page: 2 }), RangeError, "it has 2");
});

Deno.test("storedPictures() leaves to a thread what must be unpacked, is no PNG, or goes into another model", () => {
  const others: [ZipInput[], object?][] = [
    [[]],
    [[{ name: "a.png", bytes: pngOf(0), level: 6 }]],
    [[{ name: "a.png", bytes: pngOf(1) }, { name: "notes.txt", bytes: new Uint8Array(9) }]],
    [[{ name: "short", bytes: Uint8Array.of(137) }]],
    [[{ name: "a.png", bytes: pngOf(1) }], { inputs: [{ name: "x", shape: [4], kind: "columns" }] }],
  ];
  for (const [files, changes] of others) {
    assertEquals(
      storedPictures(encodeZip(files), { ...picture, ...changes }),
      undefined,
      JSON.stringify(files[0]?.name),
    );
  }
  assertEquals(storedPictures(pngOf(1), picture), undefined);
});

Deno.test("storedPictures() holds the limits at once, and the checksum of a picture when it is asked for", () => {
  const zip = encodeZip([{ name: "a.png", bytes: pngOf(1) }, { name: "b.png", bytes: pngOf(2) }]);
  assertThrows(() => storedPictures(zip, { ...picture, maxExamples: 1 }), RangeError);
  assertThrows(() => storedPictures(zip, { ...picture, maxBytes: 100 }), RangeError);
  const damaged = zip.slice(), inA = 30 + "a.png".length + 40;
  damaged[inA] ^= 1;
  const [a, b] = storedPictures(damaged, picture)!;
  assertThrows(() => "png" in a && a.png, SyntaxError, 'entry "a.png": the CRC-32 differs');
  assertEquals("png" in b && b.png, pngOf(2));
});
