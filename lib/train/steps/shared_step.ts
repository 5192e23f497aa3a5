/**
 * A step as compiled functions, whoever takes it. One worker takes it whole in one function. Where several take it together, or
 * one in parts, the gradients of every part are added up, packed into one tensor with the loss, the metrics and whoever asks to
 * stop, and summed over the workers by one exchange inside the compiled function; then all of them move their weights alike.
 * @module
 */
import {
  compile,
  type Compiled,
  inPart,
  type Precision,
  sumOverWorkers,
  tf,
  timingExchange,
  withStepRows,
} from "../../engine/mod.ts";
import type { BatchTensors } from "../batch.ts";
import { regularization } from "../regularization.ts";
import type { CompiledStep } from "../step.ts";
import { ALONE, isShared, type StepPart, stepParts, type Together } from "../together.ts";
import { createTotals } from "../totals.ts";

/** What a part of a step adds to the whole. */
export interface Measured {
  /** Its part of the step's loss. */
  value: tf.Tensor;
  /** Of that, in the order of the trained weights. */
  gradients: tf.Tensor[];
  /** Sums over its examples of the other numbers; the caller's. */
  sums: tf.Tensor[];
}

/** A step as far as it does not know who takes it. */
export interface SharedStep {
  /** Numbers counted beside the loss. */
  names: readonly string[];
  /** All variables. One that is not trained a forward pass may move, as batch normalisation does: workers end with the mean of theirs. */
  weights: readonly tf.Variable[];
  /** Those of them that have gradients, in the gradients' order. */
  trained: readonly tf.Variable[];
  /** Loss and gradients of this worker's examples of a part, of `all` examples in the step. */
  measure(tensors: tf.Tensor[], part: StepPart, all: number): Measured;
  /** Moves the weights. */
  update(gradients: tf.Tensor[], rates: tf.Tensor[]): void;
}

/** What a worker says of its own beside what it measured: whether it asks all to stop. */
const EXTRAS = 1;

/** A number times a factor; as it is where the factor is 1. */
export function scaled<T extends tf.Tensor>(x: T, factor: number): T {
  return factor === 1 ? x : tf.mul(x, factor) as T;
}

/** What a model's regularisers add to the loss, of a worker's share of a step's examples. */
export function penalties(model: tf.LayersModel, share: number): tf.Tensor[] {
  return regularization(model).map((term) => scaled(term, share));
}

/** Tensors as one, [values of all]. */
const packed = (tensors: readonly tf.Tensor[]) => tf.concat(tensors.map((x) => tf.reshape(x, [-1])));

/** The tensors that {@linkcode packed} made one of. */
function unpacked(flat: tf.Tensor, shapes: readonly (readonly number[])[]): tf.Tensor[] {
  const sizes = shapes.map((shape) => shape.reduce((size, side) => size * side, 1));
  return tf.split(flat, sizes).map((part, i) => tf.reshape(part, [...shapes[i]]));
}

/** How a step is compiled. */
export interface StepOptions {
  /** Who takes it. @default {one worker, all at once} */
  together?: Together;
  /** Names of its learning rates. */
  rates: readonly string[];
  /** In which numbers its layers multiply. @default {"float32"} */
  precision?: Precision;
}

/** Compiles a step for those who take it. */
export function compileStep(step: SharedStep, options: StepOptions): CompiledStep {
  const { together = ALONE } = options;
  return isShared(together) ? compileShared(step, { ...options, together }) : compileAlone(step, options);
}

/** Learning rates as tensors, in the order of their names. */
function ratesOf(given: Readonly<Record<string, number>>, names: readonly string[]): tf.Tensor[] {
  return names.map((name) => tf.scalar(given[name]));
}

function compileAlone(step: SharedStep, { rates, precision }: StepOptions): CompiledStep {
  const totals = createTotals(step.names);
  const compiled = compile((...tensors: tf.Tensor[]) => {
    const given = tensors.slice(0, rates.length), batch = tensors.slice(rates.length);
    const all = batch[0].shape[0]!, [whole] = stepParts(all, ALONE);
    const { value, gradients, sums } = step.measure(batch, whole, all);
    inPart("optimizer", () => step.update(gradients, given));
    totals.add(value as tf.Scalar, all, sums);
    tf.dispose(sums);
    return null;
  }, { precision });
  return {
    totals,
    run(tensors, given) {
      const scalars = ratesOf(given, rates);
      compiled(...scalars, ...tensors);
      tf.dispose(scalars);
    },
    profile: (tensors, given, steps) => compiled.profile([...ratesOf(given, rates), ...tensors], steps),
    dispose() {
      compiled.dispose();
      totals.dispose();
    },
  };
}

