/**
 * An experiment: one path from a data set to a measured model. `train`, `search`, `score` and the notebooks know an
 * experiment by this interface only; adding one is a folder in `lib/experiments/` and a line in its registry.
 * @module
 */
import type { OptionSpec, OptionTable } from "../base/options.ts";
import type { NdArray, Source } from "../data/source.ts";
import type { tf } from "../engine/mod.ts";
import type { Image } from "../io/image.ts";
import type { Spec } from "../plot/mod.ts";
import type { Occlusion } from "../score/occlusion.ts";
import type { Blobs } from "../store/blobs.ts";
import type { CardInput, CardMetric } from "../card/mod.ts";
import type { FitOptions, History, LoopOptions, Models, Predictions } from "../train/mod.ts";

export type { OptionSpec, OptionTable };

/** Values of an experiment's options together with those that every run has. */
export type Options<T extends OptionTable = OptionTable> =
  & {
    -readonly [K in keyof T]: T[K] extends { type: "boolean" } ? boolean
      : T[K] extends { type: "list" } ? string[]
      : T[K] extends { type: "choice"; choices: readonly (infer C)[]; default: string } ? C
      : T[K] extends { type: "choice"; choices: readonly (infer C)[] } ? C | undefined
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
  /** Ends loading. */
  signal?: AbortSignal;
  /** Opens `s3://bucket`; absent where a task has no access to buckets. */
  openBucket?: (location: string) => Blobs | Promise<Blobs>;
}

/** How far a part of loading is. */
export interface LoadProgress {
  /** What is done, such as "simulating". */
  label: string;
  /** How much is done. */
  done: number;
  /** Of how much; 0 where it is not known. */
  total: number;
  /** Of `done` and `total`. */
  unit: string;
}

/** One example as a user of the model would send it: a picture or an array for each input, before any preprocessing. */
export type RawExample = Readonly<Record<string, Image | NdArray>>;

/** A loaded data set, split. An experiment adds what its evaluation and figures need. */
export interface Data {
  /** Examples to learn from. */
  readonly train: Source;
  /** Examples that watch the training; the recipe may choose the best epoch by them. */
  readonly validation?: Source;
  /** Never seen in training; the numbers in the model's card are measured on it. */
  readonly test: Source;
  /** Where the examples come from, for those who read of the run: a package, a place, a simulator. */
  readonly origin?: string;
  /**
   * The training examples dealt into folds, where a search judges by them: needed where examples are copies of one another, which
   * must not be parted, or are trained on in another form than they are tested in. Without it every example goes its own way.
   */
  folds?(count: number, rng: () => number): readonly { train: Source; validation: Source }[];
  /** SHA-256 of the examples and of how they were split. */
  readonly fingerprint: string;
  /**
   * Some test examples as they are before preprocessing. A run ends by scoring them through card and ONNX: what comes
   * out must be what training predicted.
   */
  raw?(indices: readonly number[]): Promise<RawExample[]>;
  /** Frees what the engine holds. */
  dispose(): void;
}

/** What belongs to the single run rather than to the recipe. */
type OwnOfRun =
  | Exclude<keyof LoopOptions, "schedule" | "shards" | "callbacks">
  | "validation"
  | "onEnd";

/** A union's members, each without some fields. */
type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/** How to train; what belongs to the single run (checkpoint, progress) is the run's. */
export type Recipe = Without<FitOptions, OwnOfRun>;

/** One chart or movie of the report, also a file in `plots/`; or a page of its own there, to which the report leads. */
export type Figure = FigureFrame & ({ spec: Spec } | { gif: Uint8Array } | { html: string });

/** What stands round a figure. */
export interface FigureFrame {
  /** Name of the file, without its ending. */
  name: string;
  /** Heading under which the report shows it. */
  section: string;
  /** Below the figure. */
  caption?: string;
}

/** What a finished run gives to its figures. */
export interface Results {
  /** The model's outputs on the test examples, by the names that the card gives them. */
  predictions: Predictions;
  /** Numbers of every epoch. */
  history: History;
  /** The trained models; the first is the one that predicts. */
  models: Models;
}

