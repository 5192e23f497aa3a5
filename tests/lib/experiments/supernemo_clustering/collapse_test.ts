import { collapseOf } from "../../../../lib/experiments/supernemo_clustering/collapse.ts";
import { leftLabels } from "../../../../lib/experiments/supernemo_clustering/labels.ts";
import { drawView } from "../../../../lib/image/tracker_views.ts";
import { assertEquals } from "../../../assert.ts";
import { drawn } from "./_drawn.ts";

const HITS = drawn("aa.bb\naa.bb", "..a.b\n..a.b");
const EVENTS = {
  occupied: drawView(HITS, "map").data as Uint8Array,
  truth: leftLabels(HITS, "remove-left").data,
};

Deno.test("collapseOf() names a network that gives nothing, copies its input, or gives the same of every event", () => {
  assertEquals(collapseOf(EVENTS.truth, EVENTS, 0.5), undefined);
  assertEquals(collapseOf(new Float32Array(EVENTS.truth.length), EVENTS, 0.5), "gives nothing");
  assertEquals(collapseOf(EVENTS.occupied, EVENTS, 0.5), "copies its input");
  const first = EVENTS.truth.subarray(0, 1392), same = new Uint8Array([...first, ...first]);
  assertEquals(collapseOf(same, EVENTS, 0.5), "gives the same cells of every event");
});
