import { z } from "../../base/zod.ts";
import type { CropKind } from "../step.ts";

/** Cuts the middle out; after steps that move, in the same resampling. */
export interface CenterCrop {
  op: "centerCrop";
  /** Side in pixels, or rows and columns. */
  size: number | [rows: number, columns: number];
}

/** Checks {@linkcode CenterCrop}. */
export const centerCropSchema: z.ZodType<CenterCrop, CenterCrop> = z.strictObject({
  op: z.literal("centerCrop"),
  size: z.union([z.int().positive(), z.tuple([z.int().positive(), z.int().positive()])]),
});

/** Cuts; the spare row of an odd margin is dropped below, the spare column to the right. */
export const centerCrop: CropKind<CenterCrop> = {
  kind: "crop",
  size: ({ size }) => typeof size === "number" ? [size, size] : size,
};
