import { z } from "../../base/zod.ts";
import { axesOf, emptyLike } from "./pixels.ts";
import type { StepKind } from "./step.ts";

/** `log(1 + value)`, the natural logarithm; a value below -1 becomes NaN, as in NumPy. */
export interface Log1pStep {
  op: "log1p";
}

/** The step "log1p". */
export const log1p: StepKind<Log1pStep> = {
  op: "log1p",
  schema: () => z.strictObject({ op: z.literal("log1p") }),
  pointwise: true,
  shapeAfter(_step, shape) {
    axesOf(shape);
    return [...shape];
  },
  whiteAfter: (_step, white) => Math.log1p(white),
  apply(_step, pixels) {
    const { data } = pixels, out = emptyLike(pixels);
    for (let i = 0; i < data.length; i++) out.data[i] = Math.log1p(data[i]);
    return out;
  },
  ops: () => [{ op: "log1p" }],
};
