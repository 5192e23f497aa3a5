/**
 * HCOMPRESS_1: a tile as the quadtree-coded bit planes of its Haar-like transform.
 *
 * Sums go beyond 32 bits, so what CFITSIO does by masks and shifts is done by division here, which is exact to 2⁵³.
 *
 * Source: R. L. White, Space Telescope Science Institute; fits_hdecompress.c of CFITSIO 4. Smoothing is not done. @module
 */
import { BitReader } from "./_fits_codes.ts";

/** Unpacks a tile; `count` is how many values it must have. @throws {SyntaxError} If it is damaged. */
export function unpackHcompress(packed: Uint8Array, count: number): Float64Array {
  if (packed.length < 25 || packed[0] !== 0xdd || packed[1] !== 0x99) {
    throw new SyntaxError("it is no HCOMPRESS data");
  }
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  const nx = view.getInt32(2),
    ny = view.getInt32(6),
    scale = view.getInt32(10),
    sum = Number(view.getBigInt64(14));
  if (nx < 1 || ny < 1 || nx * ny !== count) {
    throw new SyntaxError(`it has ${nx} × ${ny} values, not ${count}`);
  }
  const planes = packed.subarray(22, 25), values = new Float64Array(count);
  let bits = new BitReader(packed, 25);
  const halfX = (nx + 1) >> 1, halfY = (ny + 1) >> 1;
  decodeQuadrant(bits, values, 0, ny, halfX, halfY, planes[0]);
  decodeQuadrant(bits, values, halfY, ny, halfX, ny >> 1, planes[1]);
  decodeQuadrant(bits, values, ny * halfX, ny, nx >> 1, halfY, planes[1]);
  decodeQuadrant(bits, values, ny * halfX + halfY, ny, nx >> 1, ny >> 1, planes[2]);
  if (bits.take(4) !== 0) throw new SyntaxError("its bit planes are damaged");
  bits = new BitReader(packed, bits.align());
  for (let i = 0; i < count; i++) if (values[i] !== 0 && bits.take(1) === 1) values[i] = -values[i];
  values[0] = sum;
  if (scale > 1) { for (let i = 0; i < count; i++) values[i] *= scale; }
  invert(values, nx, ny);
  return values;
}

/** The least power of two that is not less. */
function log2Of(value: number): number {
  return Math.ceil(Math.log2(value));
}

/** Steps through the sizes that a quadtree has from its root down. */
function* levels(nx: number, ny: number, log2: number, steps: number): Generator<[number, number]> {
  let topX = 1, topY = 1, leftX = nx, leftY = ny, half = 2 ** log2;
  for (let k = 0; k < steps; k++) {
    half /= 2;
    topX *= 2;
    topY *= 2;
    if (leftX <= half) topX--;
    else leftX -= half;
    if (leftY <= half) topY--;
    else leftY -= half;
    yield [topX, topY];
  }
}

function decodeQuadrant(
  bits: BitReader,
  values: Float64Array,
  at: number,
  stride: number,
  nx: number,
  ny: number,
  planes: number,
): void {
  const log2 = log2Of(Math.max(nx, ny, 1)), halfX = (nx + 1) >> 1, halfY = (ny + 1) >> 1;
  const scratch = new Uint8Array(Math.max(1, halfX * halfY) * 4 + 4);
  for (let bit = planes - 1; bit >= 0; bit--) {
    const kind = bits.take(4);
    if (kind === 0) { for (let i = 0; i < halfX * halfY; i++) scratch[i] = bits.take(4); }
    else if (kind !== 15) throw new SyntaxError("its bit planes are damaged");
    else {
      scratch[0] = huffman(bits);
      for (const [topX, topY] of levels(nx, ny, log2, Math.max(0, log2 - 1))) {
        spread(scratch, topX, topY);
        for (let i = topX * topY - 1; i >= 0; i--) if (scratch[i]) scratch[i] = huffman(bits);
      }
    }
    insertPlane(scratch, nx, ny, values, at, stride, 2 ** bit);
  }
}

/** One of 16 patterns of four bits; patterns with one bit are the shortest. */
function huffman(bits: BitReader): number {
  let code = bits.take(3);
  if (code < 4) return 1 << code;
  code = code << 1 | bits.take(1);
  if (code < 13) return [3, 5, 10, 12, 15][code - 8];
  code = code << 1 | bits.take(1);
  if (code < 31) return [6, 7, 9, 11, 13][code - 26];
  return (code << 1 | bits.take(1)) === 62 ? 0 : 14;
}

/** Makes of each pattern the four that it stands for, in place, from the last one back. */
function spread(cells: Uint8Array, nx: number, ny: number): void {
  const halfX = (nx + 1) >> 1, halfY = (ny + 1) >> 1;
  for (let i = halfX - 1, k = halfX * halfY - 1; i >= 0; i--) {
    for (let j = halfY - 1; j >= 0; j--) cells[2 * (ny * i + j)] = cells[k--];
  }
  for (let i = 0; i < nx; i += 2) {
    for (let j = 0; j < ny; j += 2) {
      const place = ny * i + j, four = cells[place], isLastColumn = j + 1 === ny;
      if (i + 1 < nx) {
        if (!isLastColumn) cells[place + ny + 1] = four & 1;
        cells[place + ny] = four >> 1 & 1;
      }
      if (!isLastColumn) cells[place + 1] = four >> 2 & 1;
      cells[place] = four >> 3 & 1;
    }
  }
}

