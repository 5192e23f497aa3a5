/**
 * What a network that takes tracks apart is to say of each cell of a map, [events, 116, 12]: which hits stay where the left
 * track is taken away, which are the left track's, or which track each hit is of.
 *
 * The left track is the one whose hits lie furthest left, at the smallest columns, on average: mirrored events have mirrored
 * labels, and no far end of a long track decides.
 *
 * Published labels: those of the clustering scripts of github.com/amendl/SuperNEMO_ML_applications, three faults to the letter. (1) Where the track to be removed is
 * the first of the event's list, the range of hits that stay begins one too late, and another track loses a hit. (2) Where it
 * stands in the middle, all hits stay. (3) Left is the track that owns the smallest column. @module
 */
import type { NdArray } from "../../data/source.ts";
import { eventCount, type TrackerHits } from "../../image/tracker_events.ts";
import { MAP_SHAPE } from "../../image/tracker_views.ts";
import { CELLS, cellsOf } from "../supernemo/maps.ts";

/** What is asked: the event without its left track, its left track alone, or which track each hit is of. */
export type ClusteringTask = "remove-left" | "keep-one" | "all";

/** Most tracks that are told apart at once. */
export const MOST_TRACKS = 4;

/** What a hit may be of, as a card names it. */
export const TRACK_LABELS: readonly string[] = [
  "no track",
  ...Array.from({ length: MOST_TRACKS }, (_, i) => `track ${i + 1}`),
];

function tracksOf({ tracks }: TrackerHits): Uint16Array {
  if (tracks) return tracks;
  throw new TypeError("Cannot label hits as the files do not say which track each is of");
}

/**
 * The numbers of an event's tracks, furthest left first, by the mean column of their hits; tracks without a hit are left out.
 *
 * @throws {TypeError} If the hits do not say which track they are of.
 * @example The second track lies left of the first
 * ```ts
 * const one = Uint8Array.of(1, 1), mm = Float32Array.of(5, 9);
 * const hits = { side: one, layer: one, column: Uint8Array.of(60, 20), radiusMm: mm, heightMm: mm };
 * tracksFromLeft({ ...hits, offsets: Uint32Array.of(0, 2), tracks: Uint16Array.of(1, 2) }, 0); // [ 1, 0 ]
 * ```
 */
export function tracksFromLeft(hits: TrackerHits, event: number): number[] {
  const tracks = tracksOf(hits), sums: number[] = [], counts: number[] = [];
  for (let i = hits.offsets[event]; i < hits.offsets[event + 1]; i++) {
    for (let track = 0; tracks[i] >> track > 0; track++) {
      if ((tracks[i] >> track & 1) === 0) continue;
      sums[track] = (sums[track] ?? 0) + hits.column[i];
      counts[track] = (counts[track] ?? 0) + 1;
    }
  }
  const means = sums.map((sum, track) => sum / counts[track]);
  return Object.keys(means).map(Number).sort((a, b) => means[a] - means[b] || a - b);
}

/** Where each track of an event ends in its list of hits. */
function endsOf({ offsets }: TrackerHits, tracks: Uint16Array, event: number): number[] {
  const ends: number[] = [];
  for (let i = offsets[event]; i < offsets[event + 1]; i++) {
    const track = Math.log2(tracks[i]);
    const isNext = track === ends.length || track === ends.length - 1;
    if (!isNext) {
      throw new TypeError(
        `Cannot make published labels of event ${event} as its hits must be listed track by track, each of one track`,
      );
    }
    ends[track] = i + 1;
  }
  return ends;
}

/** First and last of the hits that stay, the last one excluded, as published. */
function publishedRange(hits: TrackerHits, tracks: Uint16Array, event: number): [first: number, end: number] {
  const first = hits.offsets[event], end = hits.offsets[event + 1];
  const ends = endsOf(hits, tracks, event);
  let leftmost = first;
  for (let i = first; i < end; i++) if (hits.column[i] < hits.column[leftmost]) leftmost = i;
  const left = ends.findIndex((one) => leftmost < one);
  if (left === 0) return [ends[0] + 1, end];
  if (left === ends.length - 1) return [first, ends[left - 1]];
  return [first, end];
}

/**
 * The published labels of the event without its left track.
 *
 * @returns 1 for each cell that is to stay, [events, 116, 12, 1].
 * @throws {TypeError} If hits are not listed track by track, each of one track.
 */
