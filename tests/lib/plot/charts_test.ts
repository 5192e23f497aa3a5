/** What the charts hold, and that every one of them can be drawn. @module */
import {
  auc,
  calibration,
  confusionMatrix,
  histogram,
  regressionByBin,
  rocBand,
  rocCurve,
  rocPerClass,
} from "../../../lib/evaluate/mod.ts";
import {
  COLORS,
  formatEstimate,
  picturesOf,
  plotBatchLoss,
  plotBiasAndResolution,
  plotCalibration,
  plotClassCounts,
  plotConfusion,
  plotEfficiency,
  plotHistogram,
  plotImageGrid,
  plotLearningCurve,
  plotPredictedAgainstTrue,
  plotPredictionGrid,
  plotResiduals,
  plotResponse,
  plotResponseByBin,
  plotRoc,
  plotTrainValidation,
  plotWorstEvents,
  plotWorstMistakes,
  readableName,
  renderSvg,
  type Spec,
  worstEvents,
  worstMistakes,
} from "../../../lib/plot/mod.ts";
import { hatchOf, outlineOf } from "../../../lib/plot/_hatched.ts";
import { SERIES } from "../../../lib/plot/spec.ts";
import { assert, assertClose, assertEquals, assertThrows } from "../../assert.ts";
import { generator, scoredEvents, sequence } from "../evaluate/_sequence.ts";

interface Layer {
  data?: { values: Record<string, unknown>[] };
  mark: { type: string };
  layer?: Layer[];
}
const layersOf = (spec: Spec) => (spec.layer as Layer[]).flatMap((layer) => layer.layer ?? [layer]);
const rowsOf = (spec: Spec, mark: string) =>
  layersOf(spec).filter((layer) => layer.mark.type === mark).flatMap((layer) => layer.data?.values ?? []);

const { scores, labels } = scoredEvents();
const pictures = picturesOf(Uint8Array.from(sequence(8 * 16, 3), (u) => 255 * u), [8, 4, 4, 1]);
const classNames = ["track", "shower", "noise"];
const probabilities = [
  [0.8, 0.1, 0.1],
  [0.2, 0.7, 0.1],
  [0.5, 0.3, 0.2],
  [0.05, 0.05, 0.9],
  [0.6, 0.2, 0.2],
  [0.1, 0.8, 0.1],
  [0.3, 0.3, 0.4],
  [0.9, 0.05, 0.05],
].flat();
const truth = [0, 1, 0, 2, 1, 1, 2, 2];
const energies = sequence(scores.length, 17).map((u) => 35 * u);
const rng = generator(3);

/** Every chart, drawn from little. */
const CHARTS: Record<string, () => Spec> = {
  plotImageGrid: () => plotImageGrid(pictures, { captions: truth, title: "Images" }),
  plotPredictionGrid: () => plotPredictionGrid(pictures, probabilities, truth, classNames),
  plotWorstMistakes: () => plotWorstMistakes(pictures, probabilities, truth, classNames)!,
  plotLearningCurve: () =>
    plotLearningCurve({ loss: [0.5, 0.2], accuracy: [0.8, 0.9], validationLoss: [0.4, 0.3] }),
  plotTrainValidation: () => plotTrainValidation([3, 2, 1], [3, 2.5, 2.6]),
  plotBatchLoss: () => plotBatchLoss([0.7, 0.6, 0.65]),
  plotConfusion: () => plotConfusion(confusionMatrix([0, 0, 1], [0, 1, 1], 2), ["ER", "NR"]),
  plotRoc: () => plotRoc([{ name: "all", curve: rocCurve(scores, labels), auc: auc(scores, labels) }]),
  plotRocPerClass: () =>
    plotRoc(rocPerClass(probabilities, truth, 3).map((one) => ({ name: classNames[one.label], ...one })), {
      axes: "rates",
    }),
  plotResponse: () => plotResponse(scores, labels),
  plotResponseByBin: () => plotResponseByBin(scores, labels, energies, [0, 5, 15, 35]),
  plotHistogram: () =>
    plotHistogram(energies, { groups: labels, groupNames: ["ER", "NR"], xTitle: "Energy [keV]" }),
  plotClassCounts: () => plotClassCounts({ training: [0, 1, 1], test: [0] }, ["ER", "NR"]),
  plotPredictedAgainstTrue: () => plotPredictedAgainstTrue([1, 9, 31], [1.5, 8, 30]),
  plotBiasAndResolution: () =>
    plotBiasAndResolution(
      regressionByBin([1, 2.2, 9, 9.5], [1, 2, 9, 10], [0, 5, 15], { rng, resamples: 20 }),
    ),
  plotWorstEvents: () =>
    plotWorstEvents(pictures, scores.subarray(0, 8), labels.subarray(0, 8), { palette: "heat" }),
  plotCalibration: () => plotCalibration(calibration(scores, labels)),
};

