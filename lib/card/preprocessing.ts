/** The steps from a decoded file to a model's input, as a card has them. @module */
import { z } from "zod";
import { type Optional, sideSchema } from "./fields.ts";

/** One step from a decoded file to the model's input; applied in order to float32 [height, width, channels]. */
export type PreprocessingStep =
  /** To one channel. */
  | { op: "grey" }
  | { op: "resize"; height: number; width: number }
  /** Cuts a square out of the middle. */
  | { op: "cropCenter"; size: number }
  /** Values below `low` become `low`, above `high` `high`. */
  | { op: "window"; low: number; high: number }
  /** `value · factor + offset`. */
  | { op: "scale"; factor: number; offset: number }
  /** Turns a bright background dark. */
  | { op: "invertIfBright" };

type ScaleStep = Extract<PreprocessingStep, { op: "scale" }>;

/** A step as it may be written: an offset of 0 can be left out. */
export type PreprocessingInput = Exclude<PreprocessingStep, ScaleStep> | Optional<ScaleStep, "offset">;

/** The schema of a list of steps. */
export const preprocessingSchema: z.ZodType<PreprocessingStep[]> = z.array(z.discriminatedUnion("op", [
  z.strictObject({ op: z.literal("grey") }),
  z.strictObject({ op: z.literal("resize"), height: sideSchema, width: sideSchema }),
  z.strictObject({ op: z.literal("cropCenter"), size: sideSchema }),
  z.strictObject({ op: z.literal("window"), low: z.number(), high: z.number() })
    .refine((step) => step.low < step.high, "low must be below high"),
  z.strictObject({ op: z.literal("scale"), factor: z.number(), offset: z.number().default(0) }),
  z.strictObject({ op: z.literal("invertIfBright") }),
]));
