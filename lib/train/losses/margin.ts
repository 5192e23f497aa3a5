/** The margin loss of capsules: lengths that are to be long or short, and no more than that. @module */
import { tf } from "../../engine/mod.ts";
import { classesLike, type Loss } from "../loss.ts";

/** Options for {@linkcode margin}. */
export interface MarginOptions {
  /** From which length on a class that is there costs nothing. @default {0.9} */
  present?: number;
  /** Up to which length a class that is not there costs nothing. @default {0.1} */
  absent?: number;
  /** Weight of classes that are not there, so that lengths do not all shrink at first. @default {0.5} */
  absentWeight?: number;
}

/**
 * Σ over classes of max(0, present − length)² of the one that is there, and absentWeight · max(0, length − absent)² of each other.
 *
 * Shapes: class numbers [batch]; lengths [batch, classes]; [batch] out.
 * Source: Sabour, Frosst and Hinton, arXiv 1710.09829, equation 4.
 *
 * @throws {RangeError} If the lengths are not in order between 0 and 1, or the weight is negative.
 * @example A length of 0.5 where 0.9 is wanted, and one of 0.3 where 0.1 may be
 * ```ts
 * import { startEngine } from "../../engine/mod.ts";
 * import { margin } from "./margin.ts";
 * const tf = await startEngine({ backend: "cpu" });
 * const lengths = tf.tensor2d([[0.5, 0.3]]);
 * margin().perExample(tf.tensor1d([0], "int32"), lengths, { logits: false }).dataSync(); // 0.18…
 * ```
 */
export function margin(options: MarginOptions = {}): Loss {
  const { present = 0.9, absent = 0.1, absentWeight = 0.5 } = options;
  if (!(absent >= 0 && absent < present && present <= 1 && absentWeight >= 0)) {
    throw new RangeError(
      `Cannot make a margin loss as 0 ≤ absent < present ≤ 1 and a weight of at least 0 are wanted: got ${absent}, ` +
        `${present} and ${absentWeight}`,
    );
  }
  return {
    config: { name: "margin", present, absent, absentWeight },
    logits: false,
    target: "classes",
    perExample(targets, output) {
      const isThere = classesLike(targets, output);
      const short = tf.square(tf.relu(tf.sub(present, output)));
      const long = tf.square(tf.relu(tf.sub(output, absent)));
      const each = tf.add(tf.mul(isThere, short), tf.mul(tf.mul(tf.sub(1, isThere), long), absentWeight));
      return tf.sum(each, -1);
    },
  };
}
