/** The ten mistakes that users make, in every form that a set can have, each made by the Python programs that users have. */
import { readOwnImages } from "../../../../lib/data/own/own_images.ts";
import { assert, assertEquals } from "../../../assert.ts";
import { testWith } from "../../../needs.ts";
import { pythonFolder } from "../../io/_python.ts";

const MISTAKES = `
import csv, h5py, numpy as np, os, tifffile, warnings, zipfile
from astropy.io import fits
from PIL import Image
warnings.simplefilter("ignore")
rng = np.random.default_rng(7)
grey = lambda *shape: rng.integers(0, 255, shape or (12, 10), dtype=np.uint8)
def made(path):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    return path
def png(path, x, mode=None): Image.fromarray(x, mode).save(made(path))
def table(folder, rows):
    with open(made(f"{folder}/labels.csv"), "w", newline="") as f: csv.writer(f).writerows([("file", "label"), *rows])
def hdf5(name, images, labels):
    with h5py.File(name, "w") as f: f["images"], f["labels"] = images, labels
def zipped(name, entries, more=(), folders=()):
    with zipfile.ZipFile(name, "w") as z:
        for folder in folders: z.writestr(folder + "/", "")
        for entry, path in entries: z.write(path, entry)
        for entry, content in more: z.writestr(entry, content)
def link(name):
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, 0o120777 << 16
    return info
def sky(folder, kinds, shape):
    for k in kinds:
        for i in range(2): fits.writeto(made(f"{folder}/{k}/{i}.fits"), rng.normal(size=shape).astype("f4"))

x, halves = grey(6, 12, 10), np.arange(6) % 2
for i in range(8): png(f"pictures/{i}.png", grey())
pets = [(f"pets/{k}/{i}.png", f"pictures/{i + 4 * j}.png") for j, k in enumerate(("cat", "dog")) for i in range(3)]

# 1, one class
zipped("one.zip", [(f"pets/cat/{i}.png", f"pictures/{i}.png") for i in range(3)])
table("one_csv", [(f"{i}.png", "cat") for i in range(3)])
for i in range(3): png(f"one_csv/{i}.png", grey())
np.savez("one.npz", images=x, labels=0 * halves)
np.save(made("one_npy/cat.npy"), x)
hdf5("one.h5", x, 0 * halves)
sky("one_fits", ["cat"], (12, 10))
# 2, an empty folder, or nothing at all
zipped("empty.zip", pets, folders=["pets/fish"])
zipped("nothing.zip", [], folders=["pets"])
table("empty_csv", [])
np.savez("empty.npz", images=x[:0], labels=halves[:0])
hdf5("empty.h5", x[:0], halves[:0])
# 3, mixed sizes
png("big/0.png", grey(20, 30))
zipped("mixed.zip", [*pets, ("pets/dog/big.png", "big/0.png")])
table("mixed_csv", [("0.png", "a"), ("1.png", "b"), ("2.png", "b")])
for i, shape in enumerate(((12, 10), (20, 30), (12, 10))): png(f"mixed_csv/{i}.png", grey(*shape))
np.savez("mixed.npz", cat=x, dog=grey(6, 9, 9))
sky("mixed_fits", ["a"], (12, 10)); sky("mixed_fits", ["b"], (9, 9))
# 4, labels off by one
table("off_csv", [(f"{i}.png", i % 2) for i in range(1, 5)])
for i in range(4): png(f"off_csv/{i}.png", grey())
np.savez("off.npz", images=x, labels=np.arange(7) % 2)
np.savez("from_one.npz", images=x, labels=np.array([1, 2, 3, 1, 2, 3]))
hdf5("off.h5", x, halves[:5])
# 5, 16 bits
for k in "ab":
    for i in range(2):
        deep = rng.integers(0, 4095, (12, 10)).astype(np.uint16)
        png(f"deep/{k}/{i}.png", deep)
        fits.writeto(made(f"deep_fits/{k}/{i}.fits"), deep)
zipped("deep.zip", [(f"{k}/{i}.png", f"deep/{k}/{i}.png") for k in "ab" for i in range(2)])
np.savez("deep.npz", images=x.astype(np.uint16) * 16, labels=halves)
hdf5("deep.h5", x.astype(np.uint16) * 16, halves)
# 6, opacity
for i in range(4): png(f"rgba_csv/{i}.png", grey(12, 10, 4), "RGBA")
table("rgba_csv", [(f"{i}.png", "ab"[i % 2]) for i in range(4)])
np.savez("rgba.npz", images=grey(6, 12, 10, 4), labels=halves)
# 7, the same name or the same image twice
zipped("twice.zip", [*pets, ("pets/dog/again.png", "pictures/4.png")])
zipped("both.zip", [*pets, ("pets/dog/again.png", "pictures/0.png")])
zipped("names.zip", [*pets, ("pets/cat/0.png", "pictures/7.png")])
table("names_csv", [("0.png", "a"), ("1.png", "b"), ("0.png", "b")])
for i in range(2): png(f"names_csv/{i}.png", grey())
# 8, what a Mac leaves behind; 9, a link
litter = [(f"__MACOSX/{os.path.dirname(name)}/._{os.path.basename(name)}", b"\\0\\5\\26\\7") for name, _ in pets]
zipped("mac.zip", pets, [*litter, ("pets/.DS_Store", b"x")])
zipped("link.zip", pets, [(link("pets/dog/link.png"), "../cat/0.png")])
# 10, three pages
sky("cube", "ab", (3, 12, 10))
for k in "ab":
    for i in range(2): tifffile.imwrite(made(f"pages/{k}/{i}.tif"), grey(3, 12, 10), photometric="minisblack")
zipped("pages.zip", [(f"{k}/{i}.tif", f"pages/{k}/{i}.tif") for k in "ab" for i in range(2)])
`;

