/**
 * Losses on logits, one value an example, with TensorFlow's fused ops on the native backend.
 * @module
 */
import { nativeOp } from "../native/native_op.ts";
import { DataType, typeAttribute } from "../native/native_types.ts";
import { activeNative } from "../state.ts";
import { tf } from "../tf.ts";

/** Multiplies each row of `rows` [batch, classes] by its own number of `scale` [batch]. */
function scaleRows(rows: tf.Tensor, scale: tf.Tensor): tf.Tensor {
  return tf.mul(tf.expandDims(scale, 1), rows);
}

/**
 * Softmax cross-entropy against class numbers.
 *
 * @param labels Class of each example, int32 [batch].
 * @param logits Scores before the softmax, float32 [batch, classes].
 * @returns Loss of each example, float32 [batch]; differentiable in `logits`.
 * @example
 * ```ts
 * import { losses, startEngine } from "../mod.ts";
 * const tf = await startEngine({ backend: "cpu" });
 * losses.sparseSoftmaxCrossEntropy(tf.tensor1d([1], "int32"), tf.tensor2d([[0, 0]])).dataSync(); // 0.6931…
 * ```
 */
export function sparseSoftmaxCrossEntropy(labels: tf.Tensor1D, logits: tf.Tensor2D): tf.Tensor1D {
  if (!activeNative()) return softmaxCrossEntropy(tf.oneHot(labels, logits.shape[1]) as tf.Tensor2D, logits);
  return tf.customGrad((z, save) => {
    const [loss, gradient] = nativeOp(
      "SparseSoftmaxCrossEntropyWithLogits",
      [
        typeAttribute("T", DataType.FLOAT),
        typeAttribute("Tlabels", DataType.INT32),
      ],
      [z as tf.Tensor, labels],
      2,
    );
    (save as tf.GradSaveFunc)([gradient]);
    return { value: loss, gradFunc: (dy: tf.Tensor, [saved]: tf.Tensor[]) => scaleRows(saved, dy) };
  })(logits) as tf.Tensor1D;
}

/**
 * Softmax cross-entropy against a probability for every class.
 *
 * @param labels Probabilities that sum to 1, [batch, classes]; one-hot rows, or smoothed or mixed ones.
 * @param logits Scores before the softmax, float32 [batch, classes].
 * @returns Loss of each example, float32 [batch]; differentiable in `logits`.
 */
export function softmaxCrossEntropy(labels: tf.Tensor2D, logits: tf.Tensor2D): tf.Tensor1D {
  const target = tf.cast(labels, "float32");
  return tf.customGrad((z, save) => {
    if (activeNative()) {
      const [loss, gradient] = nativeOp(
        "SoftmaxCrossEntropyWithLogits",
        [
          typeAttribute("T", DataType.FLOAT),
        ],
        [z as tf.Tensor, target],
        2,
      );
      (save as tf.GradSaveFunc)([gradient]);
      return { value: loss, gradFunc: (dy: tf.Tensor, [saved]: tf.Tensor[]) => scaleRows(saved, dy) };
    }
    const logProbabilities = tf.logSoftmax(z as tf.Tensor2D);
    (save as tf.GradSaveFunc)([tf.sub(tf.exp(logProbabilities), target)]);
    return {
      value: tf.neg(tf.sum(tf.mul(target, logProbabilities), 1)),
      gradFunc: (dy: tf.Tensor, [saved]: tf.Tensor[]) => scaleRows(saved, dy),
    };
  })(logits) as tf.Tensor1D;
}

/**
 * Binary cross-entropy on logits, in the form that does not overflow.
 *
 * @param labels Targets between 0 and 1, same shape as `logits`.
 * @param logits Scores before the sigmoid, float32.
 * @returns Loss of each entry, same shape; differentiable in `logits`.
 */
export function sigmoidCrossEntropy(labels: tf.Tensor, logits: tf.Tensor): tf.Tensor {
  const target = tf.cast(labels, "float32");
  return tf.customGrad((z, save) => {
    const x = z as tf.Tensor;
    (save as tf.GradSaveFunc)([tf.sub(tf.sigmoid(x), target)]);
    const value = tf.add(tf.sub(tf.relu(x), tf.mul(x, target)), tf.log1p(tf.exp(tf.neg(tf.abs(x)))));
    return { value, gradFunc: (dy: tf.Tensor, [saved]: tf.Tensor[]) => tf.mul(dy, saved) };
  })(logits);
}
