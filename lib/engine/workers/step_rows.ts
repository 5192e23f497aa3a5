/**
 * The examples of a step that several workers take together: whose they are, and what belongs to all of them, as the
 * moments of a batch do.
 * @module
 */
import { tf } from "../tf.ts";
import { gatherFromWorkers, sumOverWorkers } from "./collectives.ts";

/** Examples of one step, by worker. */
export interface StepRows {
  /** This worker. */
  rank: number;
  /** How many examples each worker has. */
  rows: readonly number[];
  /** How many this one computes with: one that does not count where it has none. */
  held: number;
  /** Whether batch normalisation takes the moments of all workers' examples. */
  syncBatchNorm: boolean;
}

let current: StepRows | undefined;

/** Runs the part of a compiled step that is the examples' of all workers. */
export function withStepRows<T>(rows: StepRows, run: () => T): T {
  const outer = current;
  current = rows;
  try {
    return run();
  } finally {
    current = outer;
  }
}

/** The step's rows, where they are a part of those that several workers have. */
function amongWorkers(): StepRows | undefined {
  return current && current.rows.length > 1 ? current : undefined;
}

/** How many examples are at hand, where they are a part of those that several workers have. */
export function rowsAtHand(): number | undefined {
  return amongWorkers()?.held;
}

const sumOf = (counts: readonly number[]) => counts.reduce((sum, count) => sum + count, 0);

/**
 * How many rows of the workers before this one stand before so many rows at hand, a number of them for each example.
 *
 * An example that does not count is taken for one of the last.
 */
export function rowsBefore(count: number): number {
  const step = amongWorkers();
  if (!step || count % step.held !== 0) return 0;
  const { rank, rows, held } = step;
  return Math.min(sumOf(rows.slice(0, rank)), sumOf(rows) - held) * (count / held);
}

/** Numbers from 0 that cut so many rows into parts whose sizes differ by at most one; parts may be empty. */
export function evenParts(rows: number, parts: number): number[] {
  return Array.from(
    { length: parts },
    (_, i) => Math.floor(rows * (i + 1) / parts) - Math.floor(rows * i / parts),
  );
}

/** The step's rows, where batch normalisation is to look beyond its own. */
function synchronized(): StepRows | undefined {
  const step = amongWorkers();
  return step?.syncBatchNorm ? step : undefined;
}

/** Whether batch normalisation takes the moments of all workers' examples. */
export function isBatchNormSynchronized(): boolean {
  return synchronized() !== undefined;
}

/** Moments of this worker's rows together with those of the others, each with its share of all rows. */
export function momentsByWorker(
  moments: { mean: tf.Tensor; variance: tf.Tensor },
): { mean: tf.Tensor; variance: tf.Tensor; share: number }[] {
  const step = synchronized();
  if (!step) return [{ ...moments, share: 1 }];
  const total = sumOf(step.rows);
  const all = gatherFromWorkers(tf.stack([moments.mean, moments.variance])); // [2, channels] each
  return all.map((pair, rank) => {
    const [mean, variance] = tf.unstack(pair);
    return { mean, variance, share: step.rows[rank] / total };
  });
}

/**
 * Sums over the rows of all workers from those over this one's, all of one shape, for the gradients of its rows: of a row that
 * does not count there is none.
 */
export function sumsOfAllRows(sums: readonly tf.Tensor[]): tf.Tensor[] {
  const step = synchronized();
  if (!step) return [...sums];
  const all = sumOverWorkers(tf.stack([...sums]));
  return tf.unstack(step.rows[step.rank] === 0 ? tf.mul(all, 0) : all);
}

/** How many values all workers have where this one has so many. */
export function countOfAllRows(count: number): number {
  const step = synchronized();
  return step ? count * sumOf(step.rows) / step.held : count;
}

/**
 * The rows of all workers in their order, for what compares examples with each other.
 *
 * Differentiable: what comes back to a worker's rows is the sum of what all workers send to them, where all of them go on
 * alike with all rows.
 *
 * @param x [rows of this worker, …], float32 or int32.
 * @returns [rows of all workers, …]; `x` itself where there is one worker.
 */
export function rowsOfAll(x: tf.Tensor): tf.Tensor {
  const step = amongWorkers();
  if (!step) return x;
  const { rank, rows } = step, own = rows[rank], rest = x.shape.slice(1);
  const before = sumOf(rows.slice(0, rank)), after = sumOf(rows.slice(rank + 1));
  const zeros = rest.map(() => 0), gap = rest.map((): [number, number] => [0, 0]);
  const gather = (values: tf.Tensor) =>
    tf.tidy(() =>
      sumOverWorkers(tf.pad(tf.slice(values, [0, ...zeros], [own, ...rest]), [[before, after], ...gap]))
    );
  if (x.dtype !== "float32") return gather(x);
  return tf.customGrad((values) => ({
    value: gather(values as tf.Tensor),
    gradFunc: (dy: tf.Tensor) =>
      own === 0 ? tf.zeros(x.shape) : tf.mul(tf.slice(dy, [before, ...zeros], [own, ...rest]), rows.length),
  }))(x);
}
