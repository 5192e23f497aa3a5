/**
 * From a stored model to answers in physics terms: preprocessing, ONNX Runtime, batching, models of a store. No HTTP.
 * @module
 */
export * from "./batcher.ts";
export * from "./compute.ts";
export * from "./compute_pool.ts";
export * from "./models.ts";
export * from "./prepare.ts";
export * from "./rank.ts";
export * from "./raw_array.ts";
export * from "./scorer.ts";
export * from "./session.ts";
export * from "./tensor.ts";
export * from "./value_range.ts";
