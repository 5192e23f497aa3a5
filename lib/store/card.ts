/**
 * `model.json`, the card of a trained model: all that scoring needs beside the weights, as data and never as code.
 *
 * The schema is strict, so that a misspelt field is refused where it is written and not where it is missed. @module
 */
import { z } from "zod";

/** What a model, an output, an alias or one segment of a file name may be called: it is safe in a path and in a URL. */
export const NAME_PATTERN = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

const name = z.string().regex(
  NAME_PATTERN,
  "a name of letters, digits, '_', '-' and '.', not starting with '.'",
);
const count = z.number().int().nonnegative();
const labels = z.array(z.string()).min(2);

const file = z.strictObject({
  bytes: count,
  sha256: z.string().regex(/^[0-9a-f]{64}$/, "a SHA-256 as 64 hexadecimal digits"),
});

const input = z.strictObject({
  name,
  /** Without the batch axis. */
  shape: z.array(z.number().int().positive()).min(1),
  dtype: z.enum(["float32", "uint8", "int32"]),
  units: z.string(),
});

/** One step from a decoded file to the model's input; applied in order to float32 [height, width, channels]. */
const preprocessing = z.discriminatedUnion("op", [
  z.strictObject({ op: z.literal("grey") }),
  z.strictObject({
    op: z.literal("resize"),
    height: z.number().int().positive(),
    width: z.number().int().positive(),
  }),
  z.strictObject({ op: z.literal("cropCenter"), size: z.number().int().positive() }),
  z.strictObject({ op: z.literal("window"), low: z.number(), high: z.number() })
    .refine((step) => step.low < step.high, "low must be below high"),
  z.strictObject({ op: z.literal("scale"), factor: z.number(), offset: z.number().default(0) }),
  z.strictObject({ op: z.literal("invertIfBright") }),
]);

const uncertainty = z.strictObject({
  edges: z.array(z.number()).min(2),
  sigma: z.array(z.number().nonnegative()),
})
  .refine((u) => u.sigma.length === u.edges.length - 1, "needs one sigma for each bin between two edges")
  .refine((u) => u.edges.every((edge, i) => i === 0 || edge > u.edges[i - 1]), "edges must rise");

const output = z.discriminatedUnion("kind", [
  /** A softmax row, one column a label. */
  z.strictObject({ name, kind: z.literal("classes"), labels }),
  /** The sigmoid of the second label. */
  z.strictObject({
    name,
    kind: z.literal("probability"),
    labels: labels.max(2),
    threshold: z.number().min(0).max(1).default(0.5),
  }),
  /** A number in `units` once multiplied by `factor`; `uncertainty.sigma` by bin of the predicted value, same units. */
  z.strictObject({
    name,
    kind: z.literal("value"),
    units: z.string(),
    factor: z.number().default(1),
    uncertainty: uncertainty.optional(),
  }),
]);

const metric = z.strictObject({
  value: z.number(),
  /** Lower end of the 95 % interval. */
  low: z.number(),
  /** Upper end of the 95 % interval. */
  high: z.number(),
  n: count,
  split: z.string().min(1).refine((split) => split !== "train", "must not be measured on training data"),
  units: z.string().optional(),
  baseline: z.strictObject({ name: z.string(), value: z.number() }).optional(),
});

const training = z.looseObject({
  seed: z.number().int(),
  epochs: count,
  seconds: z.number().nonnegative(),
  engine: z.string(),
  parameters: count,
  dataFingerprint: z.string(),
  options: z.record(z.string(), z.unknown()).default({}),
});

/** The schema behind {@linkcode parseCard}. */
export const cardSchema = z.strictObject({
  format: z.literal("cloudchamber-model/1"),
  name,
  /** "0" until a store has given it a number. */
  version: z.string().regex(/^(0|[1-9][0-9]{0,8})$/, "a whole number in quotes").default("0"),
  experiment: z.string(),
  created: z.string().refine((text) => !Number.isNaN(Date.parse(text)), "a time in ISO 8601"),
  description: z.string().default(""),
  inputs: z.array(input).min(1),
  preprocessing: z.array(preprocessing).default([]),
  outputs: z.array(output).min(1),
  metrics: z.record(z.string(), metric).default({}),
  training: training.optional(),
  files: z.record(z.string(), file).default({}),
});

/** A model's card, checked and with its defaults filled in. */
export type Card = z.output<typeof cardSchema>;
/** A card as it may be written: fields with a default can be left out. */
export type CardInput = z.input<typeof cardSchema>;
/** One step of {@linkcode Card}'s preprocessing. */
export type PreprocessingStep = Card["preprocessing"][number];
/** One output of {@linkcode Card}: classes, probability or value. */
export type CardOutput = Card["outputs"][number];
/** One measured number with its interval, sample and baseline. */
export type CardMetric = Card["metrics"][string];
/** Size and checksum of one file. */
export type FileEntry = z.output<typeof file>;

/** `["outputs", 0, "labels"]` as `outputs[0].labels`. */
function pathText(path: readonly PropertyKey[]): string {
  return path.map((part) => typeof part === "number" ? `[${part}]` : `.${String(part)}`).join("").replace(
    /^\./,
    "",
  );
}

/**
 * Reads and checks a model card.
 *
 * @param source The text of a `model.json`, or what JSON.parse made of it.
 * @param where Name of the file for error messages.
 * @returns The card, with defaults filled in; shares nothing with `source`.
 * @throws {SyntaxError} If the text is not JSON.
 * @throws {TypeError} If a field is missing, unknown or wrong; every such field is named.
 * @example The least a card holds
 * ```ts
 * import { parseCard } from "./card.ts";
 * const card = parseCard({
 *   format: "cloudchamber-model/1",
 *   name: "mnist",
 *   experiment: "mnist",
 *   created: "2026-11-23T04:30:00Z",
 *   inputs: [{ name: "image", shape: [28, 28, 1], dtype: "float32", units: "fraction of full scale" }],
 *   outputs: [{ name: "digit", kind: "classes", labels: ["0", "1"] }],
 * });
 * card.version; // "0", as no store has it yet
 * ```
 */
export function parseCard(source: unknown, where = "model.json"): Card {
  let value = source;
  if (typeof source === "string") {
    try {
      value = JSON.parse(source);
    } catch (error) {
      throw new SyntaxError(
        `Cannot read model card "${where}" as it must be JSON: ${(error as Error).message}`,
      );
    }
  }
  const result = cardSchema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) =>
    issue.path.length > 0 ? `${pathText(issue.path)}: ${issue.message}` : issue.message
  );
  throw new TypeError(
    `Cannot read model card "${where}" as it does not fit the format: ${problems.join("; ")}`,
  );
}

/** A card as the text of a `model.json`, ending with a line break. */
export function formatCard(card: Card): string {
  return JSON.stringify(card, null, 2) + "\n";
}
