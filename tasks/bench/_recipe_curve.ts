/** What a recipe that takes days reaches by when: numbers measured while it trains. @module */
import type { Source } from "../../lib/data/source.ts";
import type { tf } from "../../lib/engine/mod.ts";
import { fit, type FitOptions, type StepReport } from "../../lib/train/mod.ts";
import type { BenchRow } from "./_bench.ts";

/** A point of the curve. */
export interface CurvePoint {
  /** Examples that were trained on so far. */
  seen: number;
  /** Seconds of training alone. */
  seconds: number;
  /** What was measured then, by name. */
  numbers: Readonly<Record<string, number>>;
}

/** The curve. */
export interface RecipeCurve {
  points: CurvePoint[];
  /** Examples a second. */
  rate: number;
}

/** Minutes after which is measured first; then each time after twice as long. */
const FIRST_MINUTES = 0.125;

/** Trains for some minutes, in which measuring does not count, or to the recipe's end. */
export async function recipeCurve(
  model: tf.LayersModel,
  source: Source,
  recipe: FitOptions,
  minutes: number,
  measure: () => Promise<Record<string, number>>,
): Promise<RecipeCurve> {
  const points: CurvePoint[] = [], stop = new AbortController();
  let seen = 0, training = 0, last = performance.now(), next = FIRST_MINUTES;
  const onBatch = async ({ examples }: StepReport) => {
    training += performance.now() - last;
    seen += examples;
    const isOver = training > minutes * 60_000;
    if (training > next * 60_000 || isOver) {
      points.push({ seen, seconds: training / 1000, numbers: await measure() });
      next *= 2;
    }
    last = performance.now();
    if (isOver) stop.abort();
  };
  const callbacks = [...recipe.callbacks ?? [], { name: "curve", onBatch }];
  await fit(model, source, { ...recipe, callbacks, signal: stop.signal });
  if (points.at(-1)?.seen !== seen) points.push({ seen, seconds: training / 1000, numbers: await measure() });
  return { points, rate: seen / (training / 1000) };
}

/** A row for each number of each point. */
export function rowsOfCurve(points: readonly CurvePoint[], counted: string): BenchRow[] {
  return points.flatMap(({ seen, seconds, numbers }) =>
    Object.entries(numbers).map(([unit, value]): BenchRow => ({
      what: `after ${seen.toLocaleString("en")} ${counted}, ${seconds.toFixed(0)} s`,
      unit,
      better: "higher",
      ours: [value],
    }))
  );
}
