import { z } from "../../base/zod.ts";
import type { Algebra } from "../numbers.ts";
import type { Laws } from "../laws.ts";
import { type Motion, REST, then } from "../motion.ts";
import type { MotionKind, Written } from "../step.ts";

/** Mirrors images, each way allowed in half of them. */
export interface Flip {
  op: "flip";
  /** Left and right change places. @default {false} */
  horizontal: boolean;
  /** Top and bottom change places. @default {false} */
  vertical: boolean;
  /** Rows and columns change places, after the others; the image must be square. @default {false} */
  transpose: boolean;
}

/** Checks {@linkcode Flip}. */
export const flipSchema: z.ZodType<Flip, Written<Flip, "horizontal" | "vertical" | "transpose">> = z
  .strictObject({
    op: z.literal("flip"),
    horizontal: z.boolean().default(false),
    vertical: z.boolean().default(false),
    transpose: z.boolean().default(false),
  }).refine(
    ({ horizontal, vertical, transpose }) => horizontal || vertical || transpose,
    "one of horizontal, vertical and transpose must be true",
  );

/** Flips: pixels go to pixels. */
export const flip: MotionKind<Flip> = {
  kind: "motion",
  onGrid: () => true,
  laws({ horizontal, vertical, transpose }) {
    const half = { law: "chance", share: 0.5 } as const;
    const laws: Record<string, Laws[string]> = {};
    if (horizontal) laws.horizontal = half;
    if (vertical) laws.vertical = half;
    if (transpose) laws.transpose = half;
    return laws;
  },
  motion<T>(_step: Flip, drawn: Readonly<Record<string, T>>, algebra: Algebra<T>): Motion<T> {
    const { sub, mul } = algebra;
    const side = (name: string) => name in drawn ? sub(1, mul(2, drawn[name])) : 1;
    const mirrored = { ...REST, xx: side("horizontal"), yy: side("vertical") };
    if (!("transpose" in drawn)) return mirrored;
    const turned = drawn.transpose, kept = sub(1, turned);
    return then(mirrored, { ...REST, xx: kept, xy: turned, yx: turned, yy: kept }, algebra);
  },
};
