/**
 * How well hits are sorted into those that stay and those that go, beside what copying the input and saying nothing reach.
 *
 * A to E are those of the clustering scripts of github.com/amendl/SuperNEMO_ML_applications, means over events in %: A of the hits that are to stay those lost, B
 * of those that are to go those left, C of all hits those decided wrongly, D = √(A² + B²), E of the cells given those that are
 * not in the truth. @module
 */
import type { CardMetric } from "../../card/mod.ts";
import {
  bootstrap,
  bootstrapIndices,
  countSegmentation,
  meanOf,
  proportion,
  type ResamplingOptions,
} from "../../evaluate/mod.ts";
import { CELLS } from "../supernemo/maps.ts";

/** Events with what is in their cells, [events, cells] each. */
export interface SortedEvents {
  /** 1 where there is a hit. */
  occupied: Uint8Array;
  /** 1 where the hit stays. */
  truth: Uint8Array;
  /** Number of tracks, [events]. */
  tracks: Uint8Array;
}

/** What of an event's cells is called and right. */
interface EventCounts {
  /** Hits that stay, and those given of them; hits that go, and those given of them; cells given. */
  stay: Float64Array;
  stayGiven: Float64Array;
  go: Float64Array;
  goGiven: Float64Array;
  given: Float64Array;
}

function countsOf(
  values: ArrayLike<number>,
  { occupied, truth }: SortedEvents,
  threshold: number,
): EventCounts {
  const all = countSegmentation(values, truth, CELLS, { threshold });
  const atHits = countSegmentation(values, truth, CELLS, { threshold, occupied });
  const { present: hits } = countSegmentation(occupied, occupied, CELLS);
  return {
    stay: all.present,
    stayGiven: all.both,
    go: hits.map((count, e) => count - all.present[e]),
    goGiven: atHits.called.map((count, e) => count - all.both[e]),
    given: all.called,
  };
}

/** Shares of cells: their parts and wholes in one event. */
const SHARES: Readonly<Record<string, (c: EventCounts, e: number) => [part: number, whole: number]>> = {
  iou: (c, e) => [c.stayGiven[e], c.given[e] + c.stay[e] - c.stayGiven[e]],
  precision: (c, e) => [c.stayGiven[e], c.given[e]],
  recall: (c, e) => [c.stayGiven[e], c.stay[e]],
  cellAccuracy: (c, e) => [CELLS - c.given[e] - c.stay[e] + 2 * c.stayGiven[e], CELLS],
};

/** A share of the cells of some events by their places among `rows`. */
function shareOf(c: EventCounts, name: string, rows: Uint32Array): (some: ArrayLike<number>) => number {
  const parts = new Float64Array(rows.length), wholes = new Float64Array(rows.length);
  rows.forEach((row, i) => [parts[i], wholes[i]] = SHARES[name](c, row));
  return (some) => {
    let part = 0, whole = 0;
    for (let i = 0; i < some.length; i++) {
      part += parts[some[i]];
      whole += wholes[some[i]];
    }
    return part / whole;
  };
}

const percent = (part: number, whole: number) => whole > 0 ? 100 * part / whole : 0;
const lost = (c: EventCounts, e: number) => percent(c.stay[e] - c.stayGiven[e], c.stay[e]);
const left = (c: EventCounts, e: number) => percent(c.goGiven[e], c.go[e]);

/** A to E of one event, %. */
const MEANS: Readonly<Record<string, (c: EventCounts, e: number) => number>> = {
  lostOfKept: lost,
  leftOfRemoved: left,
  wrongOfHits: (c, e) => percent(c.stay[e] - c.stayGiven[e] + c.goGiven[e], c.stay[e] + c.go[e]),
  bothTogether: (c, e) => Math.hypot(lost(c, e), left(c, e)),
  outsideTruth: (c, e) => percent(c.given[e] - c.stayGiven[e], c.given[e]),
};

/** Whether each event is without one wrong cell. */
function isPerfect(c: EventCounts): boolean[] {
  return Array.from(c.given, (given, e) => given === c.stay[e] && given === c.stayGiven[e]);
}

const COPY = "the input as it is";

/** Measurements of some events, all of them or those of one number of tracks. */
function measureRows(ours: EventCounts, copy: EventCounts, rows: Uint32Array, options: ResamplingOptions) {
  const all = rows.map((_, i) => i), split = "test";
  const shares = Object.keys(SHARES).map((name): [string, CardMetric] => [name, {
    ...bootstrapIndices(rows.length, shareOf(ours, name, rows), options),
    split,
    baseline: { name: COPY, value: shareOf(copy, name, rows)(all) },
  }]);
  const [own, theirs] = [ours, copy].map((c) => shareOf(c, "iou", rows));
  const more = bootstrapIndices(rows.length, (some) => own(some) - theirs(some), options);
  const [perfect, copied] = [ours, copy].map((c) => {
    const is = isPerfect(c);
    return proportion(rows.filter((row) => is[row]).length, rows.length);
  });
  return Object.fromEntries([
    ...shares,
    ["iouAboveInput", { ...more, split }],
    ["perfectEvents", { ...perfect, split, baseline: { name: COPY, value: copied.value } }],
  ]) as Record<string, CardMetric>;
}

/** Means of A to E. */
function measureMeans(ours: EventCounts, copy: EventCounts, options: ResamplingOptions) {
  return Object.fromEntries(
    Object.entries(MEANS).map(([name, of]): [string, CardMetric] => {
      const [own, copied] = [ours, copy].map((c) => c.given.map((_, e) => of(c, e)));
      const baseline = { name: COPY, value: meanOf(copied) };
      return [name, { ...bootstrap(own, meanOf, options), split: "test", units: "%", baseline }];
    }),
  );
}

/**
 * All measurements: over all events and, where there are several numbers of tracks, the main ones of each (`iouOf2`).
 *
 * @param values What a network says of each cell, [events, 116, 12].
 * @param threshold From which value on a cell is given.
 */
export function measureSorting(
  values: ArrayLike<number>,
  events: SortedEvents,
  threshold: number,
  options: ResamplingOptions,
): Record<string, CardMetric> {
  const ours = countsOf(values, events, threshold), copy = countsOf(events.occupied, events, 0.5);
  const numbers = [...new Set(events.tracks)].sort();
  const rowsOf = (wanted?: number) =>
    Uint32Array.from(
      [...events.tracks.keys()].filter((e) => wanted === undefined || events.tracks[e] === wanted),
    );
  const { iou, iouAboveInput, perfectEvents, precision, recall, cellAccuracy } = measureRows(
    ours,
    copy,
    rowsOf(),
    options,
  );
  const stay = ours.stay.reduce((sum, count) => sum + count, 0), { length } = events.truth;
  const empty = (length - stay) / length;
  const cells = { ...cellAccuracy, baseline: { name: "nothing at all", value: empty } };
  const each = numbers.length < 2 ? [] : numbers.flatMap((number) => {
    const some = measureRows(ours, copy, rowsOf(number), options);
    return ["iou", "perfectEvents", "cellAccuracy"].map((name) =>
      [`${name}Of${number}`, some[name]] as const
    );
  });
  return {
    ...{ iou, iouAboveInput, perfectEvents, precision, recall },
    ...measureMeans(ours, copy, options),
    cellAccuracy,
    cellAccuracyOfNothing: cells,
    ...Object.fromEntries(each),
  };
}
