/** Sets as other programs write them: Pillow, NumPy, h5py, tifffile, astropy; and the mistakes that users make. */
import { join } from "@std/path";
import { readOwnImages } from "../../../../lib/data/own/own_images.ts";
import { assert, assertEquals, assertRejects } from "../../../assert.ts";
import { withFolder } from "../../../folder.ts";
import { encodeNpy } from "../../../../lib/io/npy.ts";
import { encodePng } from "../../../../lib/io/png.ts";
import { testWith } from "../../../needs.ts";
import { pythonFolder } from "../../io/_python.ts";

/** A grey PNG whose pixels tell it from all others. */
function png(value: number, side = 8): Uint8Array {
  const data = Uint8Array.from({ length: side * side }, (_, i) => (value * 7 + i * (value % 5 + 1)) % 256);
  return encodePng({ data, height: side, width: side });
}

/** Writes files by path. */
async function write(folder: string, files: Record<string, Uint8Array | string>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await Deno.mkdir(join(folder, path, ".."), { recursive: true });
    if (typeof content === "string") await Deno.writeTextFile(join(folder, path), content);
    else await Deno.writeFile(join(folder, path), content);
  }
}

async function withFiles(
  files: Record<string, Uint8Array | string>,
  test: (folder: string) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    await write(folder, files);
    await test(folder);
  });
}

/** What a set is, for comparison. */
async function summary(place: string, options: Parameters<typeof readOwnImages>[1] = {}) {
  const set = await readOwnImages(place, options);
  try {
    const { labels, looks } = set;
    return {
      form: set.form,
      names: "names" in labels ? labels.names : undefined,
      values: [...labels.values],
      shape: looks[0].shape,
      type: looks[0].type,
      notes: set.notes,
    };
  } finally {
    set.close();
  }
}

const TWO_CLASSES = { "cat/1.png": png(1), "cat/2.png": png(2), "dog/1.png": png(3), "dog/2.png": png(4) };

Deno.test("readOwnImages() takes a folder a class, whose files may have the same names", () =>
  withFiles(TWO_CLASSES, async (folder) => {
    assertEquals(await summary(folder), {
      form: "a folder a class",
      names: ["cat", "dog"],
      values: [0, 0, 1, 1],
      shape: [8, 8, 1],
      type: "8-bit",
      notes: [],
    });
  }));

Deno.test("readOwnImages() respects folders of parts, and refuses to guess where only some are parts", async () => {
  const files = Object.fromEntries(
    Object.entries(TWO_CLASSES).map(([path, bytes]) => [`train/${path}`, bytes]),
  );
  await withFiles({ ...files, "test/cat/9.png": png(9), "val/dog/8.png": png(8) }, async (folder) => {
    const { parts, close } = await readOwnImages(folder);
    assertEquals(parts, ["test", "train", "train", "train", "train", "validation"]);
    close();
  });
  await withFiles({ ...TWO_CLASSES, "test/1.png": png(9) }, async (folder) => {
    await assertRejects(() => readOwnImages(folder), TypeError, '"test" is a part\'s name, "cat" is not');
  });
});

Deno.test("readOwnImages() reads a labels.csv: names with and without folders and endings, parts, several columns", async () => {
  const table = "file,split,label\nin/1.png,train,a\n2,test,b\n3.png,train,b\n";
  const files = { "in/1.png": png(1), "in/2.png": png(2), "in/3.png": png(3) };
  await withFiles({ ...files, "labels.csv": table }, async (folder) => {
    const { form, names, values } = await summary(folder);
    assertEquals([form, names, values], ['files with labels in "labels.csv"', ["a", "b"], [0, 1, 1]]);
    const { parts } = await readOwnImages(folder);
    assertEquals(parts, ["train", "test", "train"]);
  });
  await withFiles(
    { ...files, "labels.csv": "file,energy,kind\n1,1.5,a\n2,2.5,b\n3,4,a\n" },
    async (folder) => {
      await assertRejects(() => readOwnImages(folder), TypeError, "say --column energy, or --column kind");
      assertEquals((await summary(folder, { column: "energy" })).values, [1.5, 2.5, 4]);
    },
  );
});

