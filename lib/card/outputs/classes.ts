/** One of several classes, by a softmax row. @module */
import { z } from "../../base/zod.ts";
import { labelsSchema, nameSchema } from "../fields.ts";
import type { OutputKind } from "../output_kind.ts";
import { figures, percent } from "../words.ts";
import { checkProbability, largest, sharesOf } from "./_probabilities.ts";

/** A softmax row, one column a label. */
export interface ClassesOutput {
  name: string;
  kind: "classes";
  labels: string[];
}

/** One of several classes. */
export interface ClassesAnswer {
  kind: "classes";
  label: string;
  /** Of `label`, from 0 to 1. */
  probability: number;
  /** Of every label, in the card's order. */
  probabilities: Record<string, number>;
}

/** See {@linkcode ClassesOutput}. */
export const classes: OutputKind<ClassesOutput, ClassesAnswer> = {
  kind: "classes",
  schema: z.strictObject({ name: nameSchema, kind: z.literal("classes"), labels: labelsSchema }),
  drawing: "confusion",
  fits: ({ labels }, shape) => shape.length === 1 && shape[0] === labels.length,
  shapes: ({ labels }) => `[batch, ${labels.length}]`,
  read({ name, labels }, { data }) {
    const best = largest(data);
    checkProbability(name, data);
    return {
      kind: "classes",
      label: labels[best],
      probability: data[best],
      probabilities: sharesOf(labels, data),
    };
  },
  json: (answer) => answer,
  answerSchema: {
    type: "object",
    properties: {
      kind: { const: "classes" },
      label: { type: "string" },
      probability: { type: "number", description: "Of the label" },
      probabilities: { type: "object", additionalProperties: { type: "number" } },
    },
    required: ["kind", "label", "probability", "probabilities"],
  },
  display: ({ label, probability, probabilities }) => ({
    text: `${label} (${percent(probability)})`,
    bars: Object.entries(probabilities).map(([label, share]) => ({ label, share }))
      .sort((a, b) => b.share - a.share),
  }),
  columns: (name, { label, probability }) => ({
    [name]: label,
    [`${name}_probability`]: figures(probability),
  }),
  focus(_, whole) {
    const best = largest(whole.data);
    return ({ data }) => data[best];
  },
};
