/** From which output on a hit stays: chosen by events that training did not see. @module */

/** Thresholds that are tried: 0.005, 0.015, … 0.995. */
const TRIED = Array.from({ length: 100 }, (_, i) => (5 + 10 * i) / 1000);

/**
 * The threshold at which most hits are decided rightly: each hit of the input counts +1 where it is and -1 where it is not.
 *
 * Source: the threshold finder of the clustering of github.com/amendl/SuperNEMO_ML_applications, its hundred thresholds; of several as good the middle one.
 *
 * @param values What the network says of each cell.
 * @param truth 1 for each cell that is to stay.
 * @param occupied 1 for each cell with a hit; others do not count.
 * @example
 * ```ts
 * findThreshold([0.9, 0.2, 0.4], [1, 0, 0], [1, 1, 1]); // 0.655
 * ```
 */
export function findThreshold(
  values: ArrayLike<number>,
  truth: ArrayLike<number>,
  occupied: ArrayLike<number>,
): number {
  // Of each hit only how many thresholds it reaches matters: right below that many if it stays, from there on if not.
  const gains = new Int32Array(TRIED.length + 1);
  let score = 0;
  for (let i = 0; i < values.length; i++) {
    if (!occupied[i]) continue;
    const next = TRIED.findIndex((threshold) => values[i] < threshold);
    const reached = next < 0 ? TRIED.length : next;
    score += truth[i] ? 1 : -1; // where all are called
    gains[reached] += truth[i] ? -2 : 2;
  }
  let best = -Infinity, chosen: number[] = [];
  TRIED.forEach((threshold, k) => {
    score += gains[k];
    if (score > best) [best, chosen] = [score, []];
    if (score === best) chosen.push(threshold);
  });
  return chosen[chosen.length >> 1];
}
