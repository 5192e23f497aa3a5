/** What is found in files of arrays, and what of it a model can take. */
import { encodeHdf5 } from "../../../lib/io/hdf5_write.ts";
import { encodeNpy, type NpyValues } from "../../../lib/io/npy.ts";
import { encodeNpz } from "../../../lib/io/npz.ts";
import { encodePng } from "../../../lib/io/png.ts";
import { encodeZip } from "../../../lib/io/zip.ts";
import {
  type ExampleOptions,
  findExamples,
  type Found,
  type InputShape,
} from "../../../lib/score/examples.ts";
import { assertEquals, assertRejects } from "../../assert.ts";
import { greyTiff } from "../io/_tiff.ts";

const count = (shape: readonly number[]) => shape.reduce((product, side) => product * side, 1);
/** 0, 1, 2, … in a shape. */
const counting = (...shape: number[]) => ({
  data: Float32Array.from({ length: count(shape) }, (_, i) => i),
  shape,
});
const npy = (...shape: number[]) => encodeNpy(counting(...shape));
/** An archive of files by their names. */
const zip = (files: Record<string, Uint8Array>) =>
  encodeZip(Object.entries(files).map(([name, bytes]) => ({ name, bytes })));
const input = (...shape: number[]): InputShape => ({ name: "x", shape });

/** Name, shape and first values of each example, or what is wrong with it. */
const seen = (found: readonly Found[], values = 0, of = "image") =>
  found.map((one) => {
    if (!("arrays" in one)) return [one.name, "fault" in one ? one.fault : "png"];
    const { data, shape } = one.arrays[of];
    return [one.name, [...shape], ...data.subarray(0, values)];
  });
const find = async (bytes: Uint8Array, options: ExampleOptions = {}, values = 0) => {
  const of = options.inputs?.[0].name ?? "image";
  return seen(await findExamples(bytes, { name: "f", ...options }), values, of);
};

Deno.test("findExamples() takes an array as one picture or many, as its sides say", async () => {
  assertEquals(await find(npy(5, 6), {}, 2), [["f", [5, 6, 1], 0, 1]]);
  assertEquals(await find(npy(2, 5, 6), {}, 1), [["f[0]", [5, 6, 1], 0], ["f[1]", [5, 6, 1], 30]]);
  assertEquals(await find(npy(5, 6, 4)), [["f", [5, 6, 4]]]);
  assertEquals(await find(npy(2, 6, 5), {}, 1), [["f[0]", [6, 5, 1], 0], ["f[1]", [6, 5, 1], 30]]);
  assertEquals(await find(npy(2, 5, 6, 3), {}, 1), [["f[0]", [5, 6, 3], 0], ["f[1]", [5, 6, 3], 90]]);
  assertEquals(await find(npy(3, 2, 2), { inputs: [input(2, 2, 1)] }), [
    ["f[0]", [2, 2, 1]],
    ["f[1]", [2, 2, 1]],
    ["f[2]", [2, 2, 1]],
  ]);
  for (const shape of [[2, 2, 5, 6, 1], [0, 5, 6], [7]]) {
    await assertRejects(
      () => find(npy(...shape), { inputs: [{ ...input(4, 4, 1), name: "image" }] }),
      TypeError,
      `Cannot take "f" of shape [${shape.join(", ")}] as a picture for "image", which is [4, 4, 1]`,
    );
  }
});

Deno.test("findExamples() puts bands last, and takes an input of no kind only as it is", async () => {
  const bands = { inputs: [input(4, 4, 5)] };
  const first = [0, 6, 12, 18, 24, 1]; // of each band its first value, then the second of the first
  assertEquals(await find(npy(5, 3, 2), bands, 6), [["f", [3, 2, 5], ...first]]);
  assertEquals(await find(npy(2, 5, 3, 2), bands, 2), [
    ["f[0]", [3, 2, 5], 0, 6],
    ["f[1]", [3, 2, 5], 30, 36],
  ]);
  assertEquals(await find(npy(3, 2, 5), bands, 2), [["f", [3, 2, 5], 0, 1]]);
  const strange = { inputs: [input(2, 1, 2, 1, 2)] };
  assertEquals(await find(npy(2, 1, 2, 1, 2), strange), [["f", [2, 1, 2, 1, 2]]]);
  assertEquals(await find(npy(3, 2, 1, 2, 1, 2), strange, 1), [
    ["f[0]", [2, 1, 2, 1, 2], 0],
    ["f[1]", [2, 1, 2, 1, 2], 8],
    ["f[2]", [2, 1, 2, 1, 2], 16],
  ]);
  for (const shape of [[2, 1, 2, 1, 3], [1, 1, 2, 1, 2, 1, 2], [1, 2, 1, 2], [0, 2, 1, 2, 1, 2]]) {
    await assertRejects(() => find(npy(...shape), strange), TypeError, "as input for");
  }
});

