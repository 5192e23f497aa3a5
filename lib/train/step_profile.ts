/** Where a training step's time goes, by kind of op and by layer. @module */
import type { FunctionProfile, OpRun } from "../engine/mod.ts";

/** Time of a kind of op. */
export interface OpShare {
  op: string;
  /** How often it runs in a step. */
  count: number;
  /** In a step, all its runs together. */
  ms: number;
  /** Of the time of all ops. */
  share: number;
}

/** Time of a layer, or of another part of the step. */
export interface PartShare {
  part: string;
  /** In a step: of what it computes, and of its gradient. */
  forwardMs: number;
  gradientMs: number;
  /** Of the time of all ops. */
  share: number;
}

/** A step's time, as means over some steps; ops run side by side, so that theirs adds up to more than the step's. */
export interface StepProfile {
  /** Steps that were timed. */
  steps: number;
  /** Taking the graph down, and the first run, in which TensorFlow optimises it; neither is in what follows. */
  traceMs: number;
  firstMs: number;
  /** A step, from outside; being watched it is somewhat slower. */
  stepMs: number;
  /** All ops of a step together. */
  busyMs: number;
  /** The longest first. */
  ops: OpShare[];
  parts: PartShare[];
}

/** What the ops between layers are counted under. */
const BETWEEN = "(between layers)";

/** A kind of op as TensorFlow's documents call it: without the names of oneDNN's versions. */
function plainKind(op: string): string {
  return op.replace(/^_Mkl(Native)?/, "").replace(/^_(?=Fused)/, "");
}

const micros = (runs: readonly OpRun[]) => runs.reduce((sum, run) => sum + run.micros, 0);

/**
 * Adds a profile up.
 *
 * @example One product of 3 ms, and its gradient of 5 ms
 * ```ts
 * import { summarizeProfile } from "./step_profile.ts";
 * const ops = [
 *   { part: "dense", gradient: false, node: "dense/MatMul_1", op: "MatMul", start: 0, micros: 3000 },
 *   { part: "dense", gradient: true, node: "dense/gradient/MatMul_2", op: "MatMul", start: 3000, micros: 5000 },
 * ];
 * const { parts } = summarizeProfile({ traceMs: 1, firstMs: 9, steps: [{ ms: 8.5, ops }] });
 * parts; // [{ part: "dense", forwardMs: 3, gradientMs: 5, share: 1 }]
 * ```
 */
export function summarizeProfile({ traceMs, firstMs, steps }: FunctionProfile): StepProfile {
  const runs = steps.flatMap(({ ops }) => ops), count = steps.length, all = micros(runs) || 1;
  const perStep = (list: readonly OpRun[]) => micros(list) / 1000 / count;
  const longestFirst = (a: { share: number }, b: { share: number }) => b.share - a.share;
  const ops = Array.from(Map.groupBy(runs, ({ op }) => plainKind(op)), ([op, list]) => ({
    op,
    count: list.length / count,
    ms: perStep(list),
    share: micros(list) / all,
  }));
  const parts = Array.from(Map.groupBy(runs, ({ part }) => part || BETWEEN), ([part, list]) => ({
    part,
    forwardMs: perStep(list.filter(({ gradient }) => !gradient)),
    gradientMs: perStep(list.filter(({ gradient }) => gradient)),
    share: micros(list) / all,
  }));
  return {
    steps: count,
    traceMs,
    firstMs,
    stepMs: steps.reduce((sum, { ms }) => sum + ms, 0) / count,
    busyMs: perStep(runs),
    ops: ops.sort(longestFirst),
    parts: parts.sort(longestFirst),
  };
}
