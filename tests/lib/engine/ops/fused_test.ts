import { compile, startEngine, tf } from "../../../../lib/engine/mod.ts";
import { assertClose, assertEquals } from "../../../assert.ts";

/** What is added to what: a bias in all its forms, and what only looks like one. */
const PAIRS: [a: number[], b: number[]][] = [
  [[2, 3], [3]],
  [[2, 3], [1, 3]],
  [[2, 2, 3], [1, 1, 3]],
  [[2, 2, 3], [3]],
  [[2, 3], [2, 3]],
  [[1, 3], [3]],
  [[1, 3], [1, 3]],
  [[2, 3], [1]],
  [[2, 1], [3]],
  [[2, 1], [1, 3]],
  [[2, 3], [2, 1]],
  [[3], [2, 3]],
  [[1, 3], [2, 3]],
  [[3], [3]],
  [[2, 2, 3], [2, 1, 3]],
  [[2, 3], []],
  [[2, 1], [1]],
];

/** Where a number of the sum comes from, in an array that is broadcast to it. */
function placeIn(shape: readonly number[], of: readonly number[], index: number): number {
  let place = 0, size = 1, rest = index;
  for (let axis = 1; axis <= of.length; axis++) {
    const at = rest % of.at(-axis)!, side = shape.at(-axis) ?? 1;
    rest = Math.floor(rest / of.at(-axis)!);
    if (axis <= shape.length) place += size * (side === 1 ? 0 : at);
    size *= side;
  }
  return place;
}

Deno.test("tf.add() of a bias, or of what only looks like one, is the sum, and its gradients are sums", async () => {
  await startEngine({ backend: "tensorflow" });
  for (const [shapeA, shapeB] of PAIRS) {
    const numbers = (shape: number[], first: number) =>
      Float32Array.from({ length: tf.util.sizeFromShape(shape) }, (_, i) => first + i);
    const a = numbers(shapeA, 1), b = numbers(shapeB, 100);
    const shape = tf.broadcast_util.assertAndGetBroadcastShape(shapeA, shapeB);
    const length = tf.util.sizeFromShape(shape);
    const sum = Float32Array.from(
      { length },
      (_, i) => a[placeIn(shapeA, shape, i)] + b[placeIn(shapeB, shape, i)],
    );
    const toA = new Float32Array(a.length), toB = new Float32Array(b.length);
    for (let i = 0; i < length; i++) {
      toA[placeIn(shapeA, shape, i)] += i + 1;
      toB[placeIn(shapeB, shape, i)] += i + 1;
    }
    const weights = tf.tensor(numbers(shape, 1), shape);
    const run = (x: tf.Tensor, y: tf.Tensor) => {
      const total = (x: tf.Tensor, y: tf.Tensor) => tf.sum(tf.mul(tf.add(x, y), weights));
      return [tf.add(x, y), ...tf.grads(total)([x, y])] as tf.Tensor[];
    };
    for (const fn of [run, compile(run)]) {
      const results = tf.tidy(() => fn(tf.tensor(a, shapeA), tf.tensor(b, shapeB)));
      const message = `[${shapeA}] + [${shapeB}]`;
      assertEquals(results.map(({ shape }) => shape), [shape, shapeA, shapeB], message);
      [sum, toA, toB].forEach((expected, i) => assertClose(results[i].dataSync(), expected, 1e-6, message));
      tf.dispose(results);
    }
    const whole = tf.add(tf.tensor(a, shapeA, "int32"), tf.tensor(b, shapeB, "int32"));
    assertEquals([whole.dtype, [...whole.dataSync()]], ["int32", [...sum]]);
    tf.dispose([whole, weights]);
  }
});
