/**
 * Several tracks one after the other: fit one, take its hits away, fit the next.
 *
 * Source: `fit_one_iteratively` of github.com/amendl/SuperNEMO_ML_applications. As published, a hit is taken away if it is among all hits of the event, which takes all away
 * after one track; here the last track's own hits go, and no others. Of a track and its mirror image that one is taken which the cells contradict least. @module
 */
import type { TrackerHits } from "../../../image/tracker_events.ts";
import { TRACKER, wireY } from "../../../simulate/supernemo/geometry.ts";
import { chooseImage } from "./crossed_cells.ts";
import type { DriftCircles, EventTrack, TrackFitter, TrackHint } from "./lines.ts";

/** A circle's number in its event beside what the fit needs. */
interface SideHits {
  side: number;
  /** Numbers in the event. */
  numbers: number[];
}

/** Circles of some hits of an event. */
function circlesOf(
  hits: TrackerHits,
  first: number,
  numbers: readonly number[],
  firstWireMm: number,
): DriftCircles {
  const of = (value: (i: number) => number) => Float64Array.from(numbers, (number) => value(first + number));
  return {
    x: of((i) => firstWireMm + TRACKER.pitch * hits.layer[i]),
    y: of((i) => wireY(hits.column[i])),
    radius: of((i) => hits.radiusMm[i]),
    height: of((i) => hits.heightMm[i]),
  };
}

/**
 * Fits a number of tracks to one event; on each side apart, and always the track with most votes first.
 *
 * @param event Number of the event.
 * @param tracks How many tracks to look for, such as a counting network says.
 * @param firstWireMm |x| of the first layer's wires; the events' own.
 * @param hints What is known of the tracks beforehand, one each, in the order in which they are looked for.
 * @returns The tracks found, which are fewer where too few hits are left.
 */
export function fitOneIteratively(
  fit: TrackFitter,
  hits: TrackerHits,
  event: number,
  tracks: number,
  firstWireMm: number,
  hints: readonly TrackHint[] = [],
): EventTrack[] {
  const first = hits.offsets[event], count = hits.offsets[event + 1] - first;
  const numbers = Array.from({ length: count }, (_, i) => i);
  const sides: SideHits[] = [0, 1].map((side) => ({
    side,
    numbers: numbers.filter((i) => hits.side[first + i] === side),
  }));
  const found: EventTrack[] = [];
  while (found.length < tracks) {
    const candidates = sides.flatMap((part): EventTrack[] => {
      const track = fit(circlesOf(hits, first, part.numbers, firstWireMm), hints[found.length]);
      if (!track || track.hits.length === 0) return [];
      return [{ ...track, side: part.side, hits: track.hits.map((i) => part.numbers[i]) }];
    });
    if (candidates.length === 0) break;
    const votes = (track: EventTrack) => track.confidence * track.hits.length;
    const best = candidates.reduce((a, b) => votes(b) > votes(a) ? b : a);
    const own = new Set(best.hits), part = sides[best.side];
    part.numbers = part.numbers.filter((number) => !own.has(number));
    found.push(chooseImage(best, hits, event, firstWireMm));
  }
  return found;
}
