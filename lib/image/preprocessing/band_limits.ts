import { z } from "../../base/zod.ts";
import { normalizeBands } from "../normalize_bands.ts";
import { axesOf, mapFrames } from "./pixels.ts";
import { checkPerChannel, type StepKind } from "./step.ts";

/**
 * Maps each band from its own [min, max] to [0, 1] and clips; what is not a finite number becomes 0.
 *
 * Source: pyBIA's normalisation.
 */
export interface BandLimitsStep {
  op: "bandLimits";
  /** What becomes 0, one a band. */
  min: number[];
  /** What becomes 1, one a band. */
  max: number[];
}

const limits = z.array(z.number()).min(1);

/** The step "bandLimits". */
export const bandLimits: StepKind<BandLimitsStep> = {
  op: "bandLimits",
  schema: () =>
    z.strictObject({ op: z.literal("bandLimits"), min: limits, max: limits })
      .refine(({ min, max }) => min.length === max.length, "min and max must have one value a band each")
      .refine(({ min, max }) => min.every((low, band) => low < max[band]), "each min must be below its max"),
  pointwise: true,
  shapeAfter({ min }, shape) {
    axesOf(shape);
    checkPerChannel("bandLimits", min, shape);
    return [...shape];
  },
  whiteAfter: () => 1,
  apply: ({ min, max }, pixels) => mapFrames(pixels, (frame) => normalizeBands(frame, { min, max })),
  ops: ({ min, max }) => [
    { op: "replaceNotFinite", value: min },
    { op: "affine", factor: 1, offset: min.map((low) => -low) },
    { op: "affine", factor: min.map((low, band) => 1 / (max[band] - low)), offset: 0 },
    { op: "clip", low: 0, high: 1 },
  ],
};
