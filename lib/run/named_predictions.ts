/** What a model says of examples, by the names that its card gives what it says. @module */
import type { Source } from "../data/source.ts";
import type { tf } from "../engine/mod.ts";
import { predict, type Predictions, type PredictOptions } from "../train/mod.ts";
import type { CardParts } from "./experiment.ts";

/**
 * The outputs of a model for every example, in the source's order.
 *
 * @param card Its outputs, in the model's order.
 * @returns Values [size, …] by the card's names, whatever the model's layers are called.
 */
export async function predictNamed(
  model: tf.LayersModel,
  source: Source,
  { outputs }: Pick<CardParts, "outputs">,
  options: PredictOptions = {},
): Promise<Predictions> {
  const predictions = await predict(model, source, options);
  return Object.fromEntries(outputs.map(({ name }, i) => [name, predictions[model.outputNames[i]]]));
}
