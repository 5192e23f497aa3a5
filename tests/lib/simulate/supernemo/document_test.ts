import { assert, assertClose, assertEquals } from "../../../assert.ts";
import { createDraws } from "../../../../lib/base/random.ts";
import { createRng } from "../../../../lib/base/rng.ts";
import {
  DOCUMENT,
  drawDocumentSlope,
  drawDocumentTrack,
} from "../../../../lib/simulate/supernemo/document.ts";
import { assertLaw, assertSameLaw } from "./_kolmogorov.ts";
import { compareDocumentTracks, viewRow } from "../../../../lib/simulate/supernemo/statistics.ts";

const tracks = (n: number, seed: number) =>
  Array.from({ length: n }, (_, i) => drawDocumentTrack(createDraws(createRng(seed, i))));

Deno.test("drawDocumentSlope() is tan u with u uniform from 0.01 to 3.131592", () => {
  const draws = createDraws(createRng(3));
  const angles = Array.from({ length: 5000 }, () => Math.atan(drawDocumentSlope(draws)))
    .map((angle) => angle < 0 ? angle + Math.PI : angle);
  assert(Math.min(...angles) >= 0.01 && Math.max(...angles) <= 3.131592);
  assertLaw("angles", angles, (u) => (u - 0.01) / 3.121592);
});

Deno.test("drawDocumentTrack() draws vertices and slopes from the law, given that five cells fire", () => {
  // Its own law, taken literally from the source: what is rejected is rejected by the hits alone.
  const accepted: { y: number; z: number; u: number; w: number }[] = [];
  const draws = createDraws(createRng(5));
  while (accepted.length < 3000) {
    const y = 113 * draws.uniform(), z = 35.03 * (2 * draws.uniform() - 1);
    const u = 0.01 + 3.121592 * draws.uniform(), w = 0.01 + 3.121592 * draws.uniform();
    if (countHits(y, z, Math.tan(u), Math.tan(w)) >= 5) accepted.push({ y, z, u, w });
  }
  const made = tracks(3000, 6);
  const angle = (slope: number) => Math.atan(slope) < 0 ? Math.atan(slope) + Math.PI : Math.atan(slope);
  const pairs: [string, number[], number[]][] = [
    ["vertex y", accepted.map(({ y }) => y), made.map(({ vertexY }) => vertexY)],
    ["vertex z", accepted.map(({ z }) => z), made.map(({ vertexZ }) => vertexZ)],
    ["top angle", accepted.map(({ u }) => u), made.map(({ slopeY }) => angle(slopeY))],
    ["front angle", accepted.map(({ w }) => w), made.map(({ slopeZ }) => angle(slopeZ))],
  ];
  for (const [name, expected, actual] of pairs) {
    assertSameLaw(name, actual, expected);
  }
});

/** The hit rule written out over every cell of the tracker, with no short cuts. */
function countHits(y0: number, z0: number, slopeY: number, slopeZ: number): number {
  let hits = 0;
  for (let layer = 0; layer < 9; layer++) {
    for (let column = 0; column < 113; column++) {
      if (footOf(layer, column, y0, z0, slopeY, slopeZ)) hits++;
    }
  }
  return hits;
}

function footOf(layer: number, column: number, y0: number, z0: number, slopeY: number, slopeZ: number) {
  const wireX = layer + 0.5, wireY = column + 0.5;
  const footX = (wireX + slopeY * (wireY - y0)) / (1 + slopeY * slopeY), footY = y0 + slopeY * footX;
  const z = z0 + slopeZ * footX;
  const inside = Math.abs(footX - wireX) < 0.5 && Math.abs(footY - wireY) < 0.5;
  return inside && Math.abs(z) < 113 * 1550 / 5000
    ? { radiusMm: 44 * Math.hypot(footX - wireX, footY - wireY), heightMm: z / (113 * 1550 / 5000) * 1550 }
    : undefined;
}

Deno.test("drawDocumentTrack() lists exactly the cells that the rule names, with their radius and height", () => {
  for (const track of tracks(150, 8)) {
    const wanted: number[][] = [];
    for (let layer = 0; layer < 9; layer++) {
      for (let column = 0; column < 113; column++) {
        const { vertexY, vertexZ, slopeY, slopeZ } = track;
        const hit = footOf(layer, column, vertexY, vertexZ, slopeY, slopeZ);
        if (hit) wanted.push([layer, column, hit.radiusMm, hit.heightMm]);
      }
    }
    const made = track.layer.map((
      layer,
      i,
    ) => [layer, track.column[i], track.radiusMm[i], track.heightMm[i]]);
    assertEquals(made.map(([layer, column]) => [layer, column]), wanted.map(([l, c]) => [l, c]));
    assertClose(made.flat(), wanted.flat(), 1e-7);
    assert(made.length >= 5);
  }
});

Deno.test("drawDocumentTrack() gives the calorimeter's column and row where the track is at x = 9", () => {
  const seen = { column: new Set<number>(), row: new Set<number>() };
  for (const track of tracks(2000, 9)) {
    const y = track.vertexY + 9 * track.slopeY, z = track.vertexZ + 9 * track.slopeZ, h = DOCUMENT.halfHeight;
    const column = y < 0 ? 0 : y > 113 ? 21 : Math.trunc(y / 113 * 20 + 1);
    const row = z < -h ? 0 : z > h ? 14 : Math.trunc((h + z) / (2 * h) * 13 + 1);
    assertEquals([track.calorimeterColumn, track.calorimeterRow], [column, row]);
    seen.column.add(column);
    seen.row.add(row);
  }
  assertEquals([seen.column.size, seen.row.size], [22, 15]);
});

Deno.test("the document's generator is reproduced: hits, layers, angles, calorimeter, shared cells", () => {
  const comparison = compareDocumentTracks(tracks(4000, 1));
  assertEquals(
    comparison.filter(({ published, simulated, tolerance }) =>
      !(Math.abs(simulated - published) <= tolerance)
    ),
    [],
  );
  assertEquals(comparison.length, 19);
});

Deno.test("viewRow() clamps to the first and last of 30 rows", () => {
  assertEquals([-1550, -1500, -1400.1, -1400, 0, 1489, 1550].map(viewRow), [0, 0, 0, 1, 15, 29, 29]);
});
