/** Settings and fixed options that several layers share in Keras's files. @module */
import { tf } from "../engine/mod.ts";
import type { Json, SettingKind } from "./keras_settings.ts";

/** Fields by name. */
export type Fields = Record<string, SettingKind>;

/** Channels stand last. */
export const LAST: Readonly<Record<string, Json>> = { data_format: "channels_last" };

/** Nothing is added to the loss for what a layer gives. */
export const QUIET: Readonly<Record<string, Json>> = { activity_regularizer: null };

/** How each of these weights starts, and what is asked of it. */
export function trained(...names: string[]): Fields {
  return Object.fromEntries(names.flatMap((name): [string, SettingKind][] => [
    [`${name}Initializer`, "initializer"],
    [`${name}Regularizer`, "regularizer"],
    [`${name}Constraint`, "constraint"],
  ]));
}

/** A window that moves. */
export const WINDOW: Fields = { kernelSize: "integers", strides: "integers", padding: "padding" };

/** What comes behind the product with the kernel. */
export const BIASED: Fields = { activation: "activation", useBias: "boolean", ...trained("bias") };

/** One of TensorFlow.js's own builders; what is handed to it has been checked field by field. */
export function stock(name: string): (settings: Record<string, unknown>) => tf.layers.Layer {
  const layers = tf.layers as unknown as Record<string, (settings: object) => tf.layers.Layer>;
  return (settings) => layers[name](settings);
}
