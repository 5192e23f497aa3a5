/** How well hits are told apart by their tracks, whatever the tracks are called, beside groupings without a network. @module */
import type { CardMetric } from "../../card/mod.ts";
import {
  adjustedRand,
  assign,
  bootstrap,
  meanOf,
  proportion,
  type ResamplingOptions,
} from "../../evaluate/mod.ts";
import { eventCount, selectEvents, type TrackerHits } from "../../image/tracker_events.ts";
import { sampledHits } from "../../image/tracker_points.ts";
import { seedNearness, TRACK_SEEDS } from "../../image/track_seeds.ts";
import { fitOneIteratively } from "../supernemo/fit/iterative.ts";
import { createTrackFitter } from "../supernemo/fit/legendre.ts";
import { dbscan, type DbscanOptions } from "./dbscan.ts";
import { MOST_TRACKS, trackOfEachHit } from "./labels.ts";

/** Settings of nearness that are tried on validation events. */
const REACHES = [1.5, 2.3, 3.7], HEIGHTS_MM = [100, 300, Infinity], FEWEST = [1, 3];

/** What is taken where there are no such events. */
const MIDDLE: DbscanOptions = { reachCells: REACHES[1], heightMm: HEIGHTS_MM[1], fewest: FEWEST[1] };

/** Most events by which a baseline is chosen, and that the slow one is measured on. */
const CHOOSING = 500, FITTED = 1000;

/** Some events from all over the set, which may be in the order of the number of tracks. */
function spreadEvents(hits: TrackerHits, most: number): number[] {
  const count = eventCount(hits), kept = Math.min(most, count);
  return Array.from({ length: kept }, (_, i) => Math.floor(i * count / kept));
}

/** Adjusted Rand index of each event by the hits of its tracks, [events]; 1 where it has none. */
export function randOfEvents(hits: TrackerHits, given: Uint8Array): Float64Array {
  const truth = trackOfEachHit(hits);
  return Float64Array.from({ length: eventCount(hits) }, (_, event) => {
    const own = hitsOfTracks(hits, truth, event);
    if (own.length === 0) return 1;
    return adjustedRand(own.map((i) => truth[i]), own.map((i) => given[i]));
  });
}

function hitsOfTracks({ offsets }: TrackerHits, truth: Uint8Array, event: number): number[] {
  const own: number[] = [];
  for (let i = offsets[event]; i < offsets[event + 1]; i++) if (truth[i] > 0) own.push(i);
  return own;
}

/** Hits of each event that are of the track that they are said to be, the tracks matched as it is best for all, and all of them. */
export function matchedHits(hits: TrackerHits, given: Uint8Array): { right: number; all: number }[] {
  const truth = trackOfEachHit(hits);
  return Array.from({ length: eventCount(hits) }, (_, event) => {
    const own = hitsOfTracks(hits, truth, event), groups = Math.max(MOST_TRACKS, ...own.map((i) => given[i]));
    const costs = Array.from({ length: MOST_TRACKS }, () => new Float64Array(groups));
    for (const i of own) if (given[i] > 0) costs[truth[i] - 1][given[i] - 1]--;
    const right = assign(costs).reduce((sum, column, row) => sum - costs[row][column], 0);
    return { right, all: own.length };
  });
}

/** Nearness that groups validation events best; where there are none, its middle settings. */
export function chooseDbscan(hits?: TrackerHits): DbscanOptions {
  if (!hits || eventCount(hits) === 0) return MIDDLE;
  const some = selectEvents(hits, spreadEvents(hits, CHOOSING));
  const all = REACHES.flatMap((reachCells) =>
    HEIGHTS_MM.flatMap((heightMm) => FEWEST.map((fewest) => ({ reachCells, heightMm, fewest })))
  );
  const score = (options: DbscanOptions) =>
    randOfEvents(some, dbscan(some, options)).reduce((sum, index) => sum + index, 0);
  const scores = all.map(score);
  return all[scores.indexOf(Math.max(...scores))];
}

