/** What the page of a study shows: charts against the trials' own numbers, tables against what was recorded. */
import { searchFigures, searchReportHtml } from "../../../lib/run/search_report.ts";
import { usable } from "../../../lib/search/analysis/table.ts";
import { search } from "../../../lib/search/search.ts";
import { assert, assertClose, assertEquals } from "../../assert.ts";
import { withFolder } from "../../folder.ts";
import { assertValuesKept, readKept, valuesByPath } from "../../kept.ts";
import { KEPT, lossOf, studyOf } from "./_search_figures.ts";

const folder = await Deno.makeTempDir();
addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
const study = await studyOf(folder), all = study.state.trials, given = usable(all);
const figures = searchFigures(study);

type Rows = Record<string, unknown>[];
const dataOf = (view: unknown): Rows => (view as { data: { values: Rows } }).data.values;

Deno.test("charts of a search are as they were looked at; if better now: deno run -A tests/lib/run/_search_figures.ts", async () => {
  const kept = await readKept<{ name: string; spec: unknown }>(KEPT);
  assertEquals(Object.keys(figures), kept.map(({ name }) => name));
  for (const { name, spec } of kept) {
    assertValuesKept(valuesByPath(JSON.parse(JSON.stringify(figures[name]))), valuesByPath(spec));
  }
});

Deno.test("searchFigures() draws every trial that gave values, and the best until then", () => {
  assert(given.length < all.length, "no trial failed");
  let best = Infinity;
  const expected = given.map(({ number, params }) => {
    best = Math.min(best, lossOf(params));
    return { trial: number, value: lossOf(params), best };
  });
  assertEquals(dataOf(figures.progress), expected);
  const units = dataOf(figures["slice 2"]);
  assertEquals(
    units,
    given.map(({ number, params }) => ({ x: params.units, value: lossOf(params), trial: number })),
  );
});

Deno.test("searchFigures() places each parameter of a trial on its own axis, and ranks its loss", () => {
  const rows = dataOf(figures.parallel), losses = given.map(({ params }) => lossOf(params));
  for (const { number, params } of given) {
    const places = rows.filter(({ trial }) => trial === number);
    assertEquals(places.map(({ axis }) => axis), ["0 rate", "1 units", "2 kind", "3 loss"]);
    const rank = losses.filter((loss) => loss < lossOf(params)).length / (given.length - 1);
    // A logarithmic axis from 0.01 to 1 has rate at (log10 rate + 2) / 2; the last axis has the best above.
    assertClose(places[0].place as number, (Math.log10(Number(params.rate)) + 2) / 2, 1e-6);
    assertClose(places.map((row) => row.rank as number), new Array(4).fill(rank), 1e-9);
    assertClose(places[3].place as number, 1 - rank, 1e-9);
  }
});

Deno.test("searchFigures() has the trials on the front that none beats in both: less loss and more speed", () => {
  const points = given.map(({ params }) => ({ a: lossOf(params), b: 10 - Number(params.units) }));
  const isBeaten = (one: typeof points[0]) =>
    points.some((other) => other.a <= one.a && other.b >= one.b && (other.a < one.a || other.b > one.b));
  assertEquals(dataOf(figures.pareto), points.map((point) => ({ ...point, front: !isBeaten(point) })));
});

Deno.test("searchFigures() draws what trials reported, step by step", () => {
  const curves = dataOf(figures.curves);
  assertEquals(
    curves,
    given.flatMap(({ number, params }) =>
      [1, 2, 3].map((step) => ({ step, value: lossOf(params) + 1 / step, trial: number, state: "complete" }))
    ),
  );
});

Deno.test("searchFigures() draws the curves of the newest hundred trials that reported more than once", async () => {
  const once = await search({ x: { low: 1, high: 1000 } }, async ({ x }, trial) => {
    for (let step = 1; step <= Math.min(2, 1 + trial.number); step++) {
      await trial.report(step, { value: Number(x) });
    }
    return Number(x);
  }, { trials: 102, sampler: "random" });
  const drawn = new Set(dataOf(searchFigures(once.study).curves).map(({ trial }) => trial));
  const twice = once.study.state.trials.filter(({ reports }) => reports.length > 1).map(({ number }) =>
    number
  );
  assertEquals([drawn.size, twice.length], [100, 101]);
  assertEquals([...drawn], twice.slice(-100));
});

