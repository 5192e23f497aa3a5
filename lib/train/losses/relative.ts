/** Losses of how far off a value is relative to its size. @module */
import { tf } from "../../engine/mod.ts";
import { type Loss, meanOfExample, targetsLike } from "../loss.ts";

/** Keras's smallest size of a target. */
const EPSILON = 1e-7;

/**
 * Mean absolute miss as a percentage of the target; targets below 1e-7 count as that.
 *
 * Source: Keras 3 `MeanAbsolutePercentageError`.
 *
 * @example Half of 4 too much
 * ```ts
 * import { startEngine } from "../../engine/mod.ts";
 * import { meanAbsolutePercentageError } from "./relative.ts";
 * const tf = await startEngine({ backend: "cpu" });
 * const loss = meanAbsolutePercentageError();
 * loss.perExample(tf.tensor1d([4]), tf.tensor2d([[6]]), { logits: false }).dataSync(); // 50
 * ```
 */
export function meanAbsolutePercentageError(): Loss {
  return {
    config: { name: "meanAbsolutePercentageError" },
    logits: false,
    target: "values",
    perExample(targets, output) {
      const wanted = targetsLike(targets, output);
      const share = tf.div(tf.abs(tf.sub(wanted, output)), tf.maximum(tf.abs(wanted), EPSILON));
      return tf.mul(meanOfExample(share), 100);
    },
  };
}

/**
 * Mean squared difference of log(1 + value), for values from 0 on; smaller ones count as 1e-7.
 *
 * Source: Keras 3 `MeanSquaredLogarithmicError`.
 *
 * @example One factor of e
 * ```ts
 * import { startEngine } from "../../engine/mod.ts";
 * import { meanSquaredLogarithmicError } from "./relative.ts";
 * const tf = await startEngine({ backend: "cpu" });
 * const loss = meanSquaredLogarithmicError();
 * const [value] = loss.perExample(tf.tensor1d([0]), tf.tensor2d([[Math.E - 1]]), { logits: false }).dataSync();
 * value.toFixed(4); // "1.0000"
 * ```
 */
export function meanSquaredLogarithmicError(): Loss {
  return {
    config: { name: "meanSquaredLogarithmicError" },
    logits: false,
    target: "values",
    perExample(targets, output) {
      const log = (values: tf.Tensor) => tf.log(tf.add(tf.maximum(values, EPSILON), 1));
      return meanOfExample(tf.square(tf.sub(log(targetsLike(targets, output)), log(output))));
    },
  };
}