function compileShared(step: SharedStep, options: StepOptions & { together: Together }): CompiledStep {
  const { together, rates, precision } = options;
  const { names, weights, trained } = step, totals = createTotals(names);
  const moved = weights.filter((weight) => !trained.includes(weight));
  const measures: number[][] = [[], ...names.map(() => []), ...trained.map(({ shape }) => shape)];
  const size = measures.reduce((sum, shape) => sum + shape.reduce((n, side) => n * side, 1), 0);
  const pending = together.accumulate === 1 ? undefined : tf.tidy(() => tf.variable(tf.zeros([size]), false));
  const compiled = new Map<string, Compiled<tf.Tensor[], tf.Tensor | null>>();

  /** What is packed of one part, and with it of those before: in the order of the measures, together with more. */
  function measurePart(
    tensors: tf.Tensor[],
    part: StepPart,
    all: number,
    more: () => tf.Tensor[] = () => [],
  ) {
    const { value, sums, gradients } = withStepRows(part, () => step.measure(tensors, part, all));
    const own = [value, ...sums, ...gradients];
    const flat = packed([...pending ? [tf.add(pending, packed(own))] : own, ...more()]);
    tf.dispose(sums);
    return flat;
  }

  /** The last part: all workers' sum, and the update. */
  function finish(tensors: tf.Tensor[], part: StepPart, all: number): tf.Tensor {
    const [asks, ...others] = tensors;
    const given = others.slice(0, rates.length), batch = others.slice(rates.length);
    const before = moved.map(({ dataId }) => dataId);
    const { result: sum, seconds } = timingExchange(() => {
      let averaged: tf.Variable[] = [];
      const flat = measurePart(batch, part, all, () => {
        averaged = moved.filter(({ dataId }, i) => dataId !== before[i]);
        const share = part.rows[part.rank] / part.rows.reduce((total, rows) => total + rows, 0);
        return [asks, ...averaged.map((x) => tf.mul(x, share))];
      });
      return { joined: sumOverWorkers(flat), averaged };
    });
    const { joined, averaged } = sum;
    const parts = unpacked(joined, [...measures, [EXTRAS], ...averaged.map(({ shape }) => shape)]);
    const [value, ...rest] = parts.slice(0, measures.length),
      [asked, ...means] = parts.slice(measures.length);
    averaged.forEach((variable, i) => variable.assign(means[i]));
    inPart("optimizer", () => step.update(rest.slice(names.length), given));
    totals.add(value as tf.Scalar, all, rest.slice(0, names.length));
    pending?.assign(tf.zerosLike(pending));
    return tf.concat([asked, tf.reshape(seconds, [1])]);
  }

  /** The function for a part of these rows, traced once: every worker comes by the same ones in the same order. */
  function functionFor(part: StepPart, all: number, isLast: boolean) {
    const key = `${isLast} ${all}: ${part.rows}`;
    let known = compiled.get(key);
    if (!known) {
      known = compile((...tensors: tf.Tensor[]) => {
        if (isLast) return finish(tensors, part, all);
        pending!.assign(measurePart(tensors, part, all));
        return null;
      }, { precision });
      compiled.set(key, known);
    }
    return known;
  }

  return {
    totals,
    run(tensors, given, { examples = tensors[0].shape[0]!, asksToStop = false } = {}) {
      const parts = stepParts(examples, together);
      return tf.tidy(() => {
        parts.slice(0, -1).forEach((part) =>
          functionFor(part, examples, false)(...rowsOfPart(tensors, part, parts))
        );
        const last = parts[parts.length - 1];
        const scalars = [tf.scalar(asksToStop ? 1 : 0), ...ratesOf(given, rates)];
        const said = functionFor(last, examples, true)(...scalars, ...rowsOfPart(tensors, last, parts));
        const [asked, exchangeSeconds] = said!.dataSync();
        return { isAskedToStop: asked > 0, exchangeSeconds } as never;
      });
    },
    dispose() {
      for (const known of compiled.values()) known.dispose();
      compiled.clear();
      totals.dispose();
      pending?.dispose();
    },
  };
}

/** This worker's examples of one part of a batch. */
function rowsOfPart(
  tensors: BatchTensors,
  { begin, held }: StepPart,
  parts: readonly StepPart[],
): BatchTensors {
  if (parts.length === 1) return tensors;
  return tensors.map((x) =>
    tf.slice(x, [begin, ...x.shape.slice(1).map(() => 0)], [held, ...x.shape.slice(1)])
  );
}
