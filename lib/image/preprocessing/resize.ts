import { z } from "../../base/zod.ts";
import { resize as resizeFrame, resizeWeights } from "../resize.ts";
import { axesOf, mapFrames } from "./pixels.ts";
import type { PrimitiveOp } from "./primitive_op.ts";
import { side, type StepKind } from "./step.ts";

/** To another size, bilinear, without aliasing. */
export interface ResizeStep {
  op: "resize";
  height: number;
  width: number;
}

/** The step "resize". */
export const resize: StepKind<ResizeStep> = {
  op: "resize",
  schema: () => z.strictObject({ op: z.literal("resize"), height: side, width: side }),
  pointwise: false,
  shapeAfter({ height, width }, shape) {
    const { before, channels } = axesOf(shape);
    return [...before, height, width, channels];
  },
  whiteAfter: (_step, white) => white,
  apply({ height, width }, pixels) {
    const from = axesOf(pixels.shape);
    if (from.height === height && from.width === width) return pixels;
    return mapFrames(pixels, (frame) => resizeFrame(frame, height, width));
  },
  ops({ height, width }, shape) {
    const from = axesOf(shape), ops: PrimitiveOp[] = [];
    const weigh = (axis: number, old: number, to: number) => {
      if (old !== to) ops.push({ op: "weigh", axis, from: old, to, weights: resizeWeights(old, to) });
    };
    weigh(shape.length - 2, from.width, width);
    weigh(shape.length - 3, from.height, height);
    return ops;
  },
};
