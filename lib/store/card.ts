/**
 * `model.json`, the card of a trained model: all that scoring needs beside the weights, as data and never as code.
 *
 * The schema is strict, so that a misspelt field is refused where it is written and not where it is missed. @module
 */
import { z } from "zod";

/** What a model, an output, an alias or one part of a file name may be called: it is safe in a path and in a URL. */
export const NAME_PATTERN = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

/** Size and checksum of a file. */
export interface FileEntry {
  bytes: number;
  /** 64 hexadecimal digits. */
  sha256: string;
}

/** A tensor that the model takes. */
export interface CardTensor {
  name: string;
  /** Without the batch axis. */
  shape: number[];
  dtype: "float32" | "uint8" | "int32";
  units: string;
}

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

/** What the predicted value is off by, in each bin of the predicted value; in its units. */
export interface Uncertainty {
  edges: number[];
  /** One standard deviation for each bin between two edges. */
  sigma: number[];
}

/** A tensor that the model gives, and what it means. */
export type CardOutput =
  /** A softmax row, one column a label. */
  | { name: string; kind: "classes"; labels: string[] }
  /** The sigmoid of the second label. */
  | { name: string; kind: "probability"; labels: string[]; threshold: number }
  /** A number, in `units` once multiplied by `factor`. */
  | { name: string; kind: "value"; units: string; factor: number; uncertainty?: Uncertainty };

/** A measured number with its 95 % interval, its sample, and the trivial baseline on the same sample. */
export interface CardMetric {
  value: number;
  low: number;
  high: number;
  n: number;
  /** What it was measured on; never "train". */
  split: string;
  units?: string;
  baseline?: { name: string; value: number };
}

/** How the model came to be; may hold more fields. */
export interface CardTraining {
  seed: number;
  epochs: number;
  seconds: number;
  engine: string;
  parameters: number;
  dataFingerprint: string;
  options: Record<string, unknown>;
  [field: string]: unknown;
}

/** A model's card, checked and with its defaults filled in. */
export interface Card {
  format: "cloudchamber-model/1";
  name: string;
  /** "0" until a store has given it a number. */
  version: string;
  experiment: string;
  /** ISO 8601. */
  created: string;
  description: string;
  inputs: CardTensor[];
  preprocessing: PreprocessingStep[];
  outputs: CardOutput[];
  metrics: Record<string, CardMetric>;
  training?: CardTraining;
  files: Record<string, FileEntry>;
}

type Optional<T, K extends keyof T> = Omit<T, K> & Partial<Pick<T, K>>;
type ScaleStep = Extract<PreprocessingStep, { op: "scale" }>;
type ProbabilityOutput = Extract<CardOutput, { kind: "probability" }>;
type ValueOutput = Extract<CardOutput, { kind: "value" }>;

/** A card as it may be written: what has a default can be left out. */
export interface CardInput extends
  Omit<
    Optional<Card, "version" | "description" | "metrics" | "files">,
    "preprocessing" | "outputs" | "training"
  > {
  preprocessing?: (Exclude<PreprocessingStep, ScaleStep> | Optional<ScaleStep, "offset">)[];
  outputs: (
    | Exclude<CardOutput, ProbabilityOutput | ValueOutput>
    | Optional<ProbabilityOutput, "threshold">
    | Optional<ValueOutput, "factor">
  )[];
  training?: Omit<CardTraining, "options"> & { options?: Record<string, unknown> };
}

const name = z.string().regex(
  NAME_PATTERN,
  "a name of letters, digits, '_', '-' and '.', not starting with '.'",
);
const count = z.number().int().nonnegative();
const side = z.number().int().positive();
const labels = z.array(z.string()).min(2);

const fileSchema: z.ZodType<FileEntry> = z.strictObject({
  bytes: count,
  sha256: z.string().regex(/^[0-9a-f]{64}$/, "a SHA-256 as 64 hexadecimal digits"),
});

/** The schema of a card's or manifest's `files`. */
export const filesSchema: z.ZodType<Record<string, FileEntry>> = z.record(z.string(), fileSchema);

const preprocessing = z.discriminatedUnion("op", [
  z.strictObject({ op: z.literal("grey") }),
  z.strictObject({ op: z.literal("resize"), height: side, width: side }),
  z.strictObject({ op: z.literal("cropCenter"), size: side }),
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
  z.strictObject({ name, kind: z.literal("classes"), labels }),
  z.strictObject({
    name,
    kind: z.literal("probability"),
    labels: labels.max(2),
    threshold: z.number().min(0).max(1).default(0.5),
  }),
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
  low: z.number(),
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

const cardSchema: z.ZodType<Card> = z.strictObject({
  format: z.literal("cloudchamber-model/1"),
  name,
  version: z.string().regex(/^(0|[1-9][0-9]{0,8})$/, "a whole number in quotes").default("0"),
  experiment: z.string(),
  created: z.string().refine((text) => !Number.isNaN(Date.parse(text)), "a time in ISO 8601"),
  description: z.string().default(""),
  inputs: z.array(z.strictObject({
    name,
    shape: z.array(side).min(1),
    dtype: z.enum(["float32", "uint8", "int32"]),
    units: z.string(),
  })).min(1),
  preprocessing: z.array(preprocessing).default([]),
  outputs: z.array(output).min(1),
  metrics: z.record(z.string(), metric).default({}),
  training: training.optional(),
  files: filesSchema.default({}),
});

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
