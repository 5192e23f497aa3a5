import { assert, assertClose, assertEquals, assertThrows } from "../../assert.ts";
import { decodeFits, encodeFits, fitsPicture, type FitsValues } from "../../../lib/io/fits.ts";
import { decodeGzip, encodeGzip } from "../../../lib/io/gzip.ts";
import { base64, joined, patched, text } from "./_bytes.ts";

// Written by astropy 8.0.2, gzip-packed because headers are mostly spaces; x = np.arange(6).reshape(2, 3)
const ASTROPY = {
  // u1 x · i2 x - 3 · u2 10000·x · i4 -100000·x · f4 x / 4 · f8 x / 3: fits.PrimaryHDU(…).writeto(f)
  // scaled: i2 x with BSCALE 0.5, BZERO 100, BLANK 4
  // multi: an empty primary array with cards; a binary table; f4 np.arange(24).reshape(2, 3, 4) "SCI"; u1 [[7, 8]] "MASK"
  // comp: fits.CompImageHDU
  u1:
    "H4sIAAAAAAACA+3RvQrCMADE8fr1HvcGYl1cHJRWCGgpNEPXaFvo0ESSOPTtrYJbgxYc7/cAfw6uEJf8nAJ7jJBY42Z0Y2zn4A1OQhZwXulK2QqjjkLmogz0dkNPWat6VMor+P5e44vsUIoCgV489PSju9YWpvmU267WrjXahXubQG+Lyd69OLhvsrSUaZYE/5jee8WIiIiI6G+i2XyxXEVERERERPSDJ4ei7W2AFgAA",
  i2:
    "H4sIAAAAAAACA+3RsQrCMACE4eiT3BtIFdwcFCsEtBTaoWu0LXRoIkkd+vAaq+DWKAXH+x7g5+AyeUqPMbDBiBwLXIyujW0dOoODzDO4TulS2RKjdjJPZTHei9ZDT1mrepSqU+j6a4Ufkm0hMwT2LYeevrXnysLUn3LTVto1RrtwLwr0Vpjs3VsG900WF3mc7IN/TO+9YkRERET0N/7uH94LIWZiLoiIiIiI6KsnLyIYvIAWAAA=",
  u2:
    "H4sIAAAAAAACA+3ROwrCQBSF4SzBBVjcHWgiRBtBEyMM+AhmimA3mggpMiMzsbBzN+7G3dgbBbuMEjvhfAv4uZeTsGW8iIjG1IBTj/ZKHpQuDVWK5ownZCohM6EzahQwHrO0uef6dU9oLc6UiUpQdT7m9MVqmrKELPd5dU+eyl2uSR3e5aLMpSmUNPaea+kNqLVXz7Pe11qU8mg1s+7RWpCEU+u+7g+9bbRZN+0x8Ib+6Id/n88CAAAA/JGLc+3c6N7vTsLYAQAAAACAjx6fK7kGgBYAAA==",
  i4:
    "H4sIAAAAAAACA+3RQQqCQBjFcY/y3SDSdYsig4ESQReuoikVhJyJGVu462gdpU0XaFUUTRq0yiGElu93gD8PXsQW4dwnGlGHmAa0kSKXqtRUSZqxOCJdcZFylVKnCYtDlnT3PLfpcaV4TSmvOFX1LqMfgnHCIrLsa3tiX64zRTL/lIsyE7qQQtt7Q0vPo97ePde6rzc/if1gav2jf6+NAQAAAMDfOA3zrFfmcTma+5bM7Xww1+XJAQAAAACALy/ByPl7gBYAAA==",
  f4:
    "H4sIAAAAAAACA+3RMQrCMBTG8RzlXUDEdtaq2EJAS6EZukbbQocmksShm0fxqKaCW4IUHL8fhJfpz4NX80t1zom2FCBoTTetem1GS05TwUVN1knVStNS0JGLijfB3ipNfE8aIydqpZPkpntHP5SHhtcU2W/uqcd47Qzp/lsexk7ZQSsb720ivZQW+/SS6H6L5Y3Iy1P0Hst7cwwAAAAA/oZ5uydjmZ/Z3r/5/2IAAAAAABDwBiat+vKAFgAA",
  f8:
    "H4sIAAAAAAACA+3RMQrCMBTG8R7lXUDEKm5SFCsEtBRaoWu0LXRoIkkceiU9j0dwd3Fxsi11a5CCm99vCS/DnwcvYrtw6xMtqEdMYzpKkUtVajKSNiyOSBsuUq5S6rVicciS3t5oPqt7XCleUcoNJ1OdMvoiWCYsIst+bt0T5/KQKZL5p1yUmdCFFNrem1h6Uxqs7bnW/Qbzk9gP1tZ7DO81MQAAAAD4Gafj3fYt7969j+7/2c2vS+PqAAAAAAD8sTfISpkLgBYAAA==",
  scaled:
    "H4sIAAAAAAACA+3SSw6CMBSF4frax10Bgq+ZA1BMGhGNMCDOqkDigNYUHLB7H4kzqoHE2fkW8OfmtBHfHQKfaEkNYhrTRclc6aKkStGGxxGVlZCp0Ck18nh84Elzz1k8e0JrUVMqKkFVfcvoh9BNeESG+ybPnrwX50yTyj/la5HJ8qpkae45ht6UWnv3Jsb7WvOT2A/XxvdozQvccGvab9ahF61cw3+xrXmH3sk/7pvuc2zbsjvs9xoPAAAA4I8YYz3WZwM2ZCMGAAAAAABfPQCQlVsBgBYAAA==",
  multi:
    "H4sIAAAAAAACA+3bz47SUBQG8KoLXfoId9eVQumMjgsjF7iQO9LS2DsJ7rxIQRJoSdtJhp1Lly5dunTp0qWP4qN4ADUIlEJlzBi/X3KAkPLl9s/i9KT40vHagrGnbAvFSux1FA6ieJKwNGJNqXyWpDrs67jPtqpJ5cluRt4Z5ek41jPW16lm6WwasBwu70qfZeSVKS+8nPSCmEWDn8mjSRAmoyhMtuaJrhJuI3N/D9apnYu6mueZjm3RekapaSYmK0p0PSUdsbk+67T8sHx4XotLl2Udv0qBvAvZEEc8fjXZkq76Lc+q2Cenjx6fPSlbBY7f/OQCAAAAXKN5O+nLjkv9X40aGV5ri9Xmr8R6o1DHM5bq3jhgwVW6bE539EN/sX+uHN4/L/KsjLwTyhsH4TB9M8/7lcSsnPVVMvLsjLwdfatX71ys9ZNZ9wvDOLqcsqmO9SRIg3j7/rZ25VmbeUnO+VBNKdoNf5+85SUzGAXjfnaqUi89sTgfpv7xlfkn17Nqdl44y7zzY+ShHwcAAIB1hmHcorpNdccAAAAAAICdVubP0uEtsTavKzE50cN9Bs/58+cHduXI82f76PPng+XMn4vl2cd73uKAeXbOJPt65tmiq1y+eF7F9OtyY15cWrnyQlod5sUAAABwE+bPxrO3hlGl9yq9VOefP1J9pfpmGJy+5/epaEtepqJtuEf1impKRdvzd1TvqT5Q0W/5J6rPVF9wfwIAAAAAmD8XnD/f/OefC8x3d86fC/z/7R+aFzvcf455MQAAAPx37t7DPQQAAAAAwL6+A9cICvnATgAA",
  comp:
    "H4sIAAAAAAACA+2YzWvbMBiHA4XBYDAY7P7e3EKgc1pGLz04iVLE4sTE2khzKXKiJGL+QnZp079+tqyQj9lO0pVdqgeCDiEPr6L3J8l2se30EcAtlEDgEqZROI9EkEAaQQ8TF5KUhjMqZlBKGxMHjyt8N5mPCkFXMKMphXQVMzjAwBpjFyp83zJf+Bh4TEA0X5t5wMKER2FS6kNjggbdyvmejJRpNBqNRqPRaN4N+XXSxcPBLRhtPCBWu4+Mra8vweMhFStIqeczYM9pcTmt9P3X+3Pr9Puz9Jk19T3xWbrMdcWMeQjeKmVJbX2tGt+mPhE9JbmvEFfgdIY/B6Tc17re8S1E9BhDTAUNWMpEeYl3NT4w//YlB9aD9DDqd91jfHPO/JmcMaPTZT79Mh+5d5BcD6MztJ0Rcl3UfehaxDJe1c+kNxzZhc902udXFwDGv+Rjgm3rru75chOJ7EkzpTzru2kUxIIlCZsBD+hiZ60nm7wpM+zmDctfHA7a2qcCV1af+f30vE1U4N4qbxMVuIp8nL4eKnBv5lOBO+L5/EDSlO+uxveKvE0I7qO6/SrhL0xuV9xn8iWHx7YbsNTXqtkPTvV1bCePcNbPI9xBD+Z+P69/m/cy9ReR4OkyqF1fW+0H7f6w88PFk+0Dadfn+dH0d1Fxpe+X1Tcrzo+rvJ9j/sz8BOJsTQrdwf6zi//PaN8TlEdv77yUp0Wuk2Y4N5vQasJ1EyIBNxdl9bXqzrcTfWhM8gr39lO51RiyvjDrYbm+S54ccbjr90MaTTWNRuOsUXC29fmgxo9q/KTGz2r8osavDY1Go9FoNBqN5h3xBwpIqITAIQAA",
};
const astropy = (key: keyof typeof ASTROPY) => base64(ASTROPY[key]);
const X = [0, 1, 2, 3, 4, 5];

