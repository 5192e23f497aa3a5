/**
 * The generator of straight tracks that the published networks were trained on, to the letter.
 *
 * Source: `my_generator/my_generator.cxx` of github.com/amendl/SuperNEMO_ML_applications: one side of the tracker, lengths in cells of 44 mm, x over the layers,
 * y over the columns, z along the wires. Not simulated there, nor here: noise, dead cells, smearing, kinks, the second side, delayed hits; a cell that two
 * tracks cross is listed twice. Two things are ours: the random numbers (theirs cannot be replayed), and that hits of a track are listed
 * by layer, then by column. @module
 */
import type { Draws } from "../../base/random.ts";

/** Layers, columns, and half the height of the tracker in cells: 113 columns are taken as 5,000 mm, half the height as 1,550 mm. */
export const DOCUMENT = {
  layers: 9,
  columns: 113,
  halfHeight: 113 * 1550 / 5000,
  halfHeightMm: 1550,
  pitchMm: 44,
} as const;

/** Smallest number of hits; a track with fewer is drawn again. */
const FEWEST_HITS = 5;

/** One straight track and the cells that it fires. */
export interface DocumentTrack {
  /** [hits] each. */
  layer: number[];
  /** Column of each cell. */
  column: number[];
  /** Distance of the wire from the track, 0 to 31 mm. */
  radiusMm: number[];
  /** Height on the wire, mm. */
  heightMm: number[];
  /** Where it left the foil, in cells: along the foil, and up. */
  vertexY: number;
  /** Height on the foil. */
  vertexZ: number;
  /** dy/dx and dz/dx. */
  slopeY: number;
  /** dz/dx. */
  slopeZ: number;
  /** Place on the calorimeter: 22 columns and 15 rows, whose rims stand for x-walls and veto. */
  calorimeterColumn: number;
  /** Row on the calorimeter. */
  calorimeterRow: number;
}

/** tan u with u uniform from 0.01 to π - 0.01: every direction in the plane alike, but for a gap around slope zero. */
export function drawDocumentSlope(draws: Draws): number {
  return Math.tan(0.01 + (3.131592 - 0.01) * draws.uniform());
}

/** Which of `inner` parts of a range a value is in, from 1 on; 0 and `inner + 1` outside. */
function calorimeterBin(value: number, low: number, high: number, inner: number): number {
  if (value < low) return 0;
  if (value > high) return inner + 1;
  return Math.trunc((value - low) / (high - low) * inner + 1);
}

/**
 * Column and row of the calorimeter where a track reaches its plane, right behind the last layer.
 *
 * @param y Along the foil from the first column's edge, cells.
 * @param z Height from the middle, cells.
 * @example
 * ```ts
 * calorimeterPlace(56.6, 0.1); // { column: 11, row: 7 }
 * ```
 */
export function calorimeterPlace(y: number, z: number): { column: number; row: number } {
  const { columns, halfHeight } = DOCUMENT;
  return {
    column: calorimeterBin(y, 0, columns, 20),
    row: calorimeterBin(z, -halfHeight, halfHeight, 13),
  };
}

/**
 * Draws a track: its vertex uniform on the foil, its two slopes as {@linkcode drawDocumentSlope} has them.
 *
 * A cell fires if the foot of the perpendicular from its wire to the track, seen from above, lies inside the cell's square, and the track's height
 * there inside the tracker.
 *
 * @param draws Random numbers.
 */
export function drawDocumentTrack(draws: Draws): DocumentTrack {
  const { layers, columns, halfHeight, halfHeightMm, pitchMm } = DOCUMENT;
  for (;;) {
    const vertexY = columns * draws.uniform(), vertexZ = halfHeight * (2 * draws.uniform() - 1);
    const slopeY = drawDocumentSlope(draws), slopeZ = drawDocumentSlope(draws);
    const layer: number[] = [], column: number[] = [], radiusMm: number[] = [], heightMm: number[] = [];
    const scale = 1 / (1 + slopeY * slopeY), perRoot = Math.sqrt(scale);
    for (let l = 0; l < layers; l++) {
      const wireX = l + 0.5;
      // A foot within half a cell of the wire in x is on the line from half a cell before the layer's middle to half after.
      const from = vertexY + slopeY * l, to = vertexY + slopeY * (l + 1);
      const first = Math.max(0, Math.floor(Math.min(from, to)) - 1);
      const last = Math.min(columns - 1, Math.floor(Math.max(from, to)) + 1);
      for (let c = first; c <= last; c++) {
        const wireY = c + 0.5, above = wireY - vertexY - slopeY * wireX; // height of the wire over the line
        const footX = wireX + slopeY * above * scale, footY = vertexY + slopeY * footX;
        if (!(Math.abs(footX - wireX) < 0.5 && Math.abs(footY - wireY) < 0.5)) continue;
        const z = vertexZ + slopeZ * footX;
        if (!(Math.abs(z) < halfHeight)) continue;
        layer.push(l);
        column.push(c);
        radiusMm.push(Math.abs(above) * perRoot * pitchMm);
        heightMm.push(z / halfHeight * halfHeightMm);
      }
    }
    if (layer.length < FEWEST_HITS) continue;
    const place = calorimeterPlace(vertexY + slopeY * layers, vertexZ + slopeZ * layers);
    return {
      ...{ layer, column, radiusMm, heightMm, vertexY, vertexZ, slopeY, slopeZ },
      ...{ calorimeterColumn: place.column, calorimeterRow: place.row },
    };
  }
}
