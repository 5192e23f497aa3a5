/** Sources of training examples, lazy collections of events, splits, and one data set a file. @module */
export * from "./cygno.ts";
export * from "./ecal.ts";
export * from "./fashion.ts";
export * from "./labeled_images.ts";
export * from "./lazy_images.ts";
export * from "./lazy_numbers.ts";
export * from "./lenses.ts";
export * from "./made_once.ts";
export * from "./mnist.ts";
export * from "./source.ts";
export * from "./sparse_images.ts";
export * from "./split.ts";
export * from "./supernemo.ts";
export * from "../image/tracker_events.ts";
export * from "../image/tracker_points.ts";
export * from "../image/tracker_views.ts";
