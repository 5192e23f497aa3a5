/** The model for a user's images: an architecture by its input, a head by what is learned. @module */
import type { Labels } from "../../data/own/mod.ts";
import { tf } from "../../engine/mod.ts";
import { buildModel } from "../../models/registry.ts";
import type { Plan } from "./plan.ts";

/** The architecture for an input, where none is asked for. */
export function chooseModel({ kind }: Pick<Plan, "kind">): string {
  return kind === "volume" ? "conv3d_net" : "compact_resnet";
}

/** Mean and spread of values; the spread is at least a little above 0. */
export function momentsOf(values: ArrayLike<number>): { mean: number; spread: number } {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  const mean = sum / values.length;
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += (values[i] - mean) ** 2;
  return { mean, spread: Math.max(Math.sqrt(squares / values.length), 1e-12) };
}

/**
 * Builds the model: a softmax over the classes, a sigmoid for each label, or one value in its own units.
 *
 * @param training Labels of the training images; a value's mean and spread become the last layer's offset and factor.
 */
export function buildOwnModel(
  name: string,
  plan: Plan,
  labels: Labels,
  training: ArrayLike<number>,
  seed: number,
): tf.LayersModel {
  const architecture = name === "auto" ? chooseModel(plan) : name;
  const base = buildModel(architecture, {
    inputShape: plan.shape,
    classes: labels.task === "classes" ? labels.names.length : 2,
    seed,
  });
  if (labels.task === "classes") return base;
  const features = base.layers[base.layers.length - 1].input as tf.SymbolicTensor;
  const kernelInitializer = tf.initializers.glorotUniform({ seed: seed + 101 });
  if (labels.task === "labels") {
    const units = labels.names.length;
    const output = tf.layers.dense({ units, activation: "sigmoid", kernelInitializer, name: "labels" })
      .apply(features) as tf.SymbolicTensor;
    return tf.model({ inputs: base.inputs, outputs: output, name: architecture });
  }
  const { mean, spread } = momentsOf(training);
  const standard = tf.layers.dense({ units: 1, kernelInitializer, name: "standard" }).apply(features);
  const output = tf.layers.rescaling({ scale: spread, offset: mean, name: "value" })
    .apply(standard) as tf.SymbolicTensor;
  return tf.model({ inputs: base.inputs, outputs: output, name: architecture });
}
