import { assert, assertEquals } from "../../assert.ts";
import { constants, deflateSync, inflateSync } from "node:zlib";
import { createRng } from "../../../lib/base/rng.ts";
import { deflateLiterals } from "../../../lib/io/_deflate_literals.ts";
import { createPixelNoise } from "../../../lib/simulate/pixel_noise.ts";

const unpacked = (bytes: Uint8Array) => new Uint8Array(inflateSync(deflateLiterals(bytes)));

Deno.test("deflateLiterals() is read back by zlib, whatever the bytes", () => {
  const rng = createRng(1);
  const cases = [
    Uint8Array.of(),
    Uint8Array.of(5),
    new Uint8Array(70_000).fill(255),
    Uint8Array.from({ length: 256 }, (_, i) => i),
    Uint8Array.from({ length: 100_000 }, () => 256 * rng()),
    Uint8Array.from({ length: 1001 }, () => 9 * rng()).subarray(1), // begins at an odd place in memory
    // Counts like Fibonacci's numbers ask for codes longer than deflate allows.
    Uint8Array.from(fibonacci(24).flatMap((count, value) => Array(count).fill(value))),
    // So many lengths, each of fewer codes than the next, that their own codes would be longer than its seven bits.
    Uint8Array.from(
      Array.from({ length: 128 }, (_, value) => Array(Math.ceil(1000 * 0.9 ** value)).fill(value)).flat(),
    ),
  ];
  for (let length = 1; length < 200; length++) {
    cases.push(Uint8Array.from({ length }, () => 3 * rng() ** (1 + length % 5)));
  }
  for (const bytes of cases) assertEquals(unpacked(bytes), bytes);
});

function fibonacci(n: number): number[] {
  const numbers = [1, 1];
  while (numbers.length < n) numbers.push(numbers.at(-1)! + numbers.at(-2)!);
  return numbers;
}

Deno.test("deflateLiterals() packs noise as small as zlib does by Huffman codes", () => {
  const noise = new Uint8Array(300_000);
  createPixelNoise(99, 2).fill(noise, createRng(2));
  const zlib = deflateSync(noise, { strategy: constants.Z_HUFFMAN_ONLY });
  const own = deflateLiterals(noise);
  assert(own.length <= 1.001 * zlib.length, `${own.length} bytes, zlib ${zlib.length}`);
  assertEquals(new Uint8Array(inflateSync(own)), noise);
});
