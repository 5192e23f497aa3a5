import { decodeFitsTable } from "../../../lib/io/fits_table.ts";
import { encodeFits } from "../../../lib/io/fits.ts";
import { encodeGzip } from "../../../lib/io/gzip.ts";
import { assert, assertEquals, assertThrows } from "../../assert.ts";
import { testWith } from "../../needs.ts";
import { pythonFolder } from "./_python.ts";

/** A table with a column of every form, behind an image, as astropy writes it. */
const TABLE = `
import numpy as np
from astropy.io import fits
C = fits.Column
columns = [
  C("file", "12A", array=["a.fits", "b b.fits", ""]), C("ok", "L", array=[True, False, True]),
  C("byte", "B", array=np.array([0, 7, 255], "u1")), C("short", "I", null=-9, array=np.array([-9, 1, 2], "i2")),
  C("unsigned", "I", bzero=32768, array=np.array([0, 40000, 65535], "u2")), C("int", "J", array=np.array([-2**31, 0, 5], "i4")),
  C("long", "K", array=np.array([2**40, -1, 3], "i8")), C("real", "E", unit="mag", array=np.array([1.5, np.nan, -2], "f4")),
  C("double", "D", array=np.array([.1, 1e300, -0.]), ), C("three", "3E", array=np.zeros((3, 3), "f4")),
  C("many", "PJ()", array=np.array([np.array([1]), np.array([1, 2]), np.array([], "i4")], dtype=object)),
  C("id", "K", array=np.array([2**53 + 1, -2**63, 7], "i8")),
  C("wide", "K", bzero=2**63, array=np.array([0, 2**64 - 1, 2**53], "u8")),
  C("last", "J", array=np.array([1, 2, 3], "i4")),
]
fits.HDUList([fits.PrimaryHDU(np.zeros((3, 5), "f4")), fits.BinTableHDU.from_columns(columns, name="SOURCES")]).writeto("t.fits")
`;

testWith(
  "formats",
  "decodeFitsTable() reads columns as astropy writes them, plain or in a gzip",
  async (python) => {
    await using folder = await pythonFolder(python, TABLE);
    const bytes = await Deno.readFile(folder.path("t.fits"));
    for (const file of [bytes, encodeGzip(bytes)]) {
      const { name, rows, columns, leftOut } = decodeFitsTable(file, { name: "t.fits" })!;
      assertEquals([name, rows, leftOut], ["SOURCES", 3, ["three", "many"]]);
      const values = Object.fromEntries(columns.map(({ name, values }) => [name, values]));
      assertEquals(values, {
        file: ["a.fits", "b b.fits", ""],
        ok: [true, false, true],
        byte: [0, 7, 255],
        short: [NaN, 1, 2],
        unsigned: [0, 40000, 65535],
        int: [-(2 ** 31), 0, 5],
        long: [2 ** 40, -1, 3],
        real: [1.5, NaN, -2],
        double: [0.1, 1e300, 0],
        id: [2n ** 53n + 1n, -(2n ** 63n), 7],
        wide: [0, 2n ** 64n - 1n, 2n ** 53n],
        last: [1, 2, 3],
      });
      assertEquals(columns.find(({ name }) => name === "real")!.unit, "mag");
    }
    const short = bytes.subarray(0, bytes.length - 2880);
    assertThrows(
      () => decodeFitsTable(short, { name: "t.fits" }),
      SyntaxError,
      'Cannot decode FITS "t.fits" at byte',
    );
  },
);

Deno.test("decodeFitsTable() finds none in a file of images, and refuses what is no FITS", () => {
  assert(decodeFitsTable(encodeFits([{ data: Float32Array.of(1, 2), shape: [1, 2] }])) === undefined);
  assertThrows(() => decodeFitsTable(Uint8Array.of(1, 2, 3)), SyntaxError, 'expected "SIMPLE  ="');
});