for (const [name, draw] of Object.entries(CHARTS)) {
  Deno.test(`${name}() is plain JSON of Vega-Lite 5 and can be drawn`, async () => {
    const spec = draw();
    assertEquals(spec.$schema, "https://vega.github.io/schema/vega-lite/v5.json");
    assertEquals(JSON.parse(JSON.stringify(spec)), spec);
    const svg = await renderSvg(spec);
    assert(svg.startsWith("<svg") && svg.endsWith("</svg>"));
    assert(!/NaN|undefined|Infinity/.test(svg), "the drawing has a number missing");
    assert(/<text|<image/.test(svg), "the drawing is empty");
  });
}

Deno.test("plotImageGrid() shows the first 36 and a caption under each", () => {
  const many = Array.from({ length: 50 }, () => pictures[0]);
  const spec = plotImageGrid(many, { captions: many.map((_, i) => i) });
  assertEquals(rowsOf(spec, "image").length, 36);
  assertEquals(rowsOf(spec, "text").map((row) => row.text), Array.from({ length: 36 }, (_, i) => String(i)));
  assertThrows(() => plotImageGrid([]), RangeError, "no picture");
});

Deno.test("plotPredictionGrid() is blue where right and red where wrong", () => {
  const spec = plotPredictionGrid(pictures, probabilities, truth, classNames, { indices: [0, 4] });
  const layers = layersOf(spec).filter((layer) =>
    layer.mark.type === "text"
  ) as (Layer & { mark: { color?: string } })[];
  const textsIn = (color: string) =>
    layers.filter((l) => l.mark.color === color).flatMap((l) => l.data!.values).map((r) => r.text);
  assertEquals(textsIn(COLORS.blue), ["track 80 %", "(track)"]);
  assertEquals(textsIn(COLORS.red), ["track 60 %", "(shower)"]);
  const bars = rowsOf(spec, "rect").filter((row) => (row.x2 as number) - (row.x as number) < 60);
  assertEquals(bars.map((bar) => bar.color), [
    COLORS.blue,
    COLORS.grey,
    COLORS.grey,
    COLORS.red,
    COLORS.blue,
    COLORS.grey,
  ]);
  assertThrows(() => plotPredictionGrid(pictures, [1], truth, classNames), RangeError, "equally many");
});

Deno.test("worstMistakes() puts the most confident mistake first", () => {
  assertEquals(worstMistakes(probabilities, truth, 3), Uint32Array.of(7, 4));
  assertEquals(worstMistakes([0.4, 0.4, 0.2], [0], 3).length, 0, "of equals the first is meant");
  assertEquals(plotWorstMistakes([pictures[0]], [0.9, 0.1, 0], [0], classNames), undefined);
});

Deno.test("plotWorstEvents() begins with the most wrong and is red on the wrong side", () => {
  assertEquals(worstEvents([0.9, 0.9, 0.4], [1, 0, 0]), Uint32Array.of(1, 2, 0));
  const details = ["3 keV", "4 keV", "5 keV"];
  const spec = plotWorstEvents(pictures.slice(0, 3), [0.9, 0.9, 0.4], [1, 0, 0], {
    limit: 2,
    details,
    classNames: ["ER", "NR"],
  });
  const texts = rowsOf(spec, "text").map((row) => row.text);
  assertEquals(texts, ["ER, P(NR) = 0.90", "4 keV", "ER, P(NR) = 0.40", "5 keV"]);
  const colors = layersOf(spec).map((layer) => (layer.mark as { color?: string }).color);
  assertEquals(colors, [undefined, COLORS.red, undefined]);
  assertThrows(() => plotWorstEvents(pictures, [0.5], [1]), RangeError, "got 8, 1 and 1");
});

