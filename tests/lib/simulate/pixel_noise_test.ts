import { assert, assertClose, assertEquals, assertThrows } from "../../assert.ts";
import { createRng } from "../../../lib/base/rng.ts";
import { createPixelNoise, pixelProbabilities } from "../../../lib/simulate/pixel_noise.ts";

// scipy 1.17: norm.cdf((v + .5 - 99) / 2) - norm.cdf((v - .5 - 99) / 2)
const EXPECTED: readonly (readonly [value: number, probability: number])[] = [
  [88, 7.15874327e-08],
  [90, 9.67144253e-06],
  [92, 0.000488607757],
  [95, 0.0278346842],
  [98, 0.174666322],
  [99, 0.197412651],
  [102, 0.0655906168],
  [105, 0.00240273819],
  [108, 9.67144253e-06],
  [110, 7.15874328e-08],
];

Deno.test("pixelProbabilities() are those of a Gaussian rounded to whole counts", () => {
  const probabilities = pixelProbabilities(99, 2);
  assertClose(probabilities.reduce((a, b) => a + b, 0), 1, 1e-6);
  for (const [value, probability] of EXPECTED) {
    assertClose(probabilities[value] / probability, 1, 2e-5, `${value}`);
  }
  const low = pixelProbabilities(0.3, 1);
  assertClose(low[0], 0.5792597, 1e-6); // norm.cdf(0.2)
});

Deno.test("createPixelNoise() draws every value as often as it should, the rare ones too", () => {
  const pixels = new Uint8Array(4_000_001), counts = new Float64Array(256);
  createPixelNoise(99, 2).fill(pixels, createRng(4));
  for (const value of pixels) counts[value]++;
  const probabilities = pixelProbabilities(99, 2);
  let chi = 0, cells = 0;
  for (let value = 0; value < 256; value++) {
    const expected = probabilities[value] * pixels.length;
    if (expected < 5) {
      assert(counts[value] < 20, `${value} came ${counts[value]} times for ${expected}`);
      continue;
    }
    chi += (counts[value] - expected) ** 2 / expected;
    cells++;
  }
  // χ² of 20 or so cells is above twice their number once in ten thousand.
  assert(cells >= 19 && chi < 2.4 * cells, `χ² is ${chi} in ${cells} cells`);
});

Deno.test("createPixelNoise() has no memory from one pixel to the next, and follows the generator", () => {
  const pixels = new Uint8Array(1_000_000), noise = createPixelNoise(99, 2);
  noise.fill(pixels, createRng(5));
  for (const lag of [1, 2, 576]) {
    let sum = 0;
    for (let i = lag; i < pixels.length; i++) sum += (pixels[i] - 99) * (pixels[i - lag] - 99);
    const correlation = sum / pixels.length / 4.083; // σ² and a twelfth for rounding
    assert(Math.abs(correlation) < 0.004, `correlation ${correlation} at lag ${lag}`);
  }
  const again = new Uint8Array(1_000_000), other = new Uint8Array(1_000_000);
  noise.fill(again, createRng(5));
  noise.fill(other, createRng(6));
  assertEquals(again, pixels);
  assert(other.some((value, i) => value !== pixels[i]));
});

Deno.test("createPixelNoise() draws neighbours, which one look-up makes, apart from each other", () => {
  const pixels = new Uint8Array(4_000_000), counts = new Float64Array(65536);
  createPixelNoise(99, 2).fill(pixels, createRng(7));
  for (let i = 0; i < pixels.length; i += 2) counts[pixels[i] | (pixels[i + 1] << 8)]++;
  const probabilities = pixelProbabilities(99, 2);
  let chi = 0, cells = 0;
  for (let pair = 0; pair < counts.length; pair++) {
    const expected = probabilities[pair & 255] * probabilities[pair >>> 8] * pixels.length / 2;
    if (expected < 5) continue;
    chi += (counts[pair] - expected) ** 2 / expected;
    cells++;
  }
  // χ² has the mean of the number of cells, and a variance of twice that: four of its σ.
  assert(cells > 150 && Math.abs(chi - cells) < 4 * Math.sqrt(2 * cells), `χ² is ${chi} in ${cells} cells`);
});

Deno.test("createPixelNoise() fills pixels of any number, wherever in memory they lie", () => {
  const noise = createPixelNoise(99, 2);
  for (const length of [1, 2, 3, 4, 7]) {
    const [apart, within] = [new Uint8Array(length), new Uint8Array(length + 2)];
    noise.fill(apart, createRng(8));
    noise.fill(within.subarray(1, length + 1), createRng(8));
    assertEquals(Array.from(within), [0, ...apart, 0]);
    assert(apart.every((value) => value > 85 && value < 113), String(apart));
  }
});

Deno.test("createPixelNoise() refuses a σ that is none", () => {
  for (const sigma of [0, -1, NaN]) {
    assertThrows(() => createPixelNoise(99, sigma), RangeError, `got ${sigma}`);
  }
});
