/** Activations of Keras 3 that TensorFlow.js lacks, made known to it by name. @module */
import { tf } from "../engine/mod.ts";

const FUNCTIONS: Readonly<Record<string, (x: tf.Tensor) => tf.Tensor>> = {
  exponential: (x) => tf.exp(x),
  hardSigmoid6: (x) => tf.div(tf.relu6(tf.add(x, 3)), 6),
  hardSilu: (x) => tf.div(tf.mul(x, tf.relu6(tf.add(x, 3))), 6),
  hardTanh: (x) => tf.clipByValue(x, -1, 1),
  leakyRelu: (x) => tf.leakyRelu(x, 0.2),
  logSigmoid: (x) => tf.neg(tf.softplus(tf.neg(x))),
  tanhShrink: (x) => tf.sub(x, tf.tanh(x)),
};

for (const [className, apply] of Object.entries(FUNCTIONS)) {
  const Activation = class extends tf.serialization.Serializable {
    static className = className;

    apply(x: tf.Tensor): tf.Tensor {
      return tf.tidy(() => apply(x));
    }

    override getConfig(): tf.serialization.ConfigDict {
      return {};
    }
  };
  tf.serialization.registerClass(Activation);
}
