/** Sums over the batches of an epoch, kept in variables that a compiled step adds to and nobody reads until asked. @module */
import { tf } from "../engine/mod.ts";

/** Sums over the batches of an epoch so far. */
export interface Totals {
  /** Means over the examples: `loss`, then what else is counted, by name. */
  means: Record<string, number>;
  /** Examples seen. */
  examples: number;
  /** Number, from 1, of the first batch of this epoch whose loss was not finite; 0 where all were. */
  firstBad: number;
}

/** Running sums in variables. */
export interface TotalsSum {
  /** What a checkpoint keeps: sums of loss, examples, batches and the other numbers; and the first bad batch. */
  readonly variables: readonly tf.Variable[];
  /** Adds one batch: its mean loss, its number of examples, and the sum over its examples of every other number. */
  add(loss: tf.Scalar, examples: number, sums: readonly tf.Tensor[]): void;
  read(): Promise<Totals>;
  reset(): void;
  dispose(): void;
}

/**
 * Sums for a loss and other numbers by name.
 *
 * @example Two batches
 * ```ts
 * import { startEngine } from "../engine/mod.ts";
 * import { createTotals } from "./totals.ts";
 * const tf = await startEngine({ backend: "cpu" });
 * const totals = createTotals([]);
 * totals.add(tf.scalar(1), 3, []);
 * totals.add(tf.scalar(5), 1, []);
 * (await totals.read()).means.loss; // 2
 * ```
 */
export function createTotals(names: readonly string[]): TotalsSum {
  const sums = tf.tidy(() => tf.variable(tf.zeros([3 + names.length]), false));
  const bad = tf.tidy(() => tf.variable(tf.scalar(0), false));
  return {
    variables: [sums, bad],
    add(loss, examples, others) {
      const added = [
        tf.reshape(tf.mul(loss, examples), [1]),
        tf.tensor1d([examples, 1]),
        ...others.map((sum) => tf.reshape(sum, [1])),
      ];
      const next = tf.add(sums, tf.concat(added)) as tf.Tensor1D;
      const batch = tf.reshape(tf.slice(next, [2], [1]), []);
      const here = tf.mul(batch, tf.sub(1, tf.cast(tf.isFinite(loss), "float32")));
      bad.assign(tf.where(tf.greater(bad, 0), bad, here) as tf.Scalar);
      sums.assign(next);
    },
    async read() {
      const [loss, examples, , ...rest] = await sums.data<"float32">();
      const [firstBad] = await bad.data<"float32">();
      const means: Record<string, number> = { loss: loss / examples };
      names.forEach((name, i) => means[name] = rest[i] / examples);
      return { means, examples, firstBad };
    },
    reset() {
      tf.tidy(() => {
        sums.assign(tf.zerosLike(sums));
        bad.assign(tf.zerosLike(bad));
      });
    },
    dispose: () => tf.dispose([sums, bad]),
  };
}

/** Sum of tensors of one shape. */
export function addUp(tensors: readonly tf.Tensor[]): tf.Tensor {
  return tensors.length === 1 ? tensors[0] : tf.addN([...tensors]);
}
