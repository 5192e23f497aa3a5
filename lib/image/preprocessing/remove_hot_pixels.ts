import { z } from "../../base/zod.ts";
import { removeHotPixels as removeFromFrame } from "../hot_pixels.ts";
import { axesOf, mapFrames } from "./pixels.ts";
import type { StepKind } from "./step.ts";

/** A pixel brighter than all its eight neighbours by more than `above` becomes as bright as the brightest of them. */
export interface RemoveHotPixelsStep {
  op: "removeHotPixels";
  /** In the values' units. */
  above: number;
}

/** The step "removeHotPixels". */
export const removeHotPixels: StepKind<RemoveHotPixelsStep> = {
  op: "removeHotPixels",
  schema: () => z.strictObject({ op: z.literal("removeHotPixels"), above: z.number().positive() }),
  pointwise: false,
  shapeAfter(_step, shape) {
    axesOf(shape);
    return [...shape];
  },
  whiteAfter: (_step, white) => white,
  apply: ({ above }, pixels) => mapFrames(pixels, (frame) => removeFromFrame(frame, above)),
  ops({ above }, shape) {
    const { height, width } = axesOf(shape);
    return height < 3 || width < 3 ? [] : [{ op: "removeHotPixels", above }];
  },
};
