/** One of two classes, by a threshold on the probability of the second. @module */
import { z } from "../../base/zod.ts";
import { labelsSchema, nameSchema, type Optional, shareSchema } from "../fields.ts";
import type { OutputKind, Row } from "../output_kind.ts";
import { figures, percent } from "../words.ts";
import { checkProbability } from "./_probabilities.ts";

/** The sigmoid of the second label, or a softmax row of both. */
export interface ProbabilityOutput {
  name: string;
  kind: "probability";
  /** Two. */
  labels: string[];
  /** The second label is named from this probability of it on. */
  threshold: number;
}

/** As it may be written: the threshold is 0.5 where it is left out. */
export type ProbabilityOutputInput = Optional<ProbabilityOutput, "threshold">;

/** One of two labels. */
export interface ProbabilityAnswer {
  kind: "probability";
  label: string;
  /** Of `label`, from 0 to 1. */
  probability: number;
  /** Of both labels, in the card's order. */
  probabilities: Record<string, number>;
  /** The label that the threshold is about: the card's second. */
  positive: string;
  /** `positive` is named from this probability of it on. */
  threshold: number;
}

/** The probability of the second label: a sigmoid column, or the second of two softmax columns. */
const second = ({ data }: Row): number => data[data.length - 1];

/** See {@linkcode ProbabilityOutput}. */
export const probability: OutputKind<ProbabilityOutput, ProbabilityAnswer> = {
  kind: "probability",
  schema: z.strictObject({
    name: nameSchema,
    kind: z.literal("probability"),
    labels: labelsSchema.refine((labels) => labels.length === 2, "must be two labels"),
    threshold: shareSchema.default(0.5),
  }),
  drawing: "roc",
  fits: (_, shape) => shape.length === 0 || (shape.length === 1 && (shape[0] === 1 || shape[0] === 2)),
  shapes: () => "[batch, 1] or [batch, 2]",
  read({ name, labels: [first, positive], threshold }, row) {
    checkProbability(name, row.data);
    const ofPositive = second(row), ofFirst = 1 - ofPositive;
    const isPositive = ofPositive >= threshold;
    return {
      kind: "probability",
      label: isPositive ? positive : first,
      probability: isPositive ? ofPositive : ofFirst,
      probabilities: { [first]: ofFirst, [positive]: ofPositive },
      positive,
      threshold,
    };
  },
  json: (answer) => answer,
  answerSchema: {
    type: "object",
    properties: {
      kind: { const: "probability" },
      label: { type: "string" },
      probability: { type: "number", description: "Of the label" },
      probabilities: { type: "object", additionalProperties: { type: "number" } },
      positive: { type: "string", description: "The label that the threshold is about" },
      threshold: {
        type: "number",
        description: "The positive label is named from this probability of it on",
      },
    },
    required: ["kind", "label", "probability", "probabilities", "positive", "threshold"],
  },
  display({ label, probability, probabilities, positive, threshold }) {
    const rule = `P(${positive}) = ${percent(probabilities[positive])}, ${positive} from ${
      percent(threshold)
    }`;
    return {
      text: `${label} (${percent(probability)}; ${rule})`,
      bars: [{ label: positive, share: probabilities[positive], threshold }],
    };
  },
  columns: (name, { label, probability, probabilities, positive }) => ({
    [name]: label,
    [`${name}_probability`]: figures(probability),
    [`${name}_probability_${positive}`]: figures(probabilities[positive]),
  }),
  focus({ threshold }, whole) {
    return second(whole) >= threshold ? second : (row) => 1 - second(row);
  },
};
