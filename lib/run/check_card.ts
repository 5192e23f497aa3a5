/** The card of a model to come, checked before hours of training are spent on it. @module */
import { type Card, parseCard } from "../card/mod.ts";
import type { Source } from "../data/source.ts";
import type { tf } from "../engine/mod.ts";
import { shapeAfter } from "../image/preprocessing/mod.ts";
import type { CardParts } from "./experiment.ts";

/**
 * Parses what an experiment says of its model, and holds it against the model and the examples that it will be measured on.
 *
 * @param name Name of the experiment, which is the model's.
 * @returns The card, without metrics and files.
 * @throws {TypeError} If a field is wrong, or the card's inputs or outputs are not the model's.
 */
export function checkCard(name: string, parts: CardParts, model: tf.LayersModel, test: Source): Card {
  const card = parseCard(
    { format: "cloudchamber-model/1", name, experiment: name, created: new Date().toISOString(), ...parts },
    `the card of ${name}`,
  );
  const count = (what: string, wanted: number, got: number) => {
    if (wanted === got) return;
    throw new TypeError(
      `Cannot train "${name}" as its model has ${wanted} ${what}: its card describes ${got}`,
    );
  };
  count("inputs", model.inputs.length, card.inputs.length);
  count("outputs", model.outputs.length, card.outputs.length);
  card.inputs.forEach((input, i) => {
    const wanted = model.inputs[i].shape.slice(1);
    if (String(wanted) !== String(input.shape)) {
      throw new TypeError(
        `Cannot train "${name}" as its model takes [${wanted}] as "${input.name}": its card says [${input.shape}]`,
      );
    }
  });
  checkPreprocessing(card, test);
  return card;
}

/** Whether the card's steps bring the source's arrays to the model's inputs. */
function checkPreprocessing(card: Card, test: Source): void {
  Object.values(test.inputs).forEach(({ shape, applied = 0 }, i) => {
    const input = card.inputs[i];
    const steps = (input?.preprocessing ?? (i === 0 ? card.preprocessing : [])).slice(applied);
    const after = steps.length === 0 ? shape : shapeAfter(steps, shape);
    if (input && String(after) !== String(input.shape)) {
      throw new TypeError(
        `Cannot train "${card.name}" as its preprocessing makes [${after}] of [${shape}]: ` +
          `input "${input.name}" is [${input.shape}]`,
      );
    }
  });
}
