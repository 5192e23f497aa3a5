import { z } from "../../base/zod.ts";
import { centeredStart, cropCenter as cropFrame } from "../crop_center.ts";
import { axesOf, mapFrames, shapeText } from "./pixels.ts";
import { side, type StepKind } from "./step.ts";

/** Cuts a square out of the middle. */
export interface CropCenterStep {
  op: "cropCenter";
  size: number;
}

/** The step "cropCenter". */
export const cropCenter: StepKind<CropCenterStep> = {
  op: "cropCenter",
  schema: () => z.strictObject({ op: z.literal("cropCenter"), size: side }),
  pointwise: false,
  shapeAfter({ size }, shape) {
    const { before, height, width, channels } = axesOf(shape);
    if (size > height || size > width) {
      throw new RangeError(
        `Cannot apply "cropCenter" as ${size} × ${size} pixels must lie inside the picture: it is ${
          shapeText(shape)
        }`,
      );
    }
    return [...before, size, size, channels];
  },
  whiteAfter: (_step, white) => white,
  apply({ size }, pixels) {
    const { height, width } = axesOf(pixels.shape);
    if (height === size && width === size) return pixels;
    return mapFrames(pixels, (frame) => ({ ...frame, ...cropFrame(frame, size) }));
  },
  ops({ size }, shape) {
    const { before, height, width, channels } = axesOf(shape);
    if (height === size && width === size) return [];
    const begin = [...before.map(() => 0), centeredStart(height, size), centeredStart(width, size), 0];
    return [{ op: "slice", begin, size: [...before, size, size, channels] }];
  },
};
