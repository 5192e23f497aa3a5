// Not counted: its loops are long.
import { join } from "@std/path";
import { createDraws } from "../../../../../lib/base/random.ts";
import { createRng } from "../../../../../lib/base/rng.ts";
import { readSuperNemo } from "../../../../../lib/data/supernemo.ts";
import type { TrackerHits } from "../../../../../lib/image/tracker_events.ts";
import { angleSegment, foilSegment, hintOf } from "../../../../../lib/experiments/supernemo/fit/hints.ts";
import { fitOneIteratively } from "../../../../../lib/experiments/supernemo/fit/iterative.ts";
import { chooseImage, crossedCells } from "../../../../../lib/experiments/supernemo/fit/crossed_cells.ts";
import { createLikelihoodFitter } from "../../../../../lib/experiments/supernemo/fit/likelihood.ts";
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
  for (const fitter of [fit, createLikelihoodFitter()]) {
    const [{ angleDegrees, vertexYMm, mirror }] = fitOneIteratively(fitter, hits, 0, 1, FIRST_WIRE);
    const both = [[angleDegrees, vertexYMm], [mirror!.angleDegrees, mirror!.vertexYMm]].sort((a, b) =>
      b[0] - a[0]
    );
    assertClose(both.flat(), [1.5, 5, -1.5, -5], 1e-3);
  }
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

Deno.test("crossedCells() gives the cells whose foot lies in their square, and not those beyond the wires' ends", () => {
  const flat = { angleDegrees: 0, vertexYMm: 30, vertexZMm: 0, slopeZ: 0 };
  assertEquals([...crossedCells(flat, FIRST_WIRE)].map((cell) => cell % 113), new Array(9).fill(57));
  const rising = { ...flat, slopeZ: 1515 / (FIRST_WIRE + 4 * 44) };
  assertEquals([...crossedCells(rising, FIRST_WIRE)].map((cell) => Math.floor(cell / 113)), [0, 1, 2, 3, 4]);
  assertEquals(crossedCells({ ...flat, vertexZMm: NaN, slopeZ: NaN }, FIRST_WIRE).size, 9);
});

Deno.test("chooseImage() takes the image that the cells agree with, and the track itself where both do", () => {
  const line = { angleDegrees: 27, vertexYMm: 10, vertexZMm: 0, slopeZ: 0 };
  const wrong = { angleDegrees: 22, vertexYMm: 40, vertexZMm: 0, slopeZ: 0 };
  const cells = [...crossedCells(line, FIRST_WIRE)], mm = new Float32Array(cells.length);
  const hits = {
    offsets: Uint32Array.of(0, cells.length),
    side: new Uint8Array(cells.length),
    layer: Uint8Array.from(cells, (cell) => Math.floor(cell / 113)),
    column: Uint8Array.from(cells, (cell) => cell % 113),
    radiusMm: mm,
    heightMm: mm,
  };
  const own = { side: 0, hits: [...cells.keys()], confidence: 1, residualMm: 0 };
  const chosen = chooseImage({ ...own, ...wrong, mirror: line }, hits, 0, FIRST_WIRE);
  assertEquals([chosen.angleDegrees, chosen.mirror], [27, wrong]);
  const right = { ...own, ...line, mirror: wrong };
  assertEquals(chooseImage(right, hits, 0, FIRST_WIRE), right);
  const alike = { ...own, ...line, mirror: line };
  assertEquals(chooseImage(alike, hits, 0, FIRST_WIRE), alike);
});

Deno.test("createLikelihoodFitter() finds an exact line, and says how well it is known", () => {
  const line = { side: 1, degrees: 31, y: -210, z: 140, slopeZ: -0.8 };
  const [track] = fitOneIteratively(createLikelihoodFitter(), eventOf([line]), 0, 1, FIRST_WIRE);
  assertClose([track.angleDegrees, track.vertexYMm], [31, -210], 1e-3);
  assertClose([track.vertexZMm, track.slopeZ], [140, -0.8], 1e-3);
  const twice = fitOneIteratively(
    createLikelihoodFitter({ resolutionMm: 1.4 }),
    eventOf([line]),
    0,
    1,
    FIRST_WIRE,
  );
  assertClose([twice[0].sigma!.angleDegrees / track.sigma!.angleDegrees], [2], 0.05);
});

Deno.test("createLikelihoodFitter()'s standard deviations are those of the angles and places that it finds", () => {
  const line = { side: 0, degrees: 31, y: -210, z: 0, slopeZ: 0 }, event = eventOf([line]);
  const draws = createDraws(createRng(5, 5)), likely = createLikelihoodFitter();
  const pulls: number[][] = [];
  for (let i = 0; i < 200; i++) {
    const radiusMm = event.radiusMm.map((mm) => Math.abs(mm + 0.7 * draws.normal()));
    const [{ angleDegrees, vertexYMm, sigma }] = fitOneIteratively(
      likely,
      { ...event, radiusMm },
      0,
      1,
      FIRST_WIRE,
    );
    pulls.push([(angleDegrees - 31) / sigma!.angleDegrees, (vertexYMm + 210) / sigma!.vertexYMm]);
  }
  for (const which of [0, 1]) {
    const inside = pulls.filter((pair) => Math.abs(pair[which]) < 1).length / pulls.length;
    assert(inside > 0.58 && inside < 0.78, `${inside} within σ, where a Gaussian has 0.683`);
  }
});

Deno.test("measureFits() looks for as many tracks as it is told, where it is told, by likelihood too", () => {
  const hits = eventOf([
    { side: 0, degrees: 60, y: 400, z: 0, slopeZ: 0 },
    { side: 0, degrees: -20, y: -900, z: 0, slopeZ: 0 },
  ]);
  const truth = {
    offsets: Uint32Array.of(0, 2),
    side: Uint8Array.of(0, 0),
    vertexYMm: Float32Array.of(400, -900),
    vertexZMm: new Float32Array(2),
    slopeY: Float32Array.of(Math.tan(Math.PI / 3), Math.tan(-Math.PI / 9)),
    slopeZ: new Float32Array(2),
  };
  const events = { hits, truth, firstWireMm: FIRST_WIRE };
  const both = measureFits(events, [0], { fitter: "likelihood" });
  assertEquals([both.allFound.value, both.pulls.angle.length, both.fakes.value], [1, 2, 0]);
  const one = measureFits(events, [0], {
    countOf: () => 1,
    hintsOf: () => [hintOf({ foil: foilSegment(-900) })],
  });
  assertEquals([one.efficiency.value, one.pulls.angle.length], [0.5, 0]);
  assert(Math.abs(one.vertexResiduals[0]) < 0.01);
});
