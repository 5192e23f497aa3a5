/**
 * Reference values printed by Python (NumPy, SciPy), a and b of the example generator's seeds 17 and 19, m of seed 23:
 * ```py
 * def frechet(a, b):
 *     ca, cb, d = np.cov(a.T), np.cov(b.T), a.mean(0) - b.mean(0)
 *     return d @ d + np.trace(ca + cb - 2 * linalg.sqrtm(ca @ cb).real)
 * a, b, m = lcg(n * k, 17).reshape(n, k), lcg(n * k, 19).reshape(n, k), lcg(k * k, 23).reshape(k, k)
 * frechet(a, b @ m)                       # n, k = 40, 5 and 60, 16
 * # four vectors of six numbers: a covariance without full rank, its root from numpy.linalg.eigh
 * ```
 * @module
 */
import { type Features, frechetDistance } from "../../../lib/evaluate/mod.ts";
import { assertClose, assertThrows } from "../../assert.ts";
import { sequence } from "./_sequence.ts";

const vectors = (n: number, size: number, seed: number): Features => ({
  data: sequence(n * size, seed),
  shape: [n, size],
});

/** The same vectors, each multiplied by a square matrix. */
function mixed({ data, shape: [n, size] }: Features, seed: number): Features {
  const matrix = sequence(size * size, seed), out = new Float64Array(n * size);
  for (let row = 0; row < n; row++) {
    for (let i = 0; i < size; i++) {
      for (let k = 0; k < size; k++) out[row * size + i] += data[row * size + k] * matrix[k * size + i];
    }
  }
  return { data: out, shape: [n, size] };
}

Deno.test("frechetDistance() agrees with SciPy on clouds whose numbers hang together", () => {
  const distance = (n: number, size: number) =>
    frechetDistance(vectors(n, size, 17), mixed(vectors(n, size, 19), 23));
  assertClose(distance(40, 5), 5.978351824954958, 1e-10);
  assertClose(distance(60, 16), 177.83215843971448, 1e-10);
});

Deno.test("frechetDistance() agrees with NumPy where there are fewer vectors than numbers", () => {
  assertClose(frechetDistance(vectors(4, 6, 17), vectors(4, 6, 19)), 0.6985781443570975, 1e-6);
});

Deno.test("frechetDistance() is nothing from itself, symmetric, and the square of a shift", () => {
  const a = vectors(30, 4, 3), b = mixed(vectors(30, 4, 5), 7);
  const shifted = { ...a, data: Float64Array.from(a.data, (x, i) => x + [1, 0, -2, 0][i % 4]) };
  assertClose([frechetDistance(a, a)], [0], 1e-10, "", 1);
  assertClose(frechetDistance(a, shifted), 5, 1e-10);
  assertClose(frechetDistance(a, b), frechetDistance(b, a), 1e-10);
});

// By hand: standard deviations 1 and 3 of (0, 2)/√2 and (0, 6)/√2 about the means 1 and 3: 2² + (√2 - 3 √2)² = 12
Deno.test("frechetDistance() of two lines is what a reader computes", () => {
  assertClose(frechetDistance({ data: [0, 2], shape: [2, 1] }, { data: [0, 6], shape: [2, 1] }), 12, 1e-12);
});

Deno.test("frechetDistance() refuses vectors of two sizes, and a single one", () => {
  assertThrows(
    () => frechetDistance(vectors(4, 2, 1), vectors(4, 3, 1)),
    RangeError,
    "vectors of 2 numbers with vectors of 3",
  );
  assertThrows(() => frechetDistance(vectors(4, 2, 1), vectors(1, 2, 1)), RangeError, "of 1 vectors");
});
