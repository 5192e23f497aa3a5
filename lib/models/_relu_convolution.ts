/** The convolution that most of the published SuperNEMO networks are made of. @module */
import { tf } from "../engine/mod.ts";

/**
 * A convolution that leaves rows and columns as many as they are, with a ReLU.
 *
 * @param seed Of the kernel.
 */
export function reluConvolution(
  filters: number,
  kernelSize: number | [rows: number, columns: number],
  seed: number | undefined,
  name: string,
): tf.layers.Layer {
  return tf.layers.conv2d({
    filters,
    kernelSize,
    padding: "same",
    activation: "relu",
    kernelInitializer: tf.initializers.glorotUniform({ seed }),
    name,
  });
}