Deno.test("decodeFits() reads every BITPIX, and 16 bits without sign", () => {
  const wanted: [keyof typeof ASTROPY, FitsValues][] = [
    ["u1", Uint8Array.from(X)],
    ["i2", Int16Array.from(X, (v) => v - 3)],
    ["u2", Uint16Array.from(X, (v) => v * 10000)],
    ["i4", Int32Array.from(X, (v) => v * -100000)],
    ["f4", Float32Array.from(X, (v) => v / 4)],
    ["f8", Float64Array.from(X, (v) => v / 3)],
  ];
  for (const [key, data] of wanted) {
    const images = decodeFits(astropy(key));
    assertEquals([images.length, images[0].shape, images[0].name], [1, [2, 3], ""]);
    assertEquals(images[0].data, data, key);
    assertEquals(decodeFits(decodeGzip(astropy(key)))[0].data, data, `${key}, not packed`);
  }
});

Deno.test("decodeFits() applies BSCALE and BZERO, and makes BLANK a NaN", () => {
  assertEquals(decodeFits(astropy("scaled"))[0].data, Float32Array.of(100, 100.5, 101, 101.5, NaN, 102.5));
});

Deno.test("decodeFits() steps over an empty primary array and a table to the images", () => {
  const [science, mask, ...rest] = decodeFits(astropy("multi"));
  assertEquals(rest, []);
  assertEquals([science.name, science.shape, science.data.length], ["SCI", [2, 3, 4], 24]);
  assertClose(science.data as Float32Array, Float32Array.from({ length: 24 }, (_, i) => i), 0);
  assertEquals([mask.name, mask.shape, mask.data], ["MASK", [1, 2], Uint8Array.of(7, 8)]);
});