/** What is said of each place that is refused. */
const REFUSED: Readonly<Record<string, string>> = {
  "one.zip": 'there is one class only: "cat"',
  "one_csv": 'there is one class only: "cat"',
  "one.npz": 'there is one class only: "0"',
  "one_npy": 'images of one class, or without labels: "cat" [6, 12, 10]',
  "one.h5": 'there is one class only: "0"',
  "one_fits": 'there is one class only: "cat"',
  "empty.zip": 'Cannot take "fish" as a class as its folder holds no image',
  "nothing.zip": "as it holds no file",
  "empty_csv": 'table "labels.csv" as it has no rows',
  "empty.npz": "as it holds no image",
  "empty.h5": "as it holds no image",
  "off_csv": 'at row 5 as there is no file "4.png"',
  "off.npz": "there are 6 images and 7 labels",
  "off.h5": "there are 6 images and 5 labels",
  "both.zip": '"cat/0.png" and "dog/again.png" as they are the same image with two labels',
  "names.zip": '"pets/cat/0.png": the name occurs twice',
  "names_csv": 'rows 2 and 4 both label "0.png"',
  "link.zip": '"pets/dog/link.png": links and devices are refused',
  "cube": 'what the axes of "a/0.fits", [3, 12, 10], are: say --axes',
  "pages": '"a/0.tif" as one image as it has 3 pages: say --axes nhw',
  "pages.zip": '"a/0.tif" as one image as it has 3 pages: say --axes nhw',
};

/** What is taken, by the shapes of the images, their type and the classes of all. */
const TAKEN: Readonly<Record<string, [shapes: string, type: string, values: string]>> = {
  "mixed.zip": ["12,10,1 20,30,1", "8-bit", "0001111"],
  "mixed_csv": ["12,10,1 20,30,1", "8-bit", "011"],
  "mixed.npz": ["12,10,1 9,9,1", "8-bit", "000000111111"],
  "mixed_fits": ["12,10,1 9,9,1", "float", "0011"],
  "from_one.npz": ["12,10,1", "8-bit", "012012"],
  "deep": ["12,10,1", "16-bit", "0011"],
  "deep.zip": ["12,10,1", "16-bit", "0011"],
  "deep.npz": ["12,10,1", "16-bit", "010101"],
  "deep.h5": ["12,10,1", "16-bit", "010101"],
  "deep_fits": ["12,10,1", "16-bit", "0011"],
  "rgba_csv": ["12,10,4", "8-bit", "0101"],
  "rgba.npz": ["12,10,4", "8-bit", "010101"],
  "twice.zip": ["12,10,1", "8-bit", "000111"],
  "mac.zip": ["12,10,1", "8-bit", "000111"],
};

testWith(
  ["formats", "keras"],
  "ten mistakes in zip, table, .npy, .npz, HDF5 and FITS are refused in one line, or taken as they are meant",
  async (python) => {
    await using folder = await pythonFolder(python, MISTAKES);
    for (const [place, words] of Object.entries(REFUSED)) {
      const error = await readOwnImages(folder.path(place)).then(
        (set) => set.close(),
        (reason: Error) => reason,
      );
      assert(error instanceof Error, `${place} was taken`);
      assert(error.message.includes(words) && !error.message.includes("\n"), `${place}: ${error.message}`);
    }
    for (const [place, wanted] of Object.entries(TAKEN)) {
      const set = await readOwnImages(folder.path(place));
      const shapes = [...new Set(set.looks.map(({ shape }) => shape.join()))].join(" ");
      const found: typeof wanted = [shapes, set.looks[0].type, [...set.labels.values].join("")];
      set.close();
      assertEquals(found, wanted, place);
    }
  },
);
