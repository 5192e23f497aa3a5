/**
 * The lateral shape of a shower in lead tungstate, integrated over crystals.
 *
 * Two terms, core and halo, each with the density R²/(π (x² + y² + R²)²) of Grindhammer and Peters (arXiv:hep-ex/0001020), whose
 * integral over a quadrant is closed: with h = √(x² + R²) and v = √(y² + R²), (x/h atan(y/h) + y/v atan(x/v)) / 2π. @module
 */
import type { Draws } from "../../base/random.ts";

/**
 * In crystals of 22 mm, which is also Molière's radius of lead tungstate; spreads are σ of logarithms. Tuned to the published pictures' σ of energy and
 * share in the middle; a hit in a crystal's middle then leaves there about as much of 3 × 3 crystals, and in 3 × 3 of 5 × 5, as CMS's test beams
 * say (some 0.8 and 0.95).
 */
export const SHOWER = {
  core: 0.16,
  halo: 0.62,
  haloShare: 0.24,
  widthSpread: 0.06,
  haloSpread: 0.25,
} as const;

/** Most crystals from the middle of a shower that get any of it. */
const REACH = 5;
const corners = new Float64Array((2 * REACH + 2) ** 2);
const across = new Float64Array(2 * REACH + 2), down = new Float64Array(2 * REACH + 2);

/** Share of a term left of and above a corner, up to a constant. */
function quadrant(x: number, y: number, h: number, v: number): number {
  return (x / h * Math.atan(y / h) + y / v * Math.atan(x / v)) / (2 * Math.PI);
}

/** Adds one term of a shower to a grid of crystals: of `radius` crystals, out to `reach` of them. */
export function addShowerTerm(
  grid: Float32Array,
  side: number,
  row: number,
  column: number,
  energy: number,
  radius: number,
  reach: number,
): void {
  const top = Math.floor(row) - reach, left = Math.floor(column) - reach, edges = 2 * reach + 2;
  const squared = radius * radius;
  for (let i = 0; i < edges; i++) {
    const x = left + i - column, y = top + i - row;
    across[i] = Math.sqrt(x * x + squared);
    down[i] = Math.sqrt(y * y + squared);
  }
  for (let r = 0; r < edges; r++) {
    for (let c = 0; c < edges; c++) {
      corners[r * edges + c] = quadrant(left + c - column, top + r - row, across[c], down[r]);
    }
  }
  const firstRow = Math.max(0, -top), lastRow = Math.min(edges - 1, side - top);
  const firstColumn = Math.max(0, -left), lastColumn = Math.min(edges - 1, side - left);
  for (let r = firstRow; r < lastRow; r++) {
    for (let c = firstColumn; c < lastColumn; c++) {
      const at = r * edges + c;
      const share = corners[at + edges + 1] - corners[at + 1] - corners[at + edges] + corners[at];
      grid[(top + r) * side + left + c] += energy * share;
    }
  }
}

/**
 * Adds a shower's energy to a grid of crystals; what falls outside is lost.
 *
 * @param grid [side, side], GeV.
 * @param row Where the particle hits, in crystals from the grid's corner.
 * @param energy GeV.
 * @param draws How wide this one is: showers of one energy differ in where along the crystal they grow.
 */
export function addShower(
  grid: Float32Array,
  side: number,
  row: number,
  column: number,
  energy: number,
  draws: Draws,
): void {
  const width = Math.exp(SHOWER.widthSpread * draws.normal());
  const haloShare = Math.min(0.5, SHOWER.haloShare * Math.exp(SHOWER.haloSpread * draws.normal()));
  const reach = energy > 5 ? REACH : energy > 0.5 ? 3 : 1;
  addShowerTerm(grid, side, row, column, energy * (1 - haloShare), SHOWER.core * width, Math.min(3, reach));
  addShowerTerm(grid, side, row, column, energy * haloShare, SHOWER.halo * width, reach);
}
