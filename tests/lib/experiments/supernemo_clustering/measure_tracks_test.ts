import { createRng } from "../../../../lib/base/rng.ts";
import { dbscan } from "../../../../lib/experiments/supernemo_clustering/dbscan.ts";
import { trackOfEachHit } from "../../../../lib/experiments/supernemo_clustering/labels.ts";
import {
  chooseDbscan,
  matchedHits,
  measureTracks,
  randOfEvents,
  tracksByFit,
} from "../../../../lib/experiments/supernemo_clustering/measure_tracks.ts";
import { offsetsOf, selectEvents } from "../../../../lib/image/tracker_events.ts";
import { drawDocumentTrack } from "../../../../lib/simulate/supernemo/document.ts";
import { createDraws } from "../../../../lib/base/random.ts";
import { assert, assertClose, assertEquals } from "../../../assert.ts";
import { drawn } from "./_drawn.ts";

const HITS = drawn("aa.bb\naa.bb", "a.b\na.b", "~");
const options = { rng: createRng(1), resamples: 20 };

Deno.test("randOfEvents() and matchedHits() do not ask what tracks are called", () => {
  const truth = trackOfEachHit(HITS), exchanged = truth.map((track) => track === 0 ? 0 : 3 - track);
  for (const given of [truth, exchanged]) {
    assertEquals([...randOfEvents(HITS, given)], [1, 1, 1]);
    assertEquals(matchedHits(HITS, given).map(({ right, all }) => right - all), [0, 0, 0]);
  }
  const one = truth.map(() => 1);
  assertEquals([...randOfEvents(HITS, one)], [0, 0, 1]);
  assertEquals(matchedHits(HITS, one), [{ right: 4, all: 8 }, { right: 2, all: 4 }, { right: 0, all: 0 }]);
  assertEquals(matchedHits(HITS, truth.map(() => 0))[0].right, 0, "hits of no track are of none");
});

Deno.test("dbscan() groups what is near, and leaves alone what is near to nothing", () => {
  const two = drawn("aa...bb\naa...bb");
  assertEquals([...dbscan(two, { reachCells: 1.5, heightMm: 100, fewest: 3 })], [1, 1, 1, 1, 2, 2, 2, 2]);
  assertEquals([...dbscan(two, { reachCells: 4, heightMm: 100, fewest: 3 })], new Array(8).fill(1));
  assertEquals([...dbscan(drawn("a.b"), { reachCells: 1.5, heightMm: 100, fewest: 2 })], [0, 0]);
  const apart = { ...two, heightMm: Float32Array.of(100, 100, 900, 900, 100, 100, 100, 100) };
  assertEquals(new Set(dbscan(apart, { reachCells: 1.5, heightMm: 100, fewest: 2 })).size, 3, "heights part");
  const unknown = { ...apart, heightMm: Float32Array.of(100, 100, 0, 0, 100, 100, 100, 100) };
  assertEquals(new Set(dbscan(unknown, { reachCells: 1.5, heightMm: 100, fewest: 2 })).size, 2);
  const joined = drawn("abc"); // the middle one is the only inside
  assertEquals([...dbscan(joined, { reachCells: 1, heightMm: 1, fewest: 3 })], [1, 1, 1]);
});

Deno.test("chooseDbscan() takes the reach that parts the tracks of validation events", () => {
  const { reachCells } = chooseDbscan(drawn("aa..bb\naa..bb"));
  assert(reachCells < 3, `${reachCells}`);
  const middle = { reachCells: 2.3, heightMm: 300, fewest: 3 };
  assertEquals([chooseDbscan(), chooseDbscan(selectEvents(drawn("aa"), []))], [middle, middle]);
});

Deno.test("measureTracks() compares with nearness and with fits, which find straight tracks", () => {
  const draws = createDraws(createRng(5)), flat = Array.from({ length: 12 }, () => drawDocumentTrack(draws));
  const lengths = flat.map(({ layer }) => layer.length);
  const hits = {
    offsets: offsetsOf(Array.from({ length: 6 }, (_, event) => lengths[2 * event] + lengths[2 * event + 1])),
    side: new Uint8Array(lengths.reduce((sum, length) => sum + length, 0)),
    layer: Uint8Array.from(flat.flatMap(({ layer }) => layer)),
    column: Uint8Array.from(flat.flatMap(({ column }) => column)),
    radiusMm: Float32Array.from(flat.flatMap(({ radiusMm }) => radiusMm)),
    heightMm: Float32Array.from(flat.flatMap(({ heightMm }) => heightMm)),
    tracks: Uint16Array.from(flat.flatMap(({ layer }, i) => layer.map(() => 1 << i % 2))),
  };
  const counts = new Array(6).fill(2), byFit = randOfEvents(hits, tracksByFit(hits, counts, 22));
  assert(byFit.filter((index) => index > 0.9).length >= 4, byFit.join());
  const found = measureTracks(trackOfEachHit(hits), { test: hits, counts, firstWireMm: 22 }, options);
  assertEquals([found.adjustedRand.value, found.perfectEvents.value, found.hitsOfRightTrack.value], [
    1,
    1,
    1,
  ]);
  const mean = byFit.reduce((sum, index) => sum + index, 0) / 6;
  assertClose([found.adjustedRandOfFits.value, found.adjustedRandAboveFits.value], [mean, 1 - mean], 1e-9);
  assert(found.adjustedRand.baseline!.value < 1 && !("adjustedRandOf2" in found));
  assert(found.adjustedRandOfLines.value > 0.99, `${found.adjustedRandOfLines.value}: nothing is smeared`);
  const { value, baseline } = found.adjustedRand;
  assertClose(found.adjustedRandAboveNearness.value, value - baseline!.value, 1e-9);
});

Deno.test("measureTracks() takes the events that slow baselines are measured on from all over the set", () => {
  // 1,000 events of one track, then as many of two, of two hits each, which no fit groups: index 1 of the first, 0 of the others.
  const test = drawn(...new Array(1000).fill("a.a"), ...new Array(1000).fill("a.b"));
  const counts = Array.from({ length: 2000 }, (_, event) => event < 1000 ? 1 : 2);
  const { adjustedRandOfFits, adjustedRandAboveFits } = measureTracks(
    trackOfEachHit(test),
    { test, counts, firstWireMm: 22 },
    options,
  );
  assertEquals([adjustedRandOfFits.n, adjustedRandOfFits.value], [1000, 0.5]);
  assertEquals(adjustedRandAboveFits.value, 0.5);
});
