/**
 * The steps of augmentation by their names, and the list of them that stands in a recipe as data.
 * @module
 */
import { z } from "zod";
import { nearest } from "../base/nearest.ts";
import type { Kind } from "./step.ts";
import { blend, blendSchema } from "./steps/blend.ts";
import { blur, blurSchema } from "./steps/blur.ts";
import { centerCrop, centerCropSchema } from "./steps/center_crop.ts";
import { channelDropout, channelDropoutSchema } from "./steps/channel_dropout.ts";
import { cutmix, cutmixSchema } from "./steps/cutmix.ts";
import { cutout, cutoutSchema } from "./steps/cutout.ts";
import { elastic, elasticSchema } from "./steps/elastic.ts";
import { flip, flipSchema } from "./steps/flip.ts";
import { gain, gainSchema } from "./steps/gain.ts";
import { mixup, mixupSchema } from "./steps/mixup.ts";
import { noise, noiseSchema } from "./steps/noise.ts";
import { rotate, rotateSchema } from "./steps/rotate.ts";
import { shear, shearSchema } from "./steps/shear.ts";
import { shift, shiftSchema } from "./steps/shift.ts";
import { skew, skewSchema } from "./steps/skew.ts";
import { zoom, zoomSchema } from "./steps/zoom.ts";

/** Any step with all its parameters. */
export const stepSchema = z.discriminatedUnion("op", [
  blendSchema,
  blurSchema,
  centerCropSchema,
  channelDropoutSchema,
  cutmixSchema,
  cutoutSchema,
  elasticSchema,
  flipSchema,
  gainSchema,
  mixupSchema,
  noiseSchema,
  rotateSchema,
  shearSchema,
  shiftSchema,
  skewSchema,
  zoomSchema,
]);

/** A step as it is written: `{ op: "rotate", degrees: 10 }`. */
export type AugmentationStep = z.input<typeof stepSchema>;
/** A step with its defaults filled in. */
export type ParsedStep = z.output<typeof stepSchema>;

/** What each step does. */
export const KINDS: Readonly<Record<ParsedStep["op"], Kind<ParsedStep>>> = {
  blend,
  blur,
  centerCrop,
  channelDropout,
  cutmix,
  cutout,
  elastic,
  flip,
  gain,
  mixup,
  noise,
  rotate,
  shear,
  shift,
  skew,
  zoom,
} as Readonly<Record<ParsedStep["op"], Kind<ParsedStep>>>;

/**
 * Checks a list of steps and fills in their defaults.
 *
 * @param value A list, as from a recipe or a file.
 * @throws {TypeError} If it is not a list of steps; the step and its parameter are named.
 * @example
 * ```ts
 * parseAugmentation([{ op: "rotate", degrees: 10 }]);
 * // [{ op: "rotate", degrees: 10, fill: "constant", value: 0, interpolation: "bilinear" }]
 * ```
 */
export function parseAugmentation(value: unknown): ParsedStep[] {
  if (!Array.isArray(value)) {
    throw new TypeError(`Cannot read augmentation as it must be a list of steps: got ${typeof value}`);
  }
  return value.map((step: unknown, i) => {
    const op = typeof step === "object" && step !== null && "op" in step ? step.op : undefined;
    if (typeof op !== "string" || !(op in KINDS)) {
      const near = nearest(String(op), Object.keys(KINDS));
      throw new TypeError(
        `Cannot read step ${i + 1} of augmentation as its op must be one of ${
          Object.keys(KINDS).join(", ")
        }: ` +
          `got ${JSON.stringify(op)}${near ? ` (nearest: "${near}")` : ""}`,
      );
    }
    const { success, data, error } = stepSchema.safeParse(step);
    if (success) return data;
    const faults = error.issues.map(({ path, message }) =>
      path.length > 0 ? `${path.join(".")}: ${message}` : message
    );
    throw new TypeError(`Cannot read step ${i + 1} of augmentation as "${op}": ${faults.join("; ")}`);
  });
}
