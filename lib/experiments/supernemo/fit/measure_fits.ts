/** How good fitted tracks are against the truth. @module */
import type { SuperNemoEvents } from "../../../data/supernemo.ts";
import { type Estimate, proportion } from "../../../evaluate/mod.ts";
import { angleSegment, foilSegment, hintOf } from "./hints.ts";
import { fitOneIteratively } from "./iterative.ts";
import { createTrackFitter } from "./legendre.ts";
import { createLikelihoodFitter, type LikelihoodFitOptions } from "./likelihood.ts";
import type { EventTrack, TrackHint } from "./lines.ts";

/** A fit counts as the track within these. */
export const MATCH = { degrees: 2, mm: 10 } as const;

/** What {@linkcode measureFits} finds. */
export interface FitMeasurements {
  /** True tracks that are found. */
  efficiency: Estimate;
  /** Events of which all tracks are found. */
  allFound: Estimate;
  /** Events of which all tracks are found, by themselves or as the mirror image that their circles cannot tell from them. */
  allFoundOrMirrored: Estimate;
  /** Fitted tracks that are no true one. */
  fakes: Estimate;
  /** Fitted less true angle of the tracks found, degrees. */
  angleResiduals: Float64Array;
  /** Fitted less true place on the foil, mm. */
  vertexResiduals: Float64Array;
  /** The same in units of the fit's own standard deviations; empty where it knows none. */
  pulls: { angle: Float64Array; vertex: Float64Array };
  /** Confidence of all fitted tracks, and whether each is a true one. */
  confidences: { value: number; isTrue: boolean }[];
  /** Of one core, fits only. */
  millisecondsPerEvent: number;
}

/** Options for {@linkcode measureFits}. */
export interface MeasureFitsOptions extends LikelihoodFitOptions {
  /** The Legendre transform with least squares, or maximum likelihood after it. @default {"legendre"} */
  fitter?: "legendre" | "likelihood";
  /** How many tracks to look for in an event, such as a network says. @default {as many as there are} */
  countOf?: (event: number) => number;
  /** What is told of an event's tracks, such as a network says, instead of `hints`. */
  hintsOf?: (event: number) => readonly TrackHint[];
  /** Tells the fit the true segments of each track's angle or place on the foil. @default {"none"} */
  hints?: "none" | "angle" | "foil" | "both";
}

interface TrueTrack {
  side: number;
  degrees: number;
  vertexYMm: number;
}

/**
 * Fits as many tracks to each event as it has, unless told otherwise, and compares them with the truth: each true track with the nearest fit that no other has.
 *
 * @param events Events with truth.
 * @param rows Numbers of the events to fit.
 * @throws {TypeError} If the events have no truth.
 */
export function measureFits(
  events: SuperNemoEvents,
  rows: ArrayLike<number>,
  options: MeasureFitsOptions = {},
): FitMeasurements {
  const { hits, truth, firstWireMm } = events;
  const { hints = "none", fitter = "legendre", countOf, hintsOf, ...settings } = options;
  if (!truth) throw new TypeError("Cannot measure fits as the events have no truth");
  const fit = fitter === "legendre" ? createTrackFitter(settings) : createLikelihoodFitter(settings);
  const pulls = { angle: [] as number[], vertex: [] as number[] };
  const angles: number[] = [],
    vertices: number[] = [],
    confidences: { value: number; isTrue: boolean }[] = [];
  let found = 0, all = 0, whole = 0, wholeOrMirrored = 0, fitted = 0, milliseconds = 0;
  for (let i = 0; i < rows.length; i++) {
    const event = rows[i];
    const wanted: TrueTrack[] = [];
    for (let k = truth.offsets[event]; k < truth.offsets[event + 1]; k++) {
      const degrees = Math.atan(truth.slopeY[k]) * 180 / Math.PI;
      wanted.push({ side: truth.side[k], degrees, vertexYMm: truth.vertexYMm[k] });
    }
    const told = hintsOf?.(event) ?? toldOf(wanted, hints), count = countOf?.(event) ?? wanted.length;
    const start = performance.now();
    const tracks = fitOneIteratively(fit, hits, event, count, firstWireMm, told);
    milliseconds += performance.now() - start;
    const { pairs, explained, open } = matchTracks(wanted, tracks);
    for (const { truth, fit } of pairs) {
      const angle = turn(fit.angleDegrees - truth.degrees), vertex = fit.vertexYMm - truth.vertexYMm;
      angles.push(angle);
      vertices.push(vertex);
      if (!fit.sigma) continue;
      pulls.angle.push(angle / fit.sigma.angleDegrees);
      pulls.vertex.push(vertex / fit.sigma.vertexYMm);
    }
    for (const track of tracks) confidences.push({ value: track.confidence, isTrue: !open.has(track) });
    found += pairs.length;
    all += wanted.length;
    fitted += tracks.length;
    if (pairs.length === wanted.length) whole++;
    if (pairs.length + explained === wanted.length) wholeOrMirrored++;
  }
  return {
    efficiency: proportion(found, all),
    allFound: proportion(whole, rows.length),
    allFoundOrMirrored: proportion(wholeOrMirrored, rows.length),
    fakes: proportion(fitted - found, fitted),
    angleResiduals: Float64Array.from(angles),
    vertexResiduals: Float64Array.from(vertices),
    pulls: { angle: Float64Array.from(pulls.angle), vertex: Float64Array.from(pulls.vertex) },
    confidences,
    millisecondsPerEvent: milliseconds / rows.length,
  };
}

/** What a fit is told of each track. */
function toldOf(wanted: readonly TrueTrack[], hints: NonNullable<MeasureFitsOptions["hints"]>) {
  return wanted.map(({ degrees, vertexYMm }) =>
    hintOf({
      ...((hints === "angle" || hints === "both") && { angle: angleSegment(degrees) }),
      ...((hints === "foil" || hints === "both") && { foil: foilSegment(vertexYMm) }),
    })
  );
}

/** Each true track with the nearest fit that no other has, where it is near enough. */
function matchTracks(wanted: readonly TrueTrack[], tracks: readonly EventTrack[]) {
  const open = new Set(tracks), pairs: { truth: TrueTrack; fit: EventTrack }[] = [];
  let explained = 0; // by the mirror image of a fit
  for (const truth of wanted) {
    let best: EventTrack | undefined, least = Infinity;
    for (const candidate of open) {
      const miss = missOf(candidate, truth);
      if (miss < least) [best, least] = [candidate, miss];
    }
    if (best && least < 1) {
      open.delete(best);
      pairs.push({ truth, fit: best });
    } else if (tracks.some(({ side, mirror }) => mirror && missOf({ side, ...mirror }, truth) < 1)) {
      explained++;
    }
  }
  return { pairs, explained, open };
}

/** A difference of angles of lines, from -90° to 90°: 89° and -89° are 2° apart. */
function turn(degrees: number): number {
  return degrees - 180 * Math.round(degrees / 180);
}

/** How far a fit is from a track in units of what counts as found; below 1 it is. */
function missOf(fit: { side: number; angleDegrees: number; vertexYMm: number }, track: TrueTrack): number {
  if (fit.side !== track.side) return Infinity;
  const angle = Math.abs(turn(fit.angleDegrees - track.degrees)) / MATCH.degrees;
  return Math.max(angle, Math.abs(fit.vertexYMm - track.vertexYMm) / MATCH.mm);
}
