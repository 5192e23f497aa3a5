/** All kinds of output: a new one is a file in this folder, a line in each of the two lists here. @module */
import { z } from "../../base/zod.ts";
import type { OutputKind } from "../output_kind.ts";
import { classes, type ClassesAnswer, type ClassesOutput } from "./classes.ts";
import { count, type CountAnswer, type CountOutput, type CountOutputInput } from "./count.ts";
import { image, type ImageAnswer, type ImageOutput, type ImageOutputInput } from "./image.ts";
import { labels, type LabelsAnswer, type LabelsOutput } from "./labels.ts";
import { mask, type MaskAnswer, type MaskOutput, type MaskOutputInput } from "./mask.ts";
import {
  probability,
  type ProbabilityAnswer,
  type ProbabilityOutput,
  type ProbabilityOutputInput,
} from "./probability.ts";
import { value, type ValueAnswer, type ValueOutput, type ValueOutputInput } from "./value.ts";
import { vector, type VectorAnswer, type VectorOutput } from "./vector.ts";

/** What each kind has on the card, may have when it is written, and answers. */
interface Kinds {
  classes: { output: ClassesOutput; input: ClassesOutput; answer: ClassesAnswer };
  probability: { output: ProbabilityOutput; input: ProbabilityOutputInput; answer: ProbabilityAnswer };
  labels: { output: LabelsOutput; input: LabelsOutput; answer: LabelsAnswer };
  value: { output: ValueOutput; input: ValueOutputInput; answer: ValueAnswer };
  count: { output: CountOutput; input: CountOutputInput; answer: CountAnswer };
  vector: { output: VectorOutput; input: VectorOutput; answer: VectorAnswer };
  mask: { output: MaskOutput; input: MaskOutputInput; answer: MaskAnswer };
  image: { output: ImageOutput; input: ImageOutputInput; answer: ImageAnswer };
}

/** A tensor that the model gives, and what it means. */
export type CardOutput = Kinds[keyof Kinds]["output"];

/** A {@linkcode CardOutput} as it may be written: what has a default can be left out. */
export type CardOutputInput = Kinds[keyof Kinds]["input"];

/** What a model says in one of its outputs. */
export type Answer = Kinds[keyof Kinds]["answer"];

const REGISTRY: { readonly [K in keyof Kinds]: OutputKind<Kinds[K]["output"], Kinds[K]["answer"]> } = {
  classes,
  probability,
  labels,
  value,
  count,
  vector,
  mask,
  image,
};

/** Every kind, in the order of the documentation. */
export const OUTPUT_KINDS: readonly OutputKind<CardOutput, Answer>[] = Object.values(
  REGISTRY,
) as unknown as OutputKind<CardOutput, Answer>[];

/** The kind of an output or of an answer; both carry its name. */
export function kindOf({ kind }: { kind: keyof Kinds }): OutputKind<CardOutput, Answer> {
  return REGISTRY[kind] as unknown as OutputKind<CardOutput, Answer>;
}

/** The schema of an output on a card. */
export const outputSchema: z.ZodType<CardOutput> = z.discriminatedUnion(
  "kind",
  OUTPUT_KINDS.map(({ schema }) => schema) as unknown as readonly [z.ZodObject<{ kind: z.ZodLiteral }>],
) as unknown as z.ZodType<CardOutput>;
