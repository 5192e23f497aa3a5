/**
 * Expected values from SciPy 1.17.1:
 * ```py
 * from scipy.stats import norm; from scipy.special import erfc
 * [norm.cdf(x) for x in X], [norm.pdf(x) for x in X], [erfc(x) for x in X], [norm.ppf(p) for p in P]
 * ```
 * @module
 */
import { erfc, normalCdf, normalDensity, normalQuantile } from "../../../lib/base/normal.ts";
import { assertClose, assertEquals } from "../../assert.ts";

/** Each value within so much of itself. */
function assertEach(actual: number[], expected: number[], tolerance: number): void {
  expected.forEach((value, i) => assertClose(actual[i], value, tolerance, `value ${i}`));
}

Deno.test("normalCdf(), normalDensity() and erfc() have SciPy's values, tails too", () => {
  const x = [-8, -3, -1, 0, 0.5, 1.9, 2.1, 5];
  const below = [
    6.22096057427174e-16,
    0.0013498980316300933,
    0.15865525393145707,
    0.5,
    0.6914624612740131,
    0.9712834401839981,
    0.9821355794371834,
    0.9999997133484281,
  ];
  assertEach(x.map(normalCdf), below, 1e-11);
  const density = [0.0044318484119380075, 0.3989422804014327, 0.24197072451914337, 1.4867195147342979e-06];
  assertEach([-3, 0, 1, 5].map(normalDensity), density, 1e-14);
  const complement = [
    1.8427007929497148,
    1,
    0.4795001221869535,
    0.007209570764742531,
    0.0029794666563329845,
    1.5374597944280347e-12,
  ];
  assertEach([-1, 0, 0.5, 1.9, 2.1, 5].map(erfc), complement, 1e-11);
});

Deno.test("normalQuantile() has SciPy's values, and is the inverse everywhere", () => {
  const p = [1e-12, 0.001, 0.02425, 0.1, 0.9, 0.975, 0.9999];
  const quantiles = [
    -7.034483825301131,
    -3.090232306167813,
    -1.972961051311885,
    -1.2815515655446004,
    1.2815515655446004,
    1.959963984540054,
    3.719016485455709,
  ];
  assertEach(p.map(normalQuantile), quantiles, 1e-10);
  assertClose(normalQuantile(0.5), 0, 1e-12, "", 1);
  assertEquals([0, -1, 1, 2].map(normalQuantile), [-Infinity, -Infinity, Infinity, Infinity]);
  for (let k = 1; k < 400; k++) assertClose(normalCdf(normalQuantile(k / 400)), k / 400, 1e-12);
});
