import { z } from "zod";
import { type Motion, REST } from "../motion.ts";
import { type MotionKind, resamplingFields } from "../step.ts";

/** Slants images along the rows: a row moves sideways by `tangent` times its height above the middle. */
export const shearSchema = z.strictObject({
  op: z.literal("shear"),
  /** Largest tangent of the angle, drawn evenly between minus and plus it. */
  most: z.number().nonnegative(),
  ...resamplingFields,
});

type Shear = z.output<typeof shearSchema>;

/** Slants. */
export const shear: MotionKind<Shear> = {
  kind: "motion",
  onGrid: () => false,
  laws: ({ most }) => ({ tangent: { law: "uniform", low: -most, high: most } }),
  motion<T>(_step: Shear, { tangent }: Readonly<Record<string, T>>): Motion<T> {
    return { ...REST, xy: tangent };
  },
};
