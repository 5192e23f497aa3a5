/** Which images are trained on, which judge, and what is said of their labels. */
import type { Labels, Part } from "../../../../lib/data/own/mod.ts";
import { labelsInWords, splitRows } from "../../../../lib/experiments/images/data.ts";
import { assert, assertEquals, assertThrows } from "../../../assert.ts";

const classes = (...values: number[]): Labels => ({
  task: "classes",
  column: "kind",
  names: ["a", "b"],
  values: Int32Array.from(values),
});
const options = { validation: 0.2, test: 0.2, seed: 3 };
const TWENTY = classes(...Array.from({ length: 20 }, (_, i) => i % 4 === 0 ? 1 : 0));

const sorted = (rows: Record<Part, Uint32Array>) =>
  [...rows.train, ...rows.validation, ...rows.test].sort((a, b) => a - b);

Deno.test("splitRows() takes each row once, every class in proportion, another way for another seed", () => {
  const rows = splitRows(TWENTY, 20, undefined, options);
  assertEquals([rows.train.length, rows.validation.length, rows.test.length], [12, 4, 4]);
  assertEquals(sorted(rows), Array.from({ length: 20 }, (_, i) => i));
  for (const part of [rows.validation, rows.test]) {
    assertEquals(Array.from(part).filter((row) => row % 4 === 0).length, 1, "one of five of class b");
  }
  assertEquals(splitRows(TWENTY, 20, undefined, options), rows);
  const other = splitRows(TWENTY, 20, undefined, { ...options, seed: 4 });
  assert(other.test.some((row) => !rows.test.includes(row)), "the seed changes nothing");
});

Deno.test("splitRows() takes the parts of a place as they are, one image is one, and what lacks from training", () => {
  const parts: Part[] = [
    ...new Array<Part>(15).fill("train"),
    "validation",
    "train",
    "train",
    "train",
    "train",
  ];
  const rows = splitRows(TWENTY, 20, parts, options);
  assertEquals(rows.validation, Uint32Array.of(15));
  assertEquals([rows.train.length, rows.test.length], [15, 4]); // 0.2 of 19, and the other 15
  assertEquals(sorted(rows), Array.from({ length: 20 }, (_, i) => i));
  const few: Part[] = ["train", "test", "test", "train"];
  const least = splitRows(classes(0, 0, 1, 0), 4, few, { ...options, validation: 0.1 });
  assertEquals([least.train.length, least.validation.length, least.test], [1, 1, Uint32Array.of(1, 2)]);
});

Deno.test("splitRows() refuses a set without training images, and a class too small for three parts", () => {
  assertThrows(() => splitRows(TWENTY, 2, ["test", "validation"], options), RangeError, "no training image");
  const two = classes(...new Array(10).fill(0), 1, 1), three = classes(...new Array(10).fill(0), 1, 1, 1);
  assertThrows(
    () => splitRows(two, 12, undefined, options),
    RangeError,
    'Cannot split class "b" into training, validation and test as it has 2 examples: at least 3 are needed',
  );
  assertEquals(splitRows(three, 13, undefined, options).train.length > 0, true);
});

Deno.test("labelsInWords() says what is learned, and of many labels the first twelve", () => {
  assertEquals(labelsInWords(classes(0, 0, 1)), "2 classes: a 2, b 1");
  const value: Labels = {
    task: "value",
    column: "energy",
    values: Float32Array.of(2, 10.123456, 5),
  };
  assertEquals(labelsInWords(value), '"energy" is a value from 2.000 to 10.12');
  const several: Labels = {
    task: "labels",
    column: "",
    names: ["x", "y"],
    values: Float32Array.of(1, 1, 0, 1),
  };
  assertEquals(labelsInWords(several), "2 labels, of which an image may have several: x 1, y 2");
  for (const [count, ends] of [[12, "n11 1"], [13, "n11 1, …"]] as const) {
    const names = Array.from({ length: count }, (_, i) => `n${i}`);
    const many = { ...classes(...names.keys()), names };
    assert(labelsInWords(many).endsWith(ends), labelsInWords(many));
  }
});
