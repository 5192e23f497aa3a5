/** Bytes put together from pieces, for the writers of binary formats. @module */

/** Bytes, or pieces of them in order. */
export type Part = Uint8Array | readonly Part[];

/** Joins pieces. */
export function joinParts(part: Part): Uint8Array<ArrayBuffer> {
  const pieces: Uint8Array[] = [];
  const collect = (some: Part) => some instanceof Uint8Array ? void pieces.push(some) : some.forEach(collect);
  collect(part);
  const out = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}

/** A field of some bytes, as `put` writes it. */
export function field(size: number, put: (view: DataView) => void): Uint8Array {
  const out = new Uint8Array(size);
  put(new DataView(out.buffer));
  return out;
}

/** Single bytes. */
export const u8 = (...values: number[]): Uint8Array => Uint8Array.from(values);
