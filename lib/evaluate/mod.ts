/** Numbers that say how good a model is, each with its interval; no drawing. @module */
export * from "./accuracy.ts";
export * from "./auc.ts";
export * from "./bootstrap.ts";
export * from "./calibration.ts";
export * from "./clopper_pearson.ts";
export * from "./confusion_matrix.ts";
export type { ConfidenceOptions, Estimate, Interval, ResamplingOptions } from "./estimate.ts";
export * from "./frechet.ts";
export * from "./histogram.ts";
export * from "./label_sets.ts";
export * from "./proportion.ts";
export * from "./regression.ts";
export * from "./roc_band.ts";
export * from "./roc_curve.ts";
export * from "./roc_per_class.ts";
export * from "./segmentation.ts";
export * from "./working_points.ts";
