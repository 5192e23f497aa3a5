/** What a model takes and gives, by name. @module */
import type { tf } from "../engine/mod.ts";

/**
 * Inputs by name, as a model's list. A single one fits a model of one input whatever its name.
 *
 * @throws {TypeError} If the model takes other inputs than there are.
 */
export function orderInputs<T>(model: tf.LayersModel, inputs: Readonly<Record<string, T>>): T[] {
  const names = Object.keys(inputs);
  if (model.inputNames.length === 1 && names.length === 1) return [inputs[names[0]]];
  const missing = model.inputNames.filter((name) => !(name in inputs));
  if (missing.length > 0 || names.length !== model.inputNames.length) {
    throw new TypeError(
      `Cannot give model "${model.name}" the inputs ${names.join(", ")} as it takes ${
        model.inputNames.join(", ")
      }`,
    );
  }
  return model.inputNames.map((name) => inputs[name]);
}
