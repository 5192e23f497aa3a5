/**
 * One to any number of convolutions with pooling, then dense layers: pyBIA's custom network. Input image
 * [batch, 67, 67, 3]. Output: two sigmoids, [batch, 2].
 * Source: `custom_model` of pyBIA 1.3.3: 256 filters of 7 × 7, average pooling 3/3, dense 4096 with half dropped; at
 * 67 × 67 × 3 that is 555 M parameters, nearly all in the dense layer. @module
 */
import type { tf } from "../engine/mod.ts";
import { buildStackedCnn, type StackChanges } from "./stacked_cnn.ts";

/** Settings of {@linkcode buildCustomCnn}. */
export type CustomCnnConfig = StackChanges;

/**
 * Builds a custom network; what is not given is pyBIA's.
 *
 * @example
 * ```ts
 * import { startEngine } from "../engine/mod.ts";
 * import { buildCustomCnn } from "./custom_cnn.ts";
 * await startEngine({ backend: "cpu" });
 * const dense = [{ units: 16 }];
 * buildCustomCnn({ inputShape: [9, 9, 1], dense, classes: 1 }).outputs[0].shape; // [null, 1]
 * ```
 */
export function buildCustomCnn(config: CustomCnnConfig = {}): tf.LayersModel {
  return buildStackedCnn({
    stages: [{ filters: 256, kernel: 7, pooling: "average", poolSize: 3 }],
    dense: [{ units: 4096, dropout: 0.5 }],
    regularizer: "batchNorm",
    ...config,
    name: "custom_cnn",
  });
}
