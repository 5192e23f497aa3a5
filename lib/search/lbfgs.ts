/** Finding where a smooth function is least. @module */

/** A function and its gradient. */
export type Smooth = (x: Float64Array) => { value: number; gradient: Float64Array };

/**
 * L-BFGS with a backtracking line search.
 *
 * Source: J. Nocedal and S. Wright, "Numerical optimization" (2006), algorithms 7.4, 7.5 and 3.1.
 *
 * @param start Not modified.
 * @param iterations At most so many.
 * @example The least of (x - 3)²
 * ```ts
 * const f = (x: Float64Array) => ({ value: (x[0] - 3) ** 2, gradient: Float64Array.of(2 * (x[0] - 3)) });
 * minimizeSmooth(f, Float64Array.of(0)).x[0].toFixed(6); // "3.000000"
 * ```
 */
export function minimizeSmooth(
  f: Smooth,
  start: Float64Array,
  iterations = 50,
): { x: Float64Array; value: number } {
  const memory: { s: Float64Array; y: Float64Array; rho: number }[] = [];
  let x: Float64Array = start.slice();
  let { value, gradient } = f(x);
  for (let iteration = 0; iteration < iterations; iteration++) {
    const direction = directionFrom(gradient, memory);
    const slope = dot(direction, gradient);
    if (!(slope < -1e-12)) break;
    let step = memory.length === 0 ? Math.min(1, 1 / Math.sqrt(-slope)) : 1;
    let next = f(move(x, direction, step));
    for (let i = 0; i < 20 && !(next.value <= value + 1e-4 * step * slope); i++) {
      step /= 2.5;
      next = f(move(x, direction, step));
    }
    if (!(next.value < value)) break;
    const moved = move(x, direction, step);
    const s = moved.map((v, i) => v - x[i]);
    const y = next.gradient.map((v, i) => v - gradient[i]);
    const curvature = dot(s, y);
    if (curvature > 1e-12) memory.push({ s, y, rho: 1 / curvature });
    if (memory.length > 8) memory.shift();
    const gain = value - next.value;
    [x, value, gradient] = [moved, next.value, next.gradient];
    if (gain < 1e-7 * (1 + Math.abs(value))) break;
  }
  return { x, value };
}

function directionFrom(
  gradient: Float64Array,
  memory: readonly { s: Float64Array; y: Float64Array; rho: number }[],
): Float64Array {
  const q = gradient.map((g) => -g);
  const alphas: number[] = [];
  for (let i = memory.length - 1; i >= 0; i--) {
    const { s, y, rho } = memory[i];
    alphas[i] = rho * dot(s, q);
    for (let k = 0; k < q.length; k++) q[k] -= alphas[i] * y[k];
  }
  const last = memory.at(-1);
  if (last) {
    const scale = 1 / (last.rho * dot(last.y, last.y));
    for (let k = 0; k < q.length; k++) q[k] *= scale;
  }
  memory.forEach(({ s, y, rho }, i) => {
    const beta = rho * dot(y, q);
    for (let k = 0; k < q.length; k++) q[k] += (alphas[i] - beta) * s[k];
  });
  return q;
}

function move(x: Float64Array, direction: Float64Array, step: number): Float64Array {
  return x.map((v, i) => v + step * direction[i]);
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
