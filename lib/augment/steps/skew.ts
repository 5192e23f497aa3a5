import { z } from "zod";
import type { Algebra } from "../numbers.ts";
import { type Motion, REST } from "../motion.ts";
import { type MotionKind, resamplingFields } from "../step.ts";

/** Slants images along both axes at once, each by an angle of its own; the middle stays. */
export const skewSchema = z.strictObject({
  op: z.literal("skew"),
  /** Largest angle, drawn evenly between minus and plus it; under 45, where an image would fold onto a line. */
  degrees: z.number().nonnegative().lt(45),
  ...resamplingFields,
});

type Skew = z.output<typeof skewSchema>;

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