Deno.test("readOwnImages() names the row of a table that is wrong", async () => {
  const cases: [string, string][] = [
    ["file,label\n1.png,a\nnot.png,b\n", 'at row 3 as there is no file "not.png"'],
    [
      "file,label\na/1.png,a\n1.png,b\n",
      'at row 3 as "1.png" can be "a/1.png" or "b/1.png": give the folder too',
    ],
    ["file,label\na/1.png,a\na/1,b\n", 'rows 2 and 3 both label "a/1.png"'],
    ["file,label,split\na/1.png,a,trian\n", '"trian" is no part of a set'],
    ["file\na/1.png\n", "has no column of labels"],
  ];
  for (const [table, words] of cases) {
    const files = { "a/1.png": png(1), "b/1.png": png(2), "labels.csv": table };
    if (table.includes("not.png")) delete (files as Record<string, unknown>)["b/1.png"];
    await withFiles(files, async (folder) => {
      await assertRejects(() => readOwnImages(folder), Error, words);
    });
  }
});

Deno.test("readOwnImages() takes labels.csv before other tables, the only table, or the one that is named", async () => {
  const images = { "1.png": png(1), "2.png": png(2), "3.png": png(3), "4.png": png(4) };
  const table = (first: string, second: string) =>
    `file,label\n1.png,${first}\n2.png,${first}\n3.png,${second}\n4.png,${second}\n`;
  const names = async (folder: string, labels?: string) => (await summary(folder, { labels })).names;
  await withFiles({ ...images, "a.csv": table("a", "b") }, async (folder) => {
    assertEquals(await names(folder), ["a", "b"]);
    await write(folder, { "c.tsv": table("c", "d").replaceAll(",", "\t") });
    await assertRejects(
      () => names(folder),
      TypeError,
      'which of "a.csv", "c.tsv" holds the labels: say --labels FILE',
    );
    assertEquals(await names(folder, "c.tsv"), ["c", "d"]);
    await assertRejects(() => names(folder, "e.csv"), RangeError, "holds no such file");
    await write(folder, { "labels.csv": table("e", "f") });
    assertEquals(await names(folder), ["e", "f"]);
  });
});

Deno.test("readOwnImages() takes an image of a file of many by its index, from 0", async () => {
  const stack = encodeNpy({
    data: Uint8Array.from({ length: 4 * 64 }, (_, i) => (i * i) >> 3),
    shape: [4, 8, 8],
  });
  const rows = ["a,0", "a,1", "b,2", "b,3"].map((row) => `s.npy,${row}`);
  const withRows = (rows: string[], test: (folder: string) => Promise<void>) =>
    withFiles({ "s.npy": stack, "labels.csv": ["file,label,index", ...rows].join("\n") + "\n" }, test);
  await withRows(rows, async (folder) => {
    const { values, shape } = await summary(folder);
    assertEquals([values, shape.slice(0, 2)], [[0, 0, 1, 1], [8, 8]]);
  });
  for (const bad of ["4", "-1", "1.5", "x", ""]) {
    await withRows([...rows, `s.npy,b,${bad}`], async (folder) => {
      await assertRejects(() => summary(folder), RangeError, `has no image ${bad}`);
    });
  }
});

Deno.test("mistake 1, one class: it is named, also where it is the whole place", async () => {
  await withFiles({ "set/cat/1.png": png(1), "set/cat/2.png": png(2) }, async (folder) => {
    await assertRejects(() => readOwnImages(folder), RangeError, 'there is one class only: "cat"');
  });
  await withFiles({ "1.png": png(1), "2.png": png(2) }, async (folder) => {
    await assertRejects(
      () => readOwnImages(folder),
      TypeError,
      "put them into a folder a class, or add labels.csv",
    );
  });
});

Deno.test("mistake 2, an empty folder: as a class, as the place, with notes instead of images", async () => {
  await withFiles(TWO_CLASSES, async (folder) => {
    await Deno.mkdir(join(folder, "fish"));
    await assertRejects(() => readOwnImages(folder), RangeError, 'Cannot take "fish" as a class');
    await write(folder, { "fish/notes.txt": "none yet" });
    await assertRejects(() => readOwnImages(folder), RangeError, 'Cannot take "fish" as a class');
  });
  await withFolder(async (folder) => {
    await assertRejects(() => readOwnImages(folder), RangeError, "as it holds no file");
    await assertRejects(
      () => readOwnImages(join(folder, "no")),
      Deno.errors.NotFound,
      "no such file or folder",
    );
  });
});

