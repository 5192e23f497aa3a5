/**
 * Learning rate schedules by the number of steps, as recipes of Keras have them. Those of `schedule.ts` go by the length of
 * the run instead, and need no number of steps.
 *
 * Source: keras/src/optimizers/schedules/learning_rate_schedule.py of Keras 3.15. @module
 */
import type { Schedule } from "./schedule.ts";

/** A schedule that knows nothing but the step. */
function byStep(
  name: string,
  settings: Record<string, string | number>,
  rate: (step: number) => number,
): Schedule {
  return { config: { name, ...settings }, rate: ({ step }) => rate(step) };
}

/** Options for {@linkcode exponentialDecay} and {@linkcode inverseTimeDecay}. */
export interface DecayOptions {
  /** Steps in which the rate falls by one `decay`. */
  steps: number;
  /** What it falls by. */
  decay: number;
  /** Whether it stays until the next whole number of these. @default {false} */
  staircase?: boolean;
}

/**
 * `rate · decay^(step / steps)`.
 *
 * @example
 * ```ts
 * import { exponentialDecay } from "./step_schedules.ts";
 * exponentialDecay(1, { steps: 2, decay: 0.5 }).rate({ step: 4, steps: 9, stepsPerEpoch: 3 }); // 0.25
 * ```
 */
export function exponentialDecay(rate: number, options: DecayOptions): Schedule {
  const { steps, decay, staircase = false } = options;
  return byStep("exponentialDecay", { rate, steps, decay, staircase: Number(staircase) }, (step) => {
    const passed = step / steps;
    return rate * decay ** (staircase ? Math.floor(passed) : passed);
  });
}

/**
 * `rate / (1 + decay · step / steps)`.
 *
 * @example
 * ```ts
 * import { inverseTimeDecay } from "./step_schedules.ts";
 * inverseTimeDecay(1, { steps: 2, decay: 0.5 }).rate({ step: 4, steps: 9, stepsPerEpoch: 3 }); // 0.5
 * ```
 */
export function inverseTimeDecay(rate: number, options: DecayOptions): Schedule {
  const { steps, decay, staircase = false } = options;
  return byStep("inverseTimeDecay", { rate, steps, decay, staircase: Number(staircase) }, (step) => {
    const passed = step / steps;
    return rate / (1 + decay * (staircase ? Math.floor(passed) : passed));
  });
}

/** Options for {@linkcode polynomialDecay}. */
export interface PolynomialOptions {
  /** Steps from the rate to its end. */
  steps: number;
  /** Rate at the end. @default {1e-4} */
  end?: number;
  /** Of the share that is left. @default {1} */
  power?: number;
  /** Whether the way down is made longer, again and again, by as many steps. @default {false} */
  cycle?: boolean;
}

/**
 * From a rate to its end along a power of the way that is left.
 *
 * @example
 * ```ts
 * import { polynomialDecay } from "./step_schedules.ts";
 * polynomialDecay(1, { steps: 4, end: 0 }).rate({ step: 1, steps: 9, stepsPerEpoch: 3 }); // 0.75
 * ```
 */
export function polynomialDecay(rate: number, options: PolynomialOptions): Schedule {
  const { steps, end = 1e-4, power = 1, cycle = false } = options;
  return byStep("polynomialDecay", { rate, steps, end, power, cycle: Number(cycle) }, (step) => {
    const length = cycle ? steps * Math.max(1, Math.ceil(step / steps)) : steps;
    const passed = cycle ? step : Math.min(step, steps);
    return (rate - end) * (1 - passed / length) ** power + end;
  });
}

/**
 * One rate up to and with each boundary, the last one from there on.
 *
 * @param boundaries Rising numbers of steps.
 * @param rates One more than there are boundaries.
 * @throws {RangeError} If there are not as many rates.
 * @example
 * ```ts
 * import { piecewiseConstant } from "./step_schedules.ts";
 * piecewiseConstant([2], [1, 0.1]).rate({ step: 3, steps: 9, stepsPerEpoch: 3 }); // 0.1
 * ```
 */
export function piecewiseConstant(boundaries: readonly number[], rates: readonly number[]): Schedule {
  if (rates.length !== boundaries.length + 1) {
    throw new RangeError(
      `Cannot make a schedule as ${boundaries.length} boundaries need ${
        boundaries.length + 1
      } rates: got ${rates.length}`,
    );
  }
  const settings = { boundaries: boundaries.join(), rates: rates.join() };
  return byStep("piecewiseConstant", settings, (step) => {
    const piece = boundaries.findIndex((boundary) => step <= boundary);
    return rates.at(piece)!; // -1, the last one, behind all of them
  });
}

/** Options for {@linkcode cosineDecay}. */
export interface CosineDecayOptions {
  /** Steps of the way down. */
  steps: number;
  /** Rate at the end, as a share of the rate at the start. @default {0} */
  end?: number;
  /** Steps of a straight way from the rate to `peak` before. @default {0} */
  warmUp?: number;
  /** Where the warm-up ends and the way down starts. @default {the rate, without a warm-up} */
  peak?: number;
}

const halfCosine = (share: number) => (1 + Math.cos(Math.PI * share)) / 2;

/**
 * Down along half a cosine, in a number of steps.
 *
 * @example
 * ```ts
 * import { cosineDecay } from "./step_schedules.ts";
 * cosineDecay(1, { steps: 4 }).rate({ step: 2, steps: 9, stepsPerEpoch: 3 }); // 0.5
 * ```
 */
export function cosineDecay(rate: number, options: CosineDecayOptions): Schedule {
  const { steps, end = 0, warmUp = 0, peak } = options;
  const top = peak ?? rate, before = peak === undefined ? 0 : warmUp;
  return byStep("cosineDecay", { rate, steps, end, warmUp: before, peak: top }, (step) => {
    if (step < before) return rate + (top - rate) * step / before;
    return top * ((1 - end) * halfCosine(Math.min(1, (step - before) / steps)) + end);
  });
}

/** Options for {@linkcode cosineRestarts}. */
export interface CosineRestartsOptions {
  /** Steps of the first way down. */
  steps: number;
  /** How much longer each next one is. @default {2} */
  longer?: number;
  /** How much lower each next one starts. @default {1} */
  lower?: number;
  /** Rate at the end, as a share of the rate at the start. @default {0} */
  end?: number;
}

/**
 * Down along half a cosine again and again.
 *
 * Source: Loshchilov and Hutter, arXiv 1608.03983, as Keras 3's `CosineDecayRestarts`.
 *
 * @example Back at the top
 * ```ts
 * import { cosineRestarts } from "./step_schedules.ts";
 * cosineRestarts(1, { steps: 4, longer: 1 }).rate({ step: 4, steps: 9, stepsPerEpoch: 3 }); // 1
 * ```
 */
export function cosineRestarts(rate: number, options: CosineRestartsOptions): Schedule {
  const { steps, longer = 2, lower = 1, end = 0 } = options;
  return byStep("cosineRestarts", { rate, steps, longer, lower, end }, (step) => {
    let from = 0, length = steps, top = 1;
    while (step >= from + length) {
      from += length;
      length *= longer;
      top *= lower;
    }
    return rate * ((1 - end) * top * halfCosine((step - from) / length) + end);
  });
}
