/**
 * Learning rate schedules: from how far training has come to the rate of the next step.
 *
 * All but {@linkcode reduceOnPlateau} are pure functions of the step; that one keeps a state, which a checkpoint
 * saves.
 * @module
 */

import type { RunInfo } from "./callback.ts";

/** How far training has come. */
export interface Progress {
  /** Steps taken so far, from 0. */
  step: number;
  /** Steps that the whole run takes. */
  steps: number;
  /** Steps in one epoch. */
  stepsPerEpoch: number;
}

/** A schedule. */
export interface Schedule {
  /** Name and settings, as written in `run.json` and compared at resume. */
  readonly config: Readonly<Record<string, string | number>>;
  /** Learning rate of the next step. */
  rate(progress: Progress): number;
  /** Is told that a run begins, and forgets what it knew of another one. */
  begin?(info: RunInfo): void;
  /** Is told the numbers of every finished epoch, validation included. */
  onEpoch?(numbers: Readonly<Record<string, number>>): void;
  /** What a checkpoint has to keep. */
  state?(): Record<string, number>;
  /** Takes up a state that {@linkcode Schedule.state} gave. */
  restore?(state: Record<string, number>): void;
}

function checkRate(rate: number): void {
  if (!(rate > 0 && Number.isFinite(rate))) {
    throw new RangeError(`Cannot make a schedule as its rate must be a positive number: got ${rate}`);
  }
}

function checkShare(name: string, share: number): void {
  if (!(share >= 0 && share <= 1)) {
    throw new RangeError(`Cannot make a schedule as ${name} must lie between 0 and 1: got ${share}`);
  }
}

/**
 * The same rate throughout.
 *
 * @throws {RangeError} If the rate is not positive.
 * @example
 * ```ts
 * import { constant } from "./schedule.ts";
 * constant(0.01).rate({ step: 5, steps: 10, stepsPerEpoch: 5 }); // 0.01
 * ```
 */
export function constant(rate: number): Schedule {
  checkRate(rate);
  return { config: { name: "constant", rate }, rate: () => rate };
}

/** Options for {@linkcode stepwise}. */
export interface StepwiseOptions {
  /** Epochs between two drops. @default {10} */
  every?: number;
  /** What the rate is multiplied by at each drop. @default {0.1} */
  factor?: number;
}

/**
 * Multiplies the rate by `factor` after every so many epochs.
 *
 * @throws {RangeError} If the rate is not positive, `every` no positive whole number or `factor` outside [0, 1].
 * @example
 * ```ts
 * import { stepwise } from "./schedule.ts";
 * stepwise(0.1, { every: 2 }).rate({ step: 20, steps: 50, stepsPerEpoch: 10 }); // 0.01
 * ```
 */
export function stepwise(rate: number, options: StepwiseOptions = {}): Schedule {
  const { every = 10, factor = 0.1 } = options;
  checkRate(rate);
  checkShare("the factor", factor);
  if (!Number.isInteger(every) || every < 1) {
    throw new RangeError(`Cannot make a schedule as epochs between drops must be at least 1: got ${every}`);
  }
  return {
    config: { name: "stepwise", rate, every, factor },
    rate: ({ step, stepsPerEpoch }) => rate * factor ** Math.floor(step / (stepsPerEpoch * every)),
  };
}

/** Options for {@linkcode cosine} and {@linkcode oneCycle}. */
export interface WarmUpOptions {
  /** Share of all steps in which the rate rises to its peak. */
  warmUp?: number;
  /** Rate at the end, as a share of the peak. @default {0} */
  end?: number;
}

function halfCosine(from: number, to: number, share: number): number {
  return to + (from - to) * (1 + Math.cos(Math.PI * Math.min(1, Math.max(0, share)))) / 2;
}

/**
 * Falls from `rate` along half a cosine, after a linear rise where `warmUp` is above its default of 0.
 *
 * Source: Loshchilov and Hutter, arXiv 1608.03983, without restarts.
 *
 * @throws {RangeError} If the rate is not positive or a share outside [0, 1].
 * @example Half way down
 * ```ts
 * import { cosine } from "./schedule.ts";
 * cosine(0.1).rate({ step: 50, steps: 100, stepsPerEpoch: 10 }); // 0.05
 * ```
 */
export function cosine(rate: number, options: WarmUpOptions = {}): Schedule {
  const { warmUp = 0, end = 0 } = options;
  checkRate(rate);
  checkShare("the warm-up", warmUp);
  checkShare("the end", end);
  return {
    config: { name: "cosine", rate, warmUp, end },
    rate({ step, steps }) {
      const rising = warmUp * steps;
      if (step < rising) return rate * (step + 1) / Math.ceil(rising);
      return halfCosine(rate, rate * end, (step - rising) / Math.max(1, steps - rising));
    },
  };
}

/**
 * Rises to `rate` and falls to nearly nothing, both along half a cosine: one cycle for the whole run.
 *
 * Begins at `rate / 25`; `warmUp` is 0.3 and `end` 1e-4 where not given.
 * Source: Smith and Topin, arXiv 1708.07120, in the two phases that PyTorch's `OneCycleLR` has.
 *
 * @throws {RangeError} If the rate is not positive or a share outside [0, 1].
 * @example At its peak
 * ```ts
 * import { oneCycle } from "./schedule.ts";
 * oneCycle(0.1, { warmUp: 0.5 }).rate({ step: 50, steps: 100, stepsPerEpoch: 10 }); // 0.1
 * ```
 */