Deno.test("findExamples() tells the values' type, and of what is no byte the limits of the whole file", async () => {
  const [one, two] = await findExamples(npy(2, 5, 6));
  for (const found of [one, two]) {
    const { dtype, limits, isPicture } = "arrays" in found ? found.arrays.image : assertNever();
    assertEquals([dtype, limits, isPicture], ["f4", [0, 59], false]);
  }
  const bytes = encodeNpy({ data: Uint8Array.from({ length: 30 }, (_, i) => i), shape: [5, 6] });
  const [grey] = await findExamples(bytes);
  const { dtype, limits } = "arrays" in grey ? grey.arrays.image : assertNever();
  assertEquals([dtype, limits], ["u1", undefined]);
});

function assertNever(): never {
  throw new Error("no arrays were found");
}

Deno.test("findExamples() holds its limits at the last allowed number", async () => {
  assertEquals((await find(npy(3, 5, 6), { maxExamples: 3, maxPixels: 30 })).length, 3);
  await assertRejects(
    () => find(npy(3, 5, 6), { maxExamples: 2 }),
    RangeError,
    'Cannot take 3 examples from "f": the limit is 2',
  );
  await assertRejects(() => find(npy(5, 6), { maxPixels: 29 }), RangeError, "5 × 6");
  const volume = { inputs: [input(2, 5, 6, 1)] };
  assertEquals(await find(npy(2, 5, 6), { ...volume, maxPixels: 60 }), [["f", [2, 5, 6, 1]]]);
  await assertRejects(
    () => find(npy(2, 5, 6), { ...volume, maxPixels: 59 }),
    RangeError,
    'Cannot take 2 × 5 × 6 pixels from "f": the limit is 59',
  );
  assertEquals(
    await find(npy(9, 40), { inputs: [input(40)], maxPixels: 30 }).then(({ length }) => length),
    9,
  );
  const five = zip({ "a.npy": npy(2, 5, 6), "b.npy": npy(2, 5, 6), "c.txt": Uint8Array.of(65) });
  assertEquals((await find(five, { maxExamples: 5 })).length, 5);
  await assertRejects(
    () => find(five, { maxExamples: 4 }),
    RangeError,
    "Cannot take more than 4 examples from one file",
  );
});

Deno.test("findExamples() goes through an archive, and says what of it cannot be read", async () => {
  const found = await findExamples(
    zip({
      "a.npy": npy(5, 6),
      "bad.npy": npy(5, 6).subarray(0, 90),
      "inner.zip": zip({ "c.npy": npy(4, 4) }),
      "folder/b.npy": npy(2, 5, 6),
      ".DS_Store": Uint8Array.of(1),
    }),
    { name: "z.zip" },
  );
  const shown = seen(found);
  assertEquals(shown.map(([name]) => name), [
    "z.zip/a.npy",
    "z.zip/bad.npy",
    "z.zip/inner.zip",
    "z.zip/folder/b.npy[0]",
    "z.zip/folder/b.npy[1]",
  ]);
  assertEquals(typeof shown[1][1], "string");
  assertEquals(shown[2][1], "a zip within a zip is not opened");
  const [, second] = await find(zip({ "b.npy": npy(2, 5, 6), "c.txt": Uint8Array.of(65) }), {}, 1);
  assertEquals(second, ["f/b.npy[1]", [5, 6, 1], 30]);
});

/** A stack of pages of one row each. */
const stack = (pages: readonly (Uint8Array | Uint16Array)[]) =>
  greyTiff(pages.map((pixels) => ({ pixels, width: pixels.length })));

Deno.test("findExamples() takes the pages of a stack for a volume's frames where they are alike", async () => {
  const volume = { inputs: [input(2, 1, 4, 1)] };
  const [low, high] = [Uint8Array.of(1, 2, 3, 4), Uint8Array.of(5, 6, 7, 8)];
  assertEquals(await find(stack([low, high]), volume, 8), [["f", [2, 1, 4, 1], 1, 2, 3, 4, 5, 6, 7, 8]]);
  const deep = Uint16Array.of(300, 301, 302, 303);
  assertEquals(await find(stack([deep, deep]), volume, 5), [["f", [2, 1, 4, 1], 300, 301, 302, 303, 300]]);
  assertEquals(await find(stack([low, high])), [["f[0]", [1, 4, 1]], ["f[1]", [1, 4, 1]]]);
  await assertRejects(
    () => find(stack([low, deep]), volume),
    TypeError,
    'Cannot take the pages of "f" as a volume as they must be of one type: got u1, u2',
  );
  await assertRejects(
    () => find(stack([low, high]), { ...volume, maxPixels: 7 }),
    RangeError,
    "the limit is 7",
  );
});

