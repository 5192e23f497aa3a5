/** Scores of every example of a set by a model that was not trained on it. @module */
import type { LoadContext } from "../../run/experiment.ts";
import { fit, type Models, predict } from "../../train/mod.ts";
import type { tf } from "../../engine/mod.ts";
import { lenses } from "./experiment.ts";
import { LENS } from "./networks.ts";
import type { LensesData } from "./data.ts";
import type { LensesOptions } from "./options.ts";

/** What cross-validation gives; arrays run in parallel, lenses first, one entry for each example of the set. */
export interface CrossValidated {
  /** Probability of a lens, by the model of the fold in which the example was tested. */
  scores: Float32Array;
  /** 1 lens, 0 other. */
  labels: Float32Array;
  /** The fold in which it was tested. */
  folds: Uint32Array;
}

/** What a single fold is trained with. */
export interface FoldResult {
  model: tf.LayersModel;
  data: LensesData;
  /** Probabilities of the test examples. */
  scores: Float32Array;
}

/** Trains on all folds but one, and scores that one. The model becomes the caller's. */
export async function trainFold(options: LensesOptions, context: LoadContext): Promise<FoldResult> {
  const data = await lenses.load(options, context);
  try {
    const built = lenses.build(options, data) as tf.LayersModel;
    const recipe = lenses.recipe(options, data, { model: built } as Models);
    const { epochs, batch, seed } = options;
    await fit(built, data.train, { ...recipe, epochs, batch, seed, validation: data.validation });
    const predictions = await predict(built, data.test, { preprocessing: data.steps });
    return { model: built, data, scores: predictions[LENS].data };
  } finally {
    data.dispose();
  }
}

/**
 * Trains one model a fold, each on all other folds, and scores every example by the model that has not seen it.
 *
 * @param onFold Called after each fold, with its number.
 */
export async function crossValidate(
  options: LensesOptions,
  context: LoadContext,
  onFold?: (fold: number) => void,
): Promise<CrossValidated> {
  let result: CrossValidated | undefined;
  for (let fold = 0; fold < options.folds; fold++) {
    const { model, data, scores } = await trainFold({ ...options, fold }, context);
    model.dispose();
    result ??= {
      scores: new Float32Array(data.labels.length),
      labels: data.labels,
      folds: new Uint32Array(data.labels.length),
    };
    for (const [i, row] of data.split.test.entries()) {
      result.scores[row] = scores[i];
      result.folds[row] = fold;
    }
    onFold?.(fold);
  }
  return result!;
}
