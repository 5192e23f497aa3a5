/** The figures of the document's generator that are known, and a table of them beside ours. @module */
import type { Comparison } from "../simulator.ts";
import { DOCUMENT, type DocumentTrack } from "./document.ts";

/**
 * What the published generator gives, from a re-simulation of 4,000 tracks by its own law: so the tolerances below are some four standard errors of
 * 4,000 tracks. Angles are those to the foil's normal, seen from above, in degrees.
 */
export const DOCUMENT_PUBLISHED = {
  hitsMean: 20.0,
  hitsMedian: 15,
  hits5: 7,
  hits95: 58,
  hitsPerLayer: 3.6,
  beyond22mm: 0.078,
  reachLastLayer: 0.72,
  angle10: 10.6,
  angle50: 47.6,
  angle90: 81.6,
  angle99: 89.2,
  columnInner: 0.822,
  columnLow: 0.091,
  columnHigh: 0.087,
  rowLow: 0.083,
  rowHigh: 0.080,
  pairsThatShare: 0.195,
  cellsShared: 0.43,
  frontPixels: 9.5,
} as const;

/** Row of the front and side views that a height falls into, 0 to 29: 100 mm each, what lies beyond in the last ones. */
export function viewRow(heightMm: number): number {
  return Math.trunc((Math.min(1490, Math.max(-1500, heightMm)) + 1500) / 100);
}

function quantile(sorted: ArrayLike<number>, share: number): number {
  return sorted[Math.floor(share * (sorted.length - 1))];
}

/** What neighbours in the list have in common as two tracks of one event: the share of pairs with a cell, and the mean of cells. */
function cellsOfPairs(tracks: readonly DocumentTrack[]): { sharing: number; shared: number } {
  const cells = ({ layer, column }: DocumentTrack) => layer.map((l, i) => l * DOCUMENT.columns + column[i]);
  const pairs = Math.floor(tracks.length / 2);
  let sharing = 0, shared = 0;
  for (let pair = 0; pair < pairs; pair++) {
    const own = new Set(cells(tracks[2 * pair]));
    const common = cells(tracks[2 * pair + 1]).filter((cell) => own.has(cell)).length;
    shared += common;
    if (common > 0) sharing++;
  }
  return { sharing: sharing / pairs, shared: shared / pairs };
}

/**
 * Compares tracks with the published generator's; neighbours in the list are taken as pairs in one event.
 *
 * @param tracks At least two.
 */
export function compareDocumentTracks(tracks: readonly DocumentTrack[]): Comparison[] {
  const n = tracks.length, published = DOCUMENT_PUBLISHED;
  const share = (test: (track: DocumentTrack) => boolean) => tracks.filter(test).length / n;
  const mean = (pick: (track: DocumentTrack) => number) =>
    tracks.reduce((sum, track) => sum + pick(track), 0) / n;
  const hits = Int32Array.from(tracks, ({ layer }) => layer.length).sort();
  const angles = Float64Array.from(tracks, ({ slopeY }) => Math.atan(Math.abs(slopeY)) * 180 / Math.PI)
    .sort();
  const far = tracks.reduce((sum, track) => sum + track.radiusMm.filter((r) => r > 22).length, 0);
  const { sharing, shared } = cellsOfPairs(tracks), lastColumn = 21, lastRow = 14;
  const row = (quantity: string, published: number, simulated: number, tolerance: number): Comparison => ({
    quantity,
    published,
    simulated,
    tolerance,
  });
  return [
    row("hits a track, mean", published.hitsMean, mean(({ layer }) => layer.length), 1.1),
    row("hits a track, median", published.hitsMedian, quantile(hits, 0.5), 1),
    row("hits a track, 5 %", published.hits5, quantile(hits, 0.05), 1),
    row("hits a track, 95 %", published.hits95, quantile(hits, 0.95), 6),
    row(
      "hits a layer that is reached",
      published.hitsPerLayer,
      mean(({ layer }) => layer.length / new Set(layer).size),
      0.4,
    ),
    row("hits beyond 22 mm, share", published.beyond22mm, far / hits.reduce((a, b) => a + b, 0), 0.01),
    row("tracks that reach layer 8", published.reachLastLayer, share(({ layer }) => layer.includes(8)), 0.03),
    row("angle to the normal, 10 %", published.angle10, quantile(angles, 0.1), 2),
    row("angle to the normal, median", published.angle50, quantile(angles, 0.5), 3),
    row("angle to the normal, 90 %", published.angle90, quantile(angles, 0.9), 1.5),
    row("angle to the normal, 99 %", published.angle99, quantile(angles, 0.99), 0.3),
    row(
      "calorimeter, inner columns",
      published.columnInner,
      share(({ calorimeterColumn: c }) => c > 0 && c < lastColumn),
      0.025,
    ),
    row("calorimeter, column 0", published.columnLow, share((t) => t.calorimeterColumn === 0), 0.02),
    row(
      "calorimeter, column 21",
      published.columnHigh,
      share((t) => t.calorimeterColumn === lastColumn),
      0.02,
    ),
    row("calorimeter, row 0", published.rowLow, share((t) => t.calorimeterRow === 0), 0.02),
    row("calorimeter, row 14", published.rowHigh, share((t) => t.calorimeterRow === lastRow), 0.02),
    row("pairs of tracks that share a cell", published.pairsThatShare, sharing, 0.035),
    row("cells shared by a pair, mean", published.cellsShared, shared, 0.12),
    row(
      "pixels lit in the front view",
      published.frontPixels,
      mean(({ layer, heightMm }) => new Set(layer.map((l, i) => viewRow(heightMm[i]) * 9 + l)).size),
      0.5,
    ),
  ];
}
