import { assert, assertEquals, assertThrows } from "../../assert.ts";
import { testWith } from "../../needs.ts";
import { openFile } from "../../../lib/io/formats.ts";
import { decodeJpeg } from "../../../lib/io/jpeg.ts";
import { decodeTiff } from "../../../lib/io/tiff.ts";
import { pythonFolder } from "./_python.ts";

/** TIFFs of the kinds that cameras, telescopes and microscopes write, by tifffile; and what each holds. */
const TIFFS = `
import tifffile, numpy as np
from PIL import Image
rng = np.random.default_rng(2); wanted = {}
def put(name, x, want=None, **how):
  tifffile.imwrite(name + ".tif", x, **how); wanted[name] = x if want is None else want
grey = rng.integers(0, 256, (37, 45)).astype("u1"); wide = rng.integers(0, 65536, (37, 45)).astype("u2")
real = rng.normal(size=(37, 45)).astype("f4"); rgb = rng.integers(0, 256, (37, 45, 3)).astype("u1")
for big in (False, True):
  b = "big_" if big else ""
  for order in "<>":
    o = "le_" if order == "<" else "be_"
    for c in (None, "zlib", "lzw", "packbits", "zstd"):
      put(f"{b}{o}{c}_u2", wide, bigtiff=big, byteorder=order, compression=c)
      put(f"{b}{o}{c}_f4_tiles", real, bigtiff=big, byteorder=order, compression=c, tile=(16, 16))
for t in ("u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8"):
  x = (rng.integers(-100, 100, (37, 45)) if t[0] != "u" else rng.integers(0, 200, (37, 45))).astype(t)
  put(f"type_{t}", x)
  if t not in ("i1",): put(f"difference_{t}", x, compression="zlib", predictor=2 if t[0] != "f" else 3)
for t in ("f4", "f8"): # which tifffile reads and does not write
  put(f"horizontal_{t}", real.astype(t).view("i" + t[1]), real.astype(t), compression="zlib", predictor=2)
  with tifffile.TiffFile(f"horizontal_{t}.tif", mode="r+b") as f: f.pages[0].tags["SampleFormat"].overwrite(3)
large = np.arange(37 * 45).reshape(37, 45) + 2**24; np.savez("large.npz", large=large)
for t in ("u4", "i4", "u8", "i8"): # which 32-bit floats keep a half of
  tifffile.imwrite(f"large_{t}.tif", large.astype(t) if t[1] == "4" else large.astype(t) * 2**32 + 1, photometric="miniswhite" if t == "u4" else None)
for bits in (10, 12, 14): put(f"packed_{bits}", (wide >> (16 - bits)).astype("u2"), bitspersample=bits, compression=None, photometric="minisblack")
put("rgb_zstd_planes", np.moveaxis(rgb, 2, 0), rgb, photometric="rgb", planarconfig="separate", compression="zstd")
put("no_counts", grey, rowsperstrip=8)
for name in ("no_counts",):
  with tifffile.TiffFile(name + ".tif", mode="r+b") as t: t.pages[0].tags["StripByteCounts"].overwrite([0] * 5)
for name, x in (("fill_order_u1", grey), ("fill_order_u2", wide)): # Pillow writes the tag and leaves the bits to us
  flipped = np.frombuffer(bytes(int(f"{v:08b}"[::-1], 2) for v in x.tobytes()), x.dtype).reshape(x.shape)
  Image.fromarray(flipped).save(name + ".tif", tiffinfo={266: 2}); wanted[name] = x
stack = rng.integers(0, 4000, (5, 9, 11)).astype("u2")
tifffile.imwrite("stack.tif", stack, photometric="minisblack"); wanted["stack"] = stack
with tifffile.TiffWriter("pyramid.tif") as t:
  t.write(grey, photometric="minisblack"); t.write(grey[::2, ::2], subfiletype=1, photometric="minisblack")
wanted["pyramid"] = grey
np.savez("wanted.npz", **{k: np.asarray(v).astype("f8") for k, v in wanted.items()})
print(len(wanted))
`;

testWith(
  "formats",
  "decodeTiff() reads what tifffile writes: BigTIFF, every depth, packing and predictor",
  async (python) => {
    await using folder = await pythonFolder(python, TIFFS);
    const wanted = await folder.arrays("wanted.npz");
    let count = 0;
    for (const [name, { data, shape }] of wanted) {
      if (name === "stack" || name === "pyramid") continue;
      const image = decodeTiff(await Deno.readFile(folder.path(`${name}.tif`)), { name });
      assertEquals([image.height, image.width, image.channels], [shape[0], shape[1], shape[2] ?? 1], name);
      // 64-bit numbers become 32-bit floating point, as pictures are kept.
      const rounded = image.depth === 32 ? Float32Array.from(data as Float64Array) : data;
      assertEquals(Float64Array.from(image.data), Float64Array.from(rounded as Float64Array), name);
      if (name.startsWith("packed")) assertEquals(image.white, 2 ** Number(name.slice(7)) - 1, name);
      count++;
    }
    assertEquals(count, 40 + 11 + 10 + 2 + 3 + 1 + 1 + 2);
    const large = Array.from((await folder.arrays("large.npz")).get("large")!.data as BigInt64Array, Number);
    const wide = large.map((value) => BigInt(value) * 2n ** 32n + 1n);
    const exact = {
      u4: Uint32Array.from(large, (value) => 2 ** 32 - 1 - value), // white is zero
      i4: Int32Array.from(large),
      u8: BigUint64Array.from(wide),
      i8: BigInt64Array.from(wide),
    };
    for (const [dtype, values] of Object.entries(exact)) {
      const path = folder.path(`large_${dtype}.tif`);
      const [array] = (await openFile(path)).arrays;
      assertEquals([array.dtype, (await array.read()).data], [dtype, values]);
      const { warnings } = decodeTiff(await Deno.readFile(path));
      assert(/ whole numbers beyond 2²⁴ are kept as the nearest 32-bit floats$/.test(warnings![0]), dtype);
    }
  },
);

