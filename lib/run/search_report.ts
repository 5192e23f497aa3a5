/** What a search found, as one page that opens offline. @module */
import {
  COLORS,
  quantity,
  type ReportFigure,
  reportHtml,
  type ReportSection,
  type ReportTable,
  type Spec,
  toSpec,
} from "../plot/mod.ts";
import { type Importances, pedAnova, permutationImportance } from "../search/analysis/importance.ts";
import { smoothSurface } from "../search/analysis/surface.ts";
import { correlate, lossesOf, paretoFront, type Row, rowsOf, usable } from "../search/analysis/table.ts";
import { countCombinations } from "../search/combinations.ts";
import type { Dimension, Study, Trial } from "../search/mod.ts";
import { countStates } from "../search/study_state.ts";
import { failureOf, secondsOf } from "../search/trial.ts";
import { bestTrials } from "../search/run_trials.ts";
import { toUnit } from "../search/unit_cube.ts";

/** The most trials that a chart draws one by one. */
const MOST_DRAWN = 500;

/**
 * Draws a study: progress, the best trials, which parameters matter, how they go together, learning curves, failures.
 *
 * @param facts More facts for the top of the page.
 * @returns The page.
 */
export async function searchReportHtml(
  study: Study,
  facts: Record<string, string | number> = {},
): Promise<string> {
  const { state, spec, space } = study;
  const { complete, pruned, failed, running, waiting } = countStates(state);
  const { count } = countCombinations(space);
  return await reportHtml({
    title: `cloudchamber search: ${spec.name}`,
    subtitle: `Judged by ${spec.objectives.join(", ")} on validation examples, never on the test examples`,
    facts: {
      trials: `${complete} complete, ${pruned} pruned, ${failed} failed, ${running + waiting} open`,
      combinations: count === Infinity ? "endless" : count,
      sampler: spec.sampler.name,
      pruner: spec.pruner.name,
      seed: spec.seed,
      workers: state.workers.size,
      "hours of trials": Number(
        (state.trials.reduce((sum, trial) => sum + secondsOf(trial), 0) / 3600).toPrecision(3),
      ),
      ...facts,
    },
    sections: sectionsOf(study),
  });
}

/**
 * The charts of a study one by one, for a notebook: those of {@linkcode searchReportHtml} that its trials are enough for.
 *
 * @returns By name: `progress`, `importance`, `permutation`, `parallel`, `slice 1` and so on by parameter, `contour`,
 * `pareto`, `curves`.
 * @example
 * ```ts
 * import { search } from "../search/mod.ts";
 * const { study } = await search({ x: [1, 2, 3] }, ({ x }) => Number(x));
 * Object.keys(searchFigures(study)); // ["progress", "parallel", "slice 1"]
 * ```
 */
export function searchFigures(study: Study): Record<string, Spec> {
  const { state, spec } = study;
  const trials = usable(state.trials);
  const named: [string, ReportFigure | undefined][] = [];
  if (trials.length > 0) {
    named.push(["progress", progressFigure(study)]);
    if (trials.length >= 8) {
      const [anova, permutation] = importanceSection(study).figures!;
      named.push(["importance", anova], ["permutation", permutation]);
    }
    named.push(["parallel", parallelFigure(study)]);
    sliceFigures(study).forEach((figure, i) => named.push([`slice ${i + 1}`, figure]));
    named.push(["contour", contourFigures(study)[0]]);
    if (spec.objectives.length > 1) named.push(["pareto", paretoSection(study).figures![0]]);
  }
  named.push(["curves", curveFigure(study)]);
  return Object.fromEntries(
    named.flatMap(([name, figure]) => figure && "spec" in figure ? [[name, figure.spec]] : []),
  );
}

