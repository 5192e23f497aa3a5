import { assert, assertEquals, assertThrows } from "../../assert.ts";
import { testWith } from "../../needs.ts";
import { decodeFits, readFits } from "../../../lib/io/fits.ts";
import { openFile } from "../../../lib/io/formats.ts";
import { encodeGzip } from "../../../lib/io/gzip.ts";
import { pythonFolder } from "./_python.ts";

/** Images packed in every way by astropy, and as astropy reads them. */
const TILES = `
import numpy as np, warnings
from astropy.io import fits
warnings.simplefilter("ignore")
rng = np.random.default_rng(4); y, x = np.mgrid[0:50, 0:61]
smooth = (1000 * np.exp(-((x - 30) ** 2 + (y - 20) ** 2) / 200)).astype("i4") + rng.integers(0, 20, (50, 61)).astype("i4")
real = (smooth + rng.normal(size=smooth.shape)).astype("f4"); holes = real.copy(); holes[3:9, 5:20] = 0; holes[20, 20] = np.nan
wanted = {}
def put(name, data, **how):
  fits.HDUList([fits.PrimaryHDU(), fits.CompImageHDU(data, name="IMG", **how)]).writeto(name + ".fits")
  wanted[name] = fits.getdata(name + ".fits", 1).astype("f8")
for kind in ("RICE_1", "GZIP_1", "GZIP_2", "HCOMPRESS_1", "PLIO_1"):
  for t in ("u1", "i2", "i4", "u2") if kind != "PLIO_1" else ("u1", "i2"):
    data = (smooth % 200).astype("u1") if t == "u1" else smooth.astype(t)
    put(f"{kind}_{t}", data, compression_type=kind)
  if kind != "PLIO_1":
    put(f"{kind}_cube", np.stack([smooth, smooth + 7, smooth * 2]).astype("i2"), compression_type=kind, tile_shape=(1, 23, 61))
    for t in ("f4", "f8"):
      for method in (-1, 1, 2):
        put(f"{kind}_{t}_{method + 1}", holes.astype(t) if kind != "HCOMPRESS_1" else np.nan_to_num(holes).astype(t), compression_type=kind, quantize_method=method, dither_seed=123)
put("odd_tiles", smooth.astype("i2"), compression_type="RICE_1", tile_shape=(7, 13))
put("lossless", holes, compression_type="GZIP_2", quantize_level=0)
put("hcompress_large", np.abs(rng.normal(size=(128, 128)) * 1e6).astype("i4"), compression_type="HCOMPRESS_1")
put("hcompress_scaled", smooth.astype("i4"), compression_type="HCOMPRESS_1", hcomp_scale=4)
put("mask", (rng.random((64, 64)) < 0.2).astype("i2") * rng.integers(1, 5000, (64, 64)).astype("i2"), compression_type="PLIO_1")
np.savez("wanted.npz", **wanted)
`;

testWith(
  "formats",
  "decodeFits() unpacks tiles as astropy does: RICE, GZIP, HCOMPRESS and PLIO, whole and real",
  async (python) => {
    await using folder = await pythonFolder(python, TILES);
    const wanted = await folder.arrays("wanted.npz");
    for (const [name, { data, shape }] of wanted) {
      const [image] = decodeFits(await Deno.readFile(folder.path(`${name}.fits`)), { name });
      assertEquals([image.shape, image.name], [shape, "IMG"], name);
      const values = Float64Array.from(image.data as Float64Array);
      const worst = values.reduce((most, value, i) => {
        const other = Number(data[i]);
        return Object.is(value, other) || value === other ? most : Math.max(most, Math.abs(value - other));
      }, 0);
      // Real values are a scale times a whole number: only the last bit of 32 may differ.
      assert(
        worst <= (/_f4_|lossless/.test(name) ? 1e-4 : /_f8_/.test(name) ? 1e-9 : 0),
        `${name}: ${worst}`,
      );
    }
    assert(wanted.size > 40, String(wanted.size));
  },
);

