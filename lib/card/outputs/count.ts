/** How many of something there are. @module */
import { z } from "../../base/zod.ts";
import { nameSchema, type Optional } from "../fields.ts";
import type { OutputKind } from "../output_kind.ts";
import { NotWholeError } from "../wholeness.ts";
import { column, figures, measured } from "../words.ts";

/** An expected number of things, such as tracks. */
export interface CountOutput {
  name: string;
  kind: "count";
  /** What is counted. */
  units: string;
}

/** As it may be written: units may be left out. */
export type CountOutputInput = Optional<CountOutput, "units">;

/** How many there are. */
export interface CountAnswer {
  kind: "count";
  /** The nearest whole number. */
  count: number;
  /** What the model expects. */
  expected: number;
  units: string;
}

/** See {@linkcode CountOutput}. */
export const count: OutputKind<CountOutput, CountAnswer> = {
  kind: "count",
  schema: z.strictObject({ name: nameSchema, kind: z.literal("count"), units: z.string().default("") }),
  drawing: "regression",
  fits: (_, shape) => shape.length === 0 || (shape.length === 1 && shape[0] === 1),
  shapes: () => "[batch, 1]",
  read({ name, units }, { data }) {
    const expected = data[0];
    if (expected <= -0.5) {
      throw new NotWholeError(
        `Cannot read output "${name}" as a number of ${units || "things"}: the model gives ${expected}`,
      );
    }
    return { kind: "count", count: Math.max(Math.round(expected), 0), expected, units };
  },
  json: (answer) => answer,
  answerSchema: {
    type: "object",
    properties: {
      kind: { const: "count" },
      count: { type: "integer" },
      expected: { type: "number" },
      units: { type: "string" },
    },
    required: ["kind", "count", "expected", "units"],
  },
  display: ({ count, expected, units }) => ({
    text: `${count} ${units}`.trim() + ` (expected ${measured(expected)})`,
  }),
  columns: (name, { count, expected, units }) => ({
    [column(name, units)]: count,
    [`${name}_expected`]: figures(expected),
  }),
  focus: () => ({ data }) => data[0],
};
