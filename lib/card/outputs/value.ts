/** A measured quantity in its units, with its uncertainty where that is known. @module */
import { z } from "../../base/zod.ts";
import { nameSchema, type Optional } from "../fields.ts";
import type { OutputKind } from "../output_kind.ts";
import { NotWholeError } from "../wholeness.ts";
import { column, figures, measured } from "../words.ts";

/** What the predicted value is off by, in each bin of the predicted value; in its units. */
export interface BinnedUncertainty {
  edges: number[];
  /** One standard deviation for each bin between two edges. */
  sigma: number[];
}

/** The model says its own σ, in the second column of the same output; multiplied by `factor` as the value is. */
export interface ColumnUncertainty {
  column: 1;
  /** What that σ is multiplied by to cover the truth as often as it should, as measured on other examples. @default {1} */
  scale?: number;
}

/** The model says its own σ, in another output [batch, 1]; multiplied by `factor` as the value is. */
export interface OutputUncertainty {
  output: string;
}

/** Where the uncertainty of a value comes from. */
export type Uncertainty = BinnedUncertainty | ColumnUncertainty | OutputUncertainty;

/** A number, in `units` once multiplied by `factor`. */
export interface ValueOutput {
  name: string;
  kind: "value";
  units: string;
  factor: number;
  uncertainty?: Uncertainty;
}

/** As it may be written: the factor is 1 where it is left out. */
export type ValueOutputInput = Optional<ValueOutput, "factor">;

/** A measured quantity. */
export interface ValueAnswer {
  kind: "value";
  value: number;
  units: string;
  /** One standard deviation, in `units`; absent where the card has none or `value` lies outside its bins. */
  uncertainty?: number;
}

const uncertaintySchema: z.ZodType<Uncertainty> = z.union([
  z.strictObject({ edges: z.array(z.number()).min(2), sigma: z.array(z.number().nonnegative()) })
    .refine((u) => u.sigma.length === u.edges.length - 1, "needs one sigma for each bin between two edges")
    .refine((u) => u.edges.every((edge, i) => i === 0 || edge > u.edges[i - 1]), "edges must rise"),
  z.strictObject({ column: z.literal(1), scale: z.number().positive().optional() }),
  z.strictObject({ output: nameSchema }),
]);

/** The uncertainty of the bin that holds `value`; the last bin includes its upper edge. */
function sigmaOf(value: number, { edges, sigma }: BinnedUncertainty): number | undefined {
  if (value === edges[edges.length - 1]) return sigma[sigma.length - 1];
  const bin = edges.findIndex((edge, i) => value >= edge && value < edges[i + 1]);
  return bin < 0 ? undefined : sigma[bin];
}

function isOwnColumn(uncertainty: Uncertainty | undefined): boolean {
  return uncertainty !== undefined && "column" in uncertainty;
}

/** The σ that the model itself says. @throws {NotWholeError} */
function saidSigma(name: string, sigma: number, factor: number): number {
  if (sigma > 0) return sigma * Math.abs(factor);
  throw new NotWholeError(
    `Cannot read output "${name}" as its uncertainty must be above 0: the model gives ${sigma}`,
  );
}

/** See {@linkcode ValueOutput}. */
export const value: OutputKind<ValueOutput, ValueAnswer> = {
  kind: "value",
  schema: z.strictObject({
    name: nameSchema,
    kind: z.literal("value"),
    units: z.string(),
    factor: z.number().default(1),
    uncertainty: uncertaintySchema.optional(),
  }),
  drawing: "regression",
  fits: ({ uncertainty }, shape) =>
    isOwnColumn(uncertainty)
      ? shape.length === 1 && shape[0] === 2
      : shape.length === 0 || (shape.length === 1 && shape[0] === 1),
  shapes: ({ uncertainty }) => isOwnColumn(uncertainty) ? "[batch, 2]" : "[batch, 1]",
  companion: ({ uncertainty }) => uncertainty && "output" in uncertainty ? uncertainty.output : undefined,
  read({ name, units, factor, uncertainty }, { data }, companion) {
    const value = data[0] * factor;
    let sigma: number | undefined;
    if (uncertainty && "edges" in uncertainty) sigma = sigmaOf(value, uncertainty);
    else if (uncertainty && "column" in uncertainty) {
      sigma = saidSigma(name, data[1] * (uncertainty.scale ?? 1), factor);
    } else if (companion) sigma = saidSigma(name, companion.data[0], factor);
    return { kind: "value", value, units, ...(sigma === undefined ? {} : { uncertainty: sigma }) };
  },
  json: (answer) => answer,
  answerSchema: {
    type: "object",
    properties: {
      kind: { const: "value" },
      value: { type: "number" },
      units: { type: "string" },
      uncertainty: { type: "number", description: "One standard deviation, in the same units" },
    },
    required: ["kind", "value", "units"],
  },
  display: ({ value, units, uncertainty }) => ({ text: `${measured(value, uncertainty)} ${units}`.trim() }),
  columns: (name, { value, units, uncertainty }) => ({
    [column(name, units)]: figures(value),
    [column(`${name}_uncertainty`, units)]: uncertainty === undefined ? "" : figures(uncertainty),
  }),
  focus: ({ factor }) => ({ data }) => data[0] * factor,
};