function sectionsOf(study: Study): ReportSection[] {
  const { state, spec } = study;
  const trials = usable(state.trials);
  const sections: ReportSection[] = [];
  if (trials.length > 0) {
    sections.push({ title: "Best trials", tables: [bestTable(study)], figures: [progressFigure(study)] });
    if (trials.length >= 8) sections.push(importanceSection(study));
    sections.push({
      title: "Parameters",
      text: "Each line is a trial, from its parameters to its value; the darker, the better.",
      figures: [parallelFigure(study), ...sliceFigures(study), ...contourFigures(study)],
    });
    const correlations = correlationTable(rowsOf(state), spec.objectives[0]);
    if (correlations) sections.push({ title: "Correlations", tables: [correlations] });
  }
  if (spec.objectives.length > 1 && trials.length > 0) sections.push(paretoSection(study));
  const curves = curveFigure(study);
  if (curves) sections.push({ title: "Learning curves", figures: [curves] });
  const troubles = troubleTables(study);
  if (troubles.length > 0) sections.push({ title: "Failures and notes", tables: troubles });
  return sections;
}

const short = (value: unknown): string | number =>
  typeof value === "number" ? Number(value.toPrecision(5)) : value === undefined ? "" : String(value);

function bestTable(study: Study): ReportTable {
  const { spec, space } = study;
  const names = space.dimensions.map(({ name }) => name);
  const best = bestTrials(study, 10);
  return {
    caption: `The best ${best.length} by ${spec.objectives[0]}`,
    columns: ["trial", ...spec.objectives, ...names, "seconds"],
    rows: best.map((trial) =>
      [
        trial.number,
        ...trial.values!.map(short),
        ...names.map((name) => short(trial.params[name])),
        short(secondsOf(trial)),
      ] as (string | number)[]
    ),
  };
}

/** Every trial's value, and the best so far. */
function progressFigure({ state, spec }: Study): ReportFigure {
  const [objective] = spec.objectives, sign = spec.directions[0] === "maximize" ? -1 : 1;
  let best = Infinity;
  const rows = usable(state.trials).map((trial) => {
    best = Math.min(best, sign * trial.values![0]);
    return { trial: trial.number, value: trial.values![0], best: sign * best };
  });
  const x = quantity("trial", "Trial");
  return {
    caption: "Every trial, and the best so far.",
    spec: toSpec({
      width: 520,
      height: 220,
      data: { values: rows },
      layer: [
        {
          mark: { type: "point", filled: true, opacity: 0.6, color: COLORS.grey },
          encoding: { x, y: valueAxis("value", objective) },
        },
        {
          mark: { type: "line", interpolate: "step-after", color: COLORS.blue, strokeWidth: 2 },
          encoding: { x, y: valueAxis("best", objective) },
        },
      ],
    }),
  };
}

function valueAxis(field: string, title: string) {
  return quantity(field, title, { scale: { zero: false } });
}

function importanceSection(study: Study): ReportSection {
  const { state, spec, space } = study;
  const trials = usable(state.trials), losses = lossesOf(trials, spec.directions);
  const figure = (importances: Importances, caption: string): ReportFigure => ({
    caption,
    spec: toSpec({
      width: 300,
      height: { step: 22 },
      data: { values: Object.entries(importances).map(([parameter, share]) => ({ parameter, share })) },
      mark: { type: "bar", color: COLORS.blue },
      encoding: {
        y: { field: "parameter", type: "nominal", sort: null, title: null },
        x: quantity("share", "Share"),
      },
    }),
  });
  return {
    title: "Which parameters matter",
    figures: [
      figure(
        pedAnova(space, trials, losses),
        "PED-ANOVA: how the best tenth of the trials differs from all.",
      ),
      figure(
        permutationImportance(space, trials, losses),
        "Permutation: how much is lost when one is shuffled.",
      ),
    ],
  };
}

/** Places on an axis from 0 to 1; a parameter that is not there lies below. */
function placeOf(dimension: Dimension, trial: Trial): number {
  return Object.hasOwn(trial.params, dimension.name) ? toUnit(dimension, trial.params[dimension.name]) : -0.1;
}

