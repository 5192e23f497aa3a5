/** What is said of a user's images on the test images, by hand. */
import { startEngine } from "../../../../lib/engine/mod.ts";
import type { OwnData } from "../../../../lib/experiments/images/data.ts";
import { binnedUncertainty, measureOwn, rowsOf } from "../../../../lib/experiments/images/measure.ts";
import { buildOwnModel, chooseModel, momentsOf } from "../../../../lib/experiments/images/model.ts";
import type { CardMetric } from "../../../../lib/card/mod.ts";
import type { Plan } from "../../../../lib/experiments/images/plan.ts";
import type { Results } from "../../../../lib/run/experiment.ts";
import { assert, assertClose, assertEquals } from "../../../assert.ts";

await startEngine({ backend: "cpu" });

/** Data of which only labels and rows are there; the first images are tested, the others trained on. */
function dataOf(labels: unknown, test: number, train: number): OwnData {
  const rows = {
    test: Uint32Array.from({ length: test }, (_, i) => i),
    train: Uint32Array.from({ length: train }, (_, i) => test + i),
  };
  return { labels, rows } as unknown as OwnData;
}

async function metricsOf(predictions: number[], data: OwnData): Promise<Record<string, CardMetric>> {
  return (await measureOwn(Float32Array.from(predictions), data, 1, {} as Results)).metrics;
}

Deno.test("measureOwn() counts right classes beside the class that training has most", async () => {
  const labels = { task: "classes", names: ["a", "b", "c"], values: [0, 1, 2, 1, 2, 2, 2, 0] };
  const scores = [0.8, 0.1, 0.1, 0.1, 0.8, 0.1, 0.1, 0.8, 0.1, 0.1, 0.8, 0.1];
  const { accuracy } = await metricsOf(scores, dataOf(labels, 4, 4));
  assertEquals([accuracy.value, accuracy.n, accuracy.split], [0.75, 4, "test"]);
  assertEquals(accuracy.baseline, { name: "most frequent class", value: 0.25 }, "of the training labels, 2");
});

Deno.test("measureOwn() counts images with all labels right, and each label's area where it has both kinds", async () => {
  const labels = { task: "labels", names: ["x", "y"], values: [1, 0, 0, 0, 1, 0, 0, 0] };
  const scores = [0.9, 0.1, 0.2, 0.5, 0.5, 0.4, 0.1, 0.2];
  const metrics = await metricsOf(scores, dataOf(labels, 4, 0));
  assertEquals([metrics.allLabelsRight.value, metrics.allLabelsRight.n], [0.75, 4], "0.5 counts as said");
  assertEquals(metrics.allLabelsRight.baseline, { name: "never any label", value: 0.5 });
  assertEquals([metrics["auc x"].value, metrics["auc x"].baseline], [1, { name: "guessing", value: 0.5 }]);
  assertEquals("auc y" in metrics, false, "nobody has it");
});

Deno.test("rowsOf() and momentsOf() take rows and their mean and spread", () => {
  assertEquals(rowsOf([1, 2, 3, 4, 5, 6], [2, 0], 2), Float32Array.of(5, 6, 1, 2));
  assertEquals(momentsOf([1, 3, 5, 7]), { mean: 4, spread: Math.sqrt(5) });
  assertEquals(momentsOf([2, 2]), { mean: 2, spread: 1e-12 });
});

Deno.test("binnedUncertainty() makes at most four bins of twelve, and none where edges do not rise", () => {
  const values = (n: number) => Float32Array.from({ length: n }, (_, i) => i);
  for (const [n, bins] of [[12, 1], [23, 1], [24, 2], [47, 3], [48, 4], [480, 4]]) {
    assertEquals(binnedUncertainty(values(n), values(n))!.sigma.length, bins, `${n}`);
  }
  assertEquals(binnedUncertainty(new Float32Array(24), values(24)), undefined);
});

Deno.test("buildOwnModel() gives classes a softmax, labels a sigmoid each, and a value its own units", () => {
  const plan = { kind: "picture", shape: [16, 16, 1] } as unknown as Plan;
  const shapeOf = (labels: unknown) => {
    const model = buildOwnModel("auto", plan, labels as never, [1, 3, 5, 7], 3);
    const last = model.layers.at(-1)!;
    const { activation } = last.getConfig() as { activation?: string };
    const out = [model.outputs[0].shape[1], last.name, activation];
    const config = last.getConfig() as { scale?: number; offset?: number };
    model.dispose();
    return [...out, config.scale, config.offset];
  };
  const [classes, , softmax] = shapeOf({ task: "classes", names: ["a", "b", "c"] });
  assertEquals([classes, softmax], [3, "softmax"]);
  assertEquals(shapeOf({ task: "labels", names: ["a", "b"] }).slice(0, 3), [2, "labels", "sigmoid"]);
  const [width, name, , scale, offset] = shapeOf({ task: "value", column: "e" });
  assertEquals([width, name, offset], [1, "value", 4]);
  assertClose(scale as number, Math.sqrt(5), 1e-6);
  assertEquals([chooseModel({ kind: "volume" }), chooseModel({ kind: "bands" })], [
    "conv3d_net",
    "compact_resnet",
  ]);
  assert(width === 1);
});
