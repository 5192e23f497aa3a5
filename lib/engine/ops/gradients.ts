/**
 * Gradients that TensorFlow.js does not have.
 *
 * @module
 */
import { tf } from "../tf.ts";

/** A transposed 3-D convolution is the input gradient of a convolution, so its gradients are that convolution's own. */
tf.registerGradient({
  kernelName: "Conv3DBackpropInputV2",
  inputsToSave: ["dy", "filter"],
  gradFunc: (slope, [dy, filter], attributes) => {
    const { strides, pad } = attributes as unknown as {
      strides: [number, number, number];
      pad: "valid" | "same";
    };
    return {
      dy: () => tf.conv3d(slope as tf.Tensor5D, filter as tf.Tensor5D, strides, pad),
      filter: () =>
        tf.engine().runKernel(
          "Conv3DBackpropFilterV2",
          { x: slope as tf.Tensor, dy },
          { strides, pad, filterShape: filter.shape },
        ) as tf.Tensor,
    };
  },
});