Deno.test("findExamples() notes what its reader left out of a file, beside the first input of each example", async () => {
  const png = encodePng({ data: new Uint8Array(30), height: 5, width: 6, channels: 1 });
  const damaged = Uint8Array.of(0, 0, 0, 1, 0x74, 0x45, 0x58, 0x74, 0x41, 0, 0, 0, 0); // tEXt, whose CRC is not 0
  const bytes = Uint8Array.of(...png.subarray(0, -12), ...damaged, ...png.subarray(-12));
  const [found] = await findExamples(bytes, { unpack: true, name: "a.png" });
  const { notes = [], shape } = "arrays" in found ? found.arrays.image : assertNever();
  assertEquals([found.name, [...shape], notes.length], ["a.png", [5, 6, 1], 1]);
  assertEquals(notes[0].startsWith("A chunk was left out"), true, notes[0]);
  assertEquals(seen(await findExamples(bytes, { name: "a.png" })), [["a.png", "png"]], "it stays packed");
});

Deno.test("findExamples() takes an array for each of several inputs by its name, equally many of each", async () => {
  const inputs = [{ name: "image", shape: [4, 4, 1] }, { name: "scalars", shape: [2] }];
  const arrays = (images: number[], scalars: number[]) => ({
    image: counting(...images),
    scalars: counting(...scalars),
    label: counting(1),
  });
  const files = [
    encodeNpz(arrays([2, 4, 4], [2, 2])),
    await encodeHdf5(arrays([2, 4, 4], [2, 2])),
  ];
  for (const file of files) {
    const found = await findExamples(file, { inputs, name: "f" });
    assertEquals(seen(found, 1), [["f[0]", [4, 4, 1], 0], ["f[1]", [4, 4, 1], 16]]);
    assertEquals(seen(found, 2, "scalars"), [["f[0]", [2], 0, 1], ["f[1]", [2], 2, 3]]);
  }
  assertEquals(seen(await findExamples(encodeNpz(arrays([4, 4], [2])), { inputs, name: "f" })), [
    ["f", [4, 4, 1]],
  ]);
  await assertRejects(
    () => findExamples(encodeNpz(arrays([2, 4, 4], [3, 2])), { inputs, name: "f" }),
    TypeError,
    'Cannot score "f" as its inputs must have the same number of examples: got 2 of "image", 3 of "scalars"',
  );
  await assertRejects(
    () => findExamples(encodeNpz({ image: counting(4, 4) }), { inputs, name: "f" }),
    TypeError,
    'Cannot score "f" as it must hold an array for each input, "image", "scalars": it has "image"',
  );
});

Deno.test("findExamples() of one input leaves out arrays that are none, where the input has a shape of its own in files", async () => {
  const file = encodeNpz({ label: counting(7), field: counting(5, 6) });
  const [of] = await find(file, { inputs: [{ ...input(4, 4, 1), raw: [5, 6, 1] }] }, 1);
  assertEquals(of, ["f[field]", [5, 6, 1], 0]);
  const none = { inputs: [{ ...input(4, 4, 1), raw: [5, 6, 1] }] };
  await assertRejects(
    () => find(encodeNpz({ label: counting(7) }), none),
    TypeError,
    'Cannot take "f" of shape [7] as a picture for "x", which is [5, 6, 1]',
  );
});

Deno.test("findExamples() takes the page that is asked for, and says how many there are", async () => {
  assertEquals(await find(npy(2, 5, 6), { page: 1 }, 1), [["f[1]", [5, 6, 1], 30]]);
  assertEquals(await find(npy(2, 5, 6), { page: 0 }, 1), [["f[0]", [5, 6, 1], 0]]);
  await assertRejects(
    () => find(npy(2, 5, 6), { page: 2 }),
    RangeError,
    'Cannot take page 2 of "f": it has 2, counted from 0',
  );
});

Deno.test("findExamples() counts what is kept of values: four bytes each, fewer of small whole numbers", async () => {
  const kinds: [NpyValues, bytes: number][] = [
    [new Uint8Array(16), 1],
    [new Uint16Array(16), 2],
    [new Int16Array(16), 4],
    [new Uint32Array(16), 4],
    [new Float32Array(16), 4],
  ];
  for (const [data, bytes] of kinds) {
    // The file itself counts too: it is packed so that its values are what is larger.
    const file = encodeNpy({ data, shape: [4, 4] }), name = `${data.constructor.name} of ${bytes}`;
    const kept = 16 * bytes, read = (maxBytes: number) => findExamples(file, { maxBytes });
    await assertRejects(() => read(kept - 1), RangeError, "at most");
    assertEquals((await read(Math.max(kept, data.byteLength))).length, 1, name);
  }
});
