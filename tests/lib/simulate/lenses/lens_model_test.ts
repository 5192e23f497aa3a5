import { assert, assertClose, assertThrows } from "../../../assert.ts";
import { createLens, type LensModel } from "../../../../lib/simulate/lenses/lens_model.ts";

const ROUND: LensModel = { einsteinRadius: 10, axisRatio: 1, angle: 0, shear: 0, shearAngle: 0 };

function source(model: LensModel, x: number, y: number): number[] {
  const into = new Float64Array(2);
  createLens(model)(x, y, into);
  return Array.from(into);
}

/** ∂(source)/∂(image), by differences. */
function jacobian(model: LensModel, x: number, y: number): [number, number, number, number] {
  const h = 1e-4, [right, left] = [source(model, x + h, y), source(model, x - h, y)];
  const [up, down] = [source(model, x, y + h), source(model, x, y - h)];
  return [
    (right[0] - left[0]) / (2 * h),
    (up[0] - down[0]) / (2 * h),
    (right[1] - left[1]) / (2 * h),
    (up[1] - down[1]) / (2 * h),
  ];
}

Deno.test("createLens() of a round lens bends every ray by the Einstein radius towards the middle", () => {
  for (const [x, y] of [[20, 0], [0, -7], [3, 4], [-30, 40]]) {
    const r = Math.hypot(x, y);
    assertClose(source(ROUND, x, y), [x - 10 * x / r, y - 10 * y / r], 2e-3);
  }
});

Deno.test("createLens() has the surface density of an isothermal ellipsoid: the divergence of its deflection", () => {
  // κ = θ_E / (2 √(q u² + v²/q)), the density that the formulas are derived from.
  const model = { ...ROUND, axisRatio: 0.6, angle: 0.7 };
  for (const [x, y] of [[5, 3], [-8, 12], [20, -4]]) {
    const [xx, xy, yx, yy] = jacobian(model, x, y);
    const u = Math.cos(0.7) * x + Math.sin(0.7) * y, v = -Math.sin(0.7) * x + Math.cos(0.7) * y;
    const kappa = 10 / (2 * Math.sqrt(0.6 * u * u + v * v / 0.6));
    assertClose(1 - (xx + yy) / 2, kappa, 1e-5, `at ${x}, ${y}`);
    assertClose(xy, yx, 1e-6, "a deflection is a gradient");
  }
});

Deno.test("createLens() has a critical curve of area π θ_E², whatever the axis ratio", () => {
  // Where the determinant changes sign along each direction: for an isothermal lens, where κ = 1/2.
  const model = { ...ROUND, axisRatio: 0.5, angle: 0.3 };
  let area = 0;
  const rays = 720;
  for (let i = 0; i < rays; i++) {
    const turn = 2 * Math.PI * (i + 0.5) / rays;
    let low = 1, high = 40;
    for (let step = 0; step < 40; step++) {
      const middle = (low + high) / 2;
      const [xx, xy, yx, yy] = jacobian(model, middle * Math.cos(turn), middle * Math.sin(turn));
      if (xx * yy - xy * yx < 0) low = middle;
      else high = middle;
    }
    area += 0.5 * low * low * 2 * Math.PI / rays;
  }
  assertClose(area, Math.PI * 100, 2e-3);
});

Deno.test("createLens() adds shear: without mass nearby a ray moves by γ along the shear's direction and against it across", () => {
  const far = 1e5, shear = { ...ROUND, shear: 0.1, shearAngle: 0 };
  assertClose(source(shear, far, 0)[0], 0.9 * far - 10, 1e-7);
  assertClose(source(shear, 0, far)[1], 1.1 * far - 10, 1e-7);
  const turned = { ...ROUND, shear: 0.1, shearAngle: Math.PI / 4 };
  assertClose(source(turned, far, 0), [far - 10, -0.1 * far], 1e-7);
});

Deno.test("createLens() is finite in the middle, and refuses what is no lens", () => {
  assert(source(ROUND, 0, 0).every(Number.isFinite));
  assertThrows(() => createLens({ ...ROUND, einsteinRadius: 0 }), RangeError, "got 0 and 1");
  assertThrows(() => createLens({ ...ROUND, axisRatio: 1.2 }), RangeError, "got 10 and 1.2");
});
