import { z } from "../../base/zod.ts";
import type { Algebra } from "../numbers.ts";
import { type Motion, REST } from "../motion.ts";
import { type MotionKind, type Resampling, resamplingFields, type Written } from "../step.ts";

/** Turns images about their middle, evenly between minus and plus `degrees`; 180 is any angle. */
export interface Rotate extends Resampling {
  op: "rotate";
  /** Largest angle; positive turns are against the clock as the image is looked at. */
  degrees: number;
}

/** Checks {@linkcode Rotate}. */
export const rotateSchema: z.ZodType<Rotate, Written<Rotate, keyof Resampling>> = z.strictObject({
  op: z.literal("rotate"),
  degrees: z.number().nonnegative(),
  ...resamplingFields,
});

/** Turns. */
export const rotate: MotionKind<Rotate> = {
  kind: "motion",
  onGrid: () => false,
  laws: ({ degrees }) => ({ degrees: { law: "uniform", low: -degrees, high: degrees } }),
  motion<T>(_step: Rotate, { degrees }: Readonly<Record<string, T>>, algebra: Algebra<T>): Motion<T> {
    const { mul, sub, cos, sin } = algebra;
    const angle = mul(degrees, Math.PI / 180), c = cos(angle), s = sin(angle);
    return { ...REST, xx: c, xy: s, yx: sub(0, s), yy: c }; // rows run downwards
  },
};
