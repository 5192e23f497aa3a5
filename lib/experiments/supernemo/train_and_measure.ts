/** One training of an experiment and what it reaches, without a run's folder: for comparisons of many. @module */
import type { tf } from "../../engine/mod.ts";
import type {
  Data,
  Experiment,
  LoadContext,
  Measurements,
  Options,
  OptionTable,
} from "../../run/experiment.ts";
import { predictNamed } from "../../run/named_predictions.ts";
import { fit, type FitOptions } from "../../train/mod.ts";

/** A trained model, which the caller frees, and its numbers. */
export interface TrainedModel {
  model: tf.LayersModel;
  metrics: Measurements["metrics"];
}

/** Loads, trains as the experiment's recipe says, and measures on the test examples. */
export async function trainAndMeasure<T extends OptionTable, D extends Data>(
  experiment: Experiment<T, D>,
  options: Options<T>,
  context: LoadContext,
): Promise<TrainedModel> {
  const data = await experiment.load(options, context);
  try {
    const model = experiment.build(options, data) as tf.LayersModel, models = { model };
    const { epochs, batch, seed } = options, recipe = experiment.recipe(options, data, models);
    const history = await fit(models, data.train, { ...recipe, epochs, batch, seed } as FitOptions);
    const predictions = await predictNamed(model, data.test, experiment.card(options, data));
    const results = { predictions, history, models };
    const { metrics } = await experiment.evaluate(predictions, data, options, results);
    return { model, metrics };
  } finally {
    data.dispose();
  }
}