Deno.test("plotLearningCurve() has accuracy in per cent on one axis and loss on the other", () => {
  const spec = plotLearningCurve({ loss: [0.5, NaN], accuracy: [0.8, 0.9], validationAccuracy: [0.7, 0.85] });
  const [accuracy, validation, loss] = layersOf(spec).map((layer) => layer.data!.values);
  assertClose(accuracy.map((row) => row.value as number), [80, 90]);
  assertClose(validation.map((row) => row.value as number), [70, 85]);
  assertEquals(loss, [{ epoch: 1, value: 0.5 }]);
  assertEquals(spec.resolve, { scale: { y: "independent" } });
});

Deno.test("plotTrainValidation() rings the epoch with the lowest validation loss", () => {
  assertEquals(rowsOf(plotTrainValidation([3, 2, 1], [3, 2.5, 2.6]), "point"), [
    { epoch: 2, value: 2.5, set: "validation" },
  ]);
  assertEquals(rowsOf(plotTrainValidation([3, 2], [NaN, NaN]), "point"), []);
  assertEquals(rowsOf(plotTrainValidation([0.3, 0.2], [0.1, 0.4], { quantity: "Accuracy" }), "point"), []);
});

Deno.test("plotBatchLoss() draws some of very many batches, the last one among them, each with its own mean", () => {
  const spec = plotBatchLoss(Float32Array.from({ length: 2501 }, (_, i) => 2501 - i), { window: 2 });
  const rows = (spec.data as { values: { batch: number; loss: number; mean: number }[] }).values;
  assertEquals([rows.length, rows[1], rows.at(-1)], [
    835,
    { batch: 4, loss: 2498, mean: 2498.5 },
    { batch: 2501, loss: 1, mean: 1.5 },
  ]);
  assertEquals(
    JSON.stringify(spec).includes('"type":"log"'),
    true,
    "a fall from 2501 to 1 has no logarithmic axis",
  );
  const countOf = (length: number) =>
    (plotBatchLoss(new Float32Array(length)).data as { values: unknown[] }).values.length;
  assertEquals([countOf(1000), countOf(1001)], [1000, 501], "no more than are seen across");
});

Deno.test("plotBatchLoss() averages over the last batches", () => {
  const spec = plotBatchLoss([1, 2, 3, 6], { window: 2 });
  const rows = (spec.data as { values: { mean: number }[] }).values;
  assertClose(rows.map((row) => row.mean), [1, 1.5, 2.5, 4.5]);
});

Deno.test("plotRoc() names area and interval and thins curves without losing their ends", () => {
  const many = sequence(20000, 5), kinds = many.map((_, i) => i % 2);
  const curve = rocCurve(many, kinds);
  const spec = plotRoc([{ name: "noise", curve, auc: auc(many, kinds) }]);
  const rows = rowsOf(spec, "line").filter((row) => row.curve);
  assert(rows.length > 100 && rows.length < 500, `${rows.length} points`);
  assertEquals([rows[0].x, rows[0].y], [0, 1]);
  assertEquals([rows.at(-1)!.x, rows.at(-1)!.y], [1, 0]);
  assert(/^noise: AUC 0\.\d+ \[0\.\d+, 0\.\d+\]$/.test(String(rows[0].curve)), String(rows[0].curve));
  assertThrows(() => plotRoc([]), RangeError, "there is none");
});

Deno.test("plotRoc() spends its points on the corner that is in view, and few on what is cut away", () => {
  const many = sequence(20000, 5), kinds = many.map((value, i) => Number(value + (i % 7) / 40 > 0.5));
  const curve = rocCurve(many, kinds), area = auc(many, kinds);
  for (const axes of ["rates", "rejection"] as const) {
    const points = rowsOf(plotRoc([{ name: "c", curve, auc: area }], { axes, from: 0.9 }), "line").filter((
      row,
    ) => row.curve);
    const inView = points.filter(({ x, y }) =>
      Number(y) >= 0.9 && (axes === "rates" ? Number(x) <= 0.1 : Number(x) >= 0.9)
    );
    const ten = plotRoc(Array.from({ length: 10 }, (_, i) => ({ name: `class ${i}`, curve, auc: area })), {
      axes,
      from: 0.9,
    });
    assert(JSON.stringify(ten).length < 300_000, `${JSON.stringify(ten).length} characters`);
    assert(inView.length > 50 && points.length - inView.length < 120, `${inView.length} of ${points.length}`);
  }
});

