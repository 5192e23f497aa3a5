/** Several labels that may hold at once, each by its own threshold. @module */
import { z } from "../../base/zod.ts";
import { nameSchema, shareSchema } from "../fields.ts";
import type { OutputKind } from "../output_kind.ts";
import { figures, percent } from "../words.ts";
import { checkProbability, largest, sharesOf } from "./_probabilities.ts";

/** A sigmoid column for each label. */
export interface LabelsOutput {
  name: string;
  kind: "labels";
  labels: string[];
  /** A label holds from its probability on. @default {0.5 for each} */
  thresholds?: number[];
}

/** The labels that hold, of several. */
export interface LabelsAnswer {
  kind: "labels";
  /** Those that hold, in the card's order; may be none. */
  labels: string[];
  /** Of every label, each from 0 to 1. */
  probabilities: Record<string, number>;
  /** From which probability on each label holds. */
  thresholds: Record<string, number>;
}

/** Labels that are all shown to a reader; of more, as of a detector's modules, the most probable ones are. */
const MOST_SHOWN = 24;

/** See {@linkcode LabelsOutput}. */
export const labels: OutputKind<LabelsOutput, LabelsAnswer> = {
  kind: "labels",
  schema: z.strictObject({
    name: nameSchema,
    kind: z.literal("labels"),
    labels: z.array(z.string()).min(1)
      .refine((labels) => new Set(labels).size === labels.length, "labels must differ from each other"),
    thresholds: z.array(shareSchema).optional(),
  }).refine(
    ({ labels, thresholds }) => thresholds === undefined || thresholds.length === labels.length,
    { message: "needs one threshold for each label", path: ["thresholds"] },
  ),
  drawing: "roc",
  fits: ({ labels }, shape) => shape.length === 1 && shape[0] === labels.length,
  shapes: ({ labels }) => `[batch, ${labels.length}]`,
  read({ name, labels, thresholds = labels.map(() => 0.5) }, { data }) {
    checkProbability(name, data);
    return {
      kind: "labels",
      labels: labels.filter((_, i) => data[i] >= thresholds[i]),
      probabilities: sharesOf(labels, data),
      thresholds: sharesOf(labels, thresholds),
    };
  },
  json: (answer) => answer,
  answerSchema: {
    type: "object",
    properties: {
      kind: { const: "labels" },
      labels: { type: "array", items: { type: "string" } },
      probabilities: { type: "object", additionalProperties: { type: "number" } },
      thresholds: { type: "object", additionalProperties: { type: "number" } },
    },
    required: ["kind", "labels", "probabilities", "thresholds"],
  },
  display({ labels, probabilities, thresholds }) {
    const all = Object.entries(probabilities)
      .map(([label, share]) => ({ label, share, threshold: thresholds[label] }));
    const isMany = all.length > MOST_SHOWN, names = all.map(({ label }) => label);
    return {
      text: labels.length === 0
        ? `none (of ${isMany ? all.length : names.join(", ")})`
        : labels.map((label) => `${label} (${percent(probabilities[label])})`).join(", "),
      bars: isMany ? all.sort((a, b) => b.share - a.share).slice(0, MOST_SHOWN) : all,
    };
  },
  columns: (name, { labels, probabilities }) => ({
    [name]: labels.join(" "),
    ...Object.fromEntries(
      Object.entries(probabilities).map(([label, share]) => [`${name}_probability_${label}`, figures(share)]),
    ),
  }),
  focus(_, whole) {
    const best = largest(whole.data);
    return ({ data }) => data[best];
  },
};
