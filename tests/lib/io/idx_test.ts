import { assertEquals, assertThrows } from "../../assert.ts";
import { decodeIdx, encodeIdx, type IdxValues } from "../../../lib/io/idx.ts";
import { decodeGzip, encodeGzip } from "../../../lib/io/gzip.ts";
import { patched } from "./_bytes.ts";

// Two 2 × 1 pictures as the format's description has them: 00 00 08 03, three sides, four bytes.
const PICTURES = Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 1, 9, 8, 7, 6);

Deno.test("decodeIdx() reads sides and values of a hand-made file", () => {
  assertEquals(decodeIdx(PICTURES), { data: Uint8Array.of(9, 8, 7, 6), shape: [2, 2, 1] });
});

Deno.test("decodeIdx() reads a gzip-packed file", () => {
  assertEquals(decodeIdx(encodeGzip(PICTURES)).data, Uint8Array.of(9, 8, 7, 6));
});

Deno.test("decodeIdx() reads big-endian values of every type", () => {
  assertEquals(decodeIdx(Uint8Array.of(0, 0, 0x0b, 1, 0, 0, 0, 1, 0xff, 0xfe)).data, Int16Array.of(-2));
  assertEquals(
    decodeIdx(Uint8Array.of(0, 0, 0x0d, 1, 0, 0, 0, 1, 0x3f, 0xc0, 0, 0)).data,
    Float32Array.of(1.5),
  );
  const arrays: IdxValues[] = [
    Uint8Array.of(0, 255),
    Int8Array.of(-128, 127),
    Int16Array.of(-32768, 1),
    Int32Array.of(-1, 2 ** 30),
    Float32Array.of(0.5, -3e30),
    Float64Array.of(Math.PI, -1e300),
  ];
  for (const data of arrays) {
    assertEquals(decodeIdx(encodeIdx({ data, shape: [1, 2] })), { data, shape: [1, 2] });
  }
});

Deno.test("encodeIdx() writes the hand-made file", () => {
  assertEquals(encodeIdx({ data: Uint8Array.of(9, 8, 7, 6), shape: [2, 2, 1] }), PICTURES);
  assertThrows(
    () => encodeIdx({ data: new Uint8Array(3), shape: [2, 2] }),
    RangeError,
    "does not fit 3 values",
  );
});

Deno.test("decodeIdx() names the wrong magic number", () => {
  assertThrows(
    () => decodeIdx(patched(PICTURES, 2, 7), { name: "a.idx" }),
    SyntaxError,
    'Cannot decode idx "a.idx" at byte 0: expected magic number 00 00 (08|09|0b|0c|0d|0e) n, found 00 00 07 03',
  );
  assertThrows(() => decodeIdx(patched(PICTURES, 0, 0x89)), SyntaxError, "found 89 00 08 03");
});

Deno.test("decodeIdx() refuses every truncation of a file, and bytes left over", () => {
  for (let length = 0; length < PICTURES.length; length++) {
    assertThrows(() => decodeIdx(PICTURES.subarray(0, length)), SyntaxError, "at byte");
  }
  const message = "at byte 20: expected 4 bytes of values for shape [2, 2, 1], found 5";
  assertThrows(() => decodeIdx(Uint8Array.of(...PICTURES, 5)), SyntaxError, message);
});

Deno.test("decodeIdx() checks the announced size before it allocates", () => {
  const huge = patched(PICTURES, 4, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255);
  assertThrows(() => decodeIdx(huge), RangeError, "shape [4294967295, 4294967295, 4294967295]");
});

Deno.test("decodeGzip() and decodeIdx() stop a gzip bomb by its real output", () => {
  const bomb = encodeGzip(new Uint8Array(1 << 22), { level: 9 }); // 4 MiB in about 4 KiB
  assertThrows(
    () => decodeGzip(bomb, { maxBytes: 1 << 20 }),
    RangeError,
    "unfolds to more than 1048576 bytes",
  );
  assertThrows(() => decodeIdx(bomb, { maxBytes: 1 << 20 }), RangeError, "unfolds to more than");
});

Deno.test("decodeGzip() refuses damage and early ends", () => {
  const good = encodeGzip(Uint8Array.from({ length: 500 }, (_, i) => i * i));
  assertEquals(decodeGzip(good).length, 500);
  assertThrows(() => decodeGzip(good.subarray(0, good.length - 9)), SyntaxError, "Cannot decode gzip");
  assertThrows(() => decodeGzip(patched(good, good.length - 6, 1, 2)), SyntaxError, "Cannot decode gzip");
  assertThrows(() => decodeGzip(Uint8Array.of(1, 2, 3)), SyntaxError, "expected bytes 1f 8b");
});
