import { ditherFrom } from "../../../lib/io/_fits_tiles.ts";
import { assertEquals } from "../../assert.ts";

/** The 10,000 numbers as the standard's appendix I makes them, in whole numbers: its check is that the last seed is 1043618065. */
const seeds: bigint[] = [];
for (let seed = 1n; seeds.length < 10_000;) seeds.push(seed = seed * 16807n % 2147483647n);
const numbers = Float32Array.from(seeds, (seed) => Number(seed) / 2147483647);

Deno.test("ditherFrom() goes through the standard's numbers from a tile's place, and on from the next tile's", () => {
  assertEquals(seeds.at(-1), 1043618065n);
  for (const tile of [0, 7, 9_999, 10_003]) {
    const next = ditherFrom(tile), drawn = Array.from({ length: 25_000 }, next), expected: number[] = [];
    for (let start = tile % 10_000; expected.length < drawn.length; start = (start + 1) % 10_000) {
      expected.push(...numbers.subarray(Math.floor(numbers[start] * 500)));
    }
    assertEquals(drawn, expected.slice(0, drawn.length), `tile ${tile}`);
  }
});