Deno.test("mistake 7, duplicates: the same image twice counts once, and with two labels is refused", async () => {
  await withFiles({ ...TWO_CLASSES, "dog/again.png": png(4) }, async (folder) => {
    const { values, notes } = await summary(folder);
    assertEquals(values, [0, 0, 1, 1]);
    assert(
      notes[0].startsWith('one image that is there twice was left out: "dog/again.png" is "dog/2.png"'),
      notes[0],
    );
  });
  await withFiles({ ...TWO_CLASSES, "dog/3.png": png(1) }, async (folder) => {
    await assertRejects(
      () => readOwnImages(folder),
      RangeError,
      '"cat/1.png" and "dog/3.png" as they are the same image with two labels',
    );
  });
});

Deno.test("mistake 8, what systems leave behind is passed over, and a damaged image is named", async () => {
  const litter = {
    "__MACOSX/cat/._1.png": "x",
    "cat/._1.png": "x",
    "dog/.DS_Store": "x",
    "cat/Thumbs.db": "x",
    "notes.txt": "mine",
  };
  await withFiles({ ...TWO_CLASSES, ...litter }, async (folder) => {
    const { names, values, notes } = await summary(folder);
    assertEquals([names, values.length], [["cat", "dog"], 4]);
    assertEquals(notes, ['one file that is no image was passed over: "notes.txt"']);
  });
  await withFiles({ ...TWO_CLASSES, "cat/3.png": png(5).subarray(0, 60) }, async (folder) => {
    await assertRejects(() => readOwnImages(folder), SyntaxError, '"cat/3.png"');
  });
});

Deno.test("mistake 9, symbolic links: followed, but not back to a folder that they lie in", () =>
  withFiles({ ...TWO_CLASSES, "other/5.png": png(5) }, async (folder) => {
    await withFolder(async (set) => {
      await Deno.symlink(join(folder, "cat"), join(set, "cat"));
      await Deno.mkdir(join(set, "dog"));
      await Deno.symlink(join(folder, "dog/1.png"), join(set, "dog/one.png"));
      await Deno.symlink(set, join(set, "dog/round"));
      assertEquals((await summary(set)).values, [0, 0, 1]);
      await Deno.symlink(join(folder, "gone.png"), join(set, "dog/gone.png"));
      await assertRejects(() => readOwnImages(set), Deno.errors.NotFound, "gone.png");
    });
  }));

const ARRAYS = `
import numpy as np, h5py, tifffile, zipfile, os
from astropy.io import fits
from PIL import Image
rng = np.random.default_rng(3)
x = rng.integers(0, 255, (6, 12, 10), dtype=np.uint8)
y = np.array([1, 2, 1, 2, 2, 1])
np.savez("pairs.npz", images=x, labels=y)
np.savez("parts.npz", x_train=x[:4], y_train=y[:4], x_test=x[4:], y_test=y[4:])
np.savez("classes.npz", cat=x[:4], dog=x[4:])
np.savez("short.npz", images=x, labels=y[:5])
np.savez("hot.npz", images=x, labels=np.eye(2, dtype=np.float32)[y - 1])
os.makedirs("arrays", exist_ok=True)
np.save("arrays/cat.npy", x[:4].astype(np.float32) / 3)
np.save("arrays/dog.npy", x[4:].astype(np.float32) / 3)
with h5py.File("set.h5", "w") as f:
    f.create_dataset("events/frames_raw", data=rng.normal(size=(6, 12, 10, 2)).astype(np.float32))
    f.create_dataset("events/energy", data=np.linspace(1, 2, 6))
    f.create_dataset("events/other", data=np.arange(6))
os.makedirs("stacks", exist_ok=True)
tifffile.imwrite("stacks/cat.tif", x[:4].astype(np.uint16) * 16, photometric="minisblack")
tifffile.imwrite("stacks/dog.tif", x[4:].astype(np.uint16) * 16, photometric="minisblack")
for k in ("cat", "dog"):
    os.makedirs(f"pages/{k}", exist_ok=True)
    os.makedirs(f"sky/{k}", exist_ok=True)
    os.makedirs(f"deep/{k}", exist_ok=True)
    for i in range(2):
        tifffile.imwrite(f"pages/{k}/{i}.tif", rng.integers(0, 255, (3, 12, 10), dtype=np.uint8), photometric="minisblack")
        fits.writeto(f"sky/{k}/{i}.fits", rng.normal(size=(12, 10)).astype(">f4"))
        rgba = rng.integers(0, 255, (12, 10, 4), dtype=np.uint8)
        Image.fromarray(rgba, "RGBA").save(f"deep/{k}/{i}.png")
with zipfile.ZipFile("pets.zip", "w") as z:
    z.writestr("__MACOSX/pets/cat/._0.png", "x")
    for k in ("cat", "dog"):
        for i in range(2):
            z.write(f"deep/{k}/{i}.png", f"pets/{k}/{i}.png")
`;

