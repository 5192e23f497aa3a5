import { assert, assertClose, assertEquals, assertThrows } from "../../../assert.ts";
import { createRng } from "../../../../lib/base/rng.ts";
import { fitQuadratic, measureCluster } from "../../../../lib/experiments/cygno/features.ts";
import { createDraws } from "../../../../lib/base/random.ts";

const SIDE = 64;

/** A dark frame with a Gaussian spot of light, counts; widths in pixels along and across a diagonal. */
function spot(light: number, along: number, across: number, row = 32, column = 32): Uint8Array {
  const mean = (r: number, c: number) => {
    const u = (r - row + c - column) / Math.SQRT2, v = (r - row - c + column) / Math.SQRT2;
    return 99 +
      light / (2 * Math.PI * along * across) * Math.exp(-0.5 * ((u / along) ** 2 + (v / across) ** 2));
  };
  return Uint8Array.from({ length: SIDE * SIDE }, (_, i) => Math.round(mean(Math.floor(i / SIDE), i % SIDE)));
}

Deno.test("measureCluster() finds light, length, width and density of a spot", () => {
  const { light, length, width, area, density } = measureCluster(spot(12_000, 8, 4), SIDE, SIDE, 99);
  assertClose(light, 12_000, 0.06);
  assertClose([length, width], [8, 4], 0.12);
  assert(area > 300 && area < 900, `${area} pixels`);
  assertClose(density, 12_000 / area, 0.1);
});

Deno.test("measureCluster() does not mind noise, hot pixels, or a fainter cluster elsewhere", () => {
  const draws = createDraws(createRng(1)), clean = spot(12_000, 8, 4, 40, 36);
  const faint = spot(1500, 3, 3, 10, 10);
  const frame = clean.map((counts, i) => counts + faint[i] - 99 + Math.round(2 * draws.normal()));
  for (const hot of [700, 2000, 3100]) frame[hot] = 255;
  const [noisy, wanted] = [frame, clean].map((data) => measureCluster(data, SIDE, SIDE, 99));
  assertClose(noisy.light, wanted.light, 0.05);
  assertClose([noisy.length, noisy.width], [wanted.length, wanted.width], 0.06);
});

Deno.test("measureCluster() finds nothing in the dark", () => {
  const draws = createDraws(createRng(2));
  const dark = Uint8Array.from({ length: SIDE * SIDE }, () => Math.round(99 + 2 * draws.normal()));
  assertEquals(measureCluster(dark, SIDE, SIDE, 99), { light: 0, area: 0, length: 0, width: 0, density: 0 });
});

Deno.test("measureCluster() takes a dark pixel among faint ones for nothing", () => {
  // The mean over 5 × 5 is 2.24 in the middle, where the pixel itself is dark, and below the threshold all around.
  const frame = new Uint8Array(SIDE * SIDE).fill(99);
  for (const row of [30, 34]) for (const column of [30, 31, 33, 34]) frame[row * SIDE + column] += 7;
  const found = measureCluster(frame, SIDE, SIDE, 99);
  assertEquals(found, { light: 0, area: 0, length: 0, width: 0, density: 0 });
});

Deno.test("fitQuadratic() finds the parabola through its points, whatever their scale", () => {
  const x = [0, 10_000, 20_000, 30_000], y = x.map((v) => 1 + 3e-3 * v - 2e-8 * v * v);
  const fitted = fitQuadratic(x, y);
  assertClose([5000, 25_000].map(fitted), [1 + 15 - 0.5, 1 + 75 - 12.5], 1e-9);
  assertThrows(() => fitQuadratic([1, 1, 1], [1, 2, 3]), RangeError, "three different points");
});
