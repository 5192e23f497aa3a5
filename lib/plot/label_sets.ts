/** Sets of labels, the most frequent ones side by side: how often each is there, and how often it is found. @module */
import { COLORS, quantity, type Spec, toSpec, type View } from "./spec.ts";

/** Options for {@linkcode plotLabelSets}. */
export interface LabelSetsOptions {
  /** Sets that are drawn at most, the most frequent first. @default {20} */
  most?: number;
  /** Above the chart. */
  title?: string;
}

/** A true set, and what became of it. */
interface CountedSet {
  labels: number[];
  count: number;
  right: number;
}

function countSets(
  given: ArrayLike<number>,
  truth: ArrayLike<number>,
  labels: number,
): CountedSet[] {
  const sets = new Map<string, CountedSet>();
  for (let first = 0; first < truth.length; first += labels) {
    const own: number[] = [];
    let isRight = true;
    for (let label = 0; label < labels; label++) {
      if (truth[first + label]) own.push(label);
      if (Boolean(given[first + label]) !== Boolean(truth[first + label])) isRight = false;
    }
    const set = sets.get(own.join()) ?? { labels: own, count: 0, right: 0 };
    set.count++;
    if (isRight) set.right++;
    sets.set(own.join(), set);
  }
  return [...sets.values()].sort((a, b) => b.count - a.count);
}

/**
 * A column for each of the most frequent true sets: above how many examples have it, those of them whose set was found exactly in colour, and below
 * which labels it consists of, as dots joined by a line.
 *
 * Shapes: [n, labels] each, 0 or 1, row-major.
 * Source: UpSet plots, A. Lex et al., IEEE Trans. Vis. Comput. Graph. 20, 1983 (2014).
 *
 * @param names One name a label.
 * @throws {RangeError} If the arrays are no rows of so many labels.
 * @example Two sets, the second of which is not found
 * ```ts
 * plotLabelSets([1, 0, 0, 1], [1, 0, 1, 1], ["left", "right"]);
 * ```
 */
export function plotLabelSets(
  given: ArrayLike<number>,
  truth: ArrayLike<number>,
  names: readonly string[],
  options: LabelSetsOptions = {},
): Spec {
  const { most = 20, title = "Sets of labels" } = options, labels = names.length;
  if (given.length !== truth.length || truth.length % labels !== 0 || truth.length === 0) {
    throw new RangeError(
      `Cannot draw sets as both must be rows of ${labels}: got ${given.length} and ${truth.length} numbers`,
    );
  }
  const all = countSets(given, truth, labels), drawn = all.slice(0, most);
  const examples = truth.length / labels, covered = drawn.reduce((sum, { count }) => sum + count, 0);
  const used = names.filter((_, label) => drawn.some((set) => set.labels.includes(label)));
  return toSpec({
    title: {
      text: title,
      subtitle: `${drawn.length} of ${all.length} sets, with ${covered} of ${examples} examples`,
    },
    vconcat: [countsAbove(drawn), membersBelow(drawn, names, used)],
    spacing: 6,
  });
}

/** Width of a column. */
const COLUMN = 24;

/** Where each set is drawn. */
const SET = { field: "set", type: "ordinal", title: null, axis: null };

/** How many examples have each set, those found exactly in colour. */
function countsAbove(sets: readonly CountedSet[]): View {
  const bars = sets.flatMap(({ count, right }, set) => [
    { set, part: "found exactly", count: right },
    { set, part: "not", count: count - right },
  ]);
  return {
    width: COLUMN * sets.length,
    height: 150,
    data: { values: bars },
    mark: "bar",
    encoding: {
      x: SET,
      y: quantity("count", "Examples"),
      color: {
        field: "part",
        type: "nominal",
        title: null,
        scale: { domain: ["found exactly", "not"], range: [COLORS.blue, COLORS.grey] },
      },
      order: { field: "part", sort: "ascending" },
      tooltip: ["part", "count"],
    },
  };
}

/** Which labels each set consists of, as dots joined by a line. */
function membersBelow(
  sets: readonly CountedSet[],
  names: readonly string[],
  used: readonly string[],
): View {
  const dots = sets.flatMap((set, i) => set.labels.map((label) => ({ set: i, label: names[label] })));
  return {
    width: COLUMN * sets.length,
    height: 14 * used.length,
    data: { values: dots },
    encoding: {
      x: SET,
      y: { field: "label", type: "nominal", sort: used, title: null, scale: { domain: used } },
    },
    layer: [
      { mark: { type: "line", color: COLORS.grey }, encoding: { detail: { field: "set" } } },
      { mark: { type: "point", filled: true, size: 60, color: COLORS.blue } },
    ],
  };
}