Deno.test("plotRoc() keeps every corner of a small sample: its steps stay level or upright", () => {
  const few = sequence(310, 5), curve = rocCurve(few, few.map((_, i) => i % 31 === 0 ? 1 : 0));
  const spec = plotRoc([{ name: "few", curve, auc: auc(few, few.map((_, i) => i % 31 === 0 ? 1 : 0)) }]);
  const points = rowsOf(spec, "line").filter((row) => row.curve) as unknown as { x: number; y: number }[];
  assert(points.length < curve.truePositiveRate.length, "nothing was thinned");
  for (const [i, { x, y }] of points.slice(1).entries()) {
    assert(x === points[i].x || y === points[i].y, `a corner is cut off before ${x}, ${y}`);
  }
});

Deno.test("plotRoc() has the legend in the chart for up to four curves, beside it for more", () => {
  const curve = rocCurve(scores, labels), one = { curve, auc: auc(scores, labels) };
  const orientOf = (count: number) => {
    const spec = plotRoc(Array.from({ length: count }, (_, i) => ({ name: `${i}`, ...one })));
    return /"orient":"([^"]+)"/.exec(JSON.stringify(spec))![1];
  };
  assertEquals([4, 5].map(orientOf), ["bottom-left", "right"]);
});

Deno.test("charts turn names under an axis where more than five stand there and one is long", () => {
  const angleOf = (names: string[]) => {
    const spec = plotClassCounts({ all: names.map((_, i) => i) }, names);
    return Number(/"labelAngle":(-?\d+)/.exec(JSON.stringify(spec))![1]);
  };
  const short = ["a", "b", "c", "d", "abc"];
  assertEquals([angleOf([...short, "e"]), angleOf([...short, "long"])], [0, -40]);
  assertEquals(angleOf(["long", "long", "long", "long", "long"].map((name, i) => name + i)), 0);
});

Deno.test("outlineOf() walks up, along the steps and down again", () => {
  const outline = outlineOf(histogram([0.5, 1.5, 1.6], { edges: [0, 1, 2] }));
  assertEquals(outline.map(({ x, y }) => [x, y]), [[0, 0], [0, 1], [1, 1], [1, 2], [2, 2], [2, 0]]);
});

Deno.test("hatchOf() strokes stay in their bars at 45 degrees, both ways", () => {
  const filled = histogram(sequence(200, 9), { bins: 10, range: [0, 1] });
  const frame = { width: 200, height: 100, top: 40 };
  for (const hatch of ["/", "\\"] as const) {
    const strokes = hatchOf(filled, hatch, frame);
    assert(strokes.length > 30);
    for (const { x, y, x2, y2 } of strokes) {
      const bin = Math.min(Math.floor((x + x2) / 2 * 10), 9);
      assert(
        Math.min(x, x2) >= bin / 10 - 1e-9 && Math.max(x, x2) <= (bin + 1) / 10 + 1e-9,
        "leaves its bar sideways",
      );
      assert(Math.min(y, y2) >= 0 && Math.max(y, y2) <= filled.counts[bin] + 1e-9, "leaves its bar upwards");
      assertClose((x2 - x) * 200, (hatch === "/" ? 1 : -1) * (y2 - y) / 40 * 100, 1e-6);
    }
  }
});

Deno.test("plotResponseByBin() counts every event once, in its bin and class", () => {
  const spec = plotResponseByBin(scores, labels, energies, [0, 5, 15, 35], { bins: 4, units: "keV" });
  const panels = spec.hconcat as { title: { text: string; subtitle: string } }[];
  assertEquals(panels.map((panel) => panel.title.text), ["0 to 5 keV", "5 to 15 keV", "15 to 35 keV"]);
  const total = panels.reduce((sum, panel) => sum + Number.parseInt(panel.title.subtitle), 0);
  assertEquals(total, scores.length);
});

