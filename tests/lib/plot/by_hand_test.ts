/** What charts show where and in which colour, against numbers worked by hand. @module */
import { calibration, confusionMatrix, regressionByBin } from "../../../lib/evaluate/mod.ts";
import {
  COLORS,
  plotBiasAndResolution,
  plotCalibration,
  plotClassCounts,
  plotConfusion,
  plotEpochCurves,
  plotLearningCurve,
  plotResponse,
  type Spec,
} from "../../../lib/plot/mod.ts";
import { SERIES } from "../../../lib/plot/spec.ts";
import { assertClose, assertEquals } from "../../assert.ts";
import { generator } from "../evaluate/_sequence.ts";

type Row = Record<string, unknown>;
interface View {
  title?: { text: string };
  data?: { values: Row[] };
  mark?: { type: string; strokeDash?: number[]; color?: string };
  encoding?: Record<string, { field?: string; title?: string; axis?: { orient?: string } }>;
  layer?: View[];
  hconcat?: View[];
}
const viewOf = (spec: Spec) => spec as unknown as View;
/** A view's own layers, those of layers among them. */
const layersOf = (view: View): View[] => view.layer?.flatMap((layer) => layersOf(layer)) ?? [view];
const fieldsOf = ({ encoding }: View) => [encoding?.x?.field, encoding?.y?.field];

Deno.test("plotConfusion() has the true class by row and the predicted one by column, shaded by the row's share", () => {
  // Three tracks, one of them called a shower; one shower, called one.
  const spec = plotConfusion(confusionMatrix([0, 1, 0, 1], [0, 0, 0, 1], 2), ["track", "shower"]);
  const third = 1 / 3, rows = viewOf(spec).data!.values;
  assertEquals(rows.map((row) => [row.true, row.predicted, row.count]), [
    ["track", "track", 2],
    ["track", "shower", 1],
    ["shower", "track", 0],
    ["shower", "shower", 1],
  ]);
  assertClose(rows.map(({ share }) => share as number), [2 * third, third, 0, 1], 1e-15);
  assertEquals(fieldsOf(viewOf(spec)), ["predicted", "true"]);
  const { x, y } = viewOf(spec).encoding!;
  assertEquals([x.title, y.title], ["Predicted", "True"]);
});

Deno.test("plotLearningCurve() draws training whole and validation dashed, accuracy left and loss right", () => {
  const spec = plotLearningCurve({
    loss: [4, 3],
    accuracy: [0.5, 0.6],
    validationLoss: [6, 5],
    validationAccuracy: [0.3, 0.4],
  });
  const drawn = layersOf(viewOf(spec)).map(({ data, mark, encoding }) => [
    data!.values.map(({ value }) => value),
    mark!.strokeDash !== undefined,
    mark!.color,
    encoding!.y.axis!.orient,
  ]);
  assertEquals(drawn, [
    [[50, 60], false, COLORS.blue, "left"],
    [[30, 40], true, COLORS.blue, "left"],
    [[4, 3], false, COLORS.red, "right"],
    [[6, 5], true, COLORS.red, "right"],
  ]);
  assertEquals((spec.title as { subtitle: string }).subtitle, "solid: training, dashed: validation");
});

Deno.test("plotBiasAndResolution() shows mean and standard deviation of what is predicted too much, at the bin's mean", () => {
  // Too much by 1, 2 and 6: 3 on average, with a standard deviation of √((4 + 1 + 9) / 2) = √7; truths of 10, 20, 30.
  const bins = regressionByBin([11, 22, 36], [10, 20, 30], [0, 40], { rng: generator(3), resamples: 20 });
  const panels = viewOf(plotBiasAndResolution(bins, { name: "energy", units: "keV" })).hconcat!;
  assertEquals(panels.map(({ title }) => title!.text), ["Bias", "Resolution", "Relative resolution"]);
  const values = panels.map(({ data }) => data!.values.map(({ x, y }) => [x, y] as [number, number]));
  assertClose(values.flat(2), [20, 3, 20, Math.sqrt(7), 20, 100 * Math.sqrt(7) / 20], 1e-12);
  const points = panels.map(({ layer }) => layer!.find(({ mark }) => mark!.type === "point")!.encoding!);
  assertEquals(points.map(({ x, y }) => [x.field, x.title, y.field, y.title]), [
    ["x", "True energy [keV]", "y", "Predicted − true [keV]"],
    ["x", "True energy [keV]", "y", "Spread [keV]"],
    ["x", "True energy [keV]", "y", "Spread / true [%]"],
  ]);
});

Deno.test("plotResponse() draws signal in blue where it scores, and background in orange", () => {
  // Of two bins: background once in the lower one, signal twice in the upper one.
  const spec = plotResponse([0.1, 0.9, 0.8], [0, 1, 1], { classNames: ["ER", "NR"], bins: 2 });
  const outlines = layersOf(viewOf(spec))[1], values = outlines.data!.values;
  const outlineOf = (name: string) => values.filter((row) => row.name === name).map(({ x, y }) => [x, y]);
  assertEquals(outlineOf("NR"), [[0, 0], [0, 0], [0.5, 0], [0.5, 2], [1, 2], [1, 0]]);
  assertEquals(outlineOf("ER"), [[0, 0], [0, 1], [0.5, 1], [0.5, 0], [1, 0], [1, 0]]);
  const { scale } = outlines.encoding!.color as { scale?: unknown };
  assertEquals(scale, { domain: ["NR", "ER"], range: [COLORS.blue, COLORS.orange] });
});

Deno.test("plotCalibration() has the prediction across and the observed share up", () => {
  // Four of 0.25, of which three are signal.
  const spec = plotCalibration(calibration([0.25, 0.25, 0.25, 0.25], [1, 1, 1, 0]));
  const [diagonal, , curve] = layersOf(viewOf(spec));
  assertEquals([fieldsOf(diagonal), fieldsOf(curve)], [["predicted", "value"], ["predicted", "value"]]);
  assertEquals(diagonal.mark!.strokeDash !== undefined, true);
  assertEquals(curve.mark!.strokeDash, undefined);
  assertEquals(curve.data!.values.map(({ predicted, value, n }) => [predicted, value, n]), [[0.25, 0.75, 4]]);
  assertEquals([curve.encoding!.x.title, curve.encoding!.y.title], [
    "Predicted probability",
    "Observed share",
  ]);
});

Deno.test("plotEpochCurves() and plotClassCounts() give each name its own numbers and colour", () => {
  const curves = viewOf(plotEpochCurves({ generator: [2, NaN], discriminator: [5, 7] }));
  assertEquals(curves.data!.values, [
    { curve: "generator", epoch: 1, value: 2 },
    { curve: "discriminator", epoch: 1, value: 5 },
    { curve: "discriminator", epoch: 2, value: 7 },
  ]);
  const { scale } = curves.encoding!.color as { scale?: unknown };
  assertEquals(scale, { domain: ["generator", "discriminator"], range: SERIES.slice(0, 2) });

  const counts = viewOf(plotClassCounts({ training: [0, 1, 1], test: [0] }, ["ER", "NR"]));
  assertEquals(counts.data!.values, [
    { set: "training", name: "ER", count: 1 },
    { set: "training", name: "NR", count: 2 },
    { set: "test", name: "ER", count: 1 },
    { set: "test", name: "NR", count: 0 },
  ]);
  assertEquals(fieldsOf(counts), ["name", "count"]);
});
