/**
 * Arithmetic that is written once and done with numbers or with tensors: so both paths of a step have one formula.
 * @module
 */

/** Operations on `T`; a plain number is a constant, and constants are folded where that leaves nothing to do. */
export interface Algebra<T> {
  add(a: T | number, b: T | number): T | number;
  sub(a: T | number, b: T | number): T | number;
  mul(a: T | number, b: T | number): T | number;
  div(a: T | number, b: T | number): T | number;
  cos(a: T | number): T | number;
  sin(a: T | number): T | number;
  tan(a: T | number): T | number;
}

/** Plain numbers. */
export const NUMBERS: Algebra<number> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  cos: Math.cos,
  sin: Math.sin,
  tan: Math.tan,
};