Deno.test("plotPredictedAgainstTrue() draws few examples as they are, true across and predicted up", () => {
  const spec = plotPredictedAgainstTrue([1, 9, NaN], [1.5, 8, 30], { name: "energy", units: "keV" });
  assertEquals(rowsOf(spec, "circle"), [{ true: 1.5, predicted: 1 }, { true: 8, predicted: 9 }]);
  const { x, y } = spec.encoding as Record<string, { field: string; title: string }>;
  assertEquals([x.field, x.title], ["true", "True energy [keV]"]);
  assertEquals([y.field, y.title], ["predicted", "Predicted energy [keV]"]);
  assertEquals((spec.title as { subtitle: string }).subtitle, "3 examples, 1 of them no numbers");
  assertEquals(rowsOf(plotPredictedAgainstTrue([NaN, 3], [1, 2]), "circle"), [{ true: 2, predicted: 3 }]);
  // Both axes from 0, and 3 % beyond the largest of either.
  const ends = rowsOf(spec, "line").map((row) => row.true as number);
  assertClose(ends, [0, 9.27]);
  assertClose(rowsOf(plotPredictedAgainstTrue([-2, 1], [1, 0]), "line")[0].true as number, -2);
  assertThrows(() => plotPredictedAgainstTrue([NaN], [1]), RangeError, "none of 1 is a number");
  assertThrows(() => plotPredictedAgainstTrue([1], [1, 2]), RangeError, "got 1 and 2");
});

Deno.test("plotPredictedAgainstTrue() counts many examples in cells, every one once", () => {
  const many = sequence(50_000, 3), other = sequence(50_000, 4);
  const cells = rowsOf(plotPredictedAgainstTrue(other, many, { limit: 1000 }), "rect");
  assertEquals(cells.reduce((sum, cell) => sum + (cell.count as number), 0), 50_000);
  assert(cells.length <= 60 * 60);
  const shifted = rowsOf(plotPredictedAgainstTrue(many.map((x) => 0.5 * x), many, { limit: 1 }), "rect");
  // Half of the truth: every cell lies below the bisector, so the axes are not exchanged.
  assert(shifted.every((cell) => (cell.y as number) <= (cell.x as number)));
});

Deno.test("plotPredictedAgainstTrue() draws a truth of few values value by value", () => {
  const truth = [10, 10, 10, 10, 10, 20, 20, 20, 20, 20], predicted = [8, 9, 10, 11, 12, 20, 20, 20, 20, 25];
  const rows = rowsOf(plotPredictedAgainstTrue(predicted, truth), "tick");
  // By hand: quartiles of 8 … 12 are 9 and 11; of four 20s and a 25 both are 20.
  assertEquals(rows.map((row) => [row.true, row.p25, row.predicted, row.p75, row.n]), [[10, 9, 10, 11, 5], [
    20,
    20,
    20,
    20,
    5,
  ]]);
});

Deno.test("plotResiduals() says mean and deviation and counts what lies far off", () => {
  // By hand: predicted - true = -1, 1 and ninety-eight 0; mean 0, variance 2 / 99.
  const predicted = Array.from({ length: 100 }, (_, i) => i === 0 ? 4 : i === 1 ? 6 : 5);
  const spec = plotResiduals(predicted, predicted.map(() => 5), { units: "keV" });
  const { subtitle } = spec.title as { subtitle: string };
  assertEquals(subtitle, "mean 0 keV, standard deviation 0.142 keV; 2 of 100 beyond 5 deviations");
  assertEquals(rowsOf(spec, "rect").reduce((sum, bar) => sum + (bar.count as number), 0), 98);
});

Deno.test("plotEfficiency() gives signal's and background's share of each bin", () => {
  const spec = plotEfficiency([0.9, 0.2, 0.8, 0.1, 0.7], [1, 1, 1, 0, 0], 0.5, [1, 2, 12, 3, 14], [
    0,
    10,
    20,
  ]);
  const rows = (spec.data as { values: Record<string, unknown>[] }).values;
  const found = rows.map(({ kind, from, value, n }) => [kind, from, value, n]);
  assertEquals(found, [["background", 0, 0, 1], ["background", 10, 1, 1], ["signal", 0, 0.5, 2], [
    "signal",
    10,
    1,
    1,
  ]]);
});

