/**
 * AlexNet as pyBIA trains it on sky cutouts. Input image [batch, 67, 67, 3]. Output: two sigmoids, [batch, 2];
 * 30.0 M parameters.
 * Source: Krizhevsky et al., NIPS 2012, with pyBIA's "same" padding and one path of filters. @module
 */
import type { tf } from "../engine/mod.ts";
import { buildStackedCnn, type StackSettings } from "./stacked_cnn.ts";

/**
 * Builds AlexNet.
 *
 * @example
 * ```ts
 * import { startEngine } from "../engine/mod.ts";
 * import { buildAlexnet } from "./alexnet.ts";
 * await startEngine({ backend: "cpu" });
 * buildAlexnet({ inputShape: [16, 16, 5], classes: 1 }).outputs[0].shape; // [null, 1]
 * ```
 */
export function buildAlexnet(config: StackSettings = {}): tf.LayersModel {
  const pool = { pooling: "max", poolSize: 3, poolStrides: 2 } as const;
  return buildStackedCnn({
    regularizer: "localResponse",
    ...config,
    name: "alexnet",
    stages: [
      { filters: 96, kernel: 11, strides: 4, ...pool },
      { filters: 256, kernel: 5, ...pool },
      { filters: 384, kernel: 3 },
      { filters: 384, kernel: 3 },
      { filters: 256, kernel: 3, ...pool, localResponse: false },
    ],
    dense: [{ units: 4096, dropout: 0.5 }, { units: 4096, dropout: 0.5 }],
  });
}
