import { z } from "../../base/zod.ts";
import type { Algebra } from "../numbers.ts";
import { type Motion, REST } from "../motion.ts";
import { type MotionKind, type Resampling, resamplingFields, type Written } from "../step.ts";

/** Slants images along both axes at once, each by an angle of its own; the middle stays. */
export interface Skew extends Resampling {
  op: "skew";
  /** Largest angle, drawn evenly between minus and plus it; under 45, where an image would fold onto a line. */
  degrees: number;
}

/** Checks {@linkcode Skew}. */
export const skewSchema: z.ZodType<Skew, Written<Skew, keyof Resampling>> = z.strictObject({
  op: z.literal("skew"),
  degrees: z.number().nonnegative().lt(45),
  ...resamplingFields,
});

/** Slants along both axes. */
export const skew: MotionKind<Skew> = {
  kind: "motion",
  onGrid: () => false,
  laws({ degrees }) {
    const law = { law: "uniform", low: -degrees, high: degrees } as const;
    return { across: law, down: law };
  },
  motion<T>(_step: Skew, { across, down }: Readonly<Record<string, T>>, { mul, tan }: Algebra<T>): Motion<T> {
    return { ...REST, xy: tan(mul(across, Math.PI / 180)), yx: tan(mul(down, Math.PI / 180)) };
  },
};
