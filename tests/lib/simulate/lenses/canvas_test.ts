import { assert, assertClose } from "../../../assert.ts";
import { addLensed, addSersic, type Sersic, SIDE } from "../../../../lib/simulate/lenses/canvas.ts";

const GALAXY: Sersic = { x: 49.5, y: 49.5, flux: 1000, effectiveRadius: 6, index: 1, axisRatio: 1, angle: 0 };
const sum = (layer: Float32Array) => layer.reduce((a, b) => a + b, 0);

function painted(galaxy: Partial<Sersic>): Float32Array {
  const layer = new Float32Array(SIDE * SIDE);
  addSersic(layer, { ...GALAXY, ...galaxy });
  return layer;
}

Deno.test("addSersic() adds a galaxy's flux, half of it within the effective radius", () => {
  for (const [index, effectiveRadius] of [[1, 6], [2, 5], [4, 1.5]]) {
    const layer = painted({ index, effectiveRadius });
    let inside = 0;
    layer.forEach((value, at) => {
      if (Math.hypot(Math.floor(at / SIDE) - 49.5, at % SIDE - 49.5) < effectiveRadius) inside += value;
    });
    // An elliptical has 3 % of its light beyond the picture's edges.
    assertClose(sum(layer), 1000, 0.04, `n = ${index}`);
    if (index < 4) assertClose(inside / sum(layer), 0.5, 0.04, `n = ${index}`);
  }
});

Deno.test("addSersic() stretches along the angle and keeps the flux", () => {
  const layer = painted({ axisRatio: 0.4, angle: Math.PI / 6 });
  let xx = 0, yy = 0, xy = 0;
  layer.forEach((value, at) => {
    const y = Math.floor(at / SIDE) - 49.5, x = at % SIDE - 49.5;
    xx += value * x * x;
    yy += value * y * y;
    xy += value * x * y;
  });
  assertClose(0.5 * Math.atan2(2 * xy, xx - yy), Math.PI / 6, 1e-3);
  const spread = Math.sqrt((xx - yy) ** 2 + 4 * xy * xy), minor = xx + yy - spread, major = xx + yy + spread;
  assertClose(Math.sqrt(minor / major), 0.4, 0.02);
  assertClose(sum(layer), 1000, 0.01);
});

Deno.test("addLensed() of a source right behind a round lens is a ring of the Einstein radius, magnified as its area", () => {
  const layer = new Float32Array(SIDE * SIDE);
  const source = { ...GALAXY, x: 0, y: 0, effectiveRadius: 1, flux: 100 };
  const lens = { einsteinRadius: 15, axisRatio: 1, angle: 0, shear: 0, shearAngle: 0 };
  const magnification = addLensed(layer, [source], lens, 49.5, 49.5);
  let light = 0, radius = 0;
  layer.forEach((value, at) => {
    light += value;
    radius += value * Math.hypot(Math.floor(at / SIDE) - 49.5, at % SIDE - 49.5);
  });
  assertClose(radius / light, 15, 0.01);
  assertClose(light, 100 * magnification, 1e-4);
  // A source of profile f(s) seen at θ = θ_E ± s: ∫ f 2π (θ_E + s) ds over both sides against ∫ f 2π s ds, so 2 θ_E <1/s>; of an exponential
  // of scale h = Rₑ/1.678, <1/s> = 1/h. Inside, the second image ends in the middle, which takes next to nothing away here.
  assertClose(magnification, 2 * 15 * 1.678, 0.03);
});

Deno.test("addLensed() makes two images of one beside a round lens, on both sides of it", () => {
  const layer = new Float32Array(SIDE * SIDE);
  const source = { ...GALAXY, x: 5, y: 0, effectiveRadius: 0.7, flux: 1 };
  addLensed(
    layer,
    [source],
    { einsteinRadius: 15, axisRatio: 1, angle: 0, shear: 0, shearAngle: 0 },
    49.5,
    49.5,
  );
  const along = (from: number, to: number) => {
    let best = from;
    for (let c = from; c < to; c++) if (layer[49 * SIDE + c] > layer[49 * SIDE + best]) best = c;
    return best - 49.5;
  };
  // θ = β ± θ_E: 20 and -10.
  assertClose([along(50, 100), along(0, 49)], [20, -10], 0.06);
  assert(layer[49 * SIDE + 49] < 1e-6);
});
