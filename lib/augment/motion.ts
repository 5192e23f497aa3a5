/**
 * Motions of an image in its plane: where a pixel goes, counted from the image's middle.
 * @module
 */
import type { Algebra } from "./numbers.ts";

/**
 * A linear map and a shift: column `x` and row `y`, both from the middle, go to `xx x + xy y + x` and `yx x + yy y + y`.
 */
export interface Motion<T> {
  xx: T | number;
  xy: T | number;
  yx: T | number;
  yy: T | number;
  x: T | number;
  y: T | number;
}

/** Stays where it is. */
export const REST: Motion<never> = { xx: 1, xy: 0, yx: 0, yy: 1, x: 0, y: 0 };

/** First one motion, then another. */
export function then<T>(first: Motion<T>, second: Motion<T>, { add, mul }: Algebra<T>): Motion<T> {
  const through = (a: T | number, b: T | number, x: T | number, y: T | number) => add(mul(a, x), mul(b, y));
  return {
    xx: through(second.xx, second.xy, first.xx, first.yx),
    xy: through(second.xx, second.xy, first.xy, first.yy),
    yx: through(second.yx, second.yy, first.xx, first.yx),
    yy: through(second.yx, second.yy, first.xy, first.yy),
    x: add(through(second.xx, second.xy, first.x, first.y), second.x),
    y: add(through(second.yx, second.yy, first.x, first.y), second.y),
  };
}

/** The motion back. */
export function inverse<T>(motion: Motion<T>, { sub, mul, div, add }: Algebra<T>): Motion<T> {
  const { xx, xy, yx, yy, x, y } = motion;
  const determinant = sub(mul(xx, yy), mul(xy, yx));
  const back = {
    xx: div(yy, determinant),
    xy: div(sub(0, xy), determinant),
    yx: div(sub(0, yx), determinant),
    yy: div(xx, determinant),
  };
  return {
    ...back,
    x: sub(0, add(mul(back.xx, x), mul(back.xy, y))),
    y: sub(0, add(mul(back.yx, x), mul(back.yy, y))),
  };
}

/** The window of a moved image that is kept. */
export interface Window {
  /** First row and column. */
  top: number;
  left: number;
  height: number;
  width: number;
}

/**
 * The six numbers of a resampling: pixel (x, y) of the window takes the image at column `m0 x + m1 y + m2` and row
 * `m3 x + m4 y + m5`.
 *
 * @param motion Where the pixels of the whole image go.
 * @param height Rows of the image.
 * @param width Columns of the image.
 */
export function resampling<T>(
  motion: Motion<T>,
  [height, width]: readonly [number, number],
  window: Window,
  algebra: Algebra<T>,
): (T | number)[] {
  const { add, mul } = algebra, middleX = (width - 1) / 2, middleY = (height - 1) / 2;
  const back = inverse(motion, algebra);
  // The window's pixel (x, y) lies at (x + left − middleX, y + top − middleY) from the middle.
  const fromX = window.left - middleX, fromY = window.top - middleY;
  const offset = (a: T | number, b: T | number, shift: T | number, middle: number) =>
    add(add(add(mul(a, fromX), mul(b, fromY)), shift), middle);
  return [
    back.xx,
    back.xy,
    offset(back.xx, back.xy, back.x, middleX),
    back.yx,
    back.yy,
    offset(back.yx, back.yy, back.y, middleY),
  ];
}
