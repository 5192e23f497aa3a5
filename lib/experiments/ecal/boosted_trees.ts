/**
 * Boosted trees on a few numbers of each example, for two classes: the cut that an analysis without a network makes.
 *
 * Source: J. H. Friedman, Ann. Stat. 29 (2001) 1189, for the logistic loss; splits between quantiles, as histogram-based
 * implementations have them.
 * @module
 */

/** Settings of {@linkcode fitTrees}. */
export interface FitTreesOptions {
  /** @default {120} */
  trees?: number;
  /** Splits from the root to a leaf. @default {3} */
  depth?: number;
  /** Share of each tree's step that is taken. @default {0.1} */
  rate?: number;
  /** Least examples of a leaf. @default {20} */
  leaf?: number;
}

/** Quantiles between which a column is split. */
const BINS = 64;
/** Added to the curvature of a leaf, so that few examples do not make a large step. */
const RIDGE = 1;

/** One tree, its nodes as in a heap: node n has children 2 n + 1 and 2 n + 2. */
interface Tree {
  /** Column on which a node splits, or -1 for a leaf. */
  columns: Int16Array;
  /** Up to this to the left. */
  limits: Float64Array;
  /** What a leaf adds. */
  steps: Float64Array;
}

/**
 * Fits boosted trees.
 *
 * @param features Numbers of each example.
 * @param labels 0 or 1 of each.
 * @returns The logit of class 1 for an example.
 * @throws {RangeError} If one class is missing.
 * @example
 * ```ts
 * const features = Array.from({ length: 100 }, (_, i) => [i]);
 * const score = fitTrees(features, features.map(([x]) => Number(x >= 50)));
 * score([70]) > 0 && score([20]) < 0; // true
 * ```
 */
export function fitTrees(
  features: readonly ArrayLike<number>[],
  labels: ArrayLike<number>,
  options: FitTreesOptions = {},
): (values: ArrayLike<number>) => number {
  const { trees = 120, depth = 3, rate = 0.1, leaf = 20 } = options, n = features.length;
  const ones = Array.from({ length: n }, (_, i) => labels[i]).reduce((sum, label) => sum + label, 0);
  if (!(ones > 0 && ones < n)) {
    throw new RangeError("Cannot fit trees as there must be examples of both classes");
  }
  const { limits, bins } = binned(features);
  const prior = Math.log(ones / (n - ones)), logits = new Float64Array(n).fill(prior);
  const forest: Tree[] = [];
  const slope = new Float64Array(n), curvature = new Float64Array(n);
  for (let round = 0; round < trees; round++) {
    for (let i = 0; i < n; i++) {
      const p = 1 / (1 + Math.exp(-logits[i]));
      slope[i] = labels[i] - p;
      curvature[i] = p * (1 - p);
    }
    forest.push(growTree({ limits, bins, slope, curvature, depth, rate, leaf }, logits));
  }
  return (values) => forest.reduce((sum, tree) => sum + stepOf(tree, values), prior);
}

/** Quantiles of each column, and of each example the bin that it is in, column after column. */
function binned(features: readonly ArrayLike<number>[]): { limits: Float64Array[]; bins: Uint8Array[] } {
  const columns = Array.from(
    { length: features[0].length },
    (_, c) => Float64Array.from(features, (row) => row[c]),
  );
  const limits = columns.map((column) => {
    const sorted = column.toSorted();
    const quantiles = Array.from(
      { length: BINS - 1 },
      (_, q) => sorted[Math.floor((q + 1) * sorted.length / BINS)],
    );
    return Float64Array.from(new Set(quantiles));
  });
  const bins = columns.map((column, c) => Uint8Array.from(column, (value) => binOf(limits[c], value)));
  return { limits, bins };
}

/** How many limits lie below a value. */
function binOf(limits: Float64Array, value: number): number {
  let low = 0, high = limits.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (limits[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

interface Growth {
  limits: readonly Float64Array[];
  bins: readonly Uint8Array[];
  slope: Float64Array;
  curvature: Float64Array;
  depth: number;
  rate: number;
  leaf: number;
}

/** Grows one tree, and takes its step for every example. */
function growTree(growth: Growth, logits: Float64Array): Tree {
  const { limits, bins, slope, curvature, depth, rate } = growth, nodes = 2 ** (depth + 1) - 1;
  const tree: Tree = {
    columns: new Int16Array(nodes).fill(-1),
    limits: new Float64Array(nodes),
    steps: new Float64Array(nodes),
  };
  let level: [node: number, members: Uint32Array][] = [[0, Uint32Array.from(logits, (_, i) => i)]];
  for (let deep = 0; level.length > 0; deep++) {
    const next: typeof level = [];
    for (const [node, members] of level) {
      const split = deep < depth ? bestSplit(members, growth) : undefined;
      if (split) {
        tree.columns[node] = split.column;
        tree.limits[node] = limits[split.column][split.bin];
        const own = bins[split.column];
        next.push([2 * node + 1, members.filter((i) => own[i] <= split.bin)]);
        next.push([2 * node + 2, members.filter((i) => own[i] > split.bin)]);
        continue;
      }
      let sum = 0, curve = RIDGE;
      for (const i of members) {
        sum += slope[i];
        curve += curvature[i];
      }
      tree.steps[node] = rate * sum / curve;
      for (const i of members) logits[i] += tree.steps[node];
    }
    level = next;
  }
  return tree;
}

/** The split of some examples that gains most, if any gains. */
function bestSplit(members: Uint32Array, { bins, limits, slope, curvature, leaf }: Growth) {
  let most = 1e-9, found: { column: number; bin: number } | undefined;
  const sums = new Float64Array(BINS), curves = new Float64Array(BINS), counts = new Uint32Array(BINS);
  for (let column = 0; column < bins.length; column++) {
    sums.fill(0);
    curves.fill(0);
    counts.fill(0);
    let whole = 0, curve = 0;
    for (const i of members) {
      const bin = bins[column][i];
      sums[bin] += slope[i];
      curves[bin] += curvature[i];
      counts[bin]++;
      whole += slope[i];
      curve += curvature[i];
    }
    let left = 0, leftCurve = 0, leftCount = 0;
    for (let bin = 0; bin < limits[column].length; bin++) {
      left += sums[bin];
      leftCurve += curves[bin];
      leftCount += counts[bin];
      if (leftCount < leaf || members.length - leftCount < leaf) continue;
      const right = whole - left, rightCurve = curve - leftCurve;
      const gain = left ** 2 / (leftCurve + RIDGE) + right ** 2 / (rightCurve + RIDGE) -
        whole ** 2 / (curve + RIDGE);
      if (gain > most) [most, found] = [gain, { column, bin }];
    }
  }
  return found;
}

function stepOf({ columns, limits, steps }: Tree, values: ArrayLike<number>): number {
  let node = 0;
  while (columns[node] >= 0) node = values[columns[node]] <= limits[node] ? 2 * node + 1 : 2 * node + 2;
  return steps[node];
}
