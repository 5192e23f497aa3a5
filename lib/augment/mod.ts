/**
 * Augmentation: a list of steps as data, drawn once a batch, applied to every array of it; inside a compiled step or in
 * JavaScript, with the same draws and the same result.
 *
 * ```ts
 * const steps: AugmentationStep[] = [
 *   { op: "flip", horizontal: true, vertical: true },
 *   { op: "shift", most: 3 }, // pixels; whole ones where no step beside it blends
 *   { op: "rotate", degrees: 180, fill: "reflect" }, // the three are one resampling
 *   { op: "cutout", shape: "circle", radius: 5, number: 2 },
 *   { op: "noise", law: "poisson", gain: [1, 4] },
 * ];
 * augmentation(steps).mixes; // false
 * ```
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
