/**
 * What happens to PNG rows after inflating: filters undone, samples unpacked. Everything here is a plain loop over
 * bytes, and the loops over one-byte pixels are apart because camera frames go through them by the thousand.
 *
 * Source: PNG specification, third edition, clauses 7 to 9. @module
 */

/** The seven passes' origin and step of Adam7, as [row, column, row step, column step]. */
export const ADAM7 = [
  [0, 0, 8, 8],
  [0, 4, 8, 8],
  [4, 0, 8, 4],
  [0, 2, 4, 4],
  [2, 0, 4, 2],
  [0, 1, 2, 2],
  [1, 0, 2, 1],
] as const;

/**
 * Undoes the filters of rows in place, as far as a crop needs.
 *
 * A row filtered by None or Sub does not look at the row above, so the work starts at the last such row at or above
 * `first`; columns right of the crop are left as they are.
 *
 * @param raw Rows, each a filter byte and `rowBytes` bytes, from row 0 at `start`.
 * @param bpp Bytes from a pixel to its left neighbour, at least 1.
 * @param first First row wanted.
 * @param end Row after the last one wanted.
 * @param endByte Bytes of a row that are wanted.
 * @returns The first row whose filter byte is unknown, or -1.
 */
export function unfilter(
  raw: Uint8Array,
  start: number,
  rowBytes: number,
  bpp: number,
  first: number,
  end: number,
  endByte: number,
): number {
  const stride = rowBytes + 1;
  let row = first;
  while (row > 0 && raw[start + row * stride] > 1) row--;
  for (; row < end; row++) {
    const at = start + row * stride, filter = raw[at];
    const from = at + 1, to = from + endByte, left = Math.min(from + bpp, to);
    if (filter > 4) return row;
    if (filter === 0 || (filter === 2 && row === 0)) continue;
    if (row === 0) unfilterFirst(raw, filter, from, to, bpp);
    else if (filter === 1) unfilterSub(raw, left, to, bpp);
    else if (filter === 2) { for (let i = from; i < to; i++) raw[i] += raw[i - stride]; }
    else if (filter === 3) unfilterAverage(raw, from, left, to, bpp, stride);
    else unfilterPaeth(raw, from, left, to, bpp, stride);
  }
  return -1;
}

/** The row above the first one counts as zeros: Average halves the left byte, Paeth is Sub. */
function unfilterFirst(raw: Uint8Array, filter: number, from: number, to: number, bpp: number): void {
  if (filter !== 3) return unfilterSub(raw, Math.min(from + bpp, to), to, bpp);
  for (let i = from + bpp; i < to; i++) raw[i] += raw[i - bpp] >> 1;
}

function unfilterSub(raw: Uint8Array, left: number, to: number, bpp: number): void {
  if (bpp !== 1) { for (let i = left; i < to; i++) raw[i] += raw[i - bpp]; }
  else {
    let a = raw[left - 1];
    for (let i = left; i < to; i++) raw[i] = a = (a + raw[i]) & 255;
  }
}

function unfilterAverage(
  raw: Uint8Array,
  from: number,
  left: number,
  to: number,
  bpp: number,
  stride: number,
): void {
  for (let i = from; i < left; i++) raw[i] += raw[i - stride] >> 1;
  if (bpp !== 1) { for (let i = left; i < to; i++) raw[i] += (raw[i - bpp] + raw[i - stride]) >> 1; }
  else {
    let a = raw[left - 1];
    for (let i = left; i < to; i++) raw[i] = a = (raw[i] + ((a + raw[i - stride]) >> 1)) & 255;
  }
}

function unfilterPaeth(
  raw: Uint8Array,
  from: number,
  left: number,
  to: number,
  bpp: number,
  stride: number,
): void {
  for (let i = from; i < left; i++) raw[i] += raw[i - stride];
  if (bpp !== 1) {
    for (let i = left; i < to; i++) raw[i] += paeth(raw[i - bpp], raw[i - stride], raw[i - stride - bpp]);
  } else {
    let a = raw[left - 1], c = raw[left - 1 - stride];
    for (let i = left; i < to; i++) {
      const b = raw[i - stride];
      raw[i] = a = (raw[i] + paeth(a, b, c)) & 255;
      c = b;
    }
  }
}

/** The neighbour (left, above, upper left) nearest to left + above - upper left; ties in this order. */
export function paeth(a: number, b: number, c: number): number {
  const pa = Math.abs(b - c), pb = Math.abs(a - c), pc = Math.abs(a + b - c - c);
  return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
}

/**
 * Unpacks the samples of pixels `first` to `end` of one unfiltered row.
 *
 * @param raw Holds the row's samples from `at` on.
 * @param depth Bits a sample: 1, 2, 4, 8 or 16 (big endian).
 * @param out Written at pixel `outPixel`, then every `step` pixels.
 */
export function unpackRow(
  raw: Uint8Array,
  at: number,
  first: number,
  end: number,
  channels: number,
  depth: number,
  out: Uint8Array | Uint16Array,
  outPixel: number,
  step: number,
): void {
  if (depth === 8 && step === 1) {
    out.set(raw.subarray(at + first * channels, at + end * channels), outPixel * channels);
    return;
  }
  let to = outPixel * channels;
  const skip = (step - 1) * channels;
  for (let pixel = first; pixel < end; pixel++, to += skip) {
    for (let i = pixel * channels; i < (pixel + 1) * channels; i++) {
      if (depth === 8) out[to++] = raw[at + i];
      else if (depth === 16) out[to++] = (raw[at + 2 * i] << 8) | raw[at + 2 * i + 1];
      else {
        const bit = i * depth;
        out[to++] = (raw[at + (bit >> 3)] >> (8 - depth - (bit & 7))) & ((1 << depth) - 1);
      }
    }
  }
}
