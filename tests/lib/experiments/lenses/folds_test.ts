import { createRng } from "../../../../lib/base/rng.ts";
import { splitGroups } from "../../../../lib/experiments/lenses/folds.ts";
import { assert, assertEquals, assertThrows } from "../../../assert.ts";

// Ten lenses with three copies each, and thirty others.
const groups = [
  ...Array.from({ length: 30 }, (_, i) => Math.floor(i / 3)),
  ...Array.from({ length: 30 }, (_, i) => 30 + i),
];
const labels = groups.map((_, i) => i < 30 ? 1 : 0);

Deno.test("splitGroups() tests every example once over all folds, and never parts copies", () => {
  const tested: number[] = [];
  for (let fold = 0; fold < 5; fold++) {
    const { train, validation, test } = splitGroups(groups, labels, {
      rng: createRng(3),
      folds: 5,
      fold,
      validation: 0.25,
    });
    tested.push(...test);
    assertEquals(train.length + validation.length + test.length, 60);
    const sides = [train, validation, test].map((rows) => new Set(Array.from(rows, (row) => groups[row])));
    for (const [a, b] of [[0, 1], [0, 2], [1, 2]]) {
      assert([...sides[a]].every((group) => !sides[b].has(group)), `fold ${fold}`);
    }
    assertEquals(Array.from(test).filter((row) => labels[row] === 1).length, 6);
    assertEquals([validation.length, test.length], [6 + 6, 6 + 6]);
  }
  assertEquals(tested.sort((a, b) => a - b), groups.map((_, i) => i));
});

Deno.test("splitGroups() refuses more folds than different examples", () => {
  const options = { rng: createRng(3), folds: 11, fold: 0, validation: 0 };
  assertThrows(() => splitGroups(groups, labels, options), RangeError, "class 1 into 11 folds as it has 10");
});
