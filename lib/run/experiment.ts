/**
 * An experiment: one path from a data set to a measured model. `train`, `search`, `score` and the notebooks know an
 * experiment by this interface only; adding one is a file in this folder and a line in `registry.ts`.
 * @module
 */
import type { OptionSpec, OptionTable } from "../base/options.ts";
import type { tf } from "../engine/mod.ts";
import type { Spec } from "../plot/mod.ts";
import type { Blobs } from "../store/blobs.ts";
import type { CardInput, CardMetric } from "../card/card.ts";
import type { FitOptions, History, Source } from "../train/mod.ts";

export type { OptionSpec, OptionTable };

/** Values of an experiment's options together with those that every run has. */
export type Options<T extends OptionTable = OptionTable> =
  & {
    -readonly [K in keyof T]: T[K] extends { type: "boolean" } ? boolean
      : T[K] extends { type: "list" } ? string[]
      : T[K] extends { type: "choice"; choices: readonly (infer C)[]; default: string } ? C
      : T[K] extends { type: "number" | "integer"; default: number } ? number
      : T[K] extends { type: "number" | "integer" } ? number | undefined
      : T[K] extends { default: string } ? string
      : string | undefined;
  }
  & { epochs: number; batch: number; seed: number };

/** What loading may use of the surroundings. */
export interface LoadContext {
  /** Where data sets are kept once fetched or unpacked. */
  dataFolder: string;
  /** Takes one line for each thing worth knowing. */
  log: (line: string) => void;
  /** Takes how far a long part of loading is; `total` is 0 where it is not known. */
  onProgress?: (part: LoadProgress) => void;
  signal?: AbortSignal;
  /** Opens `s3://bucket`; absent where a task has no access to buckets. */
  openBucket?: (location: string) => Blobs | Promise<Blobs>;
}

/** How far a part of loading is. */
export interface LoadProgress {
  /** What is done, such as "simulating". */
  label: string;
  done: number;
  total: number;
  /** Of `done` and `total`. */
  unit: string;
}

/** A loaded data set, split. An experiment adds what its evaluation and plots need. */
export interface Data {
  train: Source;
  validation?: Source;
  /** Never seen in training; the numbers in the model's card are measured on it. */
  test: Source;
  /** SHA-256 of the examples and of how they were split. */
  fingerprint: string;
  /** Frees what the engine holds. */
  dispose(): void;
}

/** How to train; what belongs to the single run (checkpoint, progress) is the task's. */
export type Recipe = Omit<
  FitOptions,
  "epochs" | "batch" | "seed" | "validation" | "checkpoint" | "resume" | "signal" | "onBatch" | "onEpoch"
>;

/** One chart of the report; also a file in `plots/`. */
export interface Figure {
  /** Name of the file, without its ending. */
  name: string;
  /** Heading under which the report shows it. */
  section: string;
  caption?: string;
  spec: Spec;
}

/** What a finished run gives to its plots. */
export interface Results {
  /** For each output of the model its values on the test examples, row-major. */
  predictions: readonly Float32Array[];
  history: History;
}

/** The fields of a model's card that an experiment knows. */
export type CardParts = Pick<CardInput, "description" | "inputs" | "preprocessing" | "outputs">;

/** An experiment. Methods take the option values; those after loading also the data. */
export interface Experiment<T extends OptionTable = OptionTable, D extends Data = Data> {
  /** As on the command line; also the name of its run folder. */
  readonly name: string;
  /** One line for `train --list`. */
  readonly summary: string;
  /** Its own options, beside `epochs`, `batch` and `seed`. */
  readonly options: T;
  /** Defaults of the options that every run has. */
  readonly defaults: { epochs: number; batch: number };
  /** Changes values that depend on others, such as a recipe's own batch, where they were not `given`. */
  settle?(options: Options<T>, given: ReadonlySet<string>): Options<T>;
  /** Fetches, reads and splits the data; everything random comes from `options.seed`. */
  load(options: Options<T>, context: LoadContext): Promise<D>;
  /** Builds the model, its initial weights fixed by `options.seed`. */
  build(options: Options<T>, data: D): tf.LayersModel;
  recipe(options: Options<T>, data: D): Recipe;
  /** Metrics on the test examples by name, the most important first, each with interval and baseline. */
  evaluate(predictions: readonly Float32Array[], data: D, options: Options<T>): Record<string, CardMetric>;
  card(options: Options<T>, data: D): CardParts;
  plots(results: Results, data: D, options: Options<T>): readonly Figure[] | Promise<readonly Figure[]>;
}

/**
 * Gives an experiment back with the types of its options and data tied together.
 *
 * @example See `mnist.ts`, which is one call of a helper that ends here.
 * ```ts
 * import type { Experiment } from "./experiment.ts";
 * const summaryOf = ({ name, summary }: Experiment) => `${name}: ${summary}`;
 * ```
 */
export function defineExperiment<const T extends OptionTable, D extends Data>(
  experiment: Experiment<T, D>,
): Experiment<T, D> {
  return experiment;
}
