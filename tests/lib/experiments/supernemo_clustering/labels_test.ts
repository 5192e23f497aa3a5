/** Labels of events drawn by hand: a picture of layers over columns, a letter a track, `*` a cell of a and b, `.` noise. */
import {
  leftLabels,
  publishedLabels,
  startLabels,
  trackLabels,
  trackOfEachHit,
  tracksFromLeft,
} from "../../../../lib/experiments/supernemo_clustering/labels.ts";
import { CELLS } from "../../../../lib/experiments/supernemo/maps.ts";
import { drawView, MAP_SHAPE } from "../../../../lib/image/tracker_views.ts";
import type { TrackerHits } from "../../../../lib/image/tracker_events.ts";
import { assertEquals, assertThrows } from "../../../assert.ts";
import { assertSeen, drawn } from "./_drawn.ts";

const CROSSED = drawn(`
  a...b
  .a.b.
  ..*..
  .b.a.
`);

Deno.test("drawView() draws a map of columns and layers inside a margin of two", () => {
  const { data, shape } = drawView(drawn("a"), "map");
  assertEquals(shape, [1, 116, 12, 1]);
  assertEquals(MAP_SHAPE, [116, 12]);
  assertEquals(data.indexOf(1), 2 * 12 + 2);
});

Deno.test("leftLabels() takes the left track away, or all others, and a shared cell is of both", () => {
  assertEquals(tracksFromLeft(CROSSED, 0), [0, 1], "means of columns: 6 / 4 of a, 10 / 4 of b");
  assertSeen(leftLabels(CROSSED, "remove-left"), ["....1", "...1.", "..1..", ".1..."]);
  assertSeen(leftLabels(CROSSED, "keep-one"), ["1....", ".1...", "..1..", "...1."]);
});

Deno.test("tracksFromLeft() goes by the mean of a track's columns, however many hits it has", () => {
  const close = drawn(`
    b..
    .a.
    ..b
    ..b
  `);
  assertEquals(tracksFromLeft(close, 0), [0, 1], "1 of a, 4 / 3 of b");
});

Deno.test("leftLabels() leaves noise where a track goes, and nothing else of an event of one track", () => {
  const one = drawn(`
    .a.~
    .a..
  `);
  assertSeen(leftLabels(one, "remove-left"), ["...1", "...."]);
  assertSeen(leftLabels(one, "keep-one"), [".1..", ".1.."]);
  assertSeen(leftLabels(drawn("~"), "remove-left"), ["1"]);
});

Deno.test("trackLabels() numbers tracks from the left, and gives a shared cell to the left one", () => {
  assertSeen(trackLabels(CROSSED), ["1...2", ".1.2.", "..1..", ".2.1."]);
  const four = drawn(`
    d.a.c.b~
    d.a.c.b.
  `);
  assertSeen(trackLabels(four), ["1.2.3.4.", "1.2.3.4."]);
  assertEquals(
    [...trackOfEachHit(four)],
    [2, 2, 4, 4, 3, 3, 1, 1, 0],
    "in the list's order: a, b, c, d, noise",
  );
  const many = () => trackOfEachHit(drawn("abcde"));
  assertThrows(many, RangeError, "Cannot take tracks apart in event 0 as it may have at most 4: it has 5");
});

Deno.test("startLabels() marks where the left track is nearest the foil", () => {
  assertSeen(startLabels(drawn("bb.aa\n..b.a")), ["11...", "....."]);
});

Deno.test("published labels lose one hit of the other track where the first of the list goes", () => {
  // Listed: three of a, then three of b; a owns column 0, so hits 4 and 5 stay, and 3 does not.
  const event = drawn("a.b\na.b\na.b");
  assertSeen(leftLabels(event, "remove-left"), ["..1", "..1", "..1"]);
  assertSeen(publishedLabels(event), ["...", "..1", "..1"]);
});

Deno.test("published labels are right where the last of the list goes", () => {
  const event = drawn("b.a\nb.a");
  assertSeen(publishedLabels(event), ["..1", "..1"]);
  assertEquals(publishedLabels(event).data, leftLabels(event, "remove-left").data);
});

Deno.test("published labels take nothing away where the track stands in the middle of the list", () => {
  const event = drawn("b.a.c\nb.a.c");
  assertSeen(publishedLabels(event), ["1.1.1", "1.1.1"]);
  assertSeen(leftLabels(event, "remove-left"), ["..1.1", "..1.1"]);
});

Deno.test("published labels call left the track that owns the smallest column", () => {
  const far = drawn(`
    .a..b
    .a..b
    b....
  `);
  assertEquals(tracksFromLeft(far, 0), [0, 1]);
  assertSeen(publishedLabels(far), [".1...", ".1...", "....."]);
});

Deno.test("published labels of one track are empty, and are refused where hits are not listed by track", () => {
  assertEquals(publishedLabels(drawn("a\na")).data, new Uint8Array(CELLS));
  assertThrows(() => publishedLabels(CROSSED), TypeError, "Cannot make published labels of event 0");
  const { tracks: _, ...unlabelled } = CROSSED;
  assertThrows(() => leftLabels(unlabelled, "keep-one"), TypeError, "do not say which track each is of");
});

Deno.test("labels of several events are each event's own, whichever comes before or after it", () => {
  const pictures = ["a.b\na.b", "b.a\n.ba", "aa.b\n.a.b", "a", "b.a\n.ba"];
  const all = drawn(...pictures), alone = pictures.map((picture) => drawn(picture));
  const kinds: ((hits: TrackerHits) => { data: ArrayLike<number> })[] = [
    (hits) => leftLabels(hits, "remove-left"),
    (hits) => leftLabels(hits, "keep-one"),
    publishedLabels,
    startLabels,
    trackLabels,
    (hits) => ({ data: trackOfEachHit(hits) }),
  ];
  for (const kind of kinds) {
    assertEquals(Array.from(kind(all).data), alone.flatMap((one) => Array.from(kind(one).data)));
  }
});
