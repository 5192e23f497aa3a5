/** The one kind of file that is an example before it is decoded; apart from the others, whose decoders are many. @module */
import { isPng } from "../io/signatures.ts";
import { type ExampleOptions, type Found, inputsOf, pageOf, takesPicture } from "./found.ts";

/**
 * A PNG for a model of one picture, left as it is: it is decoded only where the model looks.
 *
 * @returns Undefined for any other file or model.
 * @throws {RangeError} If another page than the first is asked for.
 * @example
 * ```ts
 * packedPicture(Uint8Array.of(1, 2, 3)); // undefined
 * ```
 */
export function packedPicture(bytes: Uint8Array, options: ExampleOptions = {}): Found[] | undefined {
  const { name = "file", unpack = false } = options, inputs = inputsOf(options);
  if (!takesPicture(inputs) || unpack || !isPng(bytes)) return undefined;
  return pageOf([{ name, png: bytes }], options);
}
