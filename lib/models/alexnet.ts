/**
 * AlexNet as pyBIA trains it on sky cutouts. Input image [batch, 67, 67, 3]. Output: two sigmoids, [batch, 2];
 * 30.0 M parameters.
 * Source: Krizhevsky et al., NIPS 2012, with pyBIA's "same" padding and one path of filters. @module
 */
import type { tf } from "../engine/mod.ts";
import { buildStackedCnn, type StackChanges, type StackedCnnConfig } from "./stacked_cnn.ts";

const POOL = { pooling: "max", poolSize: 3, poolStrides: 2 } as const;

/** Convolutions and dense layers, where nothing else is asked for. */
export const ALEXNET_LAYERS: Pick<StackedCnnConfig, "stages" | "dense"> = {
  stages: [
    { filters: 96, kernel: 11, strides: 4, ...POOL },
    { filters: 256, kernel: 5, ...POOL },
    { filters: 384, kernel: 3 },
    { filters: 384, kernel: 3 },
    { filters: 256, kernel: 3, ...POOL, localResponse: false },
  ],
  dense: [{ units: 4096, dropout: 0.5 }, { units: 4096, dropout: 0.5 }],
};

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
export function buildAlexnet(config: StackChanges = {}): tf.LayersModel {
  return buildStackedCnn({ regularizer: "localResponse", ...ALEXNET_LAYERS, ...config, name: "alexnet" });
}
