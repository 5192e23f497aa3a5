/** A first state of a recurrent layer: tensors that it begins with, from another one for instance. @module */
import type { tf } from "../engine/mod.ts";
import type { Applied, OneOrMany } from "./_layer.ts";

/** What `apply` of a layer is told besides its inputs. */
export type Told = Record<string, unknown> & { initialState?: unknown };

/**
 * Inputs and options of `apply` as TensorFlow.js's own recurrent layers have them: the states among the inputs, by which
 * a model knows what the call waits for and where it puts their values, and once more among the options, where `call`
 * takes them.
 */
export function withFirstState(inputs: Applied, told: Told = {}): [inputs: Applied, told: Told] {
  const [x, ...given] = [inputs].flat();
  const states = given.length > 0 ? given : [told.initialState ?? []].flat();
  if (states.length === 0) return [inputs, told];
  return [[x, ...states] as Applied, { ...told, initialState: states }];
}

/** Checks the shapes of first states behind the series'. @throws {TypeError} If they are not the layer's; both are named. */
export function checkFirstState(
  layer: tf.layers.Layer,
  inputShape: OneOrMany<tf.Shape>,
  wanted: readonly tf.Shape[],
): void {
  if (!Array.isArray(inputShape[0])) return;
  const sides = (shapes: readonly tf.Shape[]) => JSON.stringify(shapes.map(([, ...rest]) => rest));
  const given = inputShape.slice(1) as tf.Shape[];
  if (given.length === 0 || sides(given) === sides(wanted)) return;
  throw new TypeError(
    `Cannot build layer "${layer.name}" (${layer.getClassName()}) as its first states must be of shapes ` +
      `${sides(wanted)}: got ${sides(given)}`,
  );
}
