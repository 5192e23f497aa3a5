import { z } from "../../base/zod.ts";
import { type Motion, REST } from "../motion.ts";
import { type MotionKind, type Resampling, resamplingFields, type Written } from "../step.ts";

/** Slants images along the rows: a row moves sideways by `tangent` times its height above the middle. */
export interface Shear extends Resampling {
  op: "shear";
  /** Largest tangent of the angle, drawn evenly between minus and plus it. */
  most: number;
}

/** Checks {@linkcode Shear}. */
export const shearSchema: z.ZodType<Shear, Written<Shear, keyof Resampling>> = z.strictObject({
  op: z.literal("shear"),
  most: z.number().nonnegative(),
  ...resamplingFields,
});

/** Slants. */
export const shear: MotionKind<Shear> = {
  kind: "motion",
  onGrid: () => false,
  laws: ({ most }) => ({ tangent: { law: "uniform", low: -most, high: most } }),
  motion<T>(_step: Shear, { tangent }: Readonly<Record<string, T>>): Motion<T> {
    return { ...REST, xy: tangent };
  },
};
