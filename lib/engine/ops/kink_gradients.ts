/**
 * Gradients where a function has a kink, as TensorFlow has them: images have many exact zeros, new biases are nothing
 * else, and TensorFlow.js takes the slope of the one side there. Inside, nothing changes.
 *
 * Source: tensorflow/core/kernels/relu_op_functor.h (`Relu6Grad`, `SeluGrad`) and `_AbsGrad` of math_grad.py; Keras's PReLU
 * is a difference of two `relu`, whose slopes at 0 are both 0. @module
 */
import { replaceGradient, sumTo } from "./replace_gradient.ts";
import { tf } from "../tf.ts";

const floats = (isSo: tf.Tensor): tf.Tensor => tf.cast(isSo, "float32");

replaceGradient({
  kernelName: "Abs",
  inputsToSave: ["x"],
  gradFunc: (dy, [x]) => ({ x: () => tf.mul(dy as tf.Tensor, tf.sign(floats(x))) }),
});

replaceGradient({
  kernelName: "Relu6",
  inputsToSave: ["x"],
  gradFunc: (dy, [x]) => ({
    x: () => tf.mul(dy as tf.Tensor, floats(tf.logicalAnd(tf.greater(x, 0), tf.less(x, 6)))),
  }),
});

const SELU_SCALE = 1.0507009873554805, SELU_ALPHA = 1.6732632423543772;

replaceGradient({
  kernelName: "Selu",
  inputsToSave: ["x"],
  gradFunc: (dy, [x]) => ({
    x() {
      const below = tf.mul(tf.exp(tf.minimum(x, 0)), SELU_SCALE * SELU_ALPHA);
      return tf.mul(dy as tf.Tensor, tf.where(tf.less(x, 0), below, tf.fill(x.shape, SELU_SCALE)));
    },
  }),
});

replaceGradient({
  kernelName: "Prelu",
  inputsToSave: ["x", "alpha"],
  gradFunc: (dy, [x, alpha]) => ({
    x() {
      const slope = tf.add(floats(tf.greater(x, 0)), tf.mul(alpha, floats(tf.less(x, 0))));
      return tf.mul(dy as tf.Tensor, slope);
    },
    alpha: () => sumTo(tf.mul(dy as tf.Tensor, tf.minimum(x, 0)), alpha.shape),
  }),
});
