/**
 * How pyBIA 1.3.3 moves an image: one rounding after another, each with its fault, so that its pixels come out.
 *
 * Source: pyBIA's `data_augmentation.py` and `data_processing.py`, and what they call: Keras' `ImageDataGenerator`,
 * SciPy's `ndimage.rotate` and `zoom`, OpenCV's `warpAffine`.
 * @module
 */
import { type Border, type ImagePlace, resampleAffine } from "../engine/ops/resample.ts";

/** The numbers of a move that pyBIA draws. */
interface Move {
  rows: number;
  columns: number;
  flipHorizontal: boolean;
  flipVertical: boolean;
  degrees: number;
  zoom: number;
}

/** Shift, flip, turn, zoom and crop, in this order, into `to`. */
export function moveAsPybia(from: ImagePlace, to: ImagePlace, move: Move, fill: Border): void {
  let image = from;
  if (move.rows !== 0 || move.columns !== 0 || move.flipHorizontal || move.flipVertical) {
    image = shiftAndFlip(image, move, fill);
  }
  if (move.degrees !== 0) image = turn(image, move.degrees);
  if (move.zoom !== 1) image = zoom(image, move.zoom);
  crop(image, to);
}

function blank(height: number, width: number, channels: number): ImagePlace {
  return { data: new Float32Array(height * width * channels), at: 0, height, width, channels };
}

function shiftAndFlip(from: ImagePlace, move: Move, fill: Border): ImagePlace {
  const { height, width } = from, to = blank(height, width, from.channels);
  const { rows, columns, flipHorizontal, flipVertical } = move;
  const across = flipHorizontal ? [-1, width - 1 + columns] : [1, columns];
  const down = flipVertical ? [-1, height - 1 + rows] : [1, rows];
  resampleAffine(from, to, [across[0], 0, across[1], 0, down[0], down[1]], {
    order: 1,
    border: fill,
    value: 0,
  });
  return to;
}

/**
 * Turns by `ndimage.rotate(…, reshape=False, order=0)`. Fault: the fill of the options does not reach it, what comes in
 * is 0, and with it every pixel that a rounding error puts outside. At 135° places fall half-way between pixels, and
 * there the rounding of NumPy's linear algebra decides, which machines do differently.
 */
function turn(from: ImagePlace, degrees: number): ImagePlace {
  const { data, at, height, width, channels } = from, to = blank(height, width, channels);
  const c = cosineOfDegrees(degrees), s = sineOfDegrees(degrees);
  const middleY = (height - 1) / 2, middleX = (width - 1) / 2;
  const offsetY = middleY - (c * middleY + s * middleX), offsetX = middleX - (-s * middleY + c * middleX);
  for (let row = 0, into = 0; row < height; row++) {
    for (let column = 0; column < width; column++, into += channels) {
      const y = offsetY + row * c + column * s, x = offsetX + row * -s + column * c;
      if (y < 0 || y > height - 1 || x < 0 || x > width - 1) continue;
      const pixel = at + (Math.floor(y + 0.5) * width + Math.floor(x + 0.5)) * channels;
      for (let k = 0; k < channels; k++) to.data[into + k] = data[pixel + k];
    }
  }
  return to;
}

/** Magnifies by `ndimage.zoom(…, order=0, mode="nearest")`: the sides change, rounded to whole pixels. */
function zoom(from: ImagePlace, factor: number): ImagePlace {
  const { data, at, channels } = from;
  const height = roundHalfEven(from.height * factor), width = roundHalfEven(from.width * factor);
  const to = blank(height, width, channels);
  const places = (before: number, after: number) => {
    const step = after > 1 ? (before - 1) / (after - 1) : 1;
    return Int32Array.from({ length: after }, (_, i) => Math.min(before - 1, Math.floor(i * step + 0.5)));
  };
  const rows = places(from.height, height), columns = places(from.width, width);
  for (let row = 0, into = 0; row < height; row++) {
    for (let column = 0; column < width; column++, into += channels) {
      const pixel = at + (rows[row] * from.width + columns[column]) * channels;
      for (let k = 0; k < channels; k++) to.data[into + k] = data[pixel + k];
    }
  }
  return to;
}