/** The track of each hit by the Legendre transform, which is told how many there are; 0 for hits of none. */
export function tracksByFit(hits: TrackerHits, counts: ArrayLike<number>, firstWireMm: number): Uint8Array {
  const fit = createTrackFitter(), given = new Uint8Array(hits.layer.length);
  for (let event = 0; event < eventCount(hits); event++) {
    fitOneIteratively(fit, hits, event, counts[event], firstWireMm).forEach((track, number) => {
      for (const hit of track.hits) given[hits.offsets[event] + hit] = number + 1;
    });
  }
  return given;
}

/** The track of each hit by the straight lines that hits agree on alone: the line that it is nearest; 0 where none is near enough. */
export function tracksByLines(hits: TrackerHits): Uint8Array {
  const given = new Uint8Array(hits.layer.length);
  for (let event = 0; event < eventCount(hits); event++) {
    const own = sampledHits(hits, event, Infinity), near = seedNearness(hits, own);
    own.forEach((hit, k) => {
      const ofLines = near.subarray(k * TRACK_SEEDS, (k + 1) * TRACK_SEEDS), best = Math.max(...ofLines);
      if (best > 0.5) given[hit] = 1 + ofLines.indexOf(best);
    });
  }
  return given;
}

/** Events to be measured on, and those by which a baseline is chosen. */
export interface TrackEvents {
  /** Hits with their tracks. */
  test: TrackerHits;
  /** Number of tracks of each event. */
  counts: ArrayLike<number>;
  /** Hits of validation events; where there are none, nearness has its middle settings. */
  validation?: TrackerHits;
  /** |x| of the first layer's wires. */
  firstWireMm: number;
}

/**
 * Mean adjusted Rand index, of each number of tracks too, share of events without one wrong hit, and share of hits of the right track.
 *
 * @param given Track that each hit is said to be of, from 1 on, 0 for none, [hits].
 */
export function measureTracks(
  given: Uint8Array,
  { test, counts, validation, firstWireMm }: TrackEvents,
  options: ResamplingOptions,
): Record<string, CardMetric> {
  const split = "test", ours = randOfEvents(test, given), matched = matchedHits(test, given);
  const near = dbscan(test, chooseDbscan(validation));
  const byNearness = randOfEvents(test, near);
  const rows = spreadEvents(test, FITTED), fitted = selectEvents(test, rows);
  const byFit = randOfEvents(fitted, tracksByFit(fitted, rows.map((row) => counts[row]), firstWireMm));
  const estimate = (values: ArrayLike<number>) => bootstrap(values, meanOf, options);
  const mean = estimate(byNearness);
  const perfect = (events: typeof matched) => events.filter(({ right, all }) => right === all).length;
  const sum = (of: "right" | "all") => matched.reduce((total, event) => total + event[of], 0);
  const above = (theirs: Float64Array, rows?: number[]) => ({
    ...estimate(theirs.map((index, i) => ours[rows ? rows[i] : i] - index)),
    split,
  });
  const byLines = randOfEvents(fitted, tracksByLines(fitted));
  const each = [...new Set(Array.from(counts))].sort().map((number): [string, CardMetric] => {
    const rows = [...ours.keys()].filter((event) => counts[event] === number);
    const metric = estimate(rows.map((row) => ours[row]));
    const baseline = { name: "nearness", value: estimate(rows.map((row) => byNearness[row])).value };
    return [`adjustedRandOf${number}`, { ...metric, split, baseline }];
  });
  const whole = proportion(perfect(matched), matched.length);
  const nearWhole = proportion(perfect(matchedHits(test, near)), matched.length);
  return {
    adjustedRand: { ...estimate(ours), split, baseline: { name: "nearness", value: mean.value } },
    adjustedRandOfFits: { ...estimate(byFit), split },
    adjustedRandAboveFits: above(byFit, rows),
    adjustedRandAboveNearness: above(byNearness),
    adjustedRandOfLines: { ...estimate(byLines), split },
    adjustedRandAboveLines: above(byLines, rows),
    perfectEvents: { ...whole, split, baseline: { name: "nearness", value: nearWhole.value } },
    hitsOfRightTrack: { ...proportion(sum("right"), sum("all")), split },
    ...(each.length > 1 && Object.fromEntries(each)),
  };
}
