import { z } from "../../base/zod.ts";
import type { Algebra } from "../numbers.ts";
import { type Motion, REST } from "../motion.ts";
import type { Laws } from "../laws.ts";
import { type MotionKind, type Resampling, resamplingFields, type Written } from "../step.ts";

/** Magnifies images about their middle; the sides stay. */
export interface Zoom extends Resampling {
  op: "zoom";
  /** What is seen has a side of 1 − most to 1 + most of the image's, drawn evenly (Keras' `RandomZoom`). */
  most?: number;
  /** Magnification, drawn evenly: [0.9, 1.1] (pyBIA's `zoom_range`). */
  range?: [low: number, high: number];
}

/** Checks {@linkcode Zoom}. */
export const zoomSchema: z.ZodType<Zoom, Written<Zoom, keyof Resampling>> = z.strictObject({
  op: z.literal("zoom"),
  most: z.number().nonnegative().lt(1).optional(),
  range: z.tuple([z.number().positive(), z.number().positive()]).optional(),
  ...resamplingFields,
}).refine(({ most, range }) => (most === undefined) !== (range === undefined), "give either most or range")
  .refine(({ range }) => !range || range[0] <= range[1], "the range must go upwards");

/** Magnifications. */
export const zoom: MotionKind<Zoom> = {
  kind: "motion",
  onGrid: () => false,
  laws({ most = 0, range }): Laws {
    if (range) return { magnification: { law: "uniform", low: range[0], high: range[1] } };
    return { view: { law: "uniform", low: 1 - most, high: 1 + most } };
  },
  motion<T>({ range }: Zoom, drawn: Readonly<Record<string, T>>, { div }: Algebra<T>): Motion<T> {
    const larger = range ? drawn.magnification : div(1, drawn.view);
    return { ...REST, xx: larger, yy: larger };
  },
};
