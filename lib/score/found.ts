/** What is looked for in a file, and what is found there. @module */
import { type InputKindName, inputKindOf } from "../card/inputs/registry.ts";
import type { SeenHits } from "../image/tracker_views.ts";
import type { Example, RawArray } from "./raw_array.ts";

/** What is needed of a model's input. */
export interface InputShape {
  name: string;
  /** Without the batch axis. */
  shape: readonly number[];
  kind?: InputKindName;
  /** Shape of one example in a file, where it is another one. */
  raw?: readonly number[];
  /** Of a tracker's hits: what picture of them the model sees. */
  hits?: SeenHits;
}

/** Limits of {@linkcode findExamples}, checked before anything is allocated. */
export interface ExampleLimits {
  /** Most pixels of a picture. @default {67_108_864} */
  maxPixels?: number;
  /** Most examples in one file. @default {4096} */
  maxExamples?: number;
  /** Most bytes that a file may unfold to, and that all values kept of it may have. @default {268_435_456} */
  maxBytes?: number;
}

/** Options for {@linkcode findExamples}. */
export interface ExampleOptions extends ExampleLimits {
  /** The model's inputs. @default {one grey picture} */
  inputs?: readonly InputShape[];
  /** The file's name, for messages and results. */
  name?: string;
  /** Only this example of the file, counted from 0. @default {all} */
  page?: number;
  /** Whether PNGs are unpacked too. @default {false} */
  unpack?: boolean;
}

/** An example that was found: still packed where it is a PNG, because that is decoded only where a model looks. */
export type Found =
  | { name: string; png: Uint8Array }
  | { name: string; arrays: Example }
  | { name: string; fault: string };

/** What a batcher takes of an example, or what is wrong with it: the bytes of some are looked at only now. */
export function itemOf(found: Found): { png: Uint8Array } | { arrays: Example } | { fault: string } {
  if ("fault" in found) return { fault: found.fault };
  try {
    return "png" in found ? { png: found.png } : { arrays: found.arrays };
  } catch (error) {
    return { fault: (error as Error).message };
  }
}

const A_PICTURE: InputShape = { name: "image", shape: [1, 1, 1], kind: "picture" };

/** The inputs that are asked for, or one grey picture. */
export function inputsOf({ inputs = [A_PICTURE] }: ExampleOptions): readonly InputShape[] {
  return inputs;
}

/** The one that was asked for. @throws {RangeError} If there are not so many. */
export function pageOf(found: Found[], { page, name = "file" }: ExampleOptions): Found[] {
  if (page === undefined) return found;
  if (page < found.length) return [found[page]];
  throw new RangeError(`Cannot take page ${page} of "${name}": it has ${found.length}, counted from 0`);
}

/** Whether one picture is all that a model takes. */
export function takesPicture(inputs: readonly InputShape[]): boolean {
  return inputs.length === 1 && inputKindOf(inputs[0])?.kind === "picture";
}

/**
 * Puts the values of several inputs together, example by example.
 *
 * @throws {TypeError} If there are more of one than of another.
 */
export function joinInputs(values: ReadonlyMap<string, readonly RawArray[]>, name: string): Found[] {
  const counts = new Set([...values.values()].map(({ length }) => length));
  if (counts.size > 1) {
    const each = [...values].map(([input, { length }]) => `${length} of "${input}"`).join(", ");
    throw new TypeError(
      `Cannot score "${name}" as its inputs must have the same number of examples: got ${each}`,
    );
  }
  const [count] = counts;
  return Array.from({ length: count }, (_, i) => ({
    name: count === 1 ? name : `${name}[${i}]`,
    arrays: Object.fromEntries([...values].map(([input, all]) => [input, all[i]])),
  }));
}
