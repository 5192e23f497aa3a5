import { drawPoints, POINT_COLUMNS } from "../../../lib/data/tracker_points.ts";
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