Deno.test("decodeFits() unpacks an image in tiles", () => {
  const [image] = decodeFits(astropy("comp"), { name: "a.fz" });
  assertEquals([image.shape, image.data], [[8, 8], new Int16Array(64)]);
});

Deno.test("encodeFits() and decodeFits() keep values, shapes, names and cards", () => {
  const header: [string, string | number | boolean][] = [["OBJECT", "M31 / it's"], ["EXPTIME", 150], [
    "GUIDED",
    true,
  ], ["GAIN", -2.5e-7]];
  const file = encodeFits([
    { data: Uint16Array.of(0, 65535), shape: [1, 2], header },
    { data: Uint32Array.of(0, 4294967295), shape: [2], name: "BIG" },
    { data: Float64Array.of(Math.PI), shape: [1, 1, 1] },
  ]);
  assertEquals(file.length % 2880, 0);
  const images = decodeFits(file);
  assertEquals(images.map(({ data, shape, name }) => ({ data, shape, name })), [
    { data: Uint16Array.of(0, 65535), shape: [1, 2], name: "" },
    { data: Uint32Array.of(0, 4294967295), shape: [2], name: "BIG" },
    { data: Float64Array.of(Math.PI), shape: [1, 1, 1], name: "" },
  ]);
  for (const [key, value] of header) assertEquals(images[0].header.get(key), value);
  assertThrows(
    () => encodeFits([{ data: new Uint8Array(3), shape: [2, 2] }]),
    RangeError,
    "does not fit 3 values",
  );
  assertThrows(
    () => encodeFits([{ data: new Uint8Array(1), shape: [1], header: [["OBJECT", "Ö"]] }]),
    TypeError,
    "OBJECT",
  );
});

