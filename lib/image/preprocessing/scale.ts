import { z } from "../../base/zod.ts";
import { axesOf, emptyLike } from "./pixels.ts";
import type { StepKind } from "./step.ts";

/** `value · factor + offset`. */
export interface ScaleStep {
  op: "scale";
  factor: number;
  offset: number;
}

/** The step "scale"; without `offset`, 0. */
export const scale: StepKind<ScaleStep> = {
  op: "scale",
  schema: () => z.strictObject({ op: z.literal("scale"), factor: z.number(), offset: z.number().default(0) }),
  pointwise: true,
  shapeAfter(_step, shape) {
    axesOf(shape);
    return [...shape];
  },
  whiteAfter: ({ factor, offset }, white) => white * factor + offset,
  apply({ factor, offset }, pixels) {
    const { data } = pixels, out = emptyLike(pixels);
    for (let i = 0; i < data.length; i++) out.data[i] = data[i] * factor + offset;
    return out;
  },
  ops({ factor, offset }) {
    const pedestal = offset / factor;
    if (offset === 0 || !(Math.abs(pedestal) < 1e30)) return [{ op: "affine", factor, offset }];
    // A pedestal taken off first, as it is often a whole number of counts, keeps the digits that count.
    return [{ op: "affine", factor: 1, offset: pedestal }, { op: "affine", factor, offset: 0 }];
  },
};
