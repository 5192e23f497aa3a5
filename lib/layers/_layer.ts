/** What the classes of layers in this room share. @module */
import type { tf } from "../engine/mod.ts";

/** What `call` and `build` of a layer get. */
export type OneOrMany<T> = T | T[];

/** What `apply` of a layer takes and gives: tensors, or places for them in a model. */
export type Applied = tf.Tensor | tf.Tensor[] | tf.SymbolicTensor | tf.SymbolicTensor[];

/** The one tensor or shape that a layer takes. */
export function only<T extends tf.Tensor>(inputs: OneOrMany<tf.Tensor>): T {
  return (Array.isArray(inputs) ? inputs[0] : inputs) as T;
}

/** The one shape that a layer takes. */
export function onlyShape(shape: OneOrMany<tf.Shape>): tf.Shape {
  return (Array.isArray(shape[0]) ? shape[0] : shape) as tf.Shape;
}

/** A list of as many numbers as there are axes, from one number or a list. */
export function perAxis(
  value: number | readonly number[] | undefined,
  rank: number,
  otherwise: number,
): number[] {
  if (value === undefined) return Array(rank).fill(otherwise);
  return typeof value === "number" ? Array(rank).fill(value) : [...value];
}

/** Checks an input's rank. @throws {TypeError} If it differs; layer and shape are named. */
export function checkRank(layer: tf.layers.Layer, shape: tf.Shape, rank: number): void {
  if (shape.length === rank) return;
  throw new TypeError(
    `Cannot build layer "${layer.name}" (${layer.getClassName()}) as its input must have ${rank} axes: got ${
      JSON.stringify(shape)
    }`,
  );
}

/** Checks that an input's rows, columns and channels are known. @throws {TypeError} If one is open; layer and shape are named. */
export function checkKnownSides(layer: tf.layers.Layer, shape: tf.Shape): void {
  if (!shape.slice(1).includes(null)) return;
  throw new TypeError(
    `Cannot build layer "${layer.name}" (${layer.getClassName()}) as rows and columns must be known: got ${
      JSON.stringify(shape)
    }`,
  );
}

/** Checks that a setting is a whole number of at least 1. @throws {RangeError} If it is not; it is named. */
export function checkCount(className: string, name: string, value: number): number {
  if (Number.isInteger(value) && value >= 1) return value;
  throw new RangeError(`Cannot make ${className} as ${name} must be a whole number from 1 on: got ${value}`);
}

/** Checks that a setting is a list of positive numbers, and copies it. @throws {RangeError} If it is not; it is named. */
export function checkPositives(className: string, name: string, values: readonly number[]): number[] {
  if (values.length > 0 && values.every((value) => value > 0)) return [...values];
  throw new RangeError(
    `Cannot make ${className} as ${name} must be positive numbers: got ${JSON.stringify(values)}`,
  );
}

/** The size of the last axis. @throws {TypeError} If it is open. */
export function channelsOf(layer: tf.layers.Layer, shape: tf.Shape): number {
  const channels = shape.at(-1);
  if (typeof channels === "number") return channels;
  throw new TypeError(
    `Cannot build layer "${layer.name}" (${layer.getClassName()}) as its last axis must have a known size: got ${
      JSON.stringify(shape)
    }`,
  );
}

/** A layer inside a layer, as the outer one's settings tell it. */
export function innerConfig(
  layer: tf.layers.Layer,
): { className: string; config: tf.serialization.ConfigDict } {
  return { className: layer.getClassName(), config: layer.getConfig() };
}

/** Settings that every layer takes. */
export interface LayerConfig {
  name?: string;
  trainable?: boolean;
  inputShape?: readonly (number | null)[];
}

/** The base class's own settings. */
export function baseConfig(
  config: LayerConfig,
): { name?: string; trainable?: boolean; inputShape?: tf.Shape } {
  const { name, trainable, inputShape } = config;
  return {
    ...(name === undefined ? {} : { name }),
    ...(trainable === undefined ? {} : { trainable }),
    ...(inputShape === undefined ? {} : { inputShape: [...inputShape] }),
  };
}
