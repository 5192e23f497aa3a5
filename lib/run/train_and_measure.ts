/** One training of an experiment and what it reaches, without a run's folder: for comparisons of many. @module */
import type { tf } from "../engine/mod.ts";
import type {
  Data,
  Experiment,
  Figure,
  LoadContext,
  Measurements,
  Options,
  OptionTable,
} from "./experiment.ts";
import { measureModels, type PrepareModels, prepareModels } from "./measure_models.ts";
import { fit, type FitOptions, mainModel } from "../train/mod.ts";

/** A trained model, which the caller frees, and its numbers. */
export interface TrainedModel {
  model: tf.LayersModel;
  metrics: Measurements["metrics"];
  /** The report's charts, without what mattered in single examples; none unless they were asked for. */
  figures: readonly Figure[];
}

/** Options for {@linkcode trainAndMeasure}. */
export interface TrainAndMeasureOptions {
  /** Whether the report's charts are drawn. @default {false} */
  draw?: boolean;
  /** File of the training's checkpoint: one that was stopped goes on, one that ended gives its model at once. @default {none is kept} */
  checkpoint?: string;
  /** As `fit` takes it. @default {"float32"} */
  precision?: FitOptions["precision"];
  /** Changes the models before training. @default {they are trained as built} */
  prepareModels?: PrepareModels;
}

/** Loads, trains as the experiment's recipe says, and measures on the test examples. */
export async function trainAndMeasure<T extends OptionTable, D extends Data>(
  experiment: Experiment<T, D>,
  options: Options<T>,
  context: LoadContext,
  { draw = false, checkpoint, precision, prepareModels: change }: TrainAndMeasureOptions = {},
): Promise<TrainedModel> {
  const data = await experiment.load(options, context);
  try {
    const { models, recipe } = await prepareModels(experiment, options, data, change);
    const { epochs, batch, seed } = options;
    const kept = checkpoint === undefined ? {} : { checkpoint: { path: checkpoint }, resume: true };
    const { signal } = context, { validation } = data;
    const history = await fit(
      models,
      data.train,
      { ...recipe, validation, epochs, batch, seed, signal, precision, ...kept } as FitOptions,
    );
    signal?.throwIfAborted(); // an interrupted one is not to be measured
    const card = experiment.card(options, data), trained = { models, recipe, history };
    const { results, measured } = await measureModels(experiment, options, data, trained, { card });
    const shown = { ...results, measured, occlusion: () => Promise.resolve([]) };
    const figures = draw ? await experiment.figures(shown, data, options) : [];
    for (const other of Object.values(models).slice(1)) other.dispose();
    return { model: mainModel(models), metrics: measured.metrics, figures };
  } finally {
    data.dispose();
  }
}
