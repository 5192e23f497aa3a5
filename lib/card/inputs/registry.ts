/** All kinds of input: a new one is a file in this folder and a line here. @module */
import type { InputKind } from "../input_kind.ts";
import { bands } from "./bands.ts";
import { columns } from "./columns.ts";
import { hits } from "./hits.ts";
import { picture } from "./picture.ts";
import { volume } from "./volume.ts";

/** The first that fits is meant where a card does not say; of hits, whose pictures others fit first, it must. */
const REGISTRY = { picture, bands, volume, columns, hits };

/** Name of a kind of input. */
export type InputKindName = keyof typeof REGISTRY;

/** Every kind's name. */
export const INPUT_KINDS: readonly InputKindName[] = Object.keys(REGISTRY) as InputKindName[];

/**
 * The kind of a card's input: what the card says, else what its shape can be.
 *
 * @returns undefined for a shape that no kind has, which only takes tensors of exactly that shape.
 * @example
 * ```ts
 * import { inputKindOf } from "./registry.ts";
 * inputKindOf({ shape: [28, 28, 1] })?.kind; // "picture"
 * inputKindOf({ shape: [25, 25, 25, 1] })?.kind; // "volume"
 * ```
 */
export function inputKindOf(
  input: { kind?: InputKindName; shape: readonly number[]; raw?: readonly number[] },
): InputKind | undefined {
  if (input.kind) return REGISTRY[input.kind];
  return Object.values(REGISTRY).find(({ fits }) => fits(input.raw ?? input.shape));
}
