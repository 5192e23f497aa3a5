/** Which examples come first, of slabs that are read one after another, with a model that can be checked by hand. */
import type { CardInput } from "../../../lib/card/card.ts";
import { type FileArray, heldArray } from "../../../lib/io/file_array.ts";
import { rankArray, type RankOptions } from "../../../lib/score/rank.ts";
import { createScorer, type Scorer } from "../../../lib/score/scorer.ts";
import { SIDE, tinyAnswer, tinyCard, tinyOnnx } from "../../tiny_model.ts";
import { assert, assertClose, assertEquals, assertRejects } from "../../assert.ts";

const PIXELS = SIDE * SIDE;

/** Examples that have the same counts everywhere. */
function arrayOf<T extends Float32Array | Uint8Array | Uint16Array>(counts: readonly number[], data: T) {
  counts.forEach((value, i) => data.fill(value, i * PIXELS, (i + 1) * PIXELS));
  return heldArray("", { data, shape: [counts.length, SIDE, SIDE, 1] });
}
const floats = (counts: readonly number[]) => arrayOf(counts, new Float32Array(counts.length * PIXELS));

async function rank(array: FileArray, options: RankOptions = {}, changes: Partial<CardInput> = {}) {
  const scorer = await createScorer({ card: tinyCard(changes), onnx: tinyOnnx() });
  try {
    return await rankArray(scorer, array, options);
  } finally {
    await scorer.close();
  }
}

Deno.test("rankArray() scores slab by slab and puts the highest first, of equals the first", async () => {
  const counts = [3, 90, 1, 7, 90, 2, 0, 4, 4, 60];
  const array = floats(counts), read: unknown[] = [], progress: number[][] = [];
  const watched: FileArray = { ...array, read: (rows) => (read.push(rows), array.read(rows)) };
  const ranking = await rank(watched, { batch: 3, onProgress: (...now) => progress.push(now) });
  assertEquals([ranking.of, ranking.failed, ranking.reason], ["kind: NR", 0, undefined]);
  assertClose(Array.from(ranking.scores), counts.map((value) => tinyAnswer(value).nuclear), 1e-6);
  assertEquals(Array.from(ranking.order), [1, 4, 9, 3, 7, 8, 0, 5, 2, 6]);
  assertEquals(read, [[0, 3], [3, 6], [6, 9], [9, 10]]);
  assertEquals(progress, [[3, 10], [6, 10], [9, 10], [10, 10]]);
});

Deno.test("rankArray() takes 16 examples at once of a small model, 128 of a large one, where nobody says how many", async () => {
  const array = floats(new Array(129).fill(1)), read: unknown[] = [];
  const watched: FileArray = { ...array, read: (rows) => (read.push(rows), array.read(rows)) };
  await rank(watched);
  assertEquals([read.length, read[0], read.at(-1)], [9, [0, 16], [128, 129]]);
  read.length = 0;
  const scorer = await createScorer({ card: tinyCard(), onnx: tinyOnnx() });
  await rankArray({ ...scorer, bytes: 2 ** 22 }, watched);
  await scorer.close();
  assertEquals(read, [[0, 128], [128, 129]]);
});

Deno.test("rankArray() ranks by the label that is asked for, a value, or the probability of the second", async () => {
  const counts = [10, 2, 5],
    scoresBy = async (options: RankOptions, changes?: Partial<CardInput>) => {
      const { of, scores, order } = await rank(floats(counts), options, changes);
      return { of, scores: Array.from(scores), order: Array.from(order) };
    };
  const first = await scoresBy({ label: "ER" });
  assertEquals([first.of, first.order], ["kind: ER", [1, 2, 0]]);
  assertClose(first.scores, counts.map((value) => 1 - tinyAnswer(value).nuclear), 1e-6);
  const value = { name: "energy", kind: "value", units: "keV" } as const;
  const ofValue = await scoresBy({}, { outputs: [value] });
  assertEquals([ofValue.of, ofValue.order], ["energy", [0, 2, 1]]);
  assertClose(ofValue.scores, [0.1, 0.02, 0.05], 1e-6);
  const single = { name: "energy", kind: "probability", labels: ["no", "yes"] } as const;
  const softmax = { ...single, name: "kind" };
  for (
    const [output, expected] of [[single, ofValue.scores], [
      softmax,
      first.scores.map((p) => 1 - p),
    ]] as const
  ) {
    const { of, scores } = await scoresBy({}, { outputs: [{ ...output, labels: [...output.labels] }] });
    assertEquals(of, `${output.name}: yes`);
    assertClose(scores, expected, 1e-6);
  }
  const both = [value, { name: "kind", kind: "labels", labels: ["a", "b"] } as const];
  const labelled = both.map((output) => "labels" in output ? { ...output, labels: ["a", "b"] } : output);
  assertEquals((await scoresBy({ label: "a" }, { outputs: labelled as never })).of, "kind: a");
  await assertRejects(
    () => scoresBy({ label: "no" }, { outputs: [{ ...single, labels: ["no", "yes"] }] }),
    TypeError,
    'no score of "no": its labels are no, yes',
  );
  await assertRejects(() => scoresBy({ label: "x" }, { outputs: [value] }), TypeError, "its labels are none");
  const three = [{ name: "kind", kind: "classes" as const, labels: ["a", "b", "c"] }];
  const fake = { card: tinyCard({ outputs: three }) } as Scorer;
  await assertRejects(
    () => rankArray(fake, floats([1])),
    TypeError,
    "no score of one label: its labels are a, b, c",
  );
});

