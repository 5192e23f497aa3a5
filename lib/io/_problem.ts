/** How every decoder here opens its error messages: the failed action, the format and, where known, the file. */
export function cannotDecode(format: string, name?: string): string {
  return `Cannot decode ${format}${name === undefined ? "" : ` "${name}"`}`;
}

/**
 * Multiplies the sides of an array that a file header announces.
 *
 * Header fields are the writer's claim: their product may overflow or exceed any memory, so it is compared with
 * `limit` before anything is allocated.
 *
 * @throws {RangeError} If the product exceeds `limit`.
 */
export function checkedProduct(sides: readonly number[], limit: number, context: string): number {
  let product = 1;
  for (const side of sides) {
    product *= side;
    if (product > limit) {
      throw new RangeError(`${context} as it holds at most ${limit} values: got shape [${sides.join(", ")}]`);
    }
  }
  return product;
}

/** Reads `length` ASCII characters, for magic numbers and chunk names. */
export function ascii(bytes: Uint8Array, start: number, length: number): string {
  let text = "";
  for (let i = start; i < start + length && i < bytes.length; i++) text += String.fromCharCode(bytes[i]);
  return text;
}

/** Refuses rows that are not there. @throws {RangeError} */
export function checkRows([first, end]: readonly [number, number], shape: readonly number[]): void {
  const all = shape[0] ?? 1;
  if (Number.isInteger(first) && Number.isInteger(end) && 0 <= first && first <= end && end <= all) return;
  throw new RangeError(`Cannot read rows ${first} to ${end}: the array has shape [${shape.join(", ")}]`);
}