testWith("formats", "openFile() gives all pages of a stack, and a pyramid's largest", async (python) => {
  await using folder = await pythonFolder(python, TIFFS);
  const wanted = await folder.arrays("wanted.npz");
  const stack = await openFile(folder.path("stack.tif"));
  assertEquals(
    stack.arrays.map(({ name, shape, dtype }) => [name, shape, dtype]),
    [0, 1, 2, 3, 4].map((page) => [String(page), [9, 11, 1], "u2"]),
  );
  const pages = await Promise.all(stack.arrays.map((page) => page.read()));
  assertEquals(
    Float64Array.from(pages.flatMap(({ data }) => Array.from(data as Uint16Array))),
    wanted.get("stack")!.data,
  );
  const pyramid = await openFile(folder.path("pyramid.tif"), { name: "pyramid.tif" });
  assertEquals(pyramid.arrays.map(({ shape }) => shape), [[37, 45, 1]]);
  assertEquals(pyramid.warnings, ['1 smaller copies of pages of "pyramid.tif" were left out']);
});

/** JPEGs as Pillow and imagecodecs write them, and as Pillow reads them. */
const JPEGS = `
import numpy as np, imagecodecs, tifffile
from PIL import Image
y, x = np.mgrid[0:48, 0:64]
rgb = np.stack([x * 4, y * 5, 255 - x * 3], -1).clip(0, 255).astype("u1")
picture = Image.fromarray(rgb)
picture.save("ycbcr.jpg", quality=95); picture.save("rgb.jpg", quality=95, keep_rgb=True); picture.save("progressive.jpg", quality=90, progressive=True)
picture.save("full.jpg", quality=95, subsampling=0); picture.convert("L").save("grey.jpg", quality=95)
raw = open("rgb.jpg", "rb").read(); at = raw.find(b"Adobe")
if at > 0: open("rgb_named.jpg", "wb").write(raw[:at - 4] + raw[at - 4 + 2 + int.from_bytes(raw[at - 2:at], "big"):])
else: open("rgb_named.jpg", "wb").write(raw)
open("twelve.jpg", "wb").write(imagecodecs.jpeg_encode((x * 60).astype("u2"), bitspersample=12))
names = ["ycbcr", "rgb", "rgb_named", "progressive", "full", "grey"]
wanted = {n: np.asarray(Image.open(n + ".jpg")).astype("f8") for n in names}
tifffile.imwrite("jpeg_rgb.tif", rgb, photometric="rgb", compression="jpeg", compressionargs=dict(level=95), rowsperstrip=16)
tifffile.imwrite("jpeg_ycbcr.tif", rgb, photometric="ycbcr", compression="jpeg", compressionargs=dict(level=95), tile=(32, 32))
tifffile.imwrite("jpeg_grey.tif", rgb[..., 0], photometric="minisblack", compression="jpeg", compressionargs=dict(level=95))
picture.save("libtiff.tif", compression="jpeg", quality=95)
for n in ("jpeg_rgb", "jpeg_ycbcr", "jpeg_grey", "libtiff"): wanted[n] = tifffile.imread(n + ".tif").astype("f8")
np.savez("wanted.npz", **wanted)
`;

testWith(
  "formats",
  "decodeJpeg() takes colours as the file means them, in a TIFF too, and says what it does not read",
  async (python) => {
    await using folder = await pythonFolder(python, JPEGS);
    for (const [name, { data, shape }] of await folder.arrays("wanted.npz")) {
      const isTiff = name.startsWith("jpeg_") || name === "libtiff";
      const bytes = await Deno.readFile(folder.path(isTiff ? `${name}.tif` : `${name}.jpg`));
      const image = isTiff ? decodeTiff(bytes, { name }) : decodeJpeg(bytes, { name });
      assertEquals([image.height, image.width, image.channels], [shape[0], shape[1], shape[2] ?? 1], name);
      let most = 0, sum = 0;
      image.data.forEach((value, i) => {
        const miss = Math.abs(value - Number(data[i]));
        most = Math.max(most, miss);
        sum += miss;
      });
      // Decoders round differently, and some smooth colours that were kept at half the resolution.
      // At a tile's edge they differ as much as the padding beside it does.
      const edges = name === "jpeg_ycbcr", halved = ["ycbcr", "progressive", "libtiff"].includes(name);
      const close = most <= (edges ? 128 : halved ? 16 : 6) && sum / data.length < (edges ? 4 : 2);
      assert(close, `${name}: ${most}, ${sum / data.length}`);
    }
    const twelve = await Deno.readFile(folder.path("twelve.jpg"));
    assertThrows(
      () => decodeJpeg(twelve, { name: "t.jpg" }),
      TypeError,
      '"t.jpg" as 12 bits a sample are not read, only 8',
    );
  },
);
