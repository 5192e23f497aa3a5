import {
  dropBadRadii,
  dropIsolated,
  selectEvents,
  type TrackerHits,
  treatMissingHeights,
} from "../../../lib/image/tracker_events.ts";
import { drawView, heightBin, VIEW_SHAPES } from "../../../lib/image/tracker_views.ts";
import { assertEquals } from "../../assert.ts";

/** Hits drawn by hand: [side, layer, column, radius, height]. */
type Drawn = readonly [side: number, layer: number, column: number, radiusMm: number, heightMm: number];

function hitsOf(...events: (readonly Drawn[])[]): TrackerHits {
  const all = events.flat();
  const offsets = [0];
  for (const event of events) offsets.push(offsets.at(-1)! + event.length);
  return {
    offsets: Uint32Array.from(offsets),
    side: Uint8Array.from(all, (hit) => hit[0]),
    layer: Uint8Array.from(all, (hit) => hit[1]),
    column: Uint8Array.from(all, (hit) => hit[2]),
    radiusMm: Float32Array.from(all, (hit) => hit[3]),
    heightMm: Float32Array.from(all, (hit) => hit[4]),
    tracks: Uint16Array.from(all, (_, i) => i + 1),
  };
}

/** Numbers and values of all pixels that are not 0. */
function lit({ data }: { data: ArrayLike<number> }): [place: number, value: number][] {
  return Array.from(data, (value, place) => [place, value] as [number, number]).filter(([, value]) =>
    value !== 0
  );
}

const EVENTS = hitsOf(
  [[0, 0, 3, 11, -1500], [1, 8, 112, 22, 1514]],
  [],
  [[1, 4, 10, 0, 0], [1, 4, 10, 33, 99.9], [0, 4, 10, -1, 100]],
);

Deno.test("drawView() draws layers by columns from above, both sides in one", () => {
  const top = drawView(EVENTS, "top"), size = 9 * 113;
  assertEquals(top.shape, [3, 9, 113, 1]);
  assertEquals(lit(top), [[3, 1], [8 * 113 + 112, 1], [2 * size + 4 * 113 + 10, 1]]);
});

Deno.test("drawView() draws heights by columns, heights by layers, and volumes", () => {
  assertEquals(lit(drawView(EVENTS, "side")), [
    [3, 1],
    [29 * 113 + 112, 1],
    [2 * 30 * 113 + 15 * 113 + 10, 1],
    [2 * 30 * 113 + 16 * 113 + 10, 1],
  ]);
  assertEquals(lit(drawView(EVENTS, "front")), [
    [0, 1],
    [29 * 9 + 8, 1],
    [2 * 270 + 15 * 9 + 4, 1],
    [2 * 270 + 16 * 9 + 4, 1],
  ]);
  const volume = drawView(EVENTS, "volume"), size = 9 * 113 * 30;
  assertEquals(volume.shape, [3, ...VIEW_SHAPES.volume, 1]);
  assertEquals(lit(volume).slice(1), [
    [(8 * 113 + 112) * 30 + 29, 1],
    [2 * size + (4 * 113 + 10) * 30 + 15, 1],
    [2 * size + (4 * 113 + 10) * 30 + 16, 1],
  ]);
});

Deno.test("drawView() keeps sides apart as channels and draws the nearest radius brightest", () => {
  const apart = drawView(EVENTS, "top", { sides: "apart" }), place = 2 * (2 * 9 * 113 + 4 * 113 + 10);
  assertEquals(apart.shape, [3, 9, 113, 2]);
  assertEquals(lit(apart).map(([at]) => at), [2 * 3, 2 * (8 * 113 + 112) + 1, place, place + 1]);
  assertEquals(lit(drawView(EVENTS, "top", { value: "radius" })), [
    [3, 0.75],
    [8 * 113 + 112, 0.5],
    [2 * 9 * 113 + 4 * 113 + 10, 1],
  ]);
});

Deno.test("heightBin() is the published one at its edges", () => {
  // Python: [int((min(max(z, -1500), 1490) + 1500) / 100) for z in ...]
  assertEquals([-1600, -1500, -1400.1, -1400, -0.1, 0, 99, 1489, 1500].map(heightBin), [
    0,
    0,
    0,
    1,
    14,
    15,
    15,
    29,
    29,
  ]);
});

Deno.test("dropIsolated() keeps hits side by side, corners too, on one side of the foil only", () => {
  const kept = dropIsolated(hitsOf(
    [[0, 3, 20, 5, 1], [0, 4, 21, 5, 1], [0, 4, 30, 5, 1], [1, 4, 31, 5, 1]],
    [[1, 0, 0, 5, 1], [1, 8, 112, 5, 1]],
    [[0, 2, 2, 5, 1], [0, 2, 2, 6, 1]],
  ));
  assertEquals([...kept.offsets], [0, 2, 2, 4]);
  assertEquals([...kept.column], [20, 21, 2, 2]);
  assertEquals([...kept.tracks!], [1, 2, 7, 8], "truth follows");
});

Deno.test("dropIsolated() takes no neighbour of unknown radius for one, but keeps it beside a good one", () => {
  const kept = dropIsolated(
    hitsOf([[0, 3, 20, -1, 1], [0, 3, 21, 7, 1]], [[0, 3, 20, -1, 1], [0, 3, 21, -1, 1]]),
  );
  assertEquals([...kept.offsets], [0, 1, 1]);
  assertEquals([...kept.radiusMm], [-1]);
});

Deno.test("dropBadRadii() drops unknown radii and those beyond 35 mm", () => {
  const kept = dropBadRadii(
    hitsOf([[0, 0, 1, -1, 1], [0, 0, 2, 35, 1], [0, 0, 3, 35.5, 1], [0, 0, 4, 0, 1]]),
  );
  assertEquals([...kept.column], [2, 4]);
});

Deno.test("treatMissingHeights() leaves, drops, or fills from the nearest hits of the same side", () => {
  const hits = hitsOf([[0, 0, 10, 1, 100], [0, 1, 11, 1, 0], [0, 2, 12, 1, 300], [1, 1, 11, 1, 0], [
    0,
    8,
    12,
    1,
    900,
  ]]);
  assertEquals(treatMissingHeights(hits, "zero"), hits);
  assertEquals([...treatMissingHeights(hits, "drop").heightMm], [100, 300, 900]);
  assertEquals([...treatMissingHeights(hits, "nearest").heightMm], [100, 200, 300, 0, 900]);
  assertEquals(hits.heightMm[1], 0, "the input is left alone");
});

Deno.test("selectEvents() takes events in the order asked for", () => {
  const chosen = selectEvents(EVENTS, [2, 1, 0]);
  assertEquals([...chosen.offsets], [0, 3, 3, 5]);
  assertEquals([...chosen.layer], [4, 4, 4, 0, 8]);
});
