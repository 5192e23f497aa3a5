/**
 * Values between and beyond the pixels of an image, in JavaScript: one tight loop an image, without a tensor.
 *
 * Source: the borders are those of SciPy's `ndimage`, by its names and with its answers.
 * @module
 */

/**
 * What lies beyond the border, by `ndimage`'s names.
 *
 * `constant` gives the value to whatever lies beyond the outermost pixels' middles, `grid-constant` blends towards it;
 * `wrap` has a period of one pixel less than the side, `grid-wrap` of the whole side.
 */
export type Border = "constant" | "grid-constant" | "nearest" | "reflect" | "wrap" | "grid-wrap";

/** How values between and beyond pixels are found. */
export interface Sampling {
  /** 0 takes the nearest pixel, 1 blends four linearly. */
  order: 0 | 1;
  border: Border;
  /** Value beyond the border where that is constant. */
  value: number;
}

/** Where an image lies in an array of many: row-major, channels last. */
export interface ImagePlace {
  data: Float32Array;
  /** Index of its first value. */
  at: number;
  height: number;
  width: number;
  channels: number;
}

/** Rows and columns that come out by rounding a hair outside still belong to the image. */
const HAIR = 1e-6;

/** Index of the pixel that stands at `index` beyond the border, or −1 where the constant does. */
function borderIndex(index: number, length: number, border: Border): number {
  if (index >= 0 && index < length) return index;
  switch (border) {
    case "grid-constant":
      return -1;
    case "reflect": {
      const period = 2 * length, folded = ((index % period) + period) % period;
      return folded < length ? folded : period - 1 - folded;
    }
    case "grid-wrap":
      return ((index % length) + length) % length;
    default: // the coordinate itself was brought inside: only the pixel after the last is left
      return index < 0 ? 0 : length - 1;
  }
}

/** Brings a coordinate inside where the border asks for that before any pixel is chosen; NaN stands for the constant. */
function borderCoordinate(at: number, length: number, border: Border): number {
  if (at >= 0 && at <= length - 1) return at;
  if (border === "constant") {
    if (at < -HAIR || at > length - 1 + HAIR) return NaN;
    return at < 0 ? 0 : length - 1;
  }
  if (border === "nearest" || length === 1) {
    return border === "grid-constant" ? at : Math.min(length - 1, Math.max(0, at));
  }
  if (border !== "wrap") return at;
  const period = length - 1;
  if (at < 0) return at + period * (Math.trunc(-at / period) + 1);
  return at - period * Math.trunc(at / period);
}

/**
 * Finds all channels at one place and puts them at `to`.
 *
 * The general case, for places near the border.
 */
function sampleAtBorder(
  image: ImagePlace,
  row: number,
  column: number,
  { order, border, value }: Sampling,
  out: Float32Array,
  to: number,
): void {
  const { data, at, height, width, channels } = image;
  const y = borderCoordinate(row, height, border), x = borderCoordinate(column, width, border);
  if (!(y === y && x === x)) {
    out.fill(value, to, to + channels);
    return;
  }
  if (order === 0) {
    const r = borderIndex(Math.floor(y + 0.5), height, border);
    const c = borderIndex(Math.floor(x + 0.5), width, border);
    const from = at + (r * width + c) * channels;
    for (let k = 0; k < channels; k++) out[to + k] = r < 0 || c < 0 ? value : data[from + k];
    return;
  }
  const top = Math.floor(y), left = Math.floor(x), down = y - top, across = x - left;
  const r0 = borderIndex(top, height, border), c0 = borderIndex(left, width, border);
  // A neighbour of no weight is not read.
  const r1 = down === 0 ? r0 : borderIndex(top + 1, height, border);
  const c1 = across === 0 ? c0 : borderIndex(left + 1, width, border);
  for (let k = 0; k < channels; k++) {
    const pixel = (r: number, c: number) =>
      r < 0 || c < 0 ? value : data[at + (r * width + c) * channels + k];
    const upper = (1 - across) * pixel(r0, c0) + across * pixel(r0, c1);
    const lower = (1 - across) * pixel(r1, c0) + across * pixel(r1, c1);
    out[to + k] = (1 - down) * upper + down * lower;
  }
}

/**
 * Fills an image from another: output pixel (column x, row y) takes the input at column `m0 x + m1 y + m2` and row
 * `m3 x + m4 y + m5`, all counted from the middle of the upper left pixel.
 *
 * @param from The image that is read.
 * @param to The image that is written; as many channels.
 * @param m Six numbers.
 */
export function resampleAffine(
  from: ImagePlace,
  to: ImagePlace,
  m: ArrayLike<number>,
  sampling: Sampling,
): void {
  const line = from.width * from.channels, row = { from, to, sampling, into: to.at, m0: m[0], m3: m[3] };
  const fill = sampling.order === 0
    ? nearestRow
    : from.channels === 1
    ? linearRow1
    : from.channels === 3
    ? linearRow3
    : linearRow;
  for (let y = 0; y < to.height; y++) {
    fill(row, m[1] * y + m[2], m[4] * y + m[5], line);
    row.into += to.width * to.channels;
  }
}

