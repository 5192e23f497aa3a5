import { assert, assertClose, assertEquals } from "../../assert.ts";
import { normalCdf } from "../../../lib/base/normal.ts";
import { createRng } from "../../../lib/base/rng.ts";
import { createDraws } from "../../../lib/base/random.ts";

/** Mean of `draw` to the powers 1 to 4, over 200,000 draws. */
function moments(draw: () => number): number[] {
  const sums = [0, 0, 0, 0], n = 200_000;
  for (let i = 0; i < n; i++) {
    const x = draw();
    sums.forEach((_, k) => sums[k] += x ** (k + 1) / n);
  }
  return sums;
}

Deno.test("createDraws().normal() has the moments of a Gaussian", () => {
  const [mean, square, cube, fourth] = moments(createDraws(createRng(1)).normal);
  assertClose([mean, square, cube, fourth], [0, 1, 0, 3], 0.015);
});

Deno.test("createDraws().normal() fills every bin as often as a Gaussian does", () => {
  const { normal } = createDraws(createRng(5)), n = 400_000, width = 0.2, half = 16;
  const counts = new Float64Array(2 * half);
  for (let i = 0; i < n; i++) {
    const bin = Math.floor(normal() / width) + half;
    if (bin >= 0 && bin < counts.length) counts[bin]++;
  }
  const chiSquare = counts.reduce((sum, count, i) => {
    const expected = n * (normalCdf((i + 1 - half) * width) - normalCdf((i - half) * width));
    return sum + (count - expected) ** 2 / expected;
  }, 0);
  assert(chiSquare < 62.5, `χ² of 32 bins is ${chiSquare}`); // above it once in a thousand
});

Deno.test("createDraws().normal() has a Gaussian's tail beyond the last layer", () => {
  const { normal } = createDraws(createRng(2));
  let beyond = 0;
  for (let i = 0; i < 1_000_000; i++) if (Math.abs(normal()) > 3.5) beyond++;
  assert(beyond > 370 && beyond < 565, `P(|x| > 3.5) is 465 in a million: drew ${beyond}`); // 4.4 σ each way
});

Deno.test("createDraws().poisson() has mean and variance alike, by counting and by the Gaussian", () => {
  const draws = createDraws(createRng(3));
  for (const wanted of [0.3, 7, 59, 61, 400]) {
    const [mean, square] = moments(() => draws.poisson(wanted));
    assertClose([mean, square - mean * mean], [wanted, wanted], 0.02, `mean ${wanted}`);
  }
  assertEquals([draws.poisson(0), draws.poisson(-1)], [0, 0]);
});

Deno.test("createDraws().direction() gives unit vectors that favour no axis", () => {
  const draws = createDraws(createRng(4)), squares = [0, 0, 0];
  for (let i = 0; i < 20_000; i++) draws.direction().forEach((x, k) => squares[k] += x * x / 20_000);
  assertClose(squares, [1 / 3, 1 / 3, 1 / 3], 0.03);
  assertClose(Math.hypot(...draws.direction()), 1);
});
