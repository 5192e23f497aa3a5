/** What a model takes and gives, by name. @module */
import { tf } from "../engine/mod.ts";

/**
 * The model with its tensors named, which a sequential one does when it is built.
 *
 * @throws {TypeError} If it does not know yet what it takes.
 */
export function builtModel(model: tf.LayersModel): tf.LayersModel {
  if (!(model instanceof tf.Sequential) || model.outputNames?.length > 0) return model;
  if (model.inputs.length === 0) {
    throw new TypeError(`Cannot use model "${model.name}" as its first layer has no inputShape`);
  }
  model.build();
  return model;
}

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
