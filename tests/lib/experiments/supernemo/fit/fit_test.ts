// Not counted: its loops are long.
import { join } from "@std/path";
import { readSuperNemo } from "../../../../../lib/data/supernemo.ts";
import type { TrackerHits } from "../../../../../lib/data/tracker_events.ts";
import { angleSegment, foilSegment, hintOf } from "../../../../../lib/experiments/supernemo/fit/hints.ts";
import { fitOneIteratively } from "../../../../../lib/experiments/supernemo/fit/iterative.ts";
import { createTrackFitter } from "../../../../../lib/experiments/supernemo/fit/legendre.ts";
import { measureFits } from "../../../../../lib/experiments/supernemo/fit/measure_fits.ts";
import { superNemoFileName, writeSuperNemo } from "../../../../../lib/simulate/supernemo/set.ts";
import { assert, assertClose, assertEquals } from "../../../../assert.ts";

/** A line y = b + x tan(angle), z = c + slopeZ x on a side. */
interface Line {
  side: number;
  degrees: number;
  y: number;
  z: number;
  slopeZ: number;
}

const FIRST_WIRE = 51;

/** Circles of cells that lines pass within 22 mm of their wires, of one event, by line. */
function eventOf(lines: readonly Line[]): TrackerHits {
  const rows: number[][] = [];
  for (const [track, { side, degrees, y, z, slopeZ }] of lines.entries()) {
    const slope = Math.tan(degrees * Math.PI / 180), length = Math.hypot(1, slope);
    for (let layer = 0; layer < 9; layer++) {
      for (let column = 0; column < 113; column++) {
        const wireX = FIRST_WIRE + 44 * layer, wireY = 44 * (column - 56), above = wireY - y - slope * wireX;
        if (Math.abs(above) / length > 22) continue;
        const footX = wireX + slope * above / length ** 2;
        rows.push([side, layer, column, Math.abs(above) / length, z + slopeZ * footX, 1 << track]);
      }
    }
  }
  return {
    offsets: Uint32Array.of(0, rows.length),
    side: Uint8Array.from(rows, (row) => row[0]),
    layer: Uint8Array.from(rows, (row) => row[1]),
    column: Uint8Array.from(rows, (row) => row[2]),
    radiusMm: Float32Array.from(rows, (row) => row[3]),
    heightMm: Float32Array.from(rows, (row) => row[4]),
    tracks: Uint16Array.from(rows, (row) => row[5]),
  };
}

const fit = createTrackFitter();

Deno.test("fitOneIteratively() finds one track's angle, vertex and heights exactly", () => {
  const line = { side: 1, degrees: 31, y: -210, z: 140, slopeZ: -0.8 };
  const [track, ...others] = fitOneIteratively(fit, eventOf([line]), 0, 1, FIRST_WIRE);
  assertEquals(others.length, 0);
  assertClose([track.angleDegrees, track.vertexYMm], [31, -210], 1e-3);
  assertClose([track.vertexZMm, track.slopeZ], [140, -0.8], 1e-3);
  assert(track.residualMm < 1e-3 && track.confidence > 0.6, JSON.stringify(track));
});

Deno.test("fitOneIteratively() takes away the last track's own hits only", () => {
  const lines = [
    { side: 0, degrees: 25, y: 400, z: 0, slopeZ: 0.1 },
    { side: 0, degrees: -55, y: 900, z: 100, slopeZ: 0.2 },
    { side: 1, degrees: 70, y: -800, z: -200, slopeZ: 0.3 },
  ];
  const hits = eventOf(lines), tracks = fitOneIteratively(fit, hits, 0, 3, FIRST_WIRE);
  assertEquals(tracks.length, 3);
  for (const line of lines) {
    const found = tracks.find(({ side, angleDegrees, vertexYMm }) =>
      side === line.side && Math.abs(angleDegrees - line.degrees) < 0.01 && Math.abs(vertexYMm - line.y) < 0.1
    );
    assert(found, `${line.degrees}° among ${JSON.stringify(tracks)}`);
  }
  const all = tracks.flatMap((track) => track.hits);
  assertEquals(new Set(all).size, all.length, "no hit is two tracks'");
});

Deno.test("a track that passes the wires of one column on one side has a mirror image, told as such", () => {
  const hits = eventOf([{ side: 0, degrees: 1.5, y: 5, z: 0, slopeZ: 0 }]);
  const [{ angleDegrees, vertexYMm, mirror }] = fitOneIteratively(fit, hits, 0, 1, FIRST_WIRE);
  const both = [[angleDegrees, vertexYMm], [mirror!.angleDegrees, mirror!.vertexYMm]].sort((a, b) =>
    b[0] - a[0]
  );
  assertClose(both.flat(), [1.5, 5, -1.5, -5], 1e-3);
  const bent = fitOneIteratively(
    fit,
    eventOf([{ side: 0, degrees: 31, y: 5, z: 0, slopeZ: 0 }]),
    0,
    1,
    FIRST_WIRE,
  );
  assertEquals(bent[0].mirror, undefined);
});

Deno.test("a hint decides which of two tracks is found first", () => {
  const hits = eventOf([
    { side: 0, degrees: 60, y: 400, z: 0, slopeZ: 0 },
    { side: 0, degrees: -20, y: -900, z: 0, slopeZ: 0 },
  ]);
  const first = (hint: Parameters<typeof hintOf>[0]) =>
    fitOneIteratively(fit, hits, 0, 1, FIRST_WIRE, [hintOf(hint)])[0].angleDegrees;
  assertClose([first({ angle: angleSegment(60) }), first({ angle: angleSegment(-20) })], [60, -20], 1e-3);
  assertClose([first({ foil: foilSegment(400) }), first({ foil: foilSegment(-900) })], [60, -20], 1e-3);
});

Deno.test("fitOneIteratively() finds fewer tracks than asked for where too few circles are left", () => {
  const hits = eventOf([{ side: 0, degrees: 10, y: 0, z: 0, slopeZ: 0 }]);
  assertEquals(fitOneIteratively(fit, hits, 0, 4, FIRST_WIRE).length, 1);
  const delayed = { ...hits, radiusMm: hits.radiusMm.map(() => -1) };
  assertEquals(fitOneIteratively(fit, delayed, 0, 1, FIRST_WIRE), []);
});

Deno.test("measureFits() finds simulated tracks, but for mirror images, and smeared ones nearly as often", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const measured = async (law: "document" | "detector") => {
      await writeSuperNemo(folder, { law, tracks: [2], events: 100 }, { seed: 9, workers: 1 });
      const events = await readSuperNemo([join(folder, superNemoFileName(law, 2, 0))]);
      return measureFits(events, Array.from({ length: 100 }, (_, i) => i));
    };
    const clean = await measured("document");
    assert(clean.allFoundOrMirrored.value >= 0.92, `${clean.allFoundOrMirrored.value} of events`);
    assert(clean.efficiency.value >= 0.9, `${clean.efficiency.value} of tracks`);
    assert(clean.angleResiduals.every((degrees) => Math.abs(degrees) < 2));
    assertEquals(clean.confidences.filter(({ isTrue }) => isTrue).length, clean.angleResiduals.length);
    const hard = await measured("detector");
    assert(hard.efficiency.value > 0.5, `${hard.efficiency.value} of tracks`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
