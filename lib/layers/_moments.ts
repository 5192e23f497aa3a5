/** Central second moments of weighted pixels, by one formula for tensors and for nodes of an ONNX graph. @module */
import { tf } from "../engine/mod.ts";
import { type GraphBuilder, scalar } from "./onnx.ts";

/** What moments are computed by, of tensors or of names of ONNX tensors. */
export interface Arithmetic<T> {
  add(a: T, b: T): T;
  sub(a: T, b: T): T;
  mul(a: T, b: T): T;
  div(a: T, b: T): T;
  square(a: T): T;
  twice(a: T): T;
}

/** Computes with tensors. */
export const TENSORS: Arithmetic<tf.Tensor> = {
  add: (a, b) => tf.add(a, b),
  sub: (a, b) => tf.sub(a, b),
  mul: (a, b) => tf.mul(a, b),
  div: (a, b) => tf.div(a, b),
  square: (a) => tf.square(a),
  twice: (a) => tf.mul(a, 2),
};

/** Writes nodes that compute. */
export function nodesOf(build: GraphBuilder): Arithmetic<string> {
  const two = (op: string) => (a: string, b: string) => build.node(op, [a, b]);
  const mul = two("Mul");
  return {
    add: two("Add"),
    sub: two("Sub"),
    mul,
    div: two("Div"),
    square: (a) => mul(a, a),
    twice: (a) => mul(a, scalar(build, 2)),
  };
}

/**
 * x, y, x² + y², x² − y² and 2xy of every pixel from the middle, [pixels, 5], or [pixels, 6] behind a column of ones; x to the right,
 * y down.
 *
 * @param unit Pixels that make one unit of length.
 */
export function coordinatePowers(
  rows: number,
  columns: number,
  unit: number,
  options: { ones?: boolean } = {},
): Float32Array {
  const first = options.ones ? [1] : [], width = first.length + 5;
  const powers = new Float32Array(rows * columns * width);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const x = (column - (columns - 1) / 2) / unit, y = (row - (rows - 1) / 2) / unit;
      powers.set([...first, x, y, x * x + y * y, x * x - y * y, 2 * x * y], (row * columns + column) * width);
    }
  }
  return powers;
}

/**
 * r = ⟨x² + y²⟩ − ⟨x⟩² − ⟨y⟩², d = ⟨x² − y²⟩ − ⟨x⟩² + ⟨y⟩² and c = 2 (⟨xy⟩ − ⟨x⟩⟨y⟩).
 *
 * @param sums Of x, y, x² + y², x² − y² and 2xy over the pixels, each by its weight.
 * @param mean Divides a sum by the sum of the weights; not needed where that is 1.
 */
export function centralMoments<T>(
  { add, sub, mul, square, twice }: Arithmetic<T>,
  [x, y, round, along, cross]: readonly T[],
  mean: (sum: T) => T = (sum) => sum,
): { r: T; d: T; c: T } {
  const mx = mean(x), my = mean(y);
  return {
    r: sub(sub(mean(round), square(mx)), square(my)),
    d: add(sub(mean(along), square(mx)), square(my)),
    c: sub(mean(cross), twice(mul(mx, my))),
  };
}
