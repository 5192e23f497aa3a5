/**
 * A step that trains nothing: its one weight grows by the learning rate, its loss is what the test says. What is left is
 * the loop, in microseconds a step.
 * @module
 */
import { fromArrays, type Source } from "../../../lib/data/source.ts";
import { random, tf } from "../../../lib/engine/mod.ts";
import { createBatches } from "../../../lib/train/batch.ts";
import type { BatchTensors } from "../../../lib/train/batch.ts";
import type { CompiledStep, StepPlan } from "../../../lib/train/step.ts";
import { createTotals } from "../../../lib/train/totals.ts";

/** What a {@linkcode counting} step does. */
export interface CountingOptions {
  /** Loss of a step, by its number from 1. @default {1 / step} */
  loss?: (step: number) => number;
  /** Loss of the validation examples after so many steps; throws what it likes. */
  validation?: (steps: number, weight: number) => number;
  /** Is called at every step with the rows of its batch. */
  onStep?: (step: number, rows: number[], rates: Readonly<Record<string, number>>) => void;
  /** Names of the learning rates. @default {["learningRate"]} */
  rates?: readonly string[];
  /** Whether averages are kept: always ten times the weight. @default {false} */
  averaged?: boolean;
  config?: Record<string, unknown>;
}

/** So many examples, the number of each as its only value. */
export function numbered(size: number): Source {
  return fromArrays({ data: Float32Array.from({ length: size }, (_, i) => i), shape: [size, 1] });
}

/** A model that nobody trains. */
export function idleModel(): tf.LayersModel {
  return tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [1] })] });
}

/** A plan for `fit`, and the weight that it moves. */
export function counting(options: CountingOptions = {}): StepPlan & { weight(): number } {
  const { loss = (step: number) => 1 / step, onStep, rates = ["learningRate"] } = options;
  let weight: tf.Variable | undefined, last = 0;
  return {
    weight: () => last,
    create(_, source) {
      const state = tf.tidy(() => ({
        weight: tf.variable(tf.scalar(0), false),
        averages: tf.variable(tf.scalar(0), false),
        steps: tf.variable(tf.scalar(0), false),
        drawn: tf.variable(tf.scalar(0), false),
      }));
      weight = state.weight;
      const batches = createBatches(source);
      const value = (variable: tf.Variable) => variable.dataSync<"float32">()[0];
      const add = (variable: tf.Variable, number: number) =>
        tf.tidy(() => variable.assign(tf.add(variable, number)));
      const run = (
        [rows]: BatchTensors,
        all: Readonly<Record<string, number>>,
        totals: CompiledStep["totals"],
      ) => {
        add(state.steps, 1);
        add(state.weight, all[rates[0]]);
        if (options.averaged) tf.tidy(() => state.averages.assign(tf.mul(state.weight, 10)));
        tf.tidy(() => state.drawn.assign(tf.reshape(random.uniform([1]), [])));
        const step = value(state.steps);
        onStep?.(step, [...rows.dataSync<"int32">()], all);
        tf.tidy(() => totals.add(tf.scalar(loss(step)), rows.size, [tf.scalar(step * rows.size)]));
      };
      return {
        config: { step: "counting", ...options.config },
        better: { loss: "lower", score: "higher" },
        variables: { weights: [state.weight], optimizer: [state.steps, state.drawn] },
        weights: [state.weight],
        averages: options.averaged ? [state.averages] : undefined,
        rates,
        batches,
        compile() {
          const totals = createTotals(["score"]);
          return {
            totals,
            run: (tensors, all) => run(tensors, all, totals),
            dispose: () => totals.dispose(),
          };
        },
        evaluation: options.validation && (() => ({
          // deno-lint-ignore require-await -- a throw is to be a rejection
          run: async () => ({ loss: options.validation!(value(state.steps), value(state.weight)), score: 7 }),
          dispose: () => {},
        })),
        snapshot: (rate) => ({
          config: { name: "counting" },
          slots: [],
          rate,
          weightDecay: 0,
          step: 0,
          values: [],
        }),
        dispose() {
          last = value(weight!);
          batches.dispose();
          tf.dispose(Object.values(state));
        },
      };
    },
  };
}