export function oneCycle(rate: number, options: WarmUpOptions = {}): Schedule {
  const { warmUp = 0.3, end = 1e-4 } = options;
  checkRate(rate);
  checkShare("the warm-up", warmUp);
  checkShare("the end", end);
  return {
    config: { name: "oneCycle", rate, warmUp, end },
    rate({ step, steps }) {
      const rising = warmUp * steps;
      return step < rising
        ? halfCosine(rate / 25, rate, step / rising)
        : halfCosine(rate, rate * end, (step - rising) / Math.max(1, steps - rising));
    },
  };
}

/** Options for {@linkcode reduceOnPlateau}. */
export interface PlateauOptions {
  /** The number to watch, a column of the history. @default {"validationLoss"} */
  monitor?: string;
  /** Whether it should fall or rise. @default {the metric's own way} */
  better?: "lower" | "higher";
  /** Epochs without progress before a drop. @default {5} */
  patience?: number;
  /** What the rate is multiplied by at a drop. @default {0.5} */
  factor?: number;
  /** Smallest change that counts as progress. @default {1e-4} */
  minDelta?: number;
  /** The rate never falls below this. @default {0} */
  least?: number;
}

/**
 * Lowers the rate whenever the watched number has stopped improving.
 *
 * Source: Keras 3 `ReduceLROnPlateau`, without its cool-down.
 *
 * @throws {RangeError} If the rate is not positive or the factor outside [0, 1].
 * @example Two epochs without progress
 * ```ts
 * import { reduceOnPlateau } from "./schedule.ts";
 * const schedule = reduceOnPlateau(0.1, { patience: 2 });
 * for (const validationLoss of [1, 1, 1]) schedule.onEpoch?.({ validationLoss });
 * schedule.rate({ step: 3, steps: 9, stepsPerEpoch: 1 }); // 0.05
 * ```
 */
export function reduceOnPlateau(rate: number, options: PlateauOptions = {}): Schedule {
  const { monitor = "validationLoss", better, patience = 5, factor = 0.5, minDelta = 1e-4 } = options;
  const { least = 0 } = options;
  checkRate(rate);
  checkShare("the factor", factor);
  let sign = better === "higher" ? -1 : 1;
  let state: { current: number; waited: number; best?: number } = { current: rate, waited: 0 };
  return {
    config: {
      name: "reduceOnPlateau",
      rate,
      monitor,
      better: better ?? "auto",
      patience,
      factor,
      minDelta,
      least,
    },
    rate: () => state.current,
    begin(info) {
      state = { current: rate, waited: 0 };
      sign = (better ?? info.better[monitor]) === "higher" ? -1 : 1;
    },
    onEpoch(numbers) {
      const value = numbers[monitor];
      if (value === undefined) {
        throw new RangeError(
          `Cannot watch "${monitor}" for the learning rate: the history has ${
            Object.keys(numbers).join(", ")
          }`,
        );
      }
      if (state.best === undefined || sign * (state.best - value) > minDelta) {
        state = { ...state, waited: 0, best: value };
      } else if (++state.waited >= patience) {
        state = { ...state, waited: 0, current: Math.max(least, state.current * factor) };
      }
    },
    state: () => ({ ...state }),
    restore(saved) {
      state = { current: saved.current, waited: saved.waited, best: saved.best };
    },
  };
}

/**
 * Schedules one after the other, each for its share of the epochs and as if it were alone: a second, lower
 * {@linkcode oneCycle} goes on where the first one has settled.
 *
 * @param parts Shares, which add up to 1, and their schedules; none that keeps a state.
 * @throws {RangeError} If the shares do not add up to 1, or there is no part.
 * @throws {TypeError} If a part keeps a state.
 * @example The first step of the second half
 * ```ts
 * import { constant, sequence } from "./schedule.ts";
 * const schedule = sequence([[0.5, constant(0.1)], [0.5, constant(0.01)]]);
 * schedule.rate({ step: 20, steps: 40, stepsPerEpoch: 10 }); // 0.01
 * ```
 */
export function sequence(parts: readonly (readonly [share: number, schedule: Schedule])[]): Schedule {
  const total = parts.reduce((sum, [share]) => sum + share, 0);
  if (parts.length === 0 || Math.abs(total - 1) > 1e-6) {
    throw new RangeError(`Cannot make a sequence as its shares must add up to 1: got ${total}`);
  }
  if (parts.some(([, schedule]) => schedule.state)) {
    throw new TypeError("Cannot make a sequence as none of its schedules may keep a state");
  }
  return {
    config: { name: "sequence", parts: JSON.stringify(parts.map(([share, { config }]) => [share, config])) },
    rate({ step, steps, stepsPerEpoch }) {
      let from = 0, passed = 0;
      for (const [i, [share, schedule]] of parts.entries()) {
        passed += share;
        const end = i === parts.length - 1
          ? steps
          : Math.round(passed * steps / stepsPerEpoch) * stepsPerEpoch;
        if (step < end || i === parts.length - 1) {
          return schedule.rate({ step: step - from, steps: end - from, stepsPerEpoch });
        }
        from = end;
      }
      return 0; // not reached: the last part takes every step that is left
    },
  };
}
