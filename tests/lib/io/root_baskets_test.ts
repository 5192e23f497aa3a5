import { unpackLz4 } from "../../../lib/io/_root_baskets.ts";
import { assertEquals, assertThrows } from "../../assert.ts";

// A token: how many literals, and how much longer than four the copy; literals; how far back the copy begins, in two bytes.
const REPEATED = [0x32, 1, 2, 3, 3, 0, 0x10, 9];

Deno.test("unpackLz4() copies what overlaps itself, and what lies apart, and reads long lengths", () => {
  assertEquals([...unpackLz4(Uint8Array.from(REPEATED), 10)], [1, 2, 3, 1, 2, 3, 1, 2, 3, 9]);
  assertEquals([...unpackLz4(Uint8Array.of(0x50, 1, 2, 3, 4, 5, 4, 0, 0x10, 9), 10)], [
    1,
    2,
    3,
    4,
    5,
    2,
    3,
    4,
    5,
    9,
  ]);
  const many = Uint8Array.from({ length: 270 }, (_, i) => i);
  assertEquals(unpackLz4(Uint8Array.of(0xf0, 255, 0, ...many), 270), many);
  assertEquals(unpackLz4(Uint8Array.of(), 4).length, 0);
});

Deno.test("unpackLz4() refuses literals beyond what is given or wanted, and copies from or to where nothing is", () => {
  const refuse = (size: number, packed: number[], what: string) =>
    assertThrows(() => unpackLz4(Uint8Array.from(packed), size), Error, what);
  refuse(10, [0x50, 1, 2, 3], "literals run over");
  refuse(2, [0x30, 1, 2, 3], "literals run over");
  refuse(10, REPEATED.with(4, 0), "copy runs over");
  refuse(10, REPEATED.with(4, 4), "copy runs over");
  refuse(8, REPEATED, "copy runs over");
});
