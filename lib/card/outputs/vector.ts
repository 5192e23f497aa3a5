/** A row of numbers with no meaning of its own each, such as an embedding. @module */
import { z } from "../../base/zod.ts";
import { nameSchema } from "../fields.ts";
import type { OutputKind } from "../output_kind.ts";
import { column, figures, measured } from "../words.ts";

/** A row of numbers. */
export interface VectorOutput {
  name: string;
  kind: "vector";
  /** What each number is called. @default {its index} */
  columns?: string[];
}

/** A row of numbers. */
export interface VectorAnswer {
  kind: "vector";
  values: number[];
  /** Names of the numbers, where they have any. */
  columns?: string[];
}

/** How many numbers a line shows before it is cut. */
const SHOWN = 4;

/** See {@linkcode VectorOutput}. */
export const vector: OutputKind<VectorOutput, VectorAnswer> = {
  kind: "vector",
  schema: z.strictObject({
    name: nameSchema,
    kind: z.literal("vector"),
    columns: z.array(z.string()).min(1).optional(),
  }),
  drawing: "none",
  fits: ({ columns }, shape) => shape.length === 1 && (columns === undefined || shape[0] === columns.length),
  shapes: ({ columns }) => columns ? `[batch, ${columns.length}]` : "[batch, n]",
  read: ({ columns }, { data }) => ({
    kind: "vector",
    values: Array.from(data),
    ...(columns ? { columns } : {}),
  }),
  json: (answer) => answer,
  answerSchema: {
    type: "object",
    properties: {
      kind: { const: "vector" },
      values: { type: "array", items: { type: "number" } },
      columns: { type: "array", items: { type: "string" } },
    },
    required: ["kind", "values"],
  },
  display({ values, columns }) {
    const shown = values.slice(0, SHOWN).map((value, i) =>
      (columns ? `${columns[i]} ` : "") + measured(value)
    );
    const cut = values.length > SHOWN ? `, … (${values.length} numbers)` : "";
    return { text: `[${shown.join(", ")}${cut}]` };
  },
  columns: (name, { values, columns }) =>
    Object.fromEntries(
      values.map((value, i) => [column(name, columns?.[i] ?? String(i)), figures(value)]),
    ),
  array: ({ values }) => ({ data: Float32Array.from(values), shape: [values.length] }),
  /** How far a row points the way of the untouched picture's. */
  focus(_, { data: whole }) {
    const direction = Array.from(whole);
    const length = Math.hypot(...direction) || 1;
    return ({ data }) => direction.reduce((sum, value, i) => sum + value * data[i], 0) / length;
  },
};
