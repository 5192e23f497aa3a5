import { z } from "../../base/zod.ts";
import { type Motion, REST } from "../motion.ts";
import { type MotionKind, type Resampling, resamplingFields, type Written } from "../step.ts";

/** Shifts images, evenly between minus and plus `most` pixels along each axis. */
export interface Shift extends Resampling {
  op: "shift";
  /** Pixels, along both axes. @default {0} */
  most: number;
  /** Pixels along the rows' axis, downwards and upwards. @default {most} */
  rows?: number;
  /** Pixels along the columns' axis. @default {most} */
  columns?: number;
  /**
   * Whole pixels only. @default {where the limits are whole and no neighbouring step blends pixels anyway: blending
   * would blur every image, in training only}
   */
  whole?: boolean;
}

/** Checks {@linkcode Shift}. */
export const shiftSchema: z.ZodType<Shift, Written<Shift, "most" | keyof Resampling>> = z.strictObject({
  op: z.literal("shift"),
  most: z.number().nonnegative().default(0),
  rows: z.number().nonnegative().optional(),
  columns: z.number().nonnegative().optional(),
  whole: z.boolean().optional(),
  ...resamplingFields,
});

const limits = ({ most, rows = most, columns = most }: Shift) => ({ rows, columns });

/** Shifts. */
export const shift: MotionKind<Shift> = {
  kind: "motion",
  onGrid(step) {
    const { rows, columns } = limits(step);
    return step.whole ?? (Number.isInteger(rows) && Number.isInteger(columns));
  },
  laws(step, whole) {
    const { rows, columns } = limits(step);
    const law = (most: number) =>
      step.whole ?? whole
        ? { law: "whole", low: -Math.floor(most), high: Math.floor(most) } as const
        : { law: "uniform", low: -most, high: most } as const;
    return { rows: law(rows), columns: law(columns) };
  },
  motion<T>(_step: Shift, { rows, columns }: Readonly<Record<string, T>>): Motion<T> {
    return { ...REST, x: columns, y: rows };
  },
};
