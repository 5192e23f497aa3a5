/** A model's weights as variables, their gradients, and copies of their values. @module */
import { tf } from "../engine/mod.ts";

/** The variable behind a layer's weight, which TensorFlow.js's types hide. */
function variableOf(weight: tf.LayerVariable): tf.Variable {
  return (weight as unknown as { val: tf.Variable }).val;
}

/** Variables that training moves, in the model's order, each once. */
export function trainedVariables(model: tf.LayersModel): tf.Variable[] {
  return [...new Set(model.trainableWeights.map(variableOf))];
}

/** All variables of a model, each once, the moments of batch normalisation included. */
export function allVariables(model: tf.LayersModel): tf.Variable[] {
  return [...new Set(model.weights.map(variableOf))];
}

/** Number of values in the weights that training moves. */
export function countParameters(model: tf.LayersModel): number {
  return model.trainableWeights.reduce(
    (sum, { shape }) => sum + shape.reduce((n, side) => n! * side!, 1)!,
    0,
  );
}

/** Gradient of a loss with respect to each of a list of variables. */
export interface Gradients {
  /** The loss itself. */
  value: tf.Scalar;
  /** One for each variable, in order; zero for a variable that the loss does not depend on. */
  gradients: tf.Tensor[];
  /** By variable, whether the loss depends on it: Keras leaves one alone that it does not reach, decay included. */
  reached: boolean[];
}

/**
 * Gradients of a scalar with respect to variables.
 *
 * @param loss Computes the scalar from the variables.
 * @example Slope of w² at 3
 * ```ts
 * import { startEngine } from "../engine/mod.ts";
 * import { gradientsOf } from "./weights.ts";
 * const tf = await startEngine({ backend: "cpu" });
 * const w = tf.variable(tf.scalar(3));
 * gradientsOf(() => tf.square(w), [w]).gradients[0].dataSync(); // 6
 * ```
 */
export function gradientsOf(loss: () => tf.Scalar, variables: readonly tf.Variable[]): Gradients {
  const { value, grads } = tf.variableGrads(loss, [...variables]);
  const found = variables.map(({ name }) => grads[name] as tf.Tensor | null | undefined);
  return {
    value,
    gradients: found.map((gradient, i) => gradient ?? tf.zerosLike(variables[i])),
    reached: found.map((gradient) => gradient !== null && gradient !== undefined),
  };
}

/** Copies of the variables' values, which later assignments leave alone; the caller's. */
export function copyValues(variables: readonly tf.Variable[]): tf.Tensor[] {
  return tf.tidy(() => variables.map((variable) => tf.clone(variable)));
}

/** Gives variables the values of `tensors`, which stay the caller's. */
export function assignValues(variables: readonly tf.Variable[], tensors: readonly tf.Tensor[]): void {
  tf.tidy(() => variables.forEach((variable, i) => variable.assign(tf.clone(tensors[i]))));
}
