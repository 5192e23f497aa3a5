/** Kernels and biases that start, are regularized and are constrained as a layer of TensorFlow.js was asked to. @module */
import type { tf } from "../engine/mod.ts";

type Weighed = Parameters<tf.layers.Layer["addWeight"]>;
type Unnamed = Weighed extends [string, ...infer Rest] ? Rest : never;

/** What is asked of a kernel. */
export interface KernelAsked {
  kernelInitializer: Weighed[3];
  kernelRegularizer: Weighed[4];
  kernelConstraint: Weighed[6];
}

/** What is asked of a bias. */
export interface BiasAsked {
  biasInitializer: Weighed[3];
  biasRegularizer: Weighed[4];
  biasConstraint: Weighed[6];
}

/** What `addWeight` takes of a kernel behind its name. */
export function asKernel(asked: KernelAsked, shape: number[]): Unnamed {
  return [shape, "float32", asked.kernelInitializer, asked.kernelRegularizer, true, asked.kernelConstraint];
}

/** What `addWeight` takes of a bias behind its name. */
export function asBias(asked: BiasAsked, shape: number[]): Unnamed {
  return [shape, "float32", asked.biasInitializer, asked.biasRegularizer, true, asked.biasConstraint];
}

/** What settings say of the weight `from`, as settings of the weight `to`: both are such as "kernel". */
export function askedAs(
  to: string,
  from: string,
  settings: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const asked = ["Initializer", "Regularizer", "Constraint"];
  return Object.fromEntries(asked.map((what) => [`${to}${what}`, settings[`${from}${what}`]]));
}
