import {
  drawPoints,
  POINT_COLUMNS,
  pointOfEachHit,
  SEEDED_COLUMNS,
} from "../../../lib/image/tracker_points.ts";
import { assertClose, assertEquals } from "../../assert.ts";

/** One event without hits, and one of four in layers 0, 4, 6 and 8. */
const HITS = {
  offsets: Uint32Array.of(0, 0, 4),
  side: Uint8Array.of(0, 1, 1, 0),
  layer: Uint8Array.of(0, 4, 6, 8),
  column: Uint8Array.of(0, 56, 84, 112),
  radiusMm: Float32Array.of(22, 11, -1, 0),
  heightMm: Float32Array.of(-1515, 0, 303, 1515),
};

Deno.test("drawPoints() scales every number, and leaves rows of zeros where there is no hit", () => {
  const { data, shape } = drawPoints(HITS, 5);
  assertEquals(shape, [2, 5, POINT_COLUMNS.length]);
  assertEquals([...data.subarray(0, 30)], new Array(30).fill(0));
  assertClose(
    data.subarray(30),
    [
      ...[1, -1, -1, -1, -1, 0.5],
      ...[1, 1, 0, 0, 0, 0.25],
      ...[1, 1, 0.5, 0.5, 0.2, -1],
      ...[1, -1, 1, 1, 1, 0],
      ...[0, 0, 0, 0, 0, 0],
    ],
    1e-6,
  );
});

Deno.test("drawPoints() takes every so-manieth hit of too many", () => {
  const { data } = drawPoints(HITS, 2);
  assertClose([data[14], data[20]], [-1, 0.5], 1e-6);
});

Deno.test("drawPoints() puts the nearness to lines behind the other numbers", () => {
  const line = Array.from({ length: 5 }, (_, layer) => layer), mm = new Float32Array(5);
  const hits = {
    offsets: Uint32Array.of(0, 5),
    side: new Uint8Array(5),
    layer: Uint8Array.from(line),
    column: new Uint8Array(5).fill(3),
    radiusMm: mm,
    heightMm: mm,
  };
  const { data, shape } = drawPoints(hits, 6, { seeded: true }), width = SEEDED_COLUMNS.length;
  assertEquals(shape, [1, 6, width]);
  assertClose(line.map((k) => data[k * width + POINT_COLUMNS.length]), [1, 1, 1, 1, 1], 1e-6);
  assertEquals([...data.subarray(5 * width)], new Array(width).fill(0));
  const { data: plain } = drawPoints(hits, 6);
  line.forEach((k) =>
    assertEquals([...data.subarray(k * width, k * width + 6)], [...plain.subarray(6 * k, 6 * k + 6)])
  );
});

Deno.test("pointOfEachHit() gives a hit that is no point the nearest one of its side", () => {
  assertEquals([...pointOfEachHit(HITS, 4)], [0, 1, 2, 3]);
  // Of four hits the first and the third are points, (0, 0) on side 0 and (6, 84) on side 1.
  assertEquals([...pointOfEachHit(HITS, 2)], [0, 1, 1, 0]);
  assertEquals([...pointOfEachHit(HITS, 1)], [0, -1, -1, 0], "nothing is seen of the other side");
});
