import { assert, assertClose } from "../../../assert.ts";
import { createDraws } from "../../../../lib/base/random.ts";
import { createRng } from "../../../../lib/base/rng.ts";
import { addShower, addShowerTerm } from "../../../../lib/simulate/ecal/shower.ts";

const draws = () => createDraws(createRng(3));
const at = (grid: Float32Array, row: number, column: number) => grid[row * 21 + column];
function square(grid: Float32Array, half: number): number {
  let sum = 0;
  for (let r = 10 - half; r <= 10 + half; r++) {
    for (let c = 10 - half; c <= 10 + half; c++) sum += at(grid, r, c);
  }
  return sum;
}

Deno.test("addShowerTerm() integrates its density over a crystal", () => {
  // scipy 1.17: R = 0.3; dblquad(lambda y, x: R*R/(pi*(x*x+y*y+R*R)**2), -.2, .8, -.1, .9) = 0.492841; R = 1.1: 0.1607984
  for (const [radius, share] of [[0.3, 0.4928410], [1.1, 0.1607984]]) {
    const grid = new Float32Array(21 * 21);
    addShowerTerm(grid, 21, 10.1, 10.2, 1, radius, 5);
    assertClose(at(grid, 10, 10), share, 1e-5);
  }
});

Deno.test("addShower() in a crystal's middle: 5 × 5 crystals hold nearly all, 3 × 3 most of it, the same on all sides", () => {
  const grid = new Float32Array(21 * 21), rng = draws(), n = 200;
  for (let i = 0; i < n; i++) addShower(grid, 21, 10.5, 10.5, 50 / n, rng);
  assertClose(square(grid, 2) / 50, 0.96, 0.03);
  const [one, nine, all] = [0, 1, 2].map((half) => square(grid, half));
  // CMS's test beams: about 0.8 and 0.95.
  assertClose([one / nine, nine / all], [0.82, 0.95], 0.06);
  assertClose([at(grid, 9, 10), at(grid, 10, 9), at(grid, 10, 11)], Array(3).fill(at(grid, 11, 10)), 1e-3);
});

Deno.test("addShower() on a corner shares alike among four, and drops what leaves the grid", () => {
  const grid = new Float32Array(21 * 21);
  addShower(grid, 21, 10, 10, 50, draws());
  assertClose([at(grid, 9, 9), at(grid, 9, 10), at(grid, 10, 9)], Array(3).fill(at(grid, 10, 10)), 1e-5);
  const cut = new Float32Array(21 * 21);
  addShower(cut, 21, 0, 21, 50, draws());
  const sum = cut.reduce((a, b) => a + b, 0);
  assert(sum > 11 && sum < 12.5, `a quarter of 50 stays: ${sum}`);
});
