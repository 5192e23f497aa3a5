/**
 * Gradients of the largest and the smallest value: where several are equal each gets its share, as in TensorFlow, while
 * TensorFlow.js gives the whole gradient to every one of them.
 *
 * Source: `_MinOrMaxGrad` of tensorflow/python/ops/math_grad.py. @module
 */
import { replaceGradient } from "./replace_gradient.ts";
import { tf } from "../tf.ts";

function extremeGradient(kernelName: "Max" | "Min", attribute: "reductionIndices" | "axis"): tf.GradConfig {
  return {
    kernelName,
    inputsToSave: ["x"],
    outputsToSave: [true],
    gradFunc(dy, [x, y], attributes) {
      const given = (attributes as unknown as Record<string, number | number[]>)[attribute];
      const axes = tf.util.parseAxisParam(given, x.shape);
      const kept = x.shape.map((side, axis) => axes.includes(axis) ? 1 : side);
      return {
        x() {
          const chosen = tf.cast(tf.equal(x, tf.reshape(y, kept)), "float32");
          const share = tf.div(tf.reshape(dy as tf.Tensor, kept), tf.sum(chosen, axes, true));
          return tf.mul(chosen, share);
        },
      };
    },
  };
}

replaceGradient(extremeGradient("Max", "reductionIndices"));
replaceGradient(extremeGradient("Min", "axis"));
