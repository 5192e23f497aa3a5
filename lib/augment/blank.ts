/** Blotting out parts of an image in place. @module */
import type { ImagePlace } from "../engine/ops/resample.ts";

/** Sets columns `from` to before `to` of a row, as far as they are in the image. */
function blankRow(image: ImagePlace, row: number, from: number, to: number, value: number): void {
  const { data, at, height, width, channels } = image;
  const first = Math.max(0, from), last = Math.min(width, to);
  if (row < 0 || row >= height || last <= first) return;
  const line = at + row * width * channels;
  const end = line + last * channels;
  for (let i = line + first * channels; i < end; i++) data[i] = value; // short: a call of fill would cost more
}

/** Sets the pixels whose middles lie within `half` of a place, along both axes; pixel 0 begins at 0. */
export function blankSquare(
  image: ImagePlace,
  row: number,
  column: number,
  half: number,
  value: number,
): void {
  const left = Math.ceil(column - half - 0.5), right = Math.floor(column + half - 0.5);
  for (let r = Math.ceil(row - half - 0.5); r <= Math.floor(row + half - 0.5); r++) {
    blankRow(image, r, left, right + 1, value);
  }
}

/** Sets what lies within `radius` of a pixel. */
export function blankCircle(
  image: ImagePlace,
  row: number,
  column: number,
  radius: number,
  value: number,
): void {
  for (let down = -radius; down <= radius; down++) {
    const reach = Math.floor(Math.sqrt(radius * radius - down * down));
    blankRow(image, row + down, column - reach, column + reach + 1, value);
  }
}