Deno.test("searchFigures() draws only what there are trials enough for", async () => {
  const few = await search({ x: [1, 2, 3] }, ({ x }) => Number(x));
  assertEquals(Object.keys(searchFigures(few.study)), ["progress", "parallel", "slice 1"]);
  const none = await search({ x: [1] }, () => NaN);
  assertEquals(searchFigures(none.study), {});
  for (const trials of [7, 8]) {
    const { study } = await search({ x: { low: 1, high: 9 }, y: { low: 1, high: 9 } }, ({ x }) => Number(x), {
      trials,
      sampler: "random",
    });
    const names = Object.keys(searchFigures(study));
    assertEquals(["importance", "contour"].map((name) => names.includes(name)), [trials === 8, trials === 8]);
  }
});

/** Texts of the cells of a table by its caption. */
function tableOf(html: string, caption: string): string[][] {
  const table = html.split("<table").find((part) => part.includes(caption))!;
  return table.split("<tr").slice(1).map((row) =>
    [...row.matchAll(/<t[dh][^>]*>([^<]*)</g)].map(([, text]) => text)
  );
}

Deno.test("searchReportHtml() tables the best, the front, what failed and what was noted, and counts the trials", async () => {
  await study.write(() => [{ op: "note", text: "the disk was full" }]);
  const html = await searchReportHtml(study, { "a fact": 42 });
  const sorted = given.toSorted((a, b) => lossOf(a.params) - lossOf(b.params));
  const [header, ...best] = tableOf(html, "The best 10 by loss");
  assertEquals(header, ["trial", "loss", "speed", "rate", "units", "kind", "seconds"]);
  const shown = (value: unknown) => typeof value === "number" ? String(Number(value.toPrecision(5))) : value;
  const rowOf = ({ number, params: { rate, units, kind }, values }: typeof given[0]) =>
    [number, ...values!, rate, units, kind].map(shown);
  assertEquals(best.map((row) => row.slice(0, 6)), sorted.slice(0, 10).map(rowOf));
  const failed = tableOf(html, "Trials with an attempt that gave nothing").slice(1);
  assertEquals(
    failed,
    all.filter((trial) => !given.includes(trial)).map((
      { number },
    ) => [String(number), "failed", "1", "error", "RangeError: too few units"]),
  );
  assertEquals(tableOf(html, "Notes").at(-1), ["the disk was full"]);
  const count = `${given.length} complete, 0 pruned, ${all.length - given.length} failed, 0 open`;
  for (
    const text of [
      count,
      "cloudchamber search: ",
      "random",
      "endless",
      "a fact",
      "Which parameters matter",
      "Learning curves",
    ]
  ) {
    assert(html.includes(text), text);
  }
  const names = ["trial", "rate", "units"],
    correlations = tableOf(html, `With loss, over ${given.length} trials`);
  assertEquals(correlations[0], ["", "Pearson", "Spearman"]);
  assert(correlations.some(([name]) => names.includes(name)));
  for (const [name, ...coefficients] of correlations.slice(1)) {
    assert(coefficients.every((text) => /^[-−]?[01](\.\d{1,3})?$/.test(text)), `${name} ${coefficients}`);
  }
  assert(correlations.slice(1).flat().some((text) => /\.\d{3}$/.test(text)), "three digits");
});

Deno.test("searchReportHtml() keeps to the newest fifty notes and failures", () =>
  withFolder(async (place) => {
    const options = { folder: place, trials: 60, sampler: "grid" };
    const { study } = await search(
      { x: Array.from({ length: 60 }, (_, i) => i) },
      ({ x }) => x === 0 ? 1 : NaN,
      options,
    );
    await study.write(() => Array.from({ length: 60 }, (_, i) => ({ op: "note", text: `note ${i}` })));
    const html = await searchReportHtml(study);
    const notes = tableOf(html, "Notes").flat().filter((text) => text.startsWith("note"));
    assertEquals([notes.length, notes[0], notes.at(-1)], [50, "note 10", "note 59"]);
    const failed = tableOf(html, "Trials with an attempt that gave nothing").slice(1);
    assertEquals([failed.length, failed[0][0], failed.at(-1)![0]], [50, "10", "59"]);
  }));

Deno.test("searchReportHtml() leaves out sections that would be empty", () =>
  withFolder(async (place) => {
    const { study } = await search({ x: [1, 2] }, ({ x }) => Number(x), { folder: place });
    const html = await searchReportHtml(study);
    const absent = ["Pareto front", "Learning curves", "Failures and notes", "Correlations", "matter"];
    assertEquals(absent.filter((title) => html.includes(title)), []);
    assert(html.includes("The best 2 by value"));
  }));
