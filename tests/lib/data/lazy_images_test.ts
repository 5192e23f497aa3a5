// Not counted: it starts many threads.
import { assert, assertClose, assertEquals, assertRejects, assertThrows } from "../../assert.ts";
import { join } from "@std/path";
import { cropCenter } from "../../../lib/image/crop_center.ts";
import { parsePreprocessing, preprocess } from "../../../lib/image/preprocessing/mod.ts";
import { encodePng } from "../../../lib/io/png.ts";
import { encodeZip } from "../../../lib/io/zip.ts";
import { listImages } from "../../../lib/data/image_files.ts";
import { applyWindow, LazyImages, zipChunks } from "../../../lib/data/lazy_images.ts";
import { chunkSizes, LazyNumbers } from "../../../lib/data/lazy_numbers.ts";

/** Value of pixel (r, c) of picture `n`: every picture and every pixel is told apart. */
const pixel = (n: number, r: number, c: number) => (31 * n + 7 * r + 3 * c) % 251;

/** A picture of 12 × 10. */
function picture(n: number, height = 12, width = 10): Uint8Array {
  const data = Uint8Array.from(
    { length: height * width },
    (_, i) => pixel(n, Math.floor(i / width), i % width),
  );
  return encodePng({ data, height, width });
}

/** Writes `count` pictures to a folder and into a zip, runs `body`, and removes them. */
async function withPictures(count: number, body: (place: { folder: string; zip: string }) => Promise<void>) {
  const root = await Deno.makeTempDir();
  try {
    const folder = join(root, "set"), zip = join(root, "set.zip");
    await Deno.mkdir(join(folder, "a"), { recursive: true });
    const files = Array.from(
      { length: count },
      (_, n) => ({ name: `a/${String(n).padStart(3, "0")}.png`, bytes: picture(n) }),
    );
    for (const { name, bytes } of files) await Deno.writeFile(join(folder, name), bytes);
    await Deno.writeFile(zip, encodeZip([...files, { name: "notes.txt", bytes: new Uint8Array(1) }]));
    await body({ folder, zip });
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

const OPTIONS = { shape: [12, 10], workers: 2 } as const;

Deno.test("listImages() finds the same pictures in a zip, a folder and by a pattern, in order of their names", async () => {
  await withPictures(3, async ({ folder, zip }) => {
    const [packed, plain, matched] = [
      await listImages(zip),
      await listImages(folder),
      await listImages(join(folder, "*/00[0-2].png")),
    ];
    assertEquals(packed.names, ["a/000.png", "a/001.png", "a/002.png"]);
    assertEquals(plain.names, packed.names.map((name) => `${folder}/${name}`));
    assertEquals([matched.names, matched.bytes], [plain.names, plain.bytes]);
    assertEquals(packed.bytes, plain.bytes);
    assertEquals((await listImages(join(folder, "a", "001.png"))).names, [`${folder}/a/001.png`]);
    await assertRejects(() => listImages(join(folder, "*/9*.png")), Deno.errors.NotFound, "no file matches");
    await assertRejects(() => listImages(join(folder, "b")), Deno.errors.NotFound, "no file or folder");
  });
});

Deno.test("listImages() takes what there is by a pattern's name for what it is, and passes over what macOS leaves", async () => {
  await withPictures(1, async ({ folder, zip }) => {
    const odd = join(folder, "run [1]{2}");
    await Deno.rename(join(folder, "a"), odd);
    const { names, baseLength } = await listImages(odd);
    assertEquals(names.map((name) => name.slice(baseLength)), ["000.png"]);
    await Deno.writeFile(
      zip,
      encodeZip(["a/1.png", "__MACOSX/a/._1.png", "a/._1.png"].map((name) => ({ name, bytes: picture(1) }))),
    );
    assertEquals((await listImages(zip)).names, ["a/1.png"]);
  });
});

Deno.test("LazyImages.open() takes the first picture's shape, and names one that is no PNG", async () => {
  await withPictures(2, async ({ folder, zip }) => {
    for (const place of [folder, zip]) {
      const images = LazyImages.open(await listImages(place), { workers: 1 });
      assertEquals([images.shape, (await images.read()).length], [[2, 12, 10], 240]);
      images.close();
    }
    await Deno.writeFile(
      zip,
      encodeZip([{ name: "b.png", bytes: picture(1) }, { name: "a.png", bytes: picture(0, 3, 4) }]),
    );
    assertEquals(LazyImages.open(await listImages(zip)).shape, [2, 3, 4]);
    await Deno.writeTextFile(join(folder, "a", "000.png"), "no picture");
    const files = await listImages(folder);
    assertThrows(() => LazyImages.open(files), SyntaxError, "000.png");
    assertThrows(() => LazyImages.open({ ...files, names: [] }), RangeError, "there is none");
  });
});

Deno.test("LazyImages crops a crop, by the rule of cropCenter()", async () => {
  await withPictures(1, async ({ folder }) => {
    const images = LazyImages.open(await listImages(folder), OPTIONS);
    try {
      const data = await images.read(), whole = { data, height: 12, width: 10 };
      assertEquals(await images.cropCenter(4).cropCenter(2).read(), cropCenter(cropCenter(whole, 8), 4).data);
    } finally {
      images.close();
    }
  });
});

Deno.test("LazyImages decodes what steps look at, and the rest of the steps give what all of them give", async () => {
  await withPictures(1, async ({ folder }) => {
    const images = LazyImages.open(await listImages(folder), OPTIONS);
    const steps = parsePreprocessing([{ op: "grey" }, { op: "cropCenter", size: 5 }, {
      op: "scale",
      factor: 2,
    }]);
    try {
      const { images: seen, applied } = images.seenBy(steps);
      assertEquals([seen.shape, applied], [[1, 5, 5], 2]);
      const whole = { data: await images.read(), shape: [12, 10, 1] },
        part = { data: await seen.read(), shape: [5, 5, 1] };
      const expected = preprocess(steps, whole, { white: 255 });
      assertEquals(preprocess(steps.slice(applied), part, { white: 255 }), expected);
      const blurred = images.seenBy(parsePreprocessing([{ op: "resize", height: 6, width: 6 }, ...steps]));
      assertEquals([blurred.images.shape, blurred.applied], [[1, 12, 10], 0]);
      const large = parsePreprocessing([{ op: "cropCenter", size: 11 }]);
      assertThrows(() => images.seenBy(large), RangeError, "11 × 11 pixels must lie inside the picture");
    } finally {
      images.close();
    }
  });
});

Deno.test("LazyImages decodes no more chunks ahead than it was told", async () => {
  await withPictures(12, async ({ folder }) => {
    const images = LazyImages.open(await listImages(folder), { ...OPTIONS, workers: 1 }).rechunk(1);
    try {
      for (const prefetch of [0, 3]) {
        const chunks = images.chunks({ prefetch });
        await chunks.next();
        // What has not been asked for by now must be: a picture that is gone fails where its chunk is decoded.
        await new Promise((resolve) => setTimeout(resolve, 300));
        const gone = join(folder, "a", `${String(prefetch + 1).padStart(3, "0")}.png`);
        await Deno.rename(gone, `${gone}.away`);
        for (let i = 0; i < prefetch; i++) assertEquals((await chunks.next()).done, false, `chunk ${i + 1}`);
        await assertRejects(() => chunks.next(), Error, gone);
        await Deno.rename(`${gone}.away`, gone);
      }
    } finally {
      images.close();
    }
  });
});

Deno.test("LazyImages describes chunks without reading anything", () => {
  const files = {
    names: ["/no/such/1.png", "/no/such/2.png", "/no/such/3.png"],
    bytes: new Float64Array(3),
    baseLength: 0,
  };
  const images = LazyImages.open(files, OPTIONS).window(60, 130).cropCenter(4).rechunk(2);
  assertEquals([images.shape, images.chunkSizes, images.countWindow], [[3, 8, 8], [2, 1], {
    low: 60,
    high: 130,
  }]);
  assertEquals(images.rechunk(-1).chunkSizes, [3]);
  assertEquals(images.select([2, 0]).names, ["/no/such/3.png", "/no/such/1.png"]);
  assertThrows(() => images.cropCenter(5), RangeError, "Cannot crop 10 × 10 pixels");
  assertThrows(() => images.window(3, 3), RangeError, "low must be below high");
  assertThrows(() => images.rechunk(0), RangeError, "positive integer");
  assertThrows(() => images.select([3]), RangeError, "there are 3");
  assertThrows(
    () => new LazyNumbers(new Float32Array(3)).select([3]),
    RangeError,
    "Cannot select number 3: there are 3",
  );
});

Deno.test("LazyImages decodes the middle of each picture, in order, the same from a zip and from files", async () => {
  await withPictures(37, async ({ folder, zip }) => {
    for (const place of [folder, zip]) {
      const images = LazyImages.open(await listImages(place), OPTIONS).cropCenter(3).rechunk(10);
      try {
        const counts: number[] = [], sizes: number[] = [];
        for await (const { data, shape } of images.chunks({ prefetch: 2 })) {
          counts.push(...data);
          sizes.push(shape[0]);
        }
        assertEquals(sizes, [10, 10, 10, 7]);
        const wanted = Array.from(
          { length: 37 * 36 },
          (_, i) => pixel(Math.floor(i / 36), 3 + Math.floor(i % 36 / 6), 2 + i % 6),
        );
        assertEquals(counts, wanted);
        assertEquals(Array.from(await images.read()), wanted);
        assertEquals(Array.from(await images.read([5, 2])), [
          ...wanted.slice(180, 216),
          ...wanted.slice(72, 108),
        ]);
      } finally {
        images.close();
      }
    }
  });
});

Deno.test("LazyImages windows a chunk on demand as the course's windowing does", async () => {
  await withPictures(1, async ({ folder }) => {
    const images = LazyImages.open(await listImages(folder), OPTIONS).window(60, 130);
    try {
      for await (const chunk of images.chunks()) {
        assertEquals(chunk.window, { low: 60, high: 130 });
        const wanted = Array.from(chunk.data, (v) => Math.min(1, Math.max(0, (v - 60) / 70)));
        assertClose(chunk.toFloat32(), wanted, 1e-7);
      }
    } finally {
      images.close();
    }
  });
  assertEquals(
    applyWindow(Uint8Array.of(0, 60, 95, 130, 255), { low: 60, high: 130 }),
    Float32Array.of(0, 0, 0.5, 1, 1),
  );
  assertEquals(applyWindow(Uint8Array.of(0, 255)), Float32Array.of(0, 255));
});

Deno.test("LazyImages names the picture that cannot be read, and can go on", async () => {
  await withPictures(3, async ({ folder }) => {
    const write = (name: string, bytes: Uint8Array) => Deno.writeFile(join(folder, "a", name), bytes);
    await write("100.png", picture(0).subarray(0, 60));
    await write("101.png", picture(0, 10, 12));
    await write("102.png", encodePng({ data: new Uint16Array(120), height: 12, width: 10 }));
    await write("103.png", encodePng({ data: new Uint8Array(360), height: 12, width: 10, channels: 3 }));
    const images = LazyImages.open(await listImages(folder), { ...OPTIONS, workers: 1 });
    try {
      await assertRejects(() => images.read([3]), SyntaxError, "100.png");
      await assertRejects(() => images.read([4]), TypeError, "it is 10 × 12 of 8-bit grey");
      await assertRejects(() => images.read([5]), TypeError, "16-bit grey");
      await assertRejects(() => images.read([6]), TypeError, "colour type 2");
      assertEquals((await images.read([1])).length, 120);
      await Deno.remove(join(folder, "a", "002.png"));
      await assertRejects(() => images.read([2]), Error, "002.png");
    } finally {
      images.close();
    }
  });
});

Deno.test("LazyImages stops at a signal", async () => {
  await withPictures(6, async ({ folder }) => {
    const images = LazyImages.open(await listImages(folder), OPTIONS), stop = new AbortController();
    try {
      await assertRejects(
        async () => {
          for await (const _ of images.chunks({ signal: stop.signal })) stop.abort(new Error("enough"));
        },
        Error,
        "enough",
      );
    } finally {
      images.close();
    }
  });
});

Deno.test("zipChunks() pairs images with their numbers, chunk by chunk", async () => {
  await withPictures(5, async ({ zip }) => {
    const images = LazyImages.open(await listImages(zip), OPTIONS).rechunk(2);
    const labels = new LazyNumbers(Float32Array.of(1, 0, 1, 0, 1)).rechunk(2);
    const energies = new LazyNumbers(Float32Array.of(3, 6, 9, 12, 15)).scale(1 / 30).rechunk(2);
    try {
      const seen: [number, number[], number[]][] = [];
      for await (const [x, y, e] of zipChunks(images, [labels, energies])) {
        seen.push([x.data[0], [...y], [...e]]);
      }
      assertEquals(seen.map(([first]) => first), [pixel(0, 0, 0), pixel(2, 0, 0), pixel(4, 0, 0)]);
      assertEquals(seen.map(([, y]) => y), [[1, 0], [1, 0], [1]]);
      assertClose(seen.flatMap(([, , e]) => e), [0.1, 0.2, 0.3, 0.4, 0.5], 1e-6);
    } finally {
      images.close();
    }
  });
});

Deno.test("zipChunks() refuses numbers in other chunks than the images", async () => {
  const images = LazyImages.open(
    { names: ["a", "b", "c"], bytes: new Float64Array(3), baseLength: 0 },
    OPTIONS,
  ).rechunk(2);
  const start = (numbers: LazyNumbers) => zipChunks(images, [numbers]).next();
  const numbers = new LazyNumbers(new Float32Array(3));
  await assertRejects(
    () => start(numbers.rechunk(1)),
    RangeError,
    "images have 2 chunks of 2 (3 in all), array 1 has 3 of 1",
  );
  await assertRejects(
    () => start(new LazyNumbers(new Float32Array(4), 2)),
    RangeError,
    "first differ in chunk 2: 1 and 2",
  );
  await assertRejects(() => start(numbers.select([0, 1]).rechunk(2)), RangeError, "(2 in all)");
});

Deno.test("chunkSizes() cuts a length into equal parts and a rest", () => {
  assertEquals([chunkSizes(7, 3), chunkSizes(6, 3), chunkSizes(2, -1), chunkSizes(0, 4)], [
    [3, 3, 1],
    [3, 3],
    [2],
    [],
  ]);
  for (const bad of [0, -2, 1.5]) assertThrows(() => chunkSizes(3, bad), RangeError, `got ${bad}`);
  assert(new LazyNumbers(new Float32Array(4)).rechunk(3).chunkSizes.length === 2);
});
