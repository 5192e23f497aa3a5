/** Labelled images of a user's own. @module */
export type { FindOptions, Part } from "./found_set.ts";
export * from "./labels.ts";
export * from "./own_images.ts";
export type { OwnImage, OwnPixels } from "./stacks.ts";
