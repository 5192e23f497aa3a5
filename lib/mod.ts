/**
 * What a notebook or a script needs, in one import.
 *
 * Measurements stand under `evaluate`, as `evaluate.accuracy` is a measured share with its interval and `accuracy` the
 * metric that is watched in training.
 * @module
 */
export * from "./data/fashion.ts";
export * from "./data/labeled_images.ts";
export * from "./data/mnist.ts";
export * from "./data/split.ts";
export * from "./engine/mod.ts";
export * as evaluate from "./evaluate/mod.ts";
export { decodeKeras, type KerasFile, type KerasReadOptions } from "./export/keras_read.ts";
export { encodeKeras, type KerasWriteOptions } from "./export/keras_write.ts";
export { createRng, shuffle } from "./image/rng.ts";
export * from "./models/registry.ts";
export * from "./models/tutorial_cnn.ts";
export * from "./plot/mod.ts";
export * from "./train/mod.ts";
