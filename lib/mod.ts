/**
 * What a notebook or a script needs, in one import.
 *
 * Measurements stand under `evaluate`, as `evaluate.accuracy` is a measured share with its interval and `accuracy` the
 * metric that is watched in training.
 * @module
 */
export * from "./data/cygno.ts";
export * from "./data/fashion.ts";
export * from "./data/labeled_images.ts";
export * from "./data/lazy_images.ts";
export * from "./data/lazy_numbers.ts";
export * from "./data/mnist.ts";
export * from "./data/source.ts";
export * from "./data/split.ts";
export * from "./engine/mod.ts";
export * as evaluate from "./evaluate/mod.ts";
export { findExperiment } from "./experiments/registry.ts";
export { runExperiment, type RunOptions, type RunResult } from "./run/run.ts";
export { decodeKeras, type KerasFile, type KerasReadOptions } from "./export/keras_read.ts";
export { encodeKeras, type KerasWriteOptions } from "./export/keras_write.ts";
export { encodeOnnx, type OnnxWriteOptions } from "./export/onnx_write.ts";
export { createRng, shuffle } from "./base/rng.ts";
export { parsePreprocessing, type PreprocessingStep } from "./image/preprocessing/mod.ts";
export { decodeImage } from "./io/decode_image.ts";
export type { Image } from "./io/image.ts";
export { decodePng, encodePng } from "./io/png.ts";
export * from "./models/registry.ts";
export * from "./models/tutorial_cnn.ts";
export * from "./plot/mod.ts";
export { createScorer, type Result, type Scorer, type ScorerOptions } from "./score/scorer.ts";
export * from "./simulate/cygno_set.ts";
export { type Card, type CardInput, parseCard } from "./card/card.ts";
export { type S3Options, s3OptionsFrom } from "./store/s3.ts";
export { openStore, type Store, type StoreOptions } from "./store/store.ts";
export * from "./train/mod.ts";
