import { z } from "../../base/zod.ts";
import { invertIfBright as invertFrame } from "../invert.ts";
import { axesOf, mapFrames } from "./pixels.ts";
import type { StepKind } from "./step.ts";

/** `white - value` where the border is bright, so that ink on paper looks like light on dark; judged frame by frame. */
export interface InvertIfBrightStep {
  op: "invertIfBright";
}

/** The step "invertIfBright". */
export const invertIfBright: StepKind<InvertIfBrightStep> = {
  op: "invertIfBright",
  schema: () => z.strictObject({ op: z.literal("invertIfBright") }),
  pointwise: false,
  shapeAfter(_step, shape) {
    axesOf(shape);
    return [...shape];
  },
  whiteAfter: (_step, white) => white,
  apply: (_step, pixels, white) => mapFrames(pixels, (frame) => invertFrame(frame, white)),
  ops: (_step, _shape, white) => [{ op: "invertIfBright", white }],
};
