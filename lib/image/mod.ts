/** Pure functions on frames, and preprocessing as data. @module */
export * from "./crop_center.ts";
export * from "./frame.ts";
export * from "./grey.ts";
export * from "./hot_pixels.ts";
export * from "./invert.ts";
export * from "./normalize_bands.ts";
export * from "./remove_isolated_hits.ts";
export * from "./resize.ts";
export * from "./robust_limits.ts";
export * from "./window_counts.ts";
export * from "./preprocessing/mod.ts";
