import type { TrackerHits } from "../../../../lib/image/tracker_events.ts";
import { drawView } from "../../../../lib/image/tracker_views.ts";
import { startEngine, tf } from "../../../../lib/engine/mod.ts";
import { plotTrackerEvent } from "../../../../lib/experiments/supernemo/event_figure.ts";
import { changeHits, predictBeforeAndAfter } from "../../../../lib/experiments/supernemo/special_events.ts";
import { renderSvg } from "../../../../lib/plot/mod.ts";
import { assert, assertClose, assertEquals, assertThrows } from "../../../assert.ts";

/** Two events: one hit, and three of which two are in one cell on both sides. */
const HITS = {
  offsets: Uint32Array.of(0, 1, 4),
  side: Uint8Array.of(0, 0, 1, 1),
  layer: Uint8Array.of(0, 4, 4, 8),
  column: Uint8Array.of(1, 56, 56, 57),
  radiusMm: Float32Array.of(1, 2, -1, 4),
  heightMm: Float32Array.of(1, 0, 30, 40),
};

Deno.test("changeHits() takes named hits away, of both sides where none is given, and puts others last", () => {
  const both = changeHits(HITS, 1, { remove: [{ layer: 4, column: 56 }] });
  assertEquals([...both.column], [57]);
  const one = changeHits(HITS, 1, {
    remove: [{ side: 1, layer: 4, column: 56 }],
    add: [{ side: 1, layer: 2, column: 9, radiusMm: 7 }],
  });
  assertEquals([[...one.offsets], [...one.side], [...one.column]], [[0, 3], [0, 1, 1], [56, 57, 9]]);
  assertEquals([[...one.radiusMm], [...one.heightMm]], [[2, 4, 7], [0, 40, 0]]);
  const missing = () => changeHits(HITS, 0, { remove: [{ side: 1, layer: 0, column: 1 }] });
  assertThrows(missing, RangeError, "it must be there: layer 0, column 1 of side 1");
});

Deno.test("predictBeforeAndAfter() gives what the network says of both", async () => {
  await startEngine();
  const counting = tf.sequential({
    layers: [
      tf.layers.flatten({ inputShape: [9, 113, 1], name: "image" }),
      tf.layers.dense({ units: 1, kernelInitializer: "ones" }),
    ],
  });
  const draw = (hits: TrackerHits) => ({ [counting.inputNames[0]]: drawView(hits, "top") });
  const changes = { add: [{ layer: 0, column: 0 }, { layer: 0, column: 1 }] };
  const { before, after } = await predictBeforeAndAfter(counting, HITS, 1, changes, draw);
  assertClose([...before, ...after], [2, 4], 1e-6);
});

Deno.test("plotTrackerEvent() draws circles, heights that are known, and tracks in the colour of their hits", async () => {
  const track = {
    ...{ side: 1, hits: [2], angleDegrees: 45, vertexYMm: 0, vertexZMm: 0, slopeZ: 0 },
    ...{ confidence: 1, residualMm: 0 },
  };
  const spec = plotTrackerEvent(HITS, 1, { tracks: [track] });
  type View = { data: { values: Record<string, number>[] } };
  const [above, below] = spec.vconcat as [{ layer: View[] }, { hconcat: View[] }];
  const corners = above.layer[0].data.values;
  assertEquals(corners.length, 2 * 25, "the third has no radius");
  for (const { x, y } of corners.filter(({ hit }) => hit === 1)) {
    assertClose([Math.hypot(x - (51 + 8 * 44), y - 44)], [4], 1e-9);
  }
  assertEquals(above.layer[2].data.values.map(({ x, y }) => x === y || Math.abs(x - y) < 1e-9), [true, true]);
  assertEquals(below.hconcat[0].data.values.length, 2, "one has no height");
  assert((await renderSvg(spec)).includes("<svg"));
  assertThrows(() => plotTrackerEvent({ ...HITS, offsets: Uint32Array.of(0, 0) }, 0), RangeError, "no hits");
});
