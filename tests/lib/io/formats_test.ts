import { assert, assertEquals, assertRejects } from "../../assert.ts";
import { isOfKnownFormat } from "../../../lib/io/signatures.ts";
import { encodeFits } from "../../../lib/io/fits.ts";
import { FORMATS, openFile, sniffFormat } from "../../../lib/io/formats.ts";
import { type Frame, openFrames } from "../../../lib/io/frames.ts";
import { encodeGzip } from "../../../lib/io/gzip.ts";
import { encodeHdf5 } from "../../../lib/io/hdf5_write.ts";
import { encodeIdx } from "../../../lib/io/idx.ts";
import { encodeNpy } from "../../../lib/io/npy.ts";
import { encodeNpz } from "../../../lib/io/npz.ts";
import { encodePng } from "../../../lib/io/png.ts";
import { encodeZip } from "../../../lib/io/zip.ts";
import { rangeServer } from "./_range_server.ts";
import { joined, text } from "./_bytes.ts";

const DATA = Uint8Array.from({ length: 30 }, (_, i) => i);
const STACK = { data: DATA, shape: [2, 3, 5] };
const PNG = encodePng({ data: DATA, height: 5, width: 6 });

Deno.test("sniffFormat() tells every format by content, and says nothing of what it does not know", async () => {
  const files: [string, Uint8Array][] = [
    ["png", PNG],
    ["npy", encodeNpy(STACK)],
    ["idx", encodeIdx(STACK)],
    ["fits", encodeFits([STACK])],
    ["hdf5", await encodeHdf5({ x: STACK })],
    ["zip", encodeNpz({ x: STACK })],
    ["gzip", encodeGzip(PNG)],
    ["jpeg", Uint8Array.of(0xff, 0xd8, 0xff, 0xe0)],
    ["tiff", text("II*\0")],
    ["tiff", text("MM\0*")],
    ["zip", joined(text("#!/bin/sh\n"), encodeZip([{ name: "a", bytes: text("a") }]))],
  ];
  for (const [name, bytes] of files) {
    assertEquals(sniffFormat(bytes)?.name, name);
    assert(isOfKnownFormat(bytes), name);
  }
  const nothing = [
    new Uint8Array(0),
    text("hello"),
    new Uint8Array(100),
    Uint8Array.of(0, 0, 8, 9),
    text("PK"),
  ];
  for (const bytes of nothing) {
    assertEquals(sniffFormat(bytes), undefined);
    assert(!isOfKnownFormat(bytes));
  }
  assertEquals(new Set(FORMATS.map(({ name }) => name)).size, FORMATS.length);
});

Deno.test("openFile() gives the arrays of every format, whole and by rows", async () => {
  const files = [
    encodeNpy(STACK),
    encodeGzip(encodeNpy(STACK)),
    encodeIdx(STACK),
    encodeFits([STACK]),
    await encodeHdf5({ "a/x": STACK }),
    encodeNpz({ x: STACK }),
  ];
  for (const bytes of files) {
    const file = await openFile(bytes);
    assertEquals(file.arrays.length, 1, file.format);
    const [array] = file.arrays;
    assertEquals([array.shape, array.dtype, array.isPicture], [[2, 3, 5], "u1", false], file.format);
    assertEquals(await array.read(), { data: DATA, shape: [2, 3, 5] }, file.format);
    assertEquals(await array.read([1, 2]), { data: DATA.slice(15), shape: [1, 3, 5] }, file.format);
    await assertRejects(() => array.read([1, 3]), RangeError);
    file.close();
  }
  const picture = (await openFile(PNG)).arrays[0];
  assertEquals([picture.shape, picture.isPicture], [[5, 6, 1], true]);
});

Deno.test("openFile() reads from a server, and names what it cannot open", async () => {
  await using server = rangeServer(encodeNpy(STACK));
  assertEquals((await (await openFile(server.url)).arrays[0].read()).data, DATA);
  await assertRejects(
    () => openFile(text("hello"), { name: "a.txt" }),
    TypeError,
    'Cannot open "a.txt" as its content is of no format that is read: PNG',
  );
  await assertRejects(() => openFile(new Uint8Array(0)), TypeError, "no format");
  await assertRejects(() => openFile(PNG, { maxBytes: 10 }), RangeError, "at most 10 bytes");
  const [stack] = (await openFile(encodeNpy(STACK), { maxBytes: 20 })).arrays; // read by rows, so that the limit is a read's
  assertEquals((await stack.read([1, 2])).shape, [1, 3, 5]);
  await assertRejects(() => stack.read(), RangeError, "holds at most 20 values");
  await assertRejects(() => openFile(encodeGzip(encodeGzip(PNG))), TypeError, "a gzip of a gzip");
});

async function frames(...args: Parameters<typeof openFrames>): Promise<Frame[]> {
  return await Array.fromAsync(openFrames(...args));
}

Deno.test("openFrames() takes arrays apart, and members of a zip each for itself", async () => {
  const of = await frames(encodeNpy(STACK), { name: "s.npy" });
  assertEquals(of.map(({ name }) => name), ["s.npy[0]", "s.npy[1]"]);
  assert("image" in of[1]);
  assertEquals(of[1].image, { data: DATA.slice(15), height: 3, width: 5, channels: 1, depth: 8 });
  const zip = encodeZip([
    { name: "a/1.png", bytes: PNG },
    { name: "bad.png", bytes: PNG.slice(0, 40) },
    { name: "__MACOSX/a/._1.png", bytes: text("Mac") },
    { name: "._x", bytes: text("Mac") },
    { name: "note.txt", bytes: text("hello") },
    { name: "in.zip", bytes: encodeZip([]) },
    { name: "two.npz", bytes: encodeNpy(STACK) },
  ]);
  const found = await frames(zip, { name: "z.zip" });
  assertEquals(
    found.map((frame) => [frame.name, "png" in frame ? "png" : "image" in frame ? "image" : frame.fault]),
    [
      ["z.zip/a/1.png", "png"],
      ["z.zip/bad.png", "png"],
      ["z.zip/note.txt", found[2].name && (found[2] as { fault: string }).fault],
      ["z.zip/in.zip", "a zip within a zip is not opened"],
      ["z.zip/two.npz[0]", "image"],
      ["z.zip/two.npz[1]", "image"],
    ],
  );
  assert((found[2] as { fault: string }).fault.startsWith('Cannot open "z.zip/note.txt"'));
  assertEquals((await frames(zip, { name: "z.zip", maxFrames: 6 })).length, 6);
  await assertRejects(() => frames(zip, { maxFrames: 5 }), RangeError, "more than 5 pictures");
});

Deno.test("openFrames() takes one array of several by its name, and refuses other shapes", async () => {
  const npz = encodeNpz({ x: STACK, y: { data: DATA, shape: [30] } });
  assertEquals((await frames(npz, { array: "x" })).length, 2);
  await assertRejects(
    () => frames(npz, { name: "n", array: "z" }),
    TypeError,
    'no such array (it has "x", "y")',
  );
  await assertRejects(
    () => frames(npz, { name: "n" }),
    TypeError,
    'pictures from "n[y]" as its shape must be',
  );
  await assertRejects(() => frames(encodeNpy(STACK), { maxPixels: 14 }), RangeError, "3 × 5 pixels");
  await assertRejects(() => frames(encodeNpy(STACK), { maxFrames: 1 }), RangeError, "2 pictures");
});
