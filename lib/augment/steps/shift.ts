import { z } from "zod";
import { type Motion, REST } from "../motion.ts";
import { type MotionKind, resamplingFields } from "../step.ts";

/** Shifts images, evenly between minus and plus `most` pixels along each axis. */
export const shiftSchema = z.strictObject({
  op: z.literal("shift"),
  /** Pixels, along both axes. */
  most: z.number().nonnegative().default(0),
  /** Pixels along the rows' axis, downwards and upwards. @default {most} */
  rows: z.number().nonnegative().optional(),
  /** Pixels along the columns' axis. @default {most} */
  columns: z.number().nonnegative().optional(),
  /**
   * Whole pixels only. @default {where the limits are whole and no neighbouring step blends pixels anyway: blending
   * would blur every image, in training only}
   */
  whole: z.boolean().optional(),
  ...resamplingFields,
});

type Shift = z.output<typeof shiftSchema>;

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
