import { assert, assertClose, assertEquals } from "../../../assert.ts";
import { createDraws } from "../../../../lib/base/random.ts";
import { createRng } from "../../../../lib/base/rng.ts";
import { addNoise, addStars, BANDS, blurByPsf, countsOf } from "../../../../lib/simulate/lenses/camera.ts";
import { SIDE } from "../../../../lib/simulate/lenses/canvas.ts";

const empty = () => new Float32Array(SIDE * SIDE);

Deno.test("countsOf() has its zero point at a magnitude of 30", () => {
  assertClose([30, 27.5, 25].map(countsOf), [1, 10, 100]);
});

Deno.test("blurByPsf() keeps the light, and makes a point as wide at half its height as the seeing", () => {
  const point = empty();
  point[50 * SIDE + 50] = 1000;
  for (const fwhm of [3.4, 4.2, 6]) {
    const seen = blurByPsf(point, fwhm);
    assertClose(seen.reduce((a, b) => a + b, 0), 1000, 1e-3);
    const half = seen[50 * SIDE + 50] / 2;
    let c = 50;
    while (seen[50 * SIDE + c + 1] > half) c++;
    const [above, below] = [seen[50 * SIDE + c], seen[50 * SIDE + c + 1]];
    assertClose(2 * (c - 50 + (above - half) / (above - below)), fwhm, 0.03);
    assertClose(seen[45 * SIDE + 50], seen[50 * SIDE + 45], 1e-6);
  }
});

Deno.test("addNoise() has the band's sky, neighbours a little alike, and more where it is bright", () => {
  const [, , band] = BANDS, sky = empty(), bright = empty().fill(1000);
  addNoise(sky, band, createDraws(createRng(1)));
  addNoise(bright, band, createDraws(createRng(2)));
  const sigma = (values: Float32Array, mean: number) =>
    Math.sqrt(values.reduce((all, value) => all + (value - mean) ** 2, 0) / values.length);
  assertClose(sigma(sky, 0), band.skySigma, 0.03);
  assertClose(sigma(bright, 1000), Math.sqrt(band.skySigma ** 2 + 1000 / band.gain), 0.03);
  let alike = 0;
  for (let i = 0; i + 1 < sky.length; i++) alike += sky[i] * sky[i + 1];
  // Weights 1, 0.3 and 0.3: a pixel and its right neighbour share 0.3 of 1.18.
  assertClose(alike / sky.length / band.skySigma ** 2, 0.3 / 1.18, 0.15);
});

Deno.test("addStars() gives a bright star spikes and bleeding, a faint one neither", () => {
  const star = (magnitude: number) => ({ x: 50, y: 50, counts: [0, 0, countsOf(magnitude)], spikeAngle: 0 });
  const faint = empty(), bright = empty(), other = empty();
  addStars(faint, [star(21)], 3.4, 2);
  addStars(bright, [star(15)], 3.4, 2);
  addStars(other, [star(15)], 3.4, 0);
  assertClose(faint.reduce((a, b) => a + b, 0), countsOf(21), 0.05);
  assertClose(faint[50 * SIDE + 70], faint[64 * SIDE + 64], 0.05);
  assert(bright[50 * SIDE + 70] > 3 * bright[64 * SIDE + 64], "a spike stands out of the halo");
  assert(Math.max(...bright) <= 3500 * 1.001, `${Math.max(...bright)}`);
  const below = (row: number) => bright[row * SIDE + 50],
    above = (row: number) => bright[(100 - row) * SIDE + 50];
  assert(below(60) > 1.5 * above(60), "what a pixel cannot hold bleeds down its column");
  assertEquals(other.reduce((a, b) => a + b, 0), 0);
});
