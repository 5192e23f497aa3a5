/**
 * Arithmetic that is written once and done with numbers or with tensors: so both paths of a step have one formula.
 * @module
 */
import { tf } from "../engine/mod.ts";

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

/** Tensors of one shape, element by element; what comes out belongs to the tidy around. */
export const TENSORS: Algebra<tf.Tensor> = {
  add(a, b) {
    if (typeof a === "number" && typeof b === "number") return a + b;
    if (a === 0) return b;
    return b === 0 ? a : tf.add(a, b);
  },
  sub(a, b) {
    if (typeof a === "number" && typeof b === "number") return a - b;
    return b === 0 ? a : tf.sub(a, b);
  },
  mul(a, b) {
    if (typeof a === "number" && typeof b === "number") return a * b;
    if (a === 0 || b === 0) return 0;
    if (a === 1) return b;
    return b === 1 ? a : tf.mul(a, b);
  },
  div(a, b) {
    if (typeof a === "number" && typeof b === "number") return a / b;
    if (a === 0) return 0;
    return b === 1 ? a : tf.div(a, b);
  },
  cos: (a) => typeof a === "number" ? Math.cos(a) : tf.cos(a),
  sin: (a) => typeof a === "number" ? Math.sin(a) : tf.sin(a),
  tan: (a) => typeof a === "number" ? Math.tan(a) : tf.tan(a),
};