function parallelFigure({ state, spec, space }: Study): ReportFigure {
  const trials = usable(state.trials).slice(-MOST_DRAWN);
  const losses = lossesOf(trials, spec.directions);
  const order = losses.map((_, i) => i).sort((a, b) => losses[a] - losses[b]);
  const rank = new Map(order.map((i, place) => [i, place / Math.max(1, order.length - 1)]));
  const values = trials.flatMap((trial, i) => [
    ...space.dimensions.map((dimension, d) => ({
      trial: trial.number,
      axis: `${d} ${dimension.name}`,
      place: placeOf(dimension, trial),
      rank: rank.get(i),
    })),
    {
      trial: trial.number,
      axis: `${space.dimensions.length} ${spec.objectives[0]}`,
      place: 1 - rank.get(i)!,
      rank: rank.get(i),
    },
  ]);
  return {
    caption:
      "Parallel coordinates; each axis from its least value (below) to its greatest, the last one by rank.",
    spec: toSpec({
      width: Math.max(320, 90 * (space.dimensions.length + 1)),
      height: 240,
      data: { values },
      mark: { type: "line", opacity: 0.45 },
      encoding: {
        x: {
          field: "axis",
          type: "nominal",
          title: null,
          axis: { labelAngle: -25, labelExpr: "slice(datum.label, indexof(datum.label, ' ') + 1)" },
        },
        y: { field: "place", type: "quantitative", axis: null },
        detail: { field: "trial", type: "nominal" },
        color: { field: "rank", type: "quantitative", title: "rank", scale: { scheme: "viridis" } },
      },
    }),
  };
}

/** The objective against each parameter. */
function sliceFigures({ state, spec, space }: Study): ReportFigure[] {
  const trials = usable(state.trials).slice(-MOST_DRAWN);
  return space.dimensions.slice(0, 12).map((dimension): ReportFigure => {
    const { name } = dimension;
    const rows = trials.filter(({ params }) => Object.hasOwn(params, name))
      .map((trial) => ({ x: trial.params[name], value: trial.values![0], trial: trial.number }));
    return {
      spec: toSpec({
        width: 200,
        height: 150,
        data: { values: rows },
        ...sliceView(dimension, spec.objectives[0]),
      }),
    };
  });
}

function sliceView(dimension: Dimension, objective: string) {
  return {
    mark: { type: "point", filled: true, opacity: 0.6, color: COLORS.blue },
    encoding: { x: axisOf(dimension, "x"), y: valueAxis("value", objective) },
  };
}

function axisOf(dimension: Dimension, field: string) {
  const { name, kind } = dimension;
  if (kind === "choice") return { field, type: "nominal", title: name };
  return quantity(field, name, { scale: { zero: false, nice: false, ...dimension.log && { type: "log" } } });
}

/** The objective over the two parameters that matter most, smoothed, with the trials on it. */
function contourFigures(study: Study): ReportFigure[] {
  const { state, spec, space } = study;
  const trials = usable(state.trials), losses = lossesOf(trials, spec.directions);
  if (trials.length < 8 || space.dimensions.length < 2) return [];
  const [a, b] = Object.keys(pedAnova(space, trials, losses))
    .map((name) => space.dimensions.find((dimension) => dimension.name === name)!);
  const drawn = trials.slice(-MOST_DRAWN)
    .filter(({ params }) => Object.hasOwn(params, a.name) && Object.hasOwn(params, b.name));
  if (drawn.length === 0) return [];
  const cells = smoothSurface(a, b, drawn).map((cell) => ({
    a: cell.a.from,
    aEnd: cell.a.to,
    b: cell.b.from,
    bEnd: cell.b.to,
    value: cell.value,
  }));
  const points = drawn.map(({ params, values }) => ({
    a: params[a.name],
    b: params[b.name],
    value: values![0],
  }));
  const [x, y] = [axisOf(a, "a"), axisOf(b, "b")];
  const ends = {
    ...a.kind !== "choice" && { x2: { field: "aEnd" } },
    ...b.kind !== "choice" && { y2: { field: "bEnd" } },
  };
  const color = {
    field: "value",
    type: "quantitative",
    title: spec.objectives[0],
    scale: {
      type: "quantize",
      scheme: { name: "viridis", count: 9 },
      reverse: spec.directions[0] === "minimize",
      zero: false,
    },
  };
  return [{
    caption: "The two parameters that matter most, together: the trials, and their values smoothed.",
    spec: toSpec({
      width: 300,
      height: 240,
      layer: [
        { data: { values: cells }, mark: { type: "rect" }, encoding: { x, y, ...ends, color } },
        {
          data: { values: points },
          mark: { type: "point", filled: true, size: 25, color: "white", stroke: "black", strokeWidth: 0.6 },
          encoding: { x, y },
        },
      ],
    }),
  }];
}