/** Headers and files as people have them. */
const ODD = `
import numpy as np, gzip
from astropy.io import fits
x = np.arange(-10, 20).reshape(5, 6)
fits.PrimaryHDU(x.astype("i8") * 2**40).writeto("i8.fits")
fits.PrimaryHDU((x + 10).astype("u8") + np.uint64(2**63)).writeto("u8.fits")
fits.PrimaryHDU(x.astype("i1")).writeto("i1.fits")
h = fits.PrimaryHDU(x.astype("i2")); h.header["BSCALE"] = 0.5; h.header["BZERO"] = 3.0
h = fits.PrimaryHDU(x.astype("i2")); h.writeto("plain.fits")
raw = open("plain.fits", "rb").read(); end = raw.index(b"END" + b" " * 77)
def card(text): return text.ljust(80).encode("latin-1")
def with_cards(name, *cards):
  head = raw[:end] + b"".join(map(card, cards)) + card("END")
  open(name, "wb").write(head + b" " * (-len(head) % 2880) + raw[2880:])
with_cards("small_e.fits", "BSCALE  = 5.0e-1 / scale", "BZERO   =               1.0d1", "TELESCOP= 'Obs'  / caf\\xe9 \\t here", "COMMENT \\ttabs and \\xe9")
with_cards("inf.fits", "BSCALE  = INF")
with_cards("text.fits", "BZERO   = 'none'")
table = fits.BinTableHDU.from_columns([fits.Column("COMPRESSED_DATA", "1PB()", array=np.array([np.frombuffer(b"abc", "u1")], dtype=object))])
table.header.update(ZIMAGE=True, ZCMPTYPE="WAVELET", ZBITPIX=16, ZNAXIS=2, ZNAXIS1=4, ZNAXIS2=1)
fits.HDUList([fits.PrimaryHDU(x.astype("f4")), table, fits.ImageHDU(x.astype("u1"), name="SECOND")]).writeto("beside.fits")
fits.HDUList([fits.PrimaryHDU(), table]).writeto("only.fits")
`;

testWith(
  "formats",
  "decodeFits() reads 64 bits, exponents in small letters, accents; says scales that are no numbers",
  async (python) => {
    await using folder = await pythonFolder(python, ODD);
    const read = async (name: string) => decodeFits(await Deno.readFile(folder.path(name)), { name })[0];
    const x = Array.from({ length: 30 }, (_, i) => i - 10);
    assertEquals((await read("i8.fits")).data, BigInt64Array.from(x, (v) => BigInt(v) * 2n ** 40n));
    assertEquals((await read("u8.fits")).data, BigUint64Array.from(x, (v) => BigInt(v + 10) + 2n ** 63n));
    assertEquals((await read("i1.fits")).data, Int16Array.from(x));
    const small = await read("small_e.fits");
    assertEquals(small.data, Float32Array.from(x, (v) => 10 + v / 2));
    assertEquals(small.header.get("TELESCOP"), "Obs");
    const inf = await Deno.readFile(folder.path("inf.fits")),
      text = await Deno.readFile(folder.path("text.fits"));
    assertThrows(() => decodeFits(inf), SyntaxError, 'expected a number as BSCALE, found "INF"');
    assertThrows(() => decodeFits(text), SyntaxError, 'expected a number as BZERO, found "none"');
  },
);

testWith(
  "formats",
  "decodeFits() gives good images beside one that it cannot read, and readFits() says which",
  async (python) => {
    await using folder = await pythonFolder(python, ODD);
    const bytes = await Deno.readFile(folder.path("beside.fits"));
    const { images, faults } = readFits(bytes, { name: "b.fits" });
    assertEquals(images.map(({ name, shape }) => [name, shape]), [["", [5, 6]], ["SECOND", [5, 6]]]);
    assertEquals(faults.length, 1);
    assert(faults[0].message.includes('as tiles packed by "WAVELET" are not read'), faults[0].message);
    const file = await openFile(bytes, { name: "b.fits" });
    assertEquals([file.arrays.length, file.warnings.length], [2, 1]);
    const only = await Deno.readFile(folder.path("only.fits"));
    assertThrows(() => decodeFits(only), TypeError, '"WAVELET" are not read');
  },
);

testWith("formats", "decodeFits() counts what a gzip unpacks to with the values", async (python) => {
  await using folder = await pythonFolder(
    python,
    "import numpy as np\nfrom astropy.io import fits\nfits.PrimaryHDU(np.zeros((1000, 1000), 'i2')).writeto('z.fits')",
  );
  const packed = encodeGzip(await Deno.readFile(folder.path("z.fits")));
  assertThrows(() => decodeFits(packed, { maxBytes: 3_900_000 }), RangeError, "at most");
  assertEquals(decodeFits(packed, { maxBytes: 4_100_000 })[0].shape, [1000, 1000]);
});