Deno.test("plotRoc() puts signal efficiency across and background up, in each of its axes", () => {
  // Two signals above one background above another: by hand the curve is (0, 0), (½, 0), (1, 0), (1, ½), (1, 1).
  const own = [0.9, 0.8, 0.5, 0.1], kinds = [1, 1, 0, 0], curve = rocCurve(own, kinds);
  const named = [{ name: "a", curve, auc: auc(own, kinds), band: rocBand(curve, 2) }];
  const pointsOf = (axes: "rejection" | "factor" | "rates" | "logRates") =>
    rowsOf(plotRoc(named, { axes }), "line").filter((row) => row.curve && "x" in row).map((
      row,
    ) => [row.x, row.y]);
  assertEquals(pointsOf("rejection"), [[0, 1], [0.5, 1], [1, 1], [1, 0.5], [1, 0]]);
  assertEquals(pointsOf("rates"), [[0, 0], [0, 0.5], [0, 1], [0.5, 1], [1, 1]]);
  assertEquals(pointsOf("factor"), [[1, 2], [1, 1]]);
  assertEquals(pointsOf("logRates"), [[0.5, 1], [1, 1]]); // no place for what keeps no background
  // The band runs along the lower limits and back along the upper ones; SciPy: beta.ppf(.025, 1, 2), … for 1 of 2.
  const band = rowsOf(plotRoc(named), "line").filter((row) => "bandX" in row);
  assertEquals(band.map((row) => row.order), Array.from({ length: 10 }, (_, i) => i));
  assertClose([band[1].bandX as number, band[8].bandX as number], [0.012579, 0.987421], 1e-4);
  assertEquals([band[1].bandY, band[8].bandY], [1, 1]);
  const marks = layersOf(plotRoc(named)).map((layer) =>
    layer.mark as { filled?: boolean; strokeWidth?: number }
  );
  assertEquals(marks.filter(({ filled }) => filled).map(({ strokeWidth }) => strokeWidth), [0], "an area");
});

Deno.test("plotRoc() names its curves in a legend, with and without bands", async () => {
  const own = scoredEvents(), curve = rocCurve(own.scores, own.labels), area = auc(own.scores, own.labels);
  for (const band of [undefined, rocBand(curve, 100)]) {
    const svg = await renderSvg(plotRoc([{ name: "night", curve, auc: area, band }]));
    assert(svg.includes(">night: AUC"), "the legend is missing");
  }
});

Deno.test("plotHistogram() says what it leaves out", () => {
  const spec = plotHistogram([-1, 0.5, 1.5, 7, 8, NaN], { range: [0, 2], bins: 2 });
  assertEquals((spec.title as { subtitle: string }).subtitle, "not drawn: 1 below, 2 above, 1 no number");
  assertEquals(plotHistogram([0.5, 1.5], { range: [0, 2], bins: 2 }).title, undefined);
});

Deno.test("losses that span more than a decade are drawn on a logarithmic axis", () => {
  const scaleOf = (loss: number[]) => {
    const [curve] = layersOf(plotTrainValidation(loss, loss)) as unknown as {
      encoding: { y: { scale: unknown } };
    }[];
    return curve.encoding.y.scale;
  };
  assertEquals(scaleOf([5, 0.1]), { type: "log", nice: true });
  assertEquals(scaleOf([0.5, 0.1]), { zero: false });
  assertEquals(scaleOf([5, -0.1]), { zero: false });
});

Deno.test("charts are described in words", () => {
  assertEquals(
    plotResiduals([1, 2], [1, 1]).description,
    "Residuals (mean 0.5, standard deviation 0.707): Examples against Predicted − true",
  );
  for (const [name, draw] of Object.entries(CHARTS)) {
    const { description } = draw();
    assert(typeof description === "string" && description.length > 5, `${name}() has no words`);
  }
  assertEquals(plotImageGrid(pictures).description, "8 pictures");
  assertEquals(plotImageGrid(pictures.slice(0, 2), { captions: ["a", "b"] }).description, "a, b");
});

Deno.test("plotHistogram() counts values of few kinds one by one, group beside group", () => {
  const values = [1, 1, 1, 1, 3, 3, 3, 3, 3], groups = [0, 0, 1, 1, 0, 1, 1, 1, 1];
  const bars = rowsOf(plotHistogram(values, { groups, groupNames: ["ER", "NR"] }), "rect");
  // By hand: the gap is 2, so that a bar is 0.8 wide; of 1 there are 2 and 2, of 3 there are 1 and 4.
  assertEquals(bars.map(({ name, value, y }) => [name, value, y]), [
    ["ER", 1, 2],
    ["ER", 3, 1],
    ["NR", 1, 2],
    [
      "NR",
      3,
      4,
    ],
  ]);
  assertClose(bars.map(({ x }) => x as number), [0.2, 2.2, 1, 3]);
  assertEquals(rowsOf(plotHistogram(values, { groups, edges: [0, 2, 4] }), "line").length > 0, true);
});