/** What the figures may ask beside. */
export interface ShownResults extends Results {
  /** What was measured of them. */
  measured: Measurements;
  /**
   * What mattered for the answers on some test examples, by their numbers, in their order: covering a place of each after
   * the other; nothing where the model takes no single picture or there are no raw test examples.
   */
  occlusion(rows: readonly number[]): Promise<Occlusion[]>;
}

/** The fields of a model's card that an experiment knows. */
export type CardParts = Pick<CardInput, "description" | "inputs" | "preprocessing" | "outputs">;

/** What an experiment measured. */
export interface Measurements {
  /** Metrics on the test examples by name, the most important first, each with interval and baseline. */
  metrics: Record<string, CardMetric>;
  /** What the card's outputs gain by the measurement, such as an uncertainty, by the output's name. */
  outputs?: Readonly<Record<string, Record<string, unknown>>>;
}

/** A measurement by which mixed precision is no worse than float32, as `deno task bench precision` keeps it. */
export interface PrecisionEvidence {
  /** When, as an ISO date. */
  measured: string;
  /** What was compared on the test examples. */
  metric: string;
  /** Values in float32, one a seed. */
  float32: readonly number[];
  /** In mixed precision, by the same seeds. */
  mixed: readonly number[];
  /** 95 % interval of the mean difference, mixed less float32. */
  difference: readonly [low: number, high: number];
}

/**
 * An experiment. Methods take the option values; those after loading also the data. They are pure: none writes into what
 * another one reads.
 */
export interface Experiment<T extends OptionTable = OptionTable, D extends Data = Data> {
  /** As on the command line; also the name of its run folder. */
  readonly name: string;
  /** One line for `train --list`. */
  readonly summary: string;
  /** Its own options, beside `epochs`, `batch` and `seed`. */
  readonly options: T;
  /** Defaults of the options that every run has. */
  readonly defaults: { epochs: number; batch: number };
  /**
   * Where it was measured that mixed precision learns as much as float32: three seeds of each, by `deno task bench precision`.
   * Only then does `--precision auto` take it.
   */
  readonly mixedPrecision?: PrecisionEvidence;
  /** Changes defaults that depend on other options, such as a recipe's own batch, where they were not `given`. */
  resolveOptions?(options: Options<T>, given: ReadonlySet<string>): Options<T>;
  /**
   * Makes or fetches what {@linkcode Experiment.load} reads, where that takes long and needs no engine: `train` does it while the
   * engine starts, whose library may have to be fetched. Loading does the same where this was not called.
   */
  obtain?(options: Options<T>, context: LoadContext): Promise<void>;
  /** Fetches, reads and splits the data; everything random comes from `options.seed`. */
  load(options: Options<T>, context: LoadContext): Promise<D>;
  /** Builds the model, or several of which the first is exported; initial weights are fixed by `options.seed`. */
  build(options: Options<T>, data: D): tf.LayersModel | Models;
  /** How to train: loss, metrics, optimizer, preprocessing, augmentation. */
  recipe(options: Options<T>, data: D, models: Models): Recipe;
  /** Sets what the validation examples decide on in the trained models, before anything is measured or exported. */
  calibrate?(models: Models, data: D, options: Options<T>): void | Promise<void>;
  /** What the model takes and gives, for its card; checked against the model before training starts. */
  card(options: Options<T>, data: D): CardParts;
  /** Measures the predictions on the test examples. */
  evaluate(
    predictions: Predictions,
    data: D,
    options: Options<T>,
    results: Results,
  ): Measurements | Promise<Measurements>;
  /** Charts and movies of the report. */
  figures(
    results: ShownResults,
    data: D,
    options: Options<T>,
  ): readonly Figure[] | Promise<readonly Figure[]>;
}

/**
 * Gives an experiment back with the types of its options and data tied together.
 *
 * @example See `lib/experiments/mnist`, which is one call of a helper that ends here.
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
