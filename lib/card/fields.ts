/** The parts that schemas of cards, manifests and kinds are made of. @module */
import { z } from "../base/zod.ts";

/** What a model, an output, an alias or one part of a file name may be called: it is safe in a path and in a URL. */
export const NAME_PATTERN = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

/** A name by {@linkcode NAME_PATTERN}. */
export const nameSchema: z.ZodType<string> = z.string().regex(
  NAME_PATTERN,
  "a name of letters, digits, '_', '-' and '.', not starting with '.'",
);

/** A whole number from 0. */
export const wholeSchema: z.ZodType<number> = z.number().int().nonnegative();

/** Length of one side of a shape: a whole number from 1. */
export const sideSchema: z.ZodType<number> = z.number().int().positive();

/** From 0 to 1. */
export const shareSchema: z.ZodType<number> = z.number().min(0).max(1);

/** Names of two or more classes, all different. */
export const labelsSchema: z.ZodType<string[]> = z.array(z.string()).min(2)
  .refine((labels) => new Set(labels).size === labels.length, "labels must differ from each other");

/** Two numbers, the first below the second. */
export const limitsSchema: z.ZodType<[low: number, high: number]> = z.tuple([z.number(), z.number()])
  .refine(([low, high]) => low < high, "low must be below high");

/** Size and checksum of a file. */
export interface FileEntry {
  bytes: number;
  /** 64 hexadecimal digits. */
  sha256: string;
}

/** The schema of a card's or manifest's `files`. */
export const filesSchema: z.ZodType<Record<string, FileEntry>> = z.record(
  z.string(),
  z.strictObject({
    bytes: wholeSchema,
    sha256: z.string().regex(/^[0-9a-f]{64}$/, "a SHA-256 as 64 hexadecimal digits"),
  }),
);

/** `T` with the fields `K` left out where their default is meant. */
export type Optional<T, K extends keyof T> = Omit<T, K> & Partial<Pick<T, K>>;
