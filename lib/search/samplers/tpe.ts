/**
 * The tree-structured Parzen estimator: points that are likely among the good trials and unlikely among the others.
 *
 * All parameters are drawn together; trials that still run stand among the bad ones (a constant liar), so that workers
 * side by side do not all try the same. Source: see parzen.ts. @module
 */
import { countOf } from "../combinations.ts";
import { isActive, isAllowed, type Params, type Space } from "../space.ts";
import { isEnded, type Trial } from "../trial.ts";
import { paramsAt, toUnit } from "../unit_cube.ts";
import { type Candidate, orderByDomination } from "./domination.ts";
import { buildParzen, type Observation, type Parzen } from "./parzen.ts";
import { drawParams } from "./random.ts";
import { drawAllowed, type History, lossOf, rngOf, type Sampler, violationOf } from "./sampler.ts";
import { SOBOL_DIMENSIONS, sobolPoint } from "./sobol.ts";

/** Options for {@linkcode tpeSampler}. */
export interface TpeOptions {
  /** Trials that fill the space evenly before anything is learned from. @default {10} */
  startup?: number;
  /** Points drawn for each trial, of which the best is taken. @default {24} */
  candidates?: number;
}

/** Bad trials beyond so many count no more: the newest are kept. */
const MOST_BAD = 500;

/** Learns from all trials which parameters are promising; for one objective or several. */
export function tpeSampler(options: TpeOptions = {}): Sampler {
  const { startup = 10, candidates = 24 } = options;
  return {
    name: "tpe",
    independent: false,
    suggest(history, number) {
      const { space } = history;
      const rng = rngOf(history, number);
      const learned = history.trials.filter((trial) => isEnded(trial) && trial.state !== "failed");
      if (learned.length < startup) return { params: startingPoint(history, number, rng) };
      const { good, bad } = splitTrials(history, learned);
      const goodParzen = buildParzen(
        space.dimensions,
        good.map((trial) => observationOf(space, trial.params)),
      );
      const badParzen = buildParzen(space.dimensions, bad.map((trial) => observationOf(space, trial.params)));
      const tried = triedIn(history);
      return { params: bestCandidate(space, { good: goodParzen, bad: badParzen, tried }, candidates, rng) };
    },
  };
}

/** Evenly spread, and never the same for two numbers. */
function startingPoint({ space, seed }: History, number: number, rng: () => number): Params {
  const size = space.dimensions.length;
  if (size <= SOBOL_DIMENSIONS) {
    const params = paramsAt(space, sobolPoint(number, size, seed));
    if (isAllowed(space, params)) return params;
  }
  return drawAllowed(space, () => drawParams(space, rng));
}

/** The best tenth of the trials, at most 25 of one objective; all others and those that run are bad. */
function splitTrials(history: History, learned: readonly Trial[]): { good: Trial[]; bad: Trial[] } {
  const single = history.directions.length === 1;
  const tenth = Math.ceil(0.1 * learned.length);
  const goodCount = single ? Math.min(tenth, 25) : tenth;
  const order = single ? orderOfOne(history, learned) : orderOfSeveral(history, learned);
  const byNumber = (a: Trial, b: Trial) => a.number - b.number;
  const good = order.slice(0, goodCount).sort(byNumber);
  const running = history.trials.filter(({ state }) => state === "running");
  const bad = [...order.slice(goodCount), ...running].sort(byNumber).slice(-MOST_BAD);
  return { good, bad };
}

/** Complete ones by value, then pruned ones by how far they came, then those that miss constraints by how much. */
function orderOfOne({ directions }: History, learned: readonly Trial[]): Trial[] {
  const keys = new Map(learned.map((trial) => {
    const loss = lossOf(trial, directions), violation = violationOf(trial);
    if (violation > 0) return [trial, [2, violation, loss]];
    if (trial.state === "pruned") return [trial, [1, -(trial.reports.at(-1)?.step ?? -1), loss]];
    return [trial, [0, loss, 0]];
  }));
  return [...learned].sort((a, b) => {
    const [x, y] = [keys.get(a)!, keys.get(b)!];
    const at = x.findIndex((value, i) => value !== y[i]);
    return at < 0 ? a.number - b.number : x[at] - y[at];
  });
}

function orderOfSeveral({ directions }: History, learned: readonly Trial[]): Trial[] {
  const complete = learned.filter(({ state }) => state === "complete");
  const candidates: Candidate[] = complete.map((trial) => ({
    losses: directions.map((_, i) => lossOf(trial, directions, i)),
    violation: violationOf(trial),
  }));
  return [
    ...orderByDomination(candidates).map((i) => complete[i]),
    ...learned.filter(({ state }) => state !== "complete"),
  ];
}

function observationOf(space: Space, params: Params): Observation {
  return Float64Array.from(
    space.dimensions,
    (dimension) => Object.hasOwn(params, dimension.name) ? toUnit(dimension, params[dimension.name]) : NaN,
  );
}

/** What has been tried, where there are only so many combinations: once is enough. */
function triedIn({ space, trials }: History): ReadonlySet<string> {
  const isEndless = space.dimensions.some((dimension) => countOf(dimension) === Infinity);
  return new Set(isEndless ? [] : trials.map(({ params }) => keyOf(space, params)));
}

function keyOf({ dimensions }: Space, params: Params): string {
  return JSON.stringify(dimensions.map(({ name }) => params[name] ?? null));
}

/** Densities of the good and the bad, and the combinations that are no news. */
interface Knowledge {
  good: Parzen;
  bad: Parzen;
  tried: ReadonlySet<string>;
}

function bestCandidate(
  space: Space,
  { good, bad, tried }: Knowledge,
  count: number,
  rng: () => number,
): Params {
  let best: Params | undefined, most = -Infinity;
  for (let i = 0, tries = 0; i < count && tries < 50 * count; tries++) {
    const point = good.sample(rng);
    const params = paramsAt(space, point);
    if (!isAllowed(space, params)) continue;
    if (tried.size > 0 && tried.has(keyOf(space, params))) continue;
    i++;
    const active = space.dimensions.map((dimension) => isActive(dimension, params));
    const score = good.logDensity(point, active) - bad.logDensity(point, active);
    if (score > most) [best, most] = [params, score];
  }
  return best ?? untried(space, tried, rng);
}

/** Drawn evenly; one that has been tried only where ten times as many draws find no other. */
function untried(space: Space, tried: ReadonlySet<string>, rng: () => number): Params {
  let params = drawAllowed(space, () => drawParams(space, rng));
  for (let i = 0; i < 10 * tried.size && tried.has(keyOf(space, params)); i++) {
    params = drawAllowed(space, () => drawParams(space, rng));
  }
  return params;
}
