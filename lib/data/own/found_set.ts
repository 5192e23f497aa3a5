/** A labelled set as it was found, whatever its form: images that can be read, their labels, their parts. @module */
import type { LabelColumns } from "./labels.ts";
import type { OwnImage } from "./stacks.ts";

/** Which part of a set an example is in. */
export type Part = "train" | "validation" | "test";

/** What a place holds. */
export interface FoundSet {
  /** In words: "a folder a class". */
  form: string;
  images: OwnImage[];
  columns: LabelColumns;
  /** The part of each example, where the place says so. */
  parts?: Part[];
  /** What a user should know. */
  notes: string[];
}

/** What a user says of a place beside its name. */
export interface FindOptions {
  /** The array of images. @default {told by names and shapes} */
  images?: string;
  /** The array of labels, or the table. @default {told by names and shapes} */
  labels?: string;
  /** See `checkAxes`. @default {told by the shapes} */
  axes?: string;
  /** What planes that come first are, where that is known: frames (d) or channels (c). @default {not known} */
  planes?: "d" | "c";
}

const PARTS: Readonly<Record<string, Part>> = {
  train: "train",
  training: "train",
  validation: "validation",
  valid: "validation",
  val: "validation",
  dev: "validation",
  test: "test",
  testing: "test",
  t10k: "test",
};

/** The part that a name stands for. */
export function partOf(name: string): Part | undefined {
  const key = name.toLowerCase();
  return Object.hasOwn(PARTS, key) ? PARTS[key] : undefined;
}
