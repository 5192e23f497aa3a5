/**
 * What a notebook or a script needs, in one import: a namespace a room, and the names that a first script begins with.
 *
 * @example Train on arrays
 * ```ts
 * import { fit, fromArrays, startEngine, tf, train } from "./mod.ts";
 * await startEngine({ backend: "cpu" });
 * const model = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [1] })] });
 * const x = { data: Float32Array.of(-1, 1), shape: [2, 1] }, y = { data: Int32Array.of(0, 1), shape: [2] };
 * (await fit(model, fromArrays(x, y), { loss: train.crossEntropy(), epochs: 2 })).epochs.length; // 2
 * ```
 * @module
 */
export * as augment from "./augment/mod.ts";
/** Data sets, sources of examples, and splits. */
export * as data from "./data/mod.ts";
export * as engine from "./engine/mod.ts";
/** Numbers with intervals: accuracy, ROC, calibration, segmentation, regression. */
export * as evaluate from "./evaluate/mod.ts";
/** The experiments that `train` knows, by name. */
export * as experiments from "./experiments/registry.ts";
/** Pure functions on frames, and preprocessing as data. */
export * as image from "./image/mod.ts";
/** File formats: bytes in, typed arrays out, and back. */
export * as io from "./io/mod.ts";
export * as layers from "./layers/mod.ts";
/** Architectures, by file and by name. */
export * as models from "./models/mod.ts";
/** Numbers to charts; charts to SVG, PNG and HTML. */
export * as plot from "./plot/mod.ts";
/** An experiment's contract, its runs and their folders. */
export * as run from "./run/mod.ts";
export * as score from "./score/mod.ts";
/** Searches over options: spaces, samplers, pruners, studies. */
export * as search from "./search/mod.ts";
/** Seeded simulators that write the experiments' own formats. */
export * as simulate from "./simulate/mod.ts";
/** Model versions in a folder or a bucket. */
export * as store from "./store/mod.ts";
/** Losses, metrics, optimizers, schedules, steps and the loop that drives them. */
export * as train from "./train/mod.ts";

export { createRng, shuffle } from "./base/rng.ts";
export { fromArrays, type NdArray, type Source, subset } from "./data/source.ts";
export { engineReport, startEngine, tf } from "./engine/mod.ts";
export { decodeKeras, encodeKeras, encodeOnnx, readKeras } from "./export/mod.ts";
export { Classifier } from "./experiments/lenses/classifier.ts";
export { buildModel } from "./models/registry.ts";
export { display } from "./plot/notebook.ts";
export { defineExperiment } from "./run/experiment.ts";
export { runExperiment } from "./run/run.ts";
export { createScorer } from "./score/scorer.ts";
export { openStore } from "./store/store.ts";
export { fit, predict } from "./train/mod.ts";
