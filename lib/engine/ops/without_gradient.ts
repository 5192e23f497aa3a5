/** Arithmetic that nothing in front of it learns through. @module */
import { tf } from "../tf.ts";

/**
 * Runs ops that have no gradient, as some of TensorFlow's have none: what goes in is not reached by a loss of what comes
 * out, which is more than a gradient of zero, as weight decay leaves such weights alone, too.
 *
 * @param run The ops; what it returns is the caller's.
 * @example The square is not seen
 * ```ts
 * import { startEngine, withoutGradient } from "../mod.ts";
 * const tf = await startEngine({ backend: "cpu" });
 * const slope = tf.grad((x) => tf.add(x, withoutGradient(() => tf.square(x))));
 * slope(tf.scalar(3)).dataSync(); // 1
 * ```
 */
export function withoutGradient<T extends tf.Tensor>(run: () => T): T {
  // TensorFlow.js writes no op down for the way back that runs within another one.
  const { state } = tf.engine() as unknown as { state: { kernelDepth: number } };
  state.kernelDepth++;
  try {
    return tf.tidy(run);
  } finally {
    state.kernelDepth--;
  }
}
