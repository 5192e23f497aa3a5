import { createRng, drawNormal } from "../../../../lib/base/rng.ts";
import { auc } from "../../../../lib/evaluate/mod.ts";
import { fitTrees } from "../../../../lib/experiments/ecal/boosted_trees.ts";
import { assert, assertClose, assertThrows } from "../../../assert.ts";

Deno.test("fitTrees() of one tree with one split takes the steps worked out by hand", () => {
  // 4 zeros of class 0, 4 ones of class 1: each leaf has slopes of 4 · 1/2 and curvature 1 + 4 · 1/4, so steps of ±1, half taken.
  const score = fitTrees([0, 0, 0, 0, 1, 1, 1, 1].map((x) => [x]), [0, 0, 0, 0, 1, 1, 1, 1], {
    trees: 1,
    depth: 1,
    rate: 0.5,
    leaf: 1,
  });
  assertClose([score([0]), score([1])], [-0.5, 0.5], 1e-12);
});

Deno.test("fitTrees() finds a border that no straight cut has: a ring around a blob", () => {
  const rng = createRng(1), features: number[][] = [], labels: number[] = [];
  for (let i = 0; i < 2000; i++) {
    const label = i % 2,
      [x, y] = [drawNormal(rng), drawNormal(rng)],
      scale = (1 + 2 * label) / Math.hypot(x, y);
    features.push([x * scale + 0.3 * drawNormal(rng), y * scale + 0.3 * drawNormal(rng)]);
    labels.push(label);
  }
  const score = fitTrees(features.slice(0, 1000), labels.slice(0, 1000));
  const { value } = auc(features.slice(1000).map(score), labels.slice(1000));
  assert(value > 0.98, `AUC ${value}`);
});

Deno.test("fitTrees() refuses one class", () => {
  assertThrows(() => fitTrees([[1], [2]], [1, 1]), RangeError, "both classes");
});
