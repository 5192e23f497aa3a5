import { assert, assertEquals, assertThrows } from "../../assert.ts";
import { createRng } from "../../../lib/base/rng.ts";
import { splitIndices } from "../../../lib/data/split.ts";

Deno.test("splitIndices() deals every example to exactly one part, at random, the same by seed", () => {
  const split = (seed: number) => splitIndices(1000, { validation: 0.2, test: 50 }, { rng: createRng(seed) });
  const { train, validation, test } = split(1);
  assertEquals([train.length, validation.length, test.length], [750, 200, 50]);
  const all = [...train, ...validation, ...test].sort((a, b) => a - b);
  assertEquals(all, Array.from({ length: 1000 }, (_, i) => i));
  assertEquals(split(1), { train, validation, test });
  assert(String(split(2).test) !== String(test), "another seed gives another split");
  assert(String(test.slice().sort()) !== String(test), "a part is in random order");
});

Deno.test("splitIndices() by labels keeps every class in proportion, rare ones too", () => {
  const labels = Uint8Array.from({ length: 1000 }, (_, i) => i < 900 ? 0 : i < 990 ? 1 : 2);
  for (let seed = 0; seed < 20; seed++) {
    const { train, test } = splitIndices(1000, { test: 200 }, { rng: createRng(seed), labels });
    const counts = (part: Uint32Array) =>
      [0, 1, 2].map((label) => part.filter((i) => labels[i] === label).length);
    assertEquals(counts(test), [180, 18, 2]);
    assertEquals(counts(train), [720, 72, 8]);
  }
});

Deno.test("splitIndices() refuses parts that leave nothing to train on", () => {
  const rng = createRng(0);
  const refused = (parts: Record<string, number>, count = 10) =>
    assertThrows(() => splitIndices(count, parts, { rng }), RangeError, "and a rest to train on");
  refused({ test: 10 });
  refused({ validation: 0.5, test: 0.5 });
  refused({ test: -1 });
  refused({ test: 1.5 });
  refused({ test: NaN });
  refused({ train: 0.5 });
  refused({ test: 0 }, 0);
  assertThrows(() => splitIndices(3, { test: 1 }, { rng, labels: [1] }), TypeError, "3 examples by 1 labels");
});
