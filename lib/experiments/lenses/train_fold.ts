/** One fold of a cross-validation: a model of all others, and what it says of this one. @module */
import type { LoadContext } from "../../run/experiment.ts";
import { fit, type Models, predict } from "../../train/mod.ts";
import type { tf } from "../../engine/mod.ts";
import { lenses } from "./experiment.ts";
import { LENS } from "./networks.ts";
import type { LensesData } from "./data.ts";
import type { LensesOptions } from "./options.ts";

/** What a single fold is trained with. */
export interface FoldResult {
  model: tf.LayersModel;
  data: LensesData;
  /** Probabilities of the test examples. */
  scores: Float32Array;
}

/**
 * Trains on all folds but one, and scores that one. The model becomes the caller's.
 *
 * @throws What the context's signal was aborted with, after the step that was under way.
 */
export async function trainFold(options: LensesOptions, context: LoadContext): Promise<FoldResult> {
  const data = await lenses.load(options, context);
  try {
    const built = lenses.build(options, data) as tf.LayersModel;
    const recipe = lenses.recipe(options, data, { model: built } as Models);
    const { epochs, batch, seed } = options, { validation } = data, { signal } = context;
    try {
      await fit(built, data.train, { ...recipe, epochs, batch, seed, validation, signal });
      signal?.throwIfAborted(); // one that was stopped says nothing
      const predictions = await predict(built, data.test, { preprocessing: data.steps });
      return { model: built, data, scores: predictions[LENS].data };
    } catch (error) {
      built.dispose();
      throw error;
    }
  } finally {
    data.dispose();
  }
}
