/**
 * Gradients of ops whose inputs are broadcast to each other, where TensorFlow.js gives the gradient of the broadcast
 * input: `tf.maximum(x, limits)`, a squared difference from a mean, one matrix for a batch of others.
 *
 * @module
 */
import { replaceGradient, sumTo } from "./replace_gradient.ts";
import { tf } from "../tf.ts";

for (const kernel of ["Maximum", "Minimum", "SquaredDifference", "BatchMatMul"]) {
  const stock = tf.getGradient(kernel);
  replaceGradient({
    ...stock,
    gradFunc: (dy, saved, attributes) => {
      const [a, b] = saved, gradients = stock.gradFunc(dy, saved, attributes);
      return {
        a: () => sumTo(gradients.a(), a.shape),
        b: () => sumTo(gradients.b(), b.shape),
      };
    },
  });
}

/** Comparisons: where they choose between two values, the gradient passes through the chosen one and ends there. */
const STEPS = {
  a: ["Equal", "NotEqual", "Greater", "GreaterEqual", "Less", "LessEqual", "LogicalAnd", "LogicalOr"],
  x: ["LogicalNot", "IsNan", "IsInf", "IsFinite"],
};

for (const kernelName of STEPS.a) {
  replaceGradient({
    kernelName,
    inputsToSave: ["a", "b"],
    gradFunc: (_, [a, b]) => ({ a: () => tf.zeros(a.shape), b: () => tf.zeros(b.shape) }),
  });
}
for (const kernelName of STEPS.x) {
  replaceGradient({
    kernelName,
    inputsToSave: ["x"],
    gradFunc: (_, [x]) => ({ x: () => tf.zeros(x.shape) }),
  });
}
