/** Whether numbers follow a law, by Kolmogorov's and Smirnov's test. @module */
import { assert } from "../../../assert.ts";

/** What √n times the largest distance exceeds once in a thousand times. */
const ONCE_IN_A_THOUSAND = 1.95;

/** Largest distance between the shares of values below each of them and a law's, times √n. */
function kolmogorov(values: readonly number[], law: (x: number) => number): number {
  const sorted = Float64Array.from(values).sort(), n = sorted.length;
  let worst = 0;
  for (let i = 0; i < n; i++) {
    const wanted = law(sorted[i]);
    worst = Math.max(worst, Math.abs((i + 1) / n - wanted), Math.abs(i / n - wanted));
  }
  return worst * Math.sqrt(n);
}

/** Refuses values that follow a law less than one in a thousand sets that do. @param law Share below a number. */
export function assertLaw(name: string, values: readonly number[], law: (x: number) => number): void {
  assert(values.length >= 300, `${name}: ${values.length} values tell little`);
  const statistic = kolmogorov(values, law);
  assert(statistic < ONCE_IN_A_THOUSAND, `${name}: Kolmogorov's statistic is ${statistic}`);
}

/** Refuses values that are drawn of another law than others, of which there are as many. */
export function assertSameLaw(name: string, values: readonly number[], others: readonly number[]): void {
  assert(
    values.length >= 300 && others.length === values.length,
    `${name}: ${values.length}, ${others.length}`,
  );
  const sorted = Float64Array.from(others).sort();
  const below = (x: number) => {
    let low = 0, high = sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sorted[middle] <= x) low = middle + 1;
      else high = middle;
    }
    return low / sorted.length;
  };
  const statistic = kolmogorov(values, below) / Math.SQRT2;
  assert(statistic < ONCE_IN_A_THOUSAND, `${name}: Kolmogorov's statistic is ${statistic}`);
}
