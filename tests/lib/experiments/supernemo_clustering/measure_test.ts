import { createRng } from "../../../../lib/base/rng.ts";
import { CELLS } from "../../../../lib/experiments/supernemo/maps.ts";
import { leftLabels } from "../../../../lib/experiments/supernemo_clustering/labels.ts";
import { measureSorting } from "../../../../lib/experiments/supernemo_clustering/measure.ts";
import { findThreshold } from "../../../../lib/experiments/supernemo_clustering/threshold.ts";
import { drawView } from "../../../../lib/image/tracker_views.ts";
import { assert, assertClose, assertEquals } from "../../../assert.ts";
import { drawn } from "./_drawn.ts";

const HITS = drawn("aa.bb\naa.bb", "a.b\na.b");
const EVENTS = {
  occupied: drawView(HITS, "map").data as Uint8Array,
  truth: leftLabels(HITS, "remove-left").data,
  tracks: Uint8Array.of(2, 2),
};
const options = { rng: createRng(1), resamples: 20 };

Deno.test("measureSorting() of the truth is perfect, beside a copy of the input", () => {
  const found = measureSorting(EVENTS.truth, EVENTS, 0.5, options);
  for (const name of ["iou", "precision", "recall", "perfectEvents", "cellAccuracy"]) {
    assertEquals(
      [found[name].value, found[name].low],
      [1, name === "perfectEvents" ? found[name].low : 1],
      name,
    );
  }
  for (const name of ["lostOfKept", "leftOfRemoved", "wrongOfHits", "bothTogether", "outsideTruth"]) {
    assertEquals(found[name].value, 0, name);
  }
  // Of 12 hits 6 stay: a copy is right in 1392 · 2 - 6 of the cells, nothing at all in as many.
  assertEquals(found.iou.baseline!.value, 0.5);
  assertEquals(found.precision.baseline!.value, 0.5);
  assertEquals([found.iouAboveInput.value, found.perfectEvents.baseline!.value], [0.5, 0]);
  assertClose([found.cellAccuracy.baseline!.value], [1 - 6 / 2784], 1e-9);
  assertClose([found.cellAccuracyOfNothing.baseline!.value], [1 - 6 / 2784], 1e-9);
});

Deno.test("measureSorting() counts A to E by event", () => {
  // First event: one of four that stay lost, two of four that go left, one cell without a hit given. Second event: right.
  const values = Uint8Array.from(EVENTS.truth), stays = values.indexOf(1);
  values[stays] = 0;
  let left = 2;
  for (let i = 0; i < 1392 && left > 0; i++) {
    if (EVENTS.occupied[i] && !EVENTS.truth[i]) {
      values[i] = 1;
      left--;
    }
  }
  values[0] = 1;
  const found = measureSorting(values, EVENTS, 0.5, options);
  const value = (name: string) => found[name].value;
  assertEquals([value("lostOfKept"), value("leftOfRemoved")], [12.5, 25], "A and B, halves of 25 and 50 %");
  assertEquals(value("wrongOfHits"), 100 * 3 / 8 / 2, "C");
  assertClose([value("bothTogether")], [Math.hypot(25, 50) / 2], 1e-9, "D");
  assertEquals(value("outsideTruth"), 25, "E: three of six cells given are not in the truth");
  assertEquals([value("precision"), value("recall")], [5 / 8, 5 / 6]);
  assertEquals([value("iou"), value("perfectEvents")], [5 / 9, 0.5]);
});

Deno.test("measureSorting() has the numbers of tracks apart where there are several", () => {
  const found = measureSorting(EVENTS.truth, { ...EVENTS, tracks: Uint8Array.of(1, 2) }, 0.5, options);
  assertEquals([found.iouOf1.n, found.iouOf2.n, found.perfectEventsOf2.n], [1, 1, 1]);
  assertEquals(found.iouOf2.baseline!.value, 0.5);
  const lost = Uint8Array.from(EVENTS.truth).fill(0, 0, CELLS); // nothing of the first event
  const parted = measureSorting(lost, { ...EVENTS, tracks: Uint8Array.of(1, 2) }, 0.5, options);
  assertEquals([parted.iouOf1.value, parted.iouOf2.value], [0, 1]);
  assert(!("iouOf2" in measureSorting(EVENTS.truth, EVENTS, 0.5, options)));
});

Deno.test("findThreshold() takes the middle of those that decide most hits rightly, and looks at hits only", () => {
  assertEquals(findThreshold([0.9, 0.2, 0.4], [1, 0, 0], [1, 1, 1]), 0.655);
  assertEquals(findThreshold([0.9, 0.2, 0.4, 0.8], [1, 0, 0, 0], [1, 1, 1, 0]), 0.655);
  // Up to 0.295, the thirtieth, both stay.
  assertEquals(findThreshold([0.6, 0.3], [1, 1], [1, 1]), 0.155);
});
