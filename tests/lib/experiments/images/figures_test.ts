/** What the report on a user's images shows, against what is worked out of the same numbers by hand. */
import { auc, rocCurve } from "../../../../lib/evaluate/mod.ts";
import type { OwnData } from "../../../../lib/experiments/images/data.ts";
import { ownFigures } from "../../../../lib/experiments/images/figures.ts";
import { plotResiduals, plotRoc } from "../../../../lib/plot/mod.ts";
import type { Figure, ShownResults } from "../../../../lib/run/experiment.ts";
import { assertEquals } from "../../../assert.ts";

/** Six images of one grey value each: the first four are tested. */
function dataOf(labels: unknown): OwnData {
  const pixels = {
    data: Uint8Array.from({ length: 6 * 4 }, (_, i) => 10 * Math.floor(i / 4)),
    shape: [6, 2, 2, 1],
  };
  const rows = {
    test: Uint32Array.of(0, 1, 2, 3),
    train: Uint32Array.of(4, 5),
    validation: new Uint32Array(),
  };
  return { labels, rows, pixels, plan: { kind: "picture", shape: [2, 2, 1] } } as unknown as OwnData;
}

const asked: number[][] = [];
const RESULTS = {
  history: { epochs: [{ epoch: 1, loss: 2 }, { epoch: 2, loss: 1 }] },
  occlusion: (rows: readonly number[]) => {
    asked.push([...rows]);
    return Promise.resolve([]);
  },
} as unknown as ShownResults;

const figures = (predictions: number[], labels: unknown) =>
  ownFigures(Float32Array.from(predictions), dataOf(labels), RESULTS);
const specOf = (list: readonly Figure[], name: string) => {
  const found = list.find((figure) => figure.name === name);
  return found && "spec" in found ? JSON.parse(JSON.stringify(found.spec)) : undefined;
};

/** What stands below the two training images; the words of their scales come behind. */
const wordsIn = (list: readonly Figure[]) =>
  [...JSON.stringify(specOf(list, "images")).matchAll(/"text":"([a-z, 0-9.]*)"/g)].map(([, text]) => text)
    .slice(0, 2);

Deno.test("ownFigures() draws a curve for each label that some images have and some have not", async () => {
  // Labels x, y and z of each image; y is nobody's among those tested.
  const values = [1, 0, 0, 0, 0, 1, 1, 0, 1, 0, 0, 0, 1, 1, 1, 0, 1, 0];
  const scores = [0.9, 0.1, 0.2, 0.3, 0.2, 0.8, 0.2, 0.3, 0.4, 0.1, 0.4, 0.5];
  const labels = { task: "labels", names: ["x", "y", "z"], values };
  const list = await figures(scores, labels);
  assertEquals(list.map(({ name }) => name), ["images", "labels", "learning_curve", "roc"]);
  const curve = (name: string, said: number[], own: number[]) => ({
    name,
    curve: rocCurve(said, own),
    auc: auc(said, own),
  });
  const expected = plotRoc([
    curve("x", [0.9, 0.3, 0.2, 0.1], [1, 0, 1, 0]),
    curve("z", [0.2, 0.8, 0.4, 0.5], [0, 1, 1, 0]),
  ], { axes: "rates" });
  assertEquals(specOf(list, "roc"), JSON.parse(JSON.stringify(expected)));
  assertEquals(specOf(list, "labels").data.values, [
    { name: "x", count: 3 },
    { name: "y", count: 2 },
    { name: "z", count: 3 },
  ]);
  assertEquals(wordsIn(list), ["x, y, z", "y"], "of the images that are trained on");
  const none = { ...labels, values: values.map((value, i) => i < 12 ? 0 : value) };
  const bare = await figures(scores, none);
  assertEquals(bare.map(({ name }) => name), ["images", "labels", "learning_curve"]);
  const last = { ...labels, values: [...values.slice(0, 15), 0, 0, 0] };
  assertEquals(wordsIn(await figures(scores, last)), ["x, y, z", "none"]);
});

Deno.test("ownFigures() draws a value against the truth, and what is left of it where there are two", async () => {
  const labels = { task: "value", column: "mass", values: [1, 2, 3, 4, 5.1234, 6] };
  const list = await figures([1, 2.5, 3, 5], labels);
  assertEquals(list.map(({ name }) => name), [
    "images",
    "labels",
    "learning_curve",
    "predicted_against_true",
    "residuals",
  ]);
  assertEquals(wordsIn(list), ["5.12", "6"]);
  const expected = plotResiduals(Float32Array.of(1, 2.5, 3, 5), Float32Array.of(1, 2, 3, 4), {
    title: "Residuals",
  });
  assertEquals(specOf(list, "residuals"), JSON.parse(JSON.stringify(expected)));
});

Deno.test("ownFigures() shows classes by what was taken for what, and asks what mattered in the worst mistakes", async () => {
  const labels = { task: "classes", names: ["a", "b"], values: [0, 1, 1, 0, 1, 0] };
  asked.length = 0;
  const list = await figures([0.9, 0.1, 0.8, 0.2, 0.3, 0.7, 0.4, 0.6], labels);
  assertEquals(list.map(({ name }) => name), [
    "images",
    "class_means",
    "labels",
    "learning_curve",
    "confusion",
    "roc",
    "reliability",
    "predictions",
    "worst_mistakes",
  ]);
  assertEquals(wordsIn(list), ["b", "a"]);
  assertEquals(asked, [[1, 3]], "the second is 0.8 wrong, the fourth 0.6");
});
