/** What a model takes and gives, by name. @module */
import type { tf } from "../engine/mod.ts";

/**
 * Inputs by name, as a model's list. A single one fits a model of one input whatever its name.
 *
 * @throws {TypeError} If the model takes other inputs than there are, or of another shape.
 */
export function orderInputs<T extends { readonly shape: readonly number[] }>(
  model: tf.LayersModel,
  inputs: Readonly<Record<string, T>>,
): T[] {
  const names = Object.keys(inputs), isSingle = model.inputNames.length === 1 && names.length === 1;
  const missing = isSingle ? [] : model.inputNames.filter((name) => !(name in inputs));
  if (missing.length > 0 || names.length !== model.inputNames.length) {
    throw new TypeError(
      `Cannot give model "${model.name}" the inputs ${names.join(", ")} as it takes ${
        model.inputNames.join(", ")
      }`,
    );
  }
  return model.inputNames.map((name, i) => {
    const given = isSingle ? names[0] : name;
    checkShape(model, given, inputs[given].shape, model.inputs[i].shape);
    return inputs[given];
  });
}

/** Refuses an input of other sides than the model takes; those of the batch, and those that vary, may be any. */
function checkShape(
  model: tf.LayersModel,
  name: string,
  shape: readonly number[],
  wanted: readonly (number | null)[],
): void {
  const [, ...sides] = wanted, [, ...given] = shape;
  const fits = sides.length === given.length && sides.every((side, i) => side === null || side === given[i]);
  if (fits) return;
  throw new TypeError(
    `Cannot give model "${model.name}" input "${name}" as an example of it is [${
      given.join(", ")
    }]: it takes [${sides.map((side) => side ?? "any").join(", ")}]`,
  );
}