Deno.test("rankArray() leaves out what cannot be scored, and says why the first cannot", async () => {
  const { scores, order, failed, reason } = await rank(floats([5, NaN, 9, NaN, NaN, 7]), { batch: 2 });
  assertEquals(Array.from(scores, Number.isNaN), [false, true, false, true, true, false]);
  assertEquals([Array.from(order), failed], [[2, 5, 0], 3]);
  assert(reason!.startsWith("example 1: "), reason);
  const none = await rank(floats([NaN, NaN]), { batch: 2 });
  assertEquals([none.order.length, none.failed], [0, 2]);
});

Deno.test("rankArray() refuses arrays that hold no examples of the model's input", async () => {
  for (const shape of [[2, 5, 4, 7], [SIDE, SIDE], [SIDE, SIDE, 1]]) {
    const size = shape.reduce((a, b) => a * b, 1);
    await assertRejects(
      () => rank(heldArray("", { data: new Float32Array(size), shape })),
      TypeError,
      `Cannot rank an array of [${shape.join(", ")}] by "tiny" as it must hold examples of [4, 4, 1]`,
    );
  }
});

Deno.test("rankArray() takes what is black and white from the user, the file, or the type of bytes", async () => {
  const inputs = [{
    name: "image",
    shape: [SIDE, SIDE, 1],
    dtype: "float32" as const,
    units: "",
    range: [0, 1],
  }];
  const changes = { inputs, preprocessing: [] } as unknown as Partial<CardInput>;
  const energies = { outputs: [{ name: "energy", kind: "value" as const, units: "keV" }], ...changes };
  await assertRejects(() => rank(floats([1]), {}, energies), RangeError, "say the range");
  const said = await rank(floats([20, 40]), { range: [0, 80] }, energies);
  assertClose(Array.from(said.scores), [0.25, 0.5], 1e-6);
  const bytes = await rank(arrayOf([51, 255], new Uint8Array(2 * PIXELS)), {}, energies);
  assertClose(Array.from(bytes.scores), [0.2, 1], 1e-6);
  // Of 16 bits the file must say what is white, or the user: an example's own brightness says nothing of the next one's.
  const words = arrayOf([100, 4000], new Uint16Array(2 * PIXELS));
  await assertRejects(() => rank(words, {}, energies), RangeError, "say the range");
  const white = await rank({ ...words, white: 8000 }, {}, energies);
  assertClose(Array.from(white.scores), [0.0125, 0.5], 1e-6);
});

Deno.test("rankArray() ends where it is told to, and where a slab cannot be read", async () => {
  const stop = new AbortController(), array = floats(new Array(9).fill(1)), read: unknown[] = [];
  const onProgress = () => stop.abort(new DOMException("enough", "AbortError"));
  const watched: FileArray = { ...array, read: (rows) => (read.push(rows), array.read(rows)) };
  await assertRejects(
    () => rank(watched, { batch: 1, signal: stop.signal, onProgress }),
    DOMException,
    "enough",
  );
  assert(read.length < 5, `read ${read.length} slabs`);
  const torn: FileArray = {
    ...array,
    read: (rows) => rows![0] === 6 ? Promise.reject(new Error("torn")) : array.read(rows),
  };
  await assertRejects(() => rank(torn, { batch: 3 }), Error, "torn");
});
