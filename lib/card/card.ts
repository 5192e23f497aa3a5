/**
 * `model.json`, the card of a trained model: all that scoring needs beside the weights, as data and never as code.
 *
 * The schema is strict, so that a misspelt field is refused where it is written and not where it is missed. @module
 */
import { z } from "../base/zod.ts";
import {
  type FileEntry,
  filesSchema,
  limitsSchema,
  nameSchema,
  type Optional,
  sideSchema,
  wholeSchema,
} from "./fields.ts";
import type { SeenHits } from "../image/tracker_views.ts";
import { INPUT_KINDS, type InputKindName, inputKindOf } from "./inputs/registry.ts";
import { type CardOutput, type CardOutputInput, outputSchema } from "./outputs/registry.ts";
import {
  preprocessingSchema,
  type PreprocessingStep,
  type PreprocessingStepInput,
} from "../image/preprocessing/registry.ts";

/** A tensor that the model takes. */
export interface CardTensor {
  name: string;
  /** Without the batch axis. */
  shape: number[];
  dtype: "float32" | "uint8" | "int32";
  units: string;
  /** Of what is in files. @default {what the shape says} */
  kind?: InputKindName;
  /**
   * Shape of one example in a file, channels last, where the steps change its axes or channels and not only its rows and
   * columns: [32, 32, 2] for energies and times that become 21 frames. @default {the shape}
   */
  raw?: number[];
  /** Values of black and white in the files that the model learned from, before any step, such as 0 and 255. */
  range?: [low: number, high: number];
  /** What the columns or bands are called. */
  columns?: string[];
  /** Of a tracker's hits: what picture of them the model sees. */
  hits?: SeenHits;
  /** The steps of this input. @default {the card's own for the first input, none for the others} */
  preprocessing?: PreprocessingStep[];
}

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

/** A card as it may be written: what has a default can be left out. */
export interface CardInput extends
  Omit<
    Optional<Card, "version" | "description" | "metrics" | "files">,
    "inputs" | "preprocessing" | "outputs" | "training"
  > {
  inputs: (Omit<CardTensor, "preprocessing"> & { preprocessing?: PreprocessingStepInput[] })[];
  preprocessing?: PreprocessingStepInput[];
  outputs: CardOutputInput[];
  training?: Omit<CardTraining, "options"> & { options?: Record<string, unknown> };
}

const seenHitsSchema: z.ZodType<SeenHits> = z.strictObject({
  view: z.enum(["top", "side", "front", "volume", "map", "points", "seeded points"]),
  sides: z.enum(["folded", "apart"]),
  value: z.enum(["hit", "radius"]),
  isolated: z.enum(["keep", "drop"]),
  missingHeight: z.enum(["zero", "drop", "nearest"]),
});

const input = z.strictObject({
  name: nameSchema,
  shape: z.array(sideSchema).min(1),
  dtype: z.enum(["float32", "uint8", "int32"]),
  units: z.string(),
  kind: z.enum(INPUT_KINDS as [InputKindName]).optional(),
  raw: z.array(sideSchema).min(1).optional(),
  range: limitsSchema.optional(),
  columns: z.array(z.string()).min(1).optional(),
  hits: seenHitsSchema.optional(),
  preprocessing: preprocessingSchema.optional(),
}).superRefine((input, context) => {
  const kind = inputKindOf(input), inFiles = input.raw ?? input.shape;
  if (input.kind && !kind?.fits(inFiles)) {
    context.addIssue({
      code: "custom",
      path: [input.raw ? "raw" : "shape"],
      message: `must be ${kind?.shapes} for ${kind?.noun}`,
    });
  }
  if ((input.kind === "hits") !== (input.hits !== undefined)) {
    context.addIssue({
      code: "custom",
      path: ["hits"],
      message: "must be there for hits of a tracker, and only then",
    });
  }
  const last = inFiles[inFiles.length - 1];
  if (input.columns && input.columns.length !== last) {
    context.addIssue({
      code: "custom",
      path: ["columns"],
      message: `must name all ${last} columns or bands`,
    });
  }
});

const metric = z.strictObject({
  value: z.number(),
  low: z.number(),
  high: z.number(),
  n: wholeSchema,
  split: z.string().min(1).refine((split) => split !== "train", "must not be measured on training data"),
  units: z.string().optional(),
  baseline: z.strictObject({ name: z.string(), value: z.number() }).optional(),
});

const training = z.looseObject({
  seed: z.number().int(),
  epochs: wholeSchema,
  seconds: z.number().nonnegative(),
  engine: z.string(),
  parameters: wholeSchema,
  dataFingerprint: z.string(),
  options: z.record(z.string(), z.unknown()).default({}),
});

const allDiffer = (entries: readonly { name: string }[]) =>
  new Set(entries.map(({ name }) => name)).size === entries.length;

const cardSchema: z.ZodType<Card> = z.strictObject({
  format: z.literal("cloudchamber-model/1"),
  name: nameSchema,
  version: z.string().regex(/^(0|[1-9][0-9]{0,8})$/, "a whole number in quotes").default("0"),
  experiment: z.string(),
  created: z.string().refine((text) => !Number.isNaN(Date.parse(text)), "a time in ISO 8601"),
  description: z.string().default(""),
  inputs: z.array(input).min(1).refine(allDiffer, "must differ in their names"),
  preprocessing: preprocessingSchema.default([]),
  outputs: z.array(outputSchema).min(1).refine(allDiffer, "must differ in their names"),
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
 * card.version; // "0"
 * // as no store has it yet
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

/** The steps of one of a card's inputs: its own, else the card's for the first input, none for the others. */
export function stepsOf(
  { inputs, preprocessing }: Pick<Card, "inputs" | "preprocessing">,
  input: CardTensor,
): PreprocessingStep[] {
  return input.preprocessing ?? (input.name === inputs[0].name ? preprocessing : []);
}

/** What the values of an input's files are taken by: black and white, or nothing where they are counts as they come. */
export function rangeOf({ range, units }: CardTensor): readonly [low: number, high: number] | undefined {
  // Cards had no range at first, but meant the one that 8 bits have.
  return range ?? (units === "fraction of full scale" ? [0, 255] : undefined);
}