/** One row of the output: where it begins, and how far a pixel to the right goes in the input. */
interface OutputRow {
  from: ImagePlace;
  to: ImagePlace;
  sampling: Sampling;
  /** Index of the row's first value. */
  into: number;
  m0: number;
  m3: number;
}

// The same loop four times: with the number of bands known, a pixel takes half of the time.

function nearestRow(
  { from, to, sampling, into, m0, m3 }: OutputRow,
  x0: number,
  y0: number,
  line: number,
): void {
  const { data, at, channels } = from, right = from.width - 1, bottom = from.height - 1, out = to.data;
  for (let x = 0; x < to.width; x++, into += channels) {
    const column = m0 * x + x0, row = m3 * x + y0;
    if (!(column >= 0 && column < right && row >= 0 && row < bottom)) {
      sampleAtBorder(from, row, column, sampling, out, into);
      continue;
    }
    let pixel = at + ((row + 0.5) | 0) * line + ((column + 0.5) | 0) * channels;
    for (let k = into; k < into + channels; k++) out[k] = data[pixel++];
  }
}

function linearRow(
  { from, to, sampling, into, m0, m3 }: OutputRow,
  x0: number,
  y0: number,
  line: number,
): void {
  const { data, at, channels } = from, right = from.width - 1, bottom = from.height - 1, out = to.data;
  for (let x = 0; x < to.width; x++, into += channels) {
    const column = m0 * x + x0, row = m3 * x + y0;
    if (!(column >= 0 && column < right && row >= 0 && row < bottom)) {
      sampleAtBorder(from, row, column, sampling, out, into);
      continue;
    }
    const top = row | 0, left = column | 0, down = row - top, across = column - left;
    let pixel = at + top * line + left * channels;
    for (let k = into; k < into + channels; k++, pixel++) {
      out[k] = blended(data, pixel, pixel + channels, line, across, down);
    }
  }
}

function linearRow1(
  { from, to, sampling, into, m0, m3 }: OutputRow,
  x0: number,
  y0: number,
  line: number,
): void {
  const { data, at } = from, right = from.width - 1, bottom = from.height - 1, out = to.data;
  for (let x = 0; x < to.width; x++, into++) {
    const column = m0 * x + x0, row = m3 * x + y0;
    if (!(column >= 0 && column < right && row >= 0 && row < bottom)) {
      sampleAtBorder(from, row, column, sampling, out, into);
      continue;
    }
    const top = row | 0, left = column | 0, pixel = at + top * line + left;
    out[into] = blended(data, pixel, pixel + 1, line, column - left, row - top);
  }
}

function linearRow3(
  { from, to, sampling, into, m0, m3 }: OutputRow,
  x0: number,
  y0: number,
  line: number,
): void {
  const { data, at } = from, right = from.width - 1, bottom = from.height - 1, out = to.data;
  for (let x = 0; x < to.width; x++, into += 3) {
    const column = m0 * x + x0, row = m3 * x + y0;
    if (!(column >= 0 && column < right && row >= 0 && row < bottom)) {
      sampleAtBorder(from, row, column, sampling, out, into);
      continue;
    }
    const top = row | 0, left = column | 0, down = row - top, across = column - left;
    const pixel = at + top * line + left * 3;
    out[into] = blended(data, pixel, pixel + 3, line, across, down);
    out[into + 1] = blended(data, pixel + 1, pixel + 4, line, across, down);
    out[into + 2] = blended(data, pixel + 2, pixel + 5, line, across, down);
  }
}

/** Four neighbours blended; one of no weight changes nothing as long as it is finite. */
function blended(
  data: Float32Array,
  left: number,
  right: number,
  line: number,
  across: number,
  down: number,
): number {
  const upper = data[left] + across * (data[right] - data[left]);
  const lower = data[left + line] + across * (data[right + line] - data[left + line]);
  return upper + down * (lower - upper);
}

/**
 * Reads an image at any places.
 *
 * @param from The image that is read.
 * @param places Row and column of each place, in turn, from index `first` on.
 * @param count How many places.
 * @param out Takes the channels of each place in turn, from index `to` on.
 */
export function resampleAt(
  from: ImagePlace,
  places: Float32Array,
  first: number,
  count: number,
  out: Float32Array,
  to: number,
  sampling: Sampling,
): void {
  const { data, at, channels } = from, line = from.width * channels;
  const right = from.width - 1, bottom = from.height - 1;
  for (let i = 0, into = to; i < count; i++, into += channels) {
    const row = places[first + 2 * i], column = places[first + 2 * i + 1];
    if (sampling.order === 0 || !(column >= 0 && column < right && row >= 0 && row < bottom)) {
      sampleAtBorder(from, row, column, sampling, out, into);
      continue;
    }
    const top = row | 0, left = column | 0, down = row - top, across = column - left;
    let pixel = at + top * line + left * channels;
    for (let k = into; k < into + channels; k++, pixel++) {
      out[k] = blended(data, pixel, pixel + channels, line, across, down);
    }
  }
}
