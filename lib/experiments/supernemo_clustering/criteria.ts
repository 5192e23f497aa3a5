/**
 * What a discriminator is asked of an event without its left track, beside whether it is real: where generators fail.
 *
 * Source: the clustering of github.com/amendl/SuperNEMO_ML_applications proposes output neurons for "is significant number of hits in the track no. 2 missing?", "is
 * significant number of hits in track no. 1 present?" and any other criterion; the third here is hits out of nothing. @module
 */
import { tf } from "../../engine/mod.ts";
import type { Criteria } from "../../train/mod.ts";

/** From which share of hits on they are many. */
const MANY = 0.1;

/** Sum of each example's cells, [batch, 1]. */
const countOf = (cells: tf.Tensor) => tf.sum(tf.reshape(cells, [cells.shape[0]!, -1]), 1, true);

/** 1 where a part is but few of the whole. */
const few = (part: tf.Tensor, whole: tf.Tensor) =>
  tf.cast(tf.lessEqual(countOf(part), tf.mul(countOf(whole), MANY)), "float32");

/**
 * Whether at most a tenth of the hits that are to stay is missing, of those that are to go is left, and of the cells given had no hit. All maps
 * are [batch, 116, 12, 1].
 */
export const CRITERIA: Criteria = {
  name: "few lost, few left, few of nothing",
  count: 3,
  passed(made, given, real) {
    const called = tf.cast(tf.greaterEqual(made, 0.5), "float32"), event = tf.cast(given, "float32");
    const goes = tf.sub(event, real), lost = tf.mul(real, tf.sub(1, called)), left = tf.mul(goes, called);
    const ofNothing = tf.mul(tf.sub(1, event), called);
    return tf.concat([few(lost, real), few(left, goes), few(ofNothing, called)], 1);
  },
};
