import { auc, rocBand, rocCurve } from "../../../lib/evaluate/mod.ts";
import { namedRoc, rocFigures } from "../../../lib/run/roc.ts";
import { assertEquals } from "../../assert.ts";

/** Probabilities and labels of some examples, and how many curves and bands are drawn of them. */
function drawn(classes: number, examples: number): [curves: number, bands: boolean] {
  const labels = Array.from({ length: examples }, (_, i) => i % classes);
  const probabilities = labels.flatMap((label) =>
    Array.from({ length: classes }, (_, c) => (c === label ? 2 : 1) / (classes + 1))
  );
  const names = labels.slice(0, classes).map((label) => `class ${label}`);
  const [{ spec }] = rocFigures(probabilities, labels, names) as unknown as { spec: unknown }[];
  const text = JSON.stringify(spec);
  return [names.filter((name) => text.includes(name)).length, text.includes('"fillOpacity"')];
}

Deno.test("namedRoc() is the curve with its area, and the band of as many signals as there are", () => {
  const scores = [0.9, 0.2, 0.6, 0.4], labels = [1, 1, 0, 1];
  const curve = rocCurve(scores, labels), plain = { name: "x", curve, auc: auc(scores, labels) };
  assertEquals<unknown>(namedRoc("x", scores, labels), { ...plain, band: rocBand(curve, 3) });
  assertEquals<unknown>(namedRoc("x", scores, labels, { band: false }), plain);
});

Deno.test("rocFigures() draws each class against all others, with bands where there are few", () => {
  assertEquals(drawn(2, 8), [2, true]);
  assertEquals(drawn(3, 9), [3, true]);
  assertEquals(drawn(5, 10), [5, false]);
  assertEquals(rocFigures([1, 0], [0], ["a", "b"]), []);
});