testWith(
  ["formats", "keras"],
  "readOwnImages() reads what NumPy, h5py, tifffile, astropy and Pillow write",
  async (python) => {
    await using folder = await pythonFolder(python, ARRAYS);
    const at = (name: string, options = {}) => summary(folder.path(name), options);
    const pairs = await at("pairs.npz");
    assertEquals([pairs.form, pairs.names, pairs.values, pairs.shape], [
      "an array of images and one of labels",
      ["1", "2"],
      [0, 1, 0, 1, 1, 0],
      [12, 10, 1],
    ]);
    assertEquals((await at("hot.npz")).values, pairs.values);
    assertEquals((await at("parts.npz")).form, "2 pairs of arrays");
    const classes = await at("classes.npz");
    assertEquals([classes.names, classes.values], [["cat", "dog"], [0, 0, 0, 0, 1, 1]]);
    const arrays = await at("arrays");
    assertEquals([arrays.names, arrays.values, arrays.type], [["cat", "dog"], classes.values, "float"]);
    const stacks = await at("stacks");
    assertEquals([stacks.values, stacks.type, stacks.shape], [classes.values, "16-bit", [12, 10, 1]]);
    const named = await at("set.h5", { images: "events/frames_raw", labels: "events/energy" });
    assertEquals([named.shape, named.type], [[12, 10, 2], "float"]);
    assertEquals(named.values.map((value) => Number(value.toFixed(4))), [1, 1.2, 1.4, 1.6, 1.8, 2]);
    const sky = await at("sky");
    assertEquals([sky.names, sky.shape, sky.type], [["cat", "dog"], [12, 10, 1], "float"]);
    const pets = await at("pets.zip");
    assertEquals([pets.names, pets.values, pets.shape, pets.notes], [["cat", "dog"], [0, 0, 1, 1], [
      12,
      10,
      4,
    ], []]);
  },
);

testWith(
  ["formats", "keras"],
  "readOwnImages() refuses arrays and stacks that can be two things, and says what to say",
  async (python) => {
    await using folder = await pythonFolder(python, ARRAYS);
    const refused = async (name: string, words: string, options = {}) => {
      await assertRejects(() => readOwnImages(folder.path(name), options), Error, words);
    };
    // Mistake 4, labels off by one: one label too few.
    await refused("short.npz", 'Cannot pair "images" with "labels" as there are 6 images and 5 labels');
    await refused("set.h5", "say --images NAME --labels NAME");
    await refused("set.h5", '(nearest: "events/energy")', {
      images: "events/frames_raw",
      labels: "events/energi",
    });
    await refused("set.h5", "both are needed", { images: "events/frames_raw" });
    // Mistake 10, a 3-page TIFF.
    await refused("pages", "it has 3 pages: say --axes nhw");
    await refused("stacks/cat.tif", "holds images without labels");
    await refused("pages", "must be n (examples)", { axes: "xyz" });
    const shapes = await Promise.all(["nhw", "dhw", "chw"].map(async (axes) => {
      const set = await summary(folder.path("pages"), { axes });
      return [set.values.length, set.shape];
    }));
    assertEquals(shapes, [[12, [12, 10, 1]], [4, [3, 12, 10, 1]], [4, [12, 10, 3]]]);
  },
);

testWith("formats", "readOwnImages() gives the values that Python has, bands last", async (python) => {
  await using folder = await pythonFolder(
    python,
    `
import numpy as np
x = np.arange(4 * 2 * 9 * 11, dtype=np.float64).reshape(4, 2, 9, 11)
np.savez("bands.npz", x=x, y=np.array([0, 1, 0, 1]))
np.savez("want.npz", last=np.moveaxis(x, 1, -1)[3].astype(np.float32))
`,
  );
  await assertRejects(
    () => readOwnImages(folder.path("bands.npz")),
    TypeError,
    "say --axes nhwc or nchw or ndhw",
  );
  const set = await readOwnImages(folder.path("bands.npz"), { axes: "nchw" });
  const { data, shape } = await set.images[3].read();
  const last = (await folder.arrays("want.npz")).get("last")!;
  assertEquals([shape, data], [last.shape, last.data as Float32Array]);
});
