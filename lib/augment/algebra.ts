/** The arithmetic of steps, done with tensors. @module */
import { tf } from "../engine/mod.ts";
import type { Algebra } from "./numbers.ts";

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
