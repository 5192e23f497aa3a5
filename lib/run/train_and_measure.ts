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
import { predictNamed } from "./named_predictions.ts";
import { fit, type FitOptions, mainModel, modelsOf } from "../train/mod.ts";

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
}

/** Loads, trains as the experiment's recipe says, and measures on the test examples. */
export async function trainAndMeasure<T extends OptionTable, D extends Data>(
  experiment: Experiment<T, D>,
  options: Options<T>,
  context: LoadContext,
  { draw = false }: TrainAndMeasureOptions = {},
): Promise<TrainedModel> {
  const data = await experiment.load(options, context);
  try {
    const models = modelsOf(experiment.build(options, data)), model = mainModel(models);
    const { epochs, batch, seed } = options, recipe = experiment.recipe(options, data, models);
    const history = await fit(models, data.train, { ...recipe, epochs, batch, seed } as FitOptions);
    const preprocessing = "preprocessing" in recipe ? recipe.preprocessing : undefined;
    const card = experiment.card(options, data);
    const predictions = await predictNamed(model, data.test, card, { preprocessing });
    const results = { predictions, history, models };
    const measured = await experiment.evaluate(predictions, data, options, results);
    const shown = { ...results, measured, occlusion: () => Promise.resolve([]) };
    const figures = draw ? await experiment.figures(shown, data, options) : [];
    for (const other of Object.values(models).slice(1)) other.dispose();
    return { model, metrics: measured.metrics, figures };
  } finally {
    data.dispose();
  }
}