function insertPlane(
  cells: Uint8Array,
  nx: number,
  ny: number,
  values: Float64Array,
  at: number,
  stride: number,
  weight: number,
): void {
  for (let i = 0, k = 0; i < nx; i += 2) {
    for (let j = 0; j < ny; j += 2) {
      const four = cells[k++], place = at + stride * i + j;
      if (four & 8) values[place] += weight;
      if (four & 4 && j + 1 < ny) values[place + 1] += weight;
      if (four & 2 && i + 1 < nx) values[place + stride] += weight;
      if (four & 1 && i + 1 < nx && j + 1 < ny) values[place + stride + 1] += weight;
    }
  }
}

/** Rounds to a multiple of `unit`, a half up for what is not negative. */
function rounded(value: number, unit: number): number {
  const half = Math.floor(unit / 2);
  return Math.floor((value + (value >= 0 ? half : half - 1)) / unit) * unit;
}

/** The bit of a number that is worth `unit`, as two's complement has it. */
function bitOf(value: number, unit: number): number {
  return Math.abs(Math.floor(value / unit) % 2) * unit;
}

/** Undoes the transform, level after level. */
function invert(a: Float64Array, nx: number, ny: number): void {
  const log2 = log2Of(Math.max(nx, ny)), spare = new Float64Array((Math.max(nx, ny) + 1) >> 1);
  let unit0 = 2 ** (log2 - 1), unit1 = 2 * unit0, divisor = 2, level = log2 - 1;
  a[0] = rounded(a[0], 4 * unit0);
  for (const [topX, topY] of levels(nx, ny, log2, log2)) {
    const isLast = level === 0;
    if (isLast) divisor = 4;
    for (let i = 0; i < topX; i++) interleave(a, ny * i, topY, 1, spare);
    for (let j = 0; j < topY; j++) interleave(a, j, topX, ny, spare);
    const oddX = topX % 2, oddY = topY % 2;
    for (let i = 0; i < topX - oddX; i += 2) {
      let p = ny * i, q = p + ny;
      for (let j = 0; j < topY - oddY; j += 2, p += 2, q += 2) {
        let h0 = a[p], hx = rounded(a[q], unit1), hy = rounded(a[p + 1], unit1);
        const hc = isLast ? roundedLast(a[q + 1], unit0) : rounded(a[q + 1], unit0), low0 = bitOf(hc, unit0);
        hx += hx >= 0 ? -low0 : low0;
        hy += hy >= 0 ? -low0 : low0;
        const ones = bitOf(hc, unit1) + bitOf(hx, unit1) + bitOf(hy, unit1), low1 = ones / unit1 % 2 * unit1;
        h0 += h0 >= 0 ? low0 - low1 : low0 === 0 ? low1 : low0 - low1;
        a[q + 1] = Math.floor((h0 + hx + hy + hc) / divisor);
        a[q] = Math.floor((h0 + hx - hy - hc) / divisor);
        a[p + 1] = Math.floor((h0 - hx + hy - hc) / divisor);
        a[p] = Math.floor((h0 - hx - hy + hc) / divisor);
      }
      if (oddY) pair(a, p, q, unit1, divisor);
    }
    if (oddX) {
      let p = ny * (topX - 1);
      for (let j = 0; j < topY - oddY; j += 2, p += 2) pair(a, p, p + 1, unit1, divisor);
      if (oddY) a[p] = Math.floor(a[p] / divisor);
    }
    unit1 = unit0;
    unit0 = Math.max(1, unit0 / 2);
    level--;
  }
}

/** At the last level nothing is added to what is negative. */
function roundedLast(value: number, unit: number): number {
  const half = Math.floor(unit / 2);
  return Math.floor((value + (value >= 0 ? half : 0)) / unit) * unit;
}

/** Two values of a row or column whose neighbour is missing. */
function pair(a: Float64Array, p: number, q: number, unit: number, divisor: number): void {
  const h = rounded(a[q], unit), low = bitOf(h, unit), h0 = a[p] + (a[p] >= 0 ? -low : low);
  a[q] = Math.floor((h0 + h) / divisor);
  a[p] = Math.floor((h0 - h) / divisor);
}

/** Puts the second half of a line between the values of its first half. */
function interleave(a: Float64Array, at: number, length: number, stride: number, spare: Float64Array): void {
  const half = (length + 1) >> 1;
  for (let i = half; i < length; i++) spare[i - half] = a[at + stride * i];
  for (let i = half - 1; i >= 0; i--) a[at + 2 * stride * i] = a[at + stride * i];
  for (let i = 1; i < length; i += 2) a[at + stride * i] = spare[i >> 1];
}
