/**
 * The steps of augmentation by their names, and the list of them that stands in a recipe as data.
 * @module
 */
import type { z } from "../base/zod.ts";
import { nearest } from "../base/nearest.ts";
import type { Kind } from "./step.ts";
import { type Blend, blend, blendSchema } from "./steps/blend.ts";
import { type Blur, blur, blurSchema } from "./steps/blur.ts";
import { type CenterCrop, centerCrop, centerCropSchema } from "./steps/center_crop.ts";
import { type ChannelDropout, channelDropout, channelDropoutSchema } from "./steps/channel_dropout.ts";
import { type Cutmix, cutmix, cutmixSchema } from "./steps/cutmix.ts";
import { type Cutout, cutout, cutoutSchema } from "./steps/cutout.ts";
import { type Elastic, elastic, elasticSchema } from "./steps/elastic.ts";
import { type Flip, flip, flipSchema } from "./steps/flip.ts";
import { type Gain, gain, gainSchema } from "./steps/gain.ts";
import { type Mixup, mixup, mixupSchema } from "./steps/mixup.ts";
import { type Noise, noise, noiseSchema } from "./steps/noise.ts";
import { type Rotate, rotate, rotateSchema } from "./steps/rotate.ts";
import { type Shear, shear, shearSchema } from "./steps/shear.ts";
import { type Shift, shift, shiftSchema } from "./steps/shift.ts";
import { type Skew, skew, skewSchema } from "./steps/skew.ts";
import { type Zoom, zoom, zoomSchema } from "./steps/zoom.ts";

/** A step with its defaults filled in. */
export type ParsedStep =
  | Blend
  | Blur
  | CenterCrop
  | ChannelDropout
  | Cutmix
  | Cutout
  | Elastic
  | Flip
  | Gain
  | Mixup
  | Noise
  | Rotate
  | Shear
  | Shift
  | Skew
  | Zoom;

/** Any step with all its parameters. */
const SCHEMAS = {
  blend: blendSchema,
  blur: blurSchema,
  centerCrop: centerCropSchema,
  channelDropout: channelDropoutSchema,
  cutmix: cutmixSchema,
  cutout: cutoutSchema,
  elastic: elasticSchema,
  flip: flipSchema,
  gain: gainSchema,
  mixup: mixupSchema,
  noise: noiseSchema,
  rotate: rotateSchema,
  shear: shearSchema,
  shift: shiftSchema,
  skew: skewSchema,
  zoom: zoomSchema,
};

/** A step as it is written: `{ op: "rotate", degrees: 10 }`. */
export type AugmentationStep =
  | z.input<typeof blendSchema>
  | z.input<typeof blurSchema>
  | z.input<typeof centerCropSchema>
  | z.input<typeof channelDropoutSchema>
  | z.input<typeof cutmixSchema>
  | z.input<typeof cutoutSchema>
  | z.input<typeof elasticSchema>
  | z.input<typeof flipSchema>
  | z.input<typeof gainSchema>
  | z.input<typeof mixupSchema>
  | z.input<typeof noiseSchema>
  | z.input<typeof rotateSchema>
  | z.input<typeof shearSchema>
  | z.input<typeof shiftSchema>
  | z.input<typeof skewSchema>
  | z.input<typeof zoomSchema>;

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
    const schema: z.ZodType<ParsedStep> = SCHEMAS[op as ParsedStep["op"]];
    const { success, data, error } = schema.safeParse(step);
    if (success) return data;
    const faults = error.issues.map(({ path, message }) =>
      path.length > 0 ? `${path.join(".")}: ${message}` : message
    );
    throw new TypeError(`Cannot read step ${i + 1} of augmentation as "${op}": ${faults.join("; ")}`);
  });
}
