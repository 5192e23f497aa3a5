/** Tables of FITS whose values lie in a heap behind their rows: where it begins, how long it is, and what is beyond it. */
import { decodeFits, readFits } from "../../../lib/io/fits.ts";
import { assertEquals, assertThrows } from "../../assert.ts";
import { joined, text } from "./_bytes.ts";

type Cards = Record<string, number | string | boolean>;

/** A header of whole blocks, as the standard has it: 80 characters a card, END, blanks. */
function header(cards: Cards): Uint8Array {
  const lines = Object.entries(cards).map(([key, value]) => {
    const shown = typeof value === "string"
      ? `'${value.padEnd(8)}'`
      : String(value === true ? "T" : value).padStart(20);
    return `${key.padEnd(8)}= ${shown}`.padEnd(80);
  });
  const whole = [...lines, "END".padEnd(80)].join("");
  return text(whole.padEnd(Math.ceil(whole.length / 2880) * 2880));
}

/** Data of whole blocks. */
function data(...bytes: number[]): Uint8Array {
  const out = new Uint8Array(Math.ceil(bytes.length / 2880) * 2880);
  out.set(bytes);
  return out;
}

const PRIMARY = header({ SIMPLE: true, BITPIX: 8, NAXIS: 0 });
const image = (values: number[], more: Cards = {}) =>
  joined(
    header({ XTENSION: "IMAGE", BITPIX: 8, NAXIS: 1, NAXIS1: values.length, PCOUNT: 0, GCOUNT: 1, ...more }),
    data(...values),
  );

/** A table of rows of 8 bytes, a descriptor each, with so many bytes behind them. */
function table(rows: [count: number, offset: number][], behind: number[], more: Cards = {}): Uint8Array {
  const descriptors = rows.flatMap(([count, offset]) =>
    [count, offset].flatMap((n) => [n >> 24 & 255, n >> 16 & 255, n >> 8 & 255, n & 255])
  );
  const cards = {
    XTENSION: "BINTABLE",
    BITPIX: 8,
    NAXIS: 2,
    NAXIS1: 8,
    NAXIS2: rows.length,
    PCOUNT: behind.length,
    GCOUNT: 1,
    TFIELDS: 1,
    TTYPE1: "COMPRESSED_DATA",
    TFORM1: "1PB(3)",
    ...more,
  };
  return joined(header(cards), data(...descriptors, ...behind));
}

const TILED: Cards = {
  ZIMAGE: true,
  ZCMPTYPE: "NOCOMPRESS",
  ZBITPIX: 8,
  ZNAXIS: 2,
  ZNAXIS1: 3,
  ZNAXIS2: 2,
};

Deno.test("decodeFits() steps over a table's heap to the next image", () => {
  for (const heap of [0, 1, 2864, 2865, 9000]) { // with 16 bytes of rows: one block, just one, one byte more
    const file = joined(PRIMARY, table([[0, 0], [0, 0]], new Array(heap).fill(7)), image([7, 8]));
    assertEquals(decodeFits(file).map((one) => [...one.data]), [[7, 8]], `${heap} bytes of heap`);
  }
});

Deno.test("decodeFits() finds packed tiles in the heap, also where it begins behind a gap", () => {
  const values = [1, 2, 3, 4, 5, 6], gap = new Array(100).fill(99);
  const plain = joined(PRIMARY, table([[3, 0], [3, 3]], values, TILED));
  const moved = joined(PRIMARY, table([[3, 0], [3, 3]], [...gap, ...values], { ...TILED, THEAP: 16 + 100 }));
  const swapped = joined(PRIMARY, table([[3, 3], [3, 0]], [4, 5, 6, 1, 2, 3], TILED));
  for (const file of [plain, moved, swapped]) {
    const [{ data, shape }] = decodeFits(file);
    assertEquals([shape, [...data]], [[2, 3], values]);
  }
});

Deno.test("decodeFits() unpacks Rice codes of 1, 2 and 4 bytes, and refuses others by their number", () => {
  // The first value as it is, most significant byte first; then a block whose differences are all zero: as many zero
  // bits as tell how many low bits stand apart (3, 4 and 5 of them).
  const coded = (bytePix: number, bitpix: number) => {
    const tile = [...new Array(bytePix - 1).fill(0), 7, 0];
    const cards = {
      ...TILED,
      ZCMPTYPE: "RICE_1",
      ZBITPIX: bitpix,
      ZNAXIS2: 1,
      ZNAME1: "BYTEPIX",
      ZVAL1: bytePix,
    };
    return joined(PRIMARY, table([[tile.length, 0]], tile, cards));
  };
  for (const [bytePix, bitpix] of [[1, 8], [2, 16], [4, 32]]) {
    const [{ data }] = decodeFits(coded(bytePix, bitpix));
    assertEquals([...data], [7, 7, 7], `${bytePix} bytes`);
  }
  for (const bytePix of [3, 8]) {
    assertThrows(() => decodeFits(coded(bytePix, 32)), Error, `Rice codes of ${bytePix} bytes are not read`);
  }
});

Deno.test("decodeFits() says which tile lies beyond its table, and reads what the heap holds to its last byte", () => {
  const whole = table([[3, 0], [3, 3]], [1, 2, 3, 4, 5, 6], TILED);
  assertEquals([...decodeFits(joined(PRIMARY, whole))[0].data], [1, 2, 3, 4, 5, 6]);
  for (const wrong of [[3, 4], [4, 3], [3, -17], [-1, 0]] as [number, number][]) {
    const { images, faults } = readFits(joined(PRIMARY, table([[3, 0], wrong], [1, 2, 3, 4, 5, 6], TILED)));
    assertEquals([images.length, faults.map(({ message }) => message.split(": ").at(-1))], [
      0,
      ["tile 1 lies beyond its table"],
    ]);
  }
  const { faults } = readFits(joined(PRIMARY, table([[3, 0], [0, 0]], [1, 2, 3], TILED)));
  assertEquals(faults[0].message.split(": ").at(-1), "tile 1 is empty");
});

Deno.test("decodeFits() counts heap and groups before it looks for them", () => {
  for (const [more, bytes] of [[{ PCOUNT: 9000 }, 9002], [{ GCOUNT: 4000 }, 8000]] as [Cards, number][]) {
    assertThrows(
      () => decodeFits(joined(PRIMARY, image([7, 8], more))),
      SyntaxError,
      `expected ${bytes} bytes of values`,
    );
  }
  assertThrows(
    () => decodeFits(joined(PRIMARY, image([7, 8], { PCOUNT: -9 }))),
    SyntaxError,
    "expected -7 bytes",
  );
});
