/** What every preprocessing step says of itself; one file a step. @module */
import { z } from "../../base/zod.ts";
import type { FrameData } from "../frame.ts";
import type { Pixels } from "./pixels.ts";
import type { PerChannel, PrimitiveOp } from "./primitive_op.ts";

/** A kind of step: its form as data, and what it does. */
export interface StepKind<Step extends { op: string }> {
  /** Its name in a list of steps. */
  readonly op: Step["op"];
  /** Makes its form, where a list has such a step; strict, so that a misspelt field is refused. */
  readonly schema: () => z.ZodType<Step>;
  /** Whether a pixel's values depend on that pixel alone, so that a crop after it may as well come before. */
  readonly pointwise: boolean;
  /**
   * The shape that comes of a shape.
   *
   * @throws {TypeError | RangeError} If the step cannot be applied to it.
   */
  shapeAfter(step: Step, shape: readonly number[]): number[];
  /** What a white pixel has afterwards; NaN where there is no such number, as white differs from channel to channel. */
  whiteAfter(step: Step, white: number): number;
  /** Applies the step; `pixels` has a shape that {@linkcode StepKind.shapeAfter} takes, and is not modified. */
  apply(step: Step, pixels: Pixels<FrameData>, white: number): Pixels<FrameData>;
  /** The same as primitive operations on arrays of `shape`. */
  ops(step: Step, shape: readonly number[], white: number): PrimitiveOp[];
}

/** A positive whole number: a side in pixels. */
export const side: z.ZodType<number> = z.number().int().positive();

/** One number for all channels, or a list with one each. */
export const perChannel: z.ZodType<number | number[]> = z.union([z.number(), z.array(z.number()).min(1)]);

/** The value of each channel. */
export function valuesFor(values: PerChannel, channels: number): readonly number[] {
  return typeof values === "number" ? new Array<number>(channels).fill(values) : values;
}

/**
 * Refuses a list that does not have one value a channel.
 *
 * @throws {RangeError} Naming the step and both numbers.
 */
export function checkPerChannel(op: string, values: PerChannel, shape: readonly number[]): void {
  const channels = shape[shape.length - 1];
  if (typeof values === "number" || values.length === channels) return;
  throw new RangeError(
    `Cannot apply "${op}" as it must have one value a channel: got ${values.length} values for ${channels} channels`,
  );
}

/** The same number for every channel, or NaN. */
export function common(values: PerChannel): number {
  if (typeof values === "number") return values;
  return values.every((value) => value === values[0]) ? values[0] : NaN;
}
