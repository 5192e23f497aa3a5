import {
  maskFloats,
  normalFloats,
  philox,
  randomBytes,
  randomWords,
  uniformFloats,
} from "../../../../lib/engine/random/random_js.ts";
import { assert, assertEquals } from "../../../assert.ts";

Deno.test("philox() gives Random123's known answers", () => {
  // kat_vectors of Random123 1.14: philox4x32 with 10 rounds; counter, key, result.
  const known: [[number, number, number, number], [number, number], number[]][] = [
    [[0, 0, 0, 0], [0, 0], [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]],
    [[~0 >>> 0, ~0 >>> 0, ~0 >>> 0, ~0 >>> 0], [~0 >>> 0, ~0 >>> 0], [
      0x408f276d,
      0x41c83b0e,
      0xa20bc7c6,
      0x6d5451fd,
    ]],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ];
  for (const [counter, key, expected] of known) {
    const out = new Uint32Array(4);
    philox(counter, key, out);
    assertEquals([...out], expected);
  }
});

Deno.test("maskFloats() is one where the stream's byte is at least the threshold, from the first to the last", () => {
  for (const seed of [1, 2, 3, 4]) { // the first byte is small for some, and large for others
    const key = { seed, counter: 0 }, bytes = randomBytes(key, 1001);
    for (const threshold of [1, 100, 255]) {
      const expected = Float32Array.from(bytes, (byte) => byte >= threshold ? 1 : 0);
      assertEquals(maskFloats(key, 1001, threshold), expected, `threshold ${threshold}`);
    }
  }
});

Deno.test("a longer draw begins with the shorter one of the same key", () => {
  const key = { seed: 7, counter: 3 };
  assertEquals([...randomWords(key, 9)], [...randomWords(key, 30)].slice(0, 9));
  assertEquals([...randomBytes(key, 5)], [...randomBytes(key, 50)].slice(0, 5));
  assertEquals([...uniformFloats(key, 5)], [...uniformFloats(key, 50)].slice(0, 5));
  assertEquals([...normalFloats(key, 4)], [...normalFloats(key, 51)].slice(0, 4));
});

Deno.test("randomBytes() spreads evenly over 256 values and 8 bits", () => {
  const count = 256_000, bytes = randomBytes({ seed: 1, counter: 2 }, count);
  const seen = new Float64Array(256);
  for (const byte of bytes) seen[byte]++;
  const chi = seen.reduce((sum, n) => sum + (n - count / 256) ** 2 / (count / 256), 0);
  assert(chi > 150 && chi < 380, `chi squared ${chi} for 255 degrees of freedom`); // 5 deviations
});

Deno.test("neighbouring keys give unrelated numbers", () => {
  const count = 20_000;
  const draw = (seed: number, counter: number) => normalFloats({ seed, counter }, count);
  const base = draw(10, 10);
  for (const other of [draw(10, 11), draw(11, 10), draw(10, 9)]) {
    const correlation = base.reduce((sum, value, i) => sum + value * other[i], 0) / count;
    assert(Math.abs(correlation) < 5 / Math.sqrt(count), `correlation ${correlation}`);
  }
});
