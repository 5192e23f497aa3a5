/**
 * Augmentation: a list of steps as data, drawn once a batch, applied to every array of it; inside a compiled step or in
 * JavaScript, with the same draws and the same result.
 * @module
 */
export {
  type Aligned,
  type AlignedTensor,
  type Augmentation,
  augmentation,
  type Draws,
} from "./augmentation.ts";
export {
  type AlignedArray,
  type AlignedArrays,
  applyDraws,
  type BatchArray,
  type DrawArrays,
  sampleDraws,
} from "./draws.ts";
export type { DrawnArray } from "./laws.ts";
export type { Motion } from "./motion.ts";
export type { ArraySite, Fill, Role } from "./step.ts";
export { type AugmentationStep, parseAugmentation, type ParsedStep } from "./steps.ts";
export {
  applyPybia,
  type AugmentedSet,
  augmentPybia,
  type ImageSet,
  type PybiaBlend,
  type PybiaDraws,
  type PybiaMasks,
  type PybiaMove,
  type PybiaOptions,
  type PybiaSkew,
  samplePybia,
} from "./pybia.ts";