/** A file of these cards and bytes. */
function make(cards: string[], data: Uint8Array = new Uint8Array(0)): Uint8Array {
  const header = [...cards, "END"].map((card) => card.padEnd(80)).join("");
  return joined(text(header.padEnd(Math.ceil(header.length / 2880) * 2880)), data);
}
const SIMPLE = "SIMPLE  =                    T";

Deno.test("decodeFits() reads texts over several cards, D exponents and comments", () => {
  const [image] = decodeFits(make([
    SIMPLE,
    "BITPIX  =                    8 / bits",
    "NAXIS   =                    1",
    "NAXIS1  =                    1",
    "COMMENT = no value",
    "SPEED   =            1.5D+003 / km/s",
    "LONG    = 'one &'",
    "CONTINUE  'two''s &' / more",
    "CONTINUE  'three'",
    "NOTHING =",
  ], Uint8Array.of(9)));
  const { header } = image;
  assertEquals([header.get("SPEED"), header.get("LONG"), header.has("NOTHING"), header.has("COMMENT")], [
    1500,
    "one two's three",
    false,
    false,
  ]);
});

Deno.test("decodeFits() checks the announced sizes before it allocates", () => {
  const sides = (a: string, b: string) =>
    make([SIMPLE, "BITPIX  = 16", "NAXIS   = 2", `NAXIS1  = ${a}`, `NAXIS2  = ${b}`]);
  assertThrows(() => decodeFits(sides("999999", "999999")), RangeError, "shape [999999, 999999]");
  assertThrows(
    () => decodeFits(sides("9999", "9999")),
    SyntaxError,
    "expected 199960002 bytes of values from byte 2880",
  );
  assertThrows(() => decodeFits(sides("-1", "3")), SyntaxError, "whole sides");
  assertThrows(() => decodeFits(sides("'x'", "3")), SyntaxError, 'expected a number as NAXIS1, found "x"');
  assertThrows(() => decodeFits(make([SIMPLE, "BITPIX  = 24", "NAXIS   = 0"])), SyntaxError, "found 24");
  assertThrows(() => decodeFits(make([SIMPLE, "BITPIX  = 8"])), SyntaxError, 'as NAXIS, found "nothing"');
  const bomb = encodeGzip(make([SIMPLE, "BITPIX  = 8", "NAXIS   = 0"], new Uint8Array(1 << 21)));
  assertThrows(() => decodeFits(bomb, { maxBytes: 1 << 20 }), RangeError, "unfolds to more than");
});

Deno.test("decodeFits() refuses truncated files and never does worse on damaged ones", () => {
  const good = decodeGzip(astropy("multi"));
  for (const length of [0, 10, 79, 80, 2000, 2879, 2880 * 5 + 7]) {
    assertThrows(() => decodeFits(good.subarray(0, length)), SyntaxError, "Cannot decode FITS at byte");
  }
  for (let at = 0; at < good.length; at += 7) {
    try {
      decodeFits(patched(good, at, 0x39), { maxBytes: 1 << 24 });
    } catch (error) {
      assert(
        error instanceof SyntaxError || error instanceof RangeError || error instanceof TypeError,
        `byte ${at}: ${error}`,
      );
    }
  }
});

Deno.test("fitsPicture() takes a plane as grey and planes as channels", () => {
  const image = (shape: number[]) => ({ data: Int16Array.from(X), shape, name: "", header: new Map() });
  assertEquals(fitsPicture(image([2, 3])), {
    data: Float32Array.from(X),
    height: 2,
    width: 3,
    channels: 1,
    depth: 32,
  });
  assertEquals(fitsPicture(image([3, 1, 2])).data, Float32Array.of(0, 2, 4, 1, 3, 5));
  assertEquals(fitsPicture(image([1, 2, 3])).channels, 1);
  assertThrows(() => fitsPicture(image([6])), TypeError, "got [6]");
  assertThrows(() => fitsPicture(image([6, 1, 1]), "a.fits"), TypeError, 'FITS "a.fits" as a picture');
});
