/** What every training of an experiment begins and ends with, in a run's folder or without one. @module */
import { type History, mainModel, type Models, modelsOf, type PredictOptions } from "../train/mod.ts";
import type { CardParts, Data, Experiment, Options, OptionTable, Recipe } from "./experiment.ts";
import { predictNamed } from "./named_predictions.ts";

/** Changes models before training, or gives others to train: weights of another run, frozen layers. */
export type PrepareModels = (models: Models) => void | Models | Promise<void | Models>;

/** Models and recipe of a training. */
export async function prepareModels<T extends OptionTable, D extends Data>(
  experiment: Experiment<T, D>,
  options: Options<T>,
  data: D,
  change?: PrepareModels,
): Promise<{ models: Models; recipe: Recipe }> {
  const built = modelsOf(experiment.build(options, data));
  const models = await change?.(built) ?? built;
  return { models, recipe: experiment.recipe(options, data, models) };
}

/** What was trained. */
export interface Trained {
  models: Models;
  recipe: Recipe;
  history: History;
}

/** Calibrates what was trained, and measures it on the test examples. @throws {unknown} The signal's reason between two of its parts. */
export async function measureModels<T extends OptionTable, D extends Data>(
  experiment: Experiment<T, D>,
  options: Options<T>,
  data: D,
  { models, recipe, history }: Trained,
  { card, shards, signal }: { card: Pick<CardParts, "outputs"> } & Pick<PredictOptions, "shards" | "signal">,
) {
  await experiment.calibrate?.(models, data, options);
  const preprocessing = "preprocessing" in recipe ? recipe.preprocessing : undefined;
  const predictions = await predictNamed(mainModel(models), data.test, card, {
    preprocessing,
    shards,
    signal,
  });
  const results = { predictions, history, models };
  signal?.throwIfAborted();
  return { results, measured: await experiment.evaluate(predictions, data, options, results) };
}
