/** Numbers to Vega-Lite charts, and charts to SVG, PNG, a page, a notebook. @module */
export * from "./calibration.ts";
export * from "./confusion.ts";
export * from "./epoch_curves.ts";
export * from "./image_grid.ts";
export * from "./learning_curve.ts";
export * from "./notebook.ts";
export * from "./picture.ts";
export * from "./prediction_grid.ts";
export * from "./regression.ts";
export * from "./render.ts";
export * from "./report.ts";
export * from "./response.ts";
export * from "./roc.ts";
export * from "./spec.ts";
export * from "./value_histogram.ts";
export * from "./worst_events.ts";
