import { leftLabels } from "../../../../lib/experiments/supernemo_clustering/labels.ts";
import { sortedText } from "../../../../lib/experiments/supernemo_clustering/terminal.ts";
import { drawView } from "../../../../lib/image/tracker_views.ts";
import { assert, assertEquals } from "../../../assert.ts";
import { drawn } from "./_drawn.ts";

const HITS = drawn("a.b", "..a.b\n..a.b");
const EVENTS = { occupied: drawView(HITS, "map").data, truth: leftLabels(HITS, "remove-left").data };

Deno.test("sortedText() draws an event's layers as lines, with a column beside the hits", () => {
  const lines = sortedText(EVENTS.truth, EVENTS, 1, { color: false }).split("\n");
  assertEquals(lines, [".o.o.", ".o.o.", ...Array(7).fill(".....")]);
  const wrong = sortedText(EVENTS.occupied.map((hit, i) => hit && EVENTS.truth[i] ? 0 : hit), EVENTS, 1, {
    color: false,
  });
  assertEquals(wrong.split("\n")[0], ".x.x.", "the left track is left, the other one lost");
});

Deno.test("sortedText() colours what stays green and what is lost red", () => {
  const right = sortedText(EVENTS.truth, EVENTS, 0), none = sortedText(new Uint8Array(2 * 1392), EVENTS, 0);
  assert(right.includes("\x1b[32mo\x1b[0m") && right.includes("\x1b[90mo\x1b[0m"), right);
  assert(none.includes("\x1b[31mx\x1b[0m") && !none.includes("\x1b[32m"), none);
  assert(sortedText(EVENTS.occupied, EVENTS, 0).includes("\x1b[34mx\x1b[0m"));
});