Deno.test("plotHistogram() takes values one by one where each occurs more than three times, groups by their numbers", () => {
  const isSingle = (values: number[]) =>
    rowsOf(plotHistogram(values), "rect").some(({ value }) => value === 2);
  assertEquals([isSingle([2, 5, 2, 5, 2, 5]), isSingle([2, 5, 2, 5, 2, 5, 5])], [false, true]);
  const spec = plotHistogram([2, 5, 2, 5, 2, 5, 5], { groups: [2, 0, 1, 2, 0, 1, 2] });
  assertEquals([...new Set(rowsOf(spec, "rect").map(({ name }) => name))], ["0", "1", "2"]);
  const { x } = (spec.layer as { encoding: { x?: { scale?: { domain: number[] } } } }[])[0].encoding;
  const domain = (x ?? (spec.encoding as { x: { scale: { domain: number[] } } }).x).scale!.domain;
  assertEquals([domain, spec.width, spec.height], [[-1, 8], 460, 220], "a gap of 3 at either end");
});

Deno.test("plotHistogram() begins with orange and blue, and with them again behind the last colour", () => {
  const coloursOf = (count: number) => {
    const groups = Array.from({ length: 4 * count }, (_, i) => i % count);
    const { encoding } = plotHistogram(groups.map((group) => group / 3), { groups, bins: 3 });
    return (encoding as { color: { scale: { range: string[] } } }).color.scale.range;
  };
  const { orange, blue } = COLORS, [, , third, fourth] = SERIES;
  assertEquals(coloursOf(4), [orange, blue, third, fourth]);
  assertEquals(coloursOf(SERIES.length + 1), [orange, blue, ...SERIES.slice(2), orange]);
});

Deno.test("plotPredictedAgainstTrue() draws a profile over points: medians of equal bins of the truth", () => {
  const truth = Array.from({ length: 120 }, (_, i) => i / 10), predicted = truth.map((value) => 2 * value);
  const profile = rowsOf(plotPredictedAgainstTrue(predicted, truth), "point");
  // By hand: twelve bins from 0 to 11.9, ten values each; the first has 0 … 0.9, whose median doubled is 0.9.
  assertEquals(profile.map(({ n }) => n), new Array(12).fill(10));
  assertClose([profile[0].true as number, profile[0].predicted as number], [11.9 / 24, 0.9], 1e-6);
  // Doubled they are 0, 0.2, … 1.8: a quarter of them is below 0.45, three quarters below 1.35.
  assertClose([profile[0].p25 as number, profile[0].p75 as number], [0.45, 1.35], 1e-6);
  assertEquals(rowsOf(plotPredictedAgainstTrue([1, 2], [1.5, 2.5]), "point"), []);
  const far = rowsOf(plotPredictedAgainstTrue(predicted, truth.map((value) => value + 100)), "point");
  assertEquals(far.map(({ n }) => n), new Array(12).fill(10), "bins begin at the lowest truth");
  assertClose(far[0].true as number, 100 + 11.9 / 24, 1e-6);
});

Deno.test("readableName() reads machine names as people do", () => {
  assertEquals(
    readableName("rejection90_0to5keV"),
    "Background rejection at 90 % signal efficiency, 0 to 5 keV",
  );
  assertEquals(readableName("energyBias_15to35keV"), "Energy bias, 15 to 35 keV");
  assertEquals(readableName("auc_52.5to62.5GeV"), "AUC, 52.5 to 62.5 GeV");
  assertEquals(readableName("validationLoss"), "Validation loss");
  assertEquals(readableName("auc"), "AUC");
});

Deno.test("formatEstimate() shows the digits that the interval carries", () => {
  assertEquals(formatEstimate({ value: 0.97412, low: 0.9613, high: 0.9831 }), "0.974 [0.961, 0.983]");
  assertEquals(formatEstimate({ value: 0.5, low: 0.1, high: 0.9 }), "0.50 [0.10, 0.90]");
  assertEquals(formatEstimate({ value: 120.3, low: 100, high: 140 }), "120 [100, 140]");
  assertEquals(formatEstimate({ value: 1, low: 1, high: 1 }), "1.000 [1.000, 1.000]");
  assertEquals(formatEstimate({ value: NaN, low: NaN, high: NaN }), "– [–, –]");
});
