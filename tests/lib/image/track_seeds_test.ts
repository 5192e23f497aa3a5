import { seedNearness, TRACK_SEEDS } from "../../../lib/image/track_seeds.ts";
import type { TrackerHits } from "../../../lib/image/tracker_events.ts";
import { assert, assertClose, assertEquals } from "../../assert.ts";

interface Track {
  side?: number;
  /** Column at layer 0, and columns a layer; height there, mm, and its change a layer. */
  column: number;
  slope: number;
  heightMm: number;
  riseMm: number;
}

/** The hits that straight tracks have: a layer a hit, in the nearest cell. */
function hitsOf(tracks: readonly Track[]): TrackerHits {
  const all = tracks.flatMap(({ side = 0, column, slope, heightMm, riseMm }) =>
    Array.from({ length: 9 }, (_, layer) => {
      const cell = Math.round(column + slope * layer), above = cell - column - slope * layer;
      const scale = 1 / (1 + slope * slope); // of the foot of the perpendicular from the wire
      const foot = layer + slope * above * scale;
      const radiusMm = 44 * Math.abs(above) * Math.sqrt(scale);
      return { side, layer, column: cell, radiusMm, heightMm: heightMm + riseMm * foot };
    })
  );
  return {
    offsets: Uint32Array.of(0, all.length),
    side: Uint8Array.from(all, ({ side }) => side),
    layer: Uint8Array.from(all, ({ layer }) => layer),
    column: Uint8Array.from(all, ({ column }) => column),
    radiusMm: Float32Array.from(all, ({ radiusMm }) => radiusMm),
    heightMm: Float32Array.from(all, ({ heightMm }) => heightMm),
  };
}

const numbersOf = ({ layer }: TrackerHits) => Array.from(layer, (_, i) => i);

/** The line that each hit is nearest. */
const nearestLines = (near: Float32Array) =>
  Array.from({ length: near.length / TRACK_SEEDS }, (_, k) => {
    const own = [...near.subarray(k * TRACK_SEEDS, (k + 1) * TRACK_SEEDS)];
    return own.indexOf(Math.max(...own));
  });

Deno.test("seedNearness() finds the lines that hits lie on, with others crossing and on the other side", () => {
  const hits = hitsOf([
    { column: 20.3, slope: 0.7, heightMm: 100, riseMm: 40 },
    { column: 25.6, slope: -0.4, heightMm: 300, riseMm: -70 },
    { column: 21.1, slope: 0.2, heightMm: -200, riseMm: 10, side: 1 },
  ]);
  const near = seedNearness(hits, numbersOf(hits)), lines = nearestLines(near);
  const [a, b, c] = [lines[0], lines[9], lines[18]];
  assertEquals(lines, [a, b, c].flatMap((line) => new Array(9).fill(line)));
  assertEquals(new Set([a, b, c]).size, 3);
  lines.forEach((line, k) => assertClose(near[k * TRACK_SEEDS + line], 1, 1e-4, `hit ${k}`));
  assertEquals(near[18 * TRACK_SEEDS + a], 0, "the other side is infinitely far");
});

Deno.test("seedNearness() is 4/5 of a radius half of the reach off, and does not mind what is not known", () => {
  const hits = hitsOf([{ column: 50, slope: 0.3, heightMm: 50, riseMm: 20 }]);
  hits.radiusMm[4] += 4.4; // a tenth of a cell: 1 / (1 + (1 / 2)²)
  hits.heightMm[2] = 0;
  hits.radiusMm[6] = -1; // the wire lies 0.2 · 0.958 cells off the line: 1 / (1 + (0.1916 / 0.7)²)
  const near = seedNearness(hits, numbersOf(hits)), first = numbersOf(hits).map((k) => near[k * TRACK_SEEDS]);
  assertClose(first, [1, 1, 1, 1, 0.8, 1, 1 / (1 + (0.2 / Math.sqrt(1.09) / 0.7) ** 2), 1, 1], 1e-4);
});

Deno.test("seedNearness() says nothing of too few hits, and the same of an event every time", () => {
  const hits = hitsOf([{ column: 50, slope: 0.3, heightMm: 50, riseMm: 20 }]);
  assert(seedNearness(hits, [0, 1]).every((value) => value === 0));
  assertEquals(seedNearness(hits, numbersOf(hits)), seedNearness(hits, numbersOf(hits)));
});