export function publishedLabels(hits: TrackerHits): NdArray<Uint8Array> {
  const count = eventCount(hits), cells = cellsOf(hits), tracks = tracksOf(hits);
  const data = new Uint8Array(count * CELLS);
  for (let event = 0; event < count; event++) {
    const [first, end] = publishedRange(hits, tracks, event);
    for (let i = first; i < end; i++) data[cells[i]] = 1;
  }
  return { data, shape: [count, ...MAP_SHAPE, 1] };
}

/** Whether a hit of these tracks is to stay. */
const STAYS: Readonly<Record<"remove-left" | "keep-one", (tracks: number, left: number) => boolean>> = {
  "remove-left": (tracks, left) => tracks === 0 || (tracks & ~left) !== 0,
  "keep-one": (tracks, left) => (tracks & left) !== 0,
};

/**
 * The labels of one track against the rest. A cell that both crossed is of both; a hit of no track stays where the left track goes.
 *
 * @returns 1 for each cell that is to stay, [events, 116, 12, 1].
 * @throws {TypeError} If the hits do not say which track they are of.
 */
export function leftLabels(hits: TrackerHits, task: "remove-left" | "keep-one"): NdArray<Uint8Array> {
  const count = eventCount(hits), cells = cellsOf(hits), tracks = tracksOf(hits);
  const data = new Uint8Array(count * CELLS);
  for (let event = 0; event < count; event++) {
    const [leftmost] = tracksFromLeft(hits, event), left = leftmost === undefined ? 0 : 1 << leftmost;
    for (let i = hits.offsets[event]; i < hits.offsets[event + 1]; i++) {
      if (STAYS[task](tracks[i], left)) data[cells[i]] = 1;
    }
  }
  return { data, shape: [count, ...MAP_SHAPE, 1] };
}

/**
 * Which track each hit is of: 1 for the left one, 2 for the next, 0 for none; of a hit of several tracks the left one.
 *
 * @returns [hits].
 * @throws {TypeError} If the hits do not say which track they are of.
 * @throws {RangeError} If an event has more than four tracks.
 */
export function trackOfEachHit(hits: TrackerHits): Uint8Array {
  const tracks = tracksOf(hits), out = new Uint8Array(tracks.length);
  for (let event = 0; event < eventCount(hits); event++) {
    const order = tracksFromLeft(hits, event);
    if (order.length > MOST_TRACKS) {
      throw new RangeError(
        `Cannot take tracks apart in event ${event} as it may have at most ${MOST_TRACKS}: it has ${order.length}`,
      );
    }
    for (let i = hits.offsets[event]; i < hits.offsets[event + 1]; i++) {
      out[i] = 1 + order.findIndex((track) => (tracks[i] >> track & 1) === 1);
    }
  }
  return out;
}

/** {@linkcode trackOfEachHit} of each cell of a map, [events, 116, 12]; of several hits in a cell the left track's counts. */
export function trackLabels(hits: TrackerHits): NdArray<Uint8Array> {
  const count = eventCount(hits), data = new Uint8Array(count * CELLS), own = trackOfEachHit(hits);
  cellsOf(hits).forEach((cell, i) => {
    if (own[i] > 0 && (data[cell] === 0 || own[i] < data[cell])) data[cell] = own[i];
  });
  return { data, shape: [count, ...MAP_SHAPE] };
}

/** 1 for the hits of each event's left track that are nearest the foil: where it starts, [events, 116, 12, 1]. */
export function startLabels(hits: TrackerHits): NdArray<Uint8Array> {
  const count = eventCount(hits), cells = cellsOf(hits), tracks = tracksOf(hits);
  const data = new Uint8Array(count * CELLS);
  for (let event = 0; event < count; event++) {
    const [left] = tracksFromLeft(hits, event);
    let nearest = Infinity;
    const own: number[] = [];
    for (let i = hits.offsets[event]; i < hits.offsets[event + 1]; i++) {
      if (left === undefined || (tracks[i] >> left & 1) === 0) continue;
      own.push(i);
      nearest = Math.min(nearest, hits.layer[i]);
    }
    for (const i of own) if (hits.layer[i] === nearest) data[cells[i]] = 1;
  }
  return { data, shape: [count, ...MAP_SHAPE, 1] };
}