function correlationTable(rows: readonly Row[], metric: string): ReportTable | undefined {
  if (rows.length < 3) return undefined;
  const [pearson, spearman] = [correlate(rows, metric), correlate(rows, metric, "spearman")];
  const names = Object.keys(pearson).filter((name) => name !== "trial");
  if (names.length === 0) return undefined;
  return {
    caption: `With ${metric}, over ${rows.length} trials`,
    columns: ["", "Pearson", "Spearman"],
    rows: names.map((
      name,
    ) => [name, Number(pearson[name].toFixed(3)), Number((spearman[name] ?? NaN).toFixed(3))]),
  };
}

function paretoSection(study: Study): ReportSection {
  const { state, spec, space } = study;
  const front = paretoFront(state.trials, spec.directions);
  const isFront = new Set(front.map(({ number }) => number));
  const [a, b] = spec.objectives;
  const rows = usable(state.trials).map(({ number, values }) => ({
    a: values![0],
    b: values![1],
    front: isFront.has(number),
  }));
  const names = space.dimensions.map(({ name }) => name);
  return {
    title: "Pareto front",
    text: "Trials that no other one is better than in everything.",
    figures: [{
      spec: toSpec({
        width: 360,
        height: 260,
        data: { values: rows },
        mark: { type: "point", filled: true, opacity: 0.7 },
        encoding: {
          x: valueAxis("a", a),
          y: valueAxis("b", b),
          color: {
            field: "front",
            type: "nominal",
            title: "front",
            scale: { domain: [true, false], range: [COLORS.red, COLORS.grey] },
          },
        },
      }),
    }],
    tables: [{
      columns: ["trial", ...spec.objectives, ...names],
      rows: front.map(({ number, values, params }) =>
        [number, ...values!.map(short), ...names.map((name) => short(params[name]))] as (string | number)[]
      ),
    }],
  };
}

function curveFigure({ state, spec }: Study): ReportFigure | undefined {
  const [objective] = spec.objectives;
  const rows = state.trials.filter(({ reports }) => reports.length > 1).slice(-100).flatMap((trial) =>
    trial.reports.flatMap(({ step, values }) =>
      typeof values[objective] === "number"
        ? [{ step, value: values[objective], trial: trial.number, state: trial.state }]
        : []
    )
  );
  if (rows.length === 0) return undefined;
  return {
    caption: "The newest hundred trials that reported; pruned ones end early.",
    spec: toSpec({
      width: 520,
      height: 260,
      data: { values: rows },
      mark: { type: "line", opacity: 0.5 },
      encoding: {
        x: quantity("step", "Epoch or step"),
        y: valueAxis("value", objective),
        detail: { field: "trial", type: "nominal" },
        color: { field: "state", type: "nominal", title: null },
      },
    }),
  };
}

function troubleTables({ state }: Study): ReportTable[] {
  const failed = state.trials.filter((trial) => failureOf(trial) !== undefined).slice(-50);
  const tables: ReportTable[] = [];
  if (failed.length > 0) {
    tables.push({
      caption: "Trials with an attempt that gave nothing",
      columns: ["trial", "state", "attempts", "why", ""],
      rows: failed.map((trial) => {
        const { kind, message } = failureOf(trial)!;
        return [trial.number, trial.state, trial.attempts.length, kind, message.slice(0, 300)];
      }),
    });
  }
  if (state.notes.length > 0) {
    tables.push({ caption: "Notes", columns: [""], rows: state.notes.slice(-50).map((note) => [note]) });
  }
  return tables;
}
