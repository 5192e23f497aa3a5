import { z } from "../../base/zod.ts";
import { windowCounts } from "../window_counts.ts";
import { axesOf, mapFrames } from "./pixels.ts";
import type { StepKind } from "./step.ts";

/** Maps [low, high] to [0, 1] and clips what lies outside; NaN stays NaN. */
export interface WindowStep {
  op: "window";
  low: number;
  high: number;
}

/** The step "window". */
export const window: StepKind<WindowStep> = {
  op: "window",
  schema: () =>
    z.strictObject({ op: z.literal("window"), low: z.number(), high: z.number() })
      .refine((step) => step.low < step.high, "low must be below high"),
  pointwise: true,
  shapeAfter(_step, shape) {
    axesOf(shape);
    return [...shape];
  },
  whiteAfter: () => 1,
  apply: ({ low, high }, pixels) => mapFrames(pixels, (frame) => windowCounts(frame, low, high)),
  // The difference first: where low is far from 0, `value · factor + offset` would lose the digits that count.
  ops: ({ low, high }) => [
    { op: "affine", factor: 1, offset: -low },
    { op: "affine", factor: 1 / (high - low), offset: 0 },
    { op: "clip", low: 0, high: 1 },
  ],
};