/** Python's `round`. */
function roundHalfEven(value: number): number {
  const below = Math.floor(value), rest = value - below;
  if (rest !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}

/** pyBIA's `crop_image`. Faults: even crops lie one pixel late, and what an image lacks is NaN below and to the right. */
function crop(from: ImagePlace, to: ImagePlace): void {
  const { data, at, height, width, channels } = from;
  const same = height === to.height && width === to.width;
  const before = Math.floor(to.height / 2) + to.height % 2 - 1;
  const begin = same ? 0 : Math.max(0, Math.floor(height / 2) - before);
  const end = Math.floor(height / 2) + Math.floor(to.height / 2) + 1;
  const rows = same ? height : Math.min(height, end) - begin;
  const columns = same ? width : Math.min(width, end) - begin;
  if (rows < to.height || columns < to.width) {
    to.data.fill(NaN, to.at, to.at + to.height * to.width * channels);
  }
  for (let row = 0; row < rows; row++) {
    const line = at + ((begin + row) * width + begin) * channels;
    to.data.set(data.subarray(line, line + columns * channels), to.at + row * to.width * channels);
  }
}

/** The numbers of a skew that pyBIA draws. */
interface Skew {
  x: number;
  y: number;
  angleX: number;
  angleY: number;
}

/**
 * pyBIA's `random_skew`, in place. Fault: the corners that the image is to be put on have its sides added twice, so it
 * is enlarged about twofold and moved, and not skewed at all.
 *
 * OpenCV 4 reads between pixels in steps of 1/32 pixel; OpenCV 5 no longer does.
 */
export function skewAsPybia(image: ImagePlace, { x, y, angleX, angleY }: Skew): void {
  const { data, at, height, width, channels } = image;
  const across = doubled(x * width + angleX * height, width);
  const first = roundHalfEven(across.start * 1024) + 16;
  const columns = Int32Array.from(
    { length: width },
    (_, i) => first + roundHalfEven(across.scale * i * 1024) >> 5,
  );
  const down = doubled(y * height + angleY * width, height);
  const rows = Int32Array.from(
    { length: height },
    (_, i) => roundHalfEven((down.scale * i + down.start) * 1024) + 16 >> 5,
  );
  const before = data.slice(at, at + height * width * channels);
  const pixel = (row: number, column: number, channel: number) =>
    row >= 0 && row < height && column >= 0 && column < width
      ? before[(row * width + column) * channels + channel]
      : 0;
  for (let row = 0, into = at; row < height; row++) {
    const top = rows[row] >> 5, v = (rows[row] & 31) / 32;
    for (let column = 0; column < width; column++, into += channels) {
      const left = columns[column] >> 5, u = (columns[column] & 31) / 32;
      for (let k = 0; k < channels; k++) {
        const upper = (1 - u) * pixel(top, left, k) + u * pixel(top, left + 1, k);
        const lower = (1 - u) * pixel(top + 1, left, k) + u * pixel(top + 1, left + 1, k);
        data[into + k] = (1 - v) * upper + v * lower;
      }
    }
  }
}

/** Where a side is read that is put from `moved` on and doubled: at `start + scale · i`. */
function doubled(moved: number, length: number): { start: number; scale: number } {
  const first = Math.fround(moved), last = Math.fround(length - 1 + Math.fround(moved + length));
  const scale = (length - 1) / (last - first);
  return { start: -first * scale, scale };
}

// Sine and cosine of degrees as SciPy has them (Cephes' sindg.c): ndimage.rotate rounds to pixels by their last bits.
const SINE = [
  1.58962301572218447952e-10,
  -2.50507477628503540135e-8,
  2.75573136213856773549e-6,
  -1.98412698295895384658e-4,
  8.33333333332211858862e-3,
  -1.66666666666666307295e-1,
];
const COSINE = [
  1.13678171382044553091e-11,
  -2.08758833757683644217e-9,
  2.75573155429816611547e-7,
  -2.48015872936186303776e-5,
  1.3888888888880666676e-3,
  -4.16666666666666348141e-2,
  4.99999999999999999798e-1,
];

function polynomial(coefficients: readonly number[], x: number): number {
  return coefficients.reduce((sum, coefficient) => sum * x + coefficient, 0);
}

/** Octant and the rest of an angle, for degrees from 0 on. */
function octant(degrees: number): { part: number; sine: number; cosine: number } {
  let whole = Math.floor(degrees / 45);
  if (whole % 2 === 1) whole++;
  const z = (degrees - whole * 45) * 1.74532925199432957692e-2, zz = z * z;
  return {
    part: whole % 8,
    sine: z + z * (zz * polynomial(SINE, zz)),
    cosine: 1 - zz * polynomial(COSINE, zz),
  };
}

function sineOfDegrees(degrees: number): number {
  const { part, sine, cosine } = octant(Math.abs(degrees));
  const value = part % 4 === 2 ? cosine : sine;
  return (part >= 4 ? -1 : 1) * Math.sign(degrees) * value;
}

function cosineOfDegrees(degrees: number): number {
  const { part, sine, cosine } = octant(Math.abs(degrees));
  return [cosine, -sine, -cosine, sine][part / 2];
}
