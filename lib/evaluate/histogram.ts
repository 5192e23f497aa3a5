/** Counting values into bins. @module */

/** Options for {@linkcode histogram}: edges, or a number of equal bins over a range. */
export interface HistogramOptions {
  /** Ascending bin edges, at least two; `bins` and `range` are ignored. */
  edges?: ArrayLike<number>;
  /** Number of equal bins. @default {50} */
  bins?: number;
  /** First and last edge. @default {smallest and largest value} */
  range?: readonly [low: number, high: number];
}

/** Counts between edges. */
export interface Histogram {
  /** [bins + 1], ascending. */
  edges: Float64Array;
  /** [bins] */
  counts: Float64Array;
  /** Values below the first edge. */
  under: number;
  /** Values above the last edge. */
  over: number;
  /** Values that are no numbers. */
  missing: number;
}

/** Ascending edges of `bins` equal bins. */
function equalEdges(low: number, high: number, bins: number): Float64Array {
  // All values equal: a bin of width 1 around them, as NumPy makes it.
  const [a, b] = low === high ? [low - 0.5, high + 0.5] : [low, high];
  return Float64Array.from({ length: bins + 1 }, (_, i) => i === bins ? b : a + (b - a) * i / bins);
}

/**
 * Bin that a value falls into: the last edge that is not above it; the last bin holds its upper edge too (NumPy's rule).
 *
 * @param edges Ascending.
 * @returns Bin number; -1 below the first edge, `edges.length - 1` above the last or for NaN.
 * @example Course's energy bins
 * ```ts
 * binOf(5, [0, 5, 15, 35]); // 1
 * ```
 */
export function binOf(value: number, edges: ArrayLike<number>): number {
  const last = edges.length - 1;
  if (value < edges[0]) return -1;
  if (!(value <= edges[last])) return last;
  if (value === edges[last]) return last - 1;
  let low = 0, high = last;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (edges[middle] <= value) low = middle;
    else high = middle;
  }
  return low;
}

/**
 * Checks bin edges.
 *
 * @throws {RangeError} If there are fewer than two, or they do not rise.
 */
export function checkEdges(action: string, edges: ArrayLike<number>): void {
  let rising = edges.length >= 2;
  for (let i = 1; i < edges.length; i++) rising &&= edges[i] > edges[i - 1];
  if (!rising) {
    throw new RangeError(
      `Cannot ${action} as bin edges must be at least two, rising: got [${Array.from(edges).join(", ")}]`,
    );
  }
}

/**
 * Counts values into bins: lower edges belong to their bin, the last bin holds its upper edge too. NaN counts as `over`.
 *
 * @param values [n], any units.
 * @throws {RangeError} If edges do not rise or the number of bins is not positive.
 * @example Three bins
 * ```ts
 * histogram([1, 2, 6, 40], { edges: [0, 5, 15, 35] }).counts; // 2, 1, 0
 * ```
 */
export function histogram(values: ArrayLike<number>, options: HistogramOptions = {}): Histogram {
  const { bins = 50 } = options;
  let edges: Float64Array;
  if (options.edges) {
    edges = Float64Array.from(options.edges);
  } else {
    if (!Number.isInteger(bins) || bins < 1) {
      throw new RangeError(`Cannot fill a histogram as bins must be a positive whole number: got ${bins}`);
    }
    let [low, high] = options.range ?? [Infinity, -Infinity];
    if (!options.range) {
      for (let i = 0; i < values.length; i++) {
        if (values[i] < low) low = values[i];
        if (values[i] > high) high = values[i];
      }
      if (low > high) [low, high] = [0, 1];
    }
    edges = equalEdges(low, high, bins);
  }
  checkEdges("fill a histogram", edges);
  const counts = new Float64Array(edges.length - 1);
  let under = 0, over = 0, missing = 0;
  for (let i = 0; i < values.length; i++) {
    const bin = binOf(values[i], edges);
    if (Number.isNaN(values[i])) missing++;
    else if (bin < 0) under++;
    else if (bin === counts.length) over++;
    else counts[bin]++;
  }
  return { edges, counts, under, over, missing };
}

/**
 * Example numbers by bin, in their order; examples outside all bins are in none.
 *
 * @returns One array of example numbers a bin.
 * @throws {RangeError} If edges do not rise.
 * @example Energies in the course's bins
 * ```ts
 * indicesByBin([1, 20, 3], [0, 5, 15, 35]); // [0, 2], [], [1]
 * ```
 */
export function indicesByBin(values: ArrayLike<number>, edges: ArrayLike<number>): Uint32Array[] {
  checkEdges("sort examples into bins", edges);
  const lists: number[][] = Array.from({ length: edges.length - 1 }, () => []);
  for (let i = 0; i < values.length; i++) lists[binOf(values[i], edges)]?.push(i);
  return lists.map((list) => Uint32Array.from(list));
}
