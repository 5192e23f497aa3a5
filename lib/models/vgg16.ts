/**
 * VGG16 as pyBIA trains it on sky cutouts. Input image [batch, 67, 67, 3]. Output: two sigmoids, [batch, 2];
 * 50.4 M parameters.
 * Source: Simonyan and Zisserman, arXiv 1409.1556, configuration D, with "same" padding of the poolings. @module
 */
import type { tf } from "../engine/mod.ts";
import { buildStackedCnn, type StackChanges, type StackedCnnConfig, type Stage } from "./stacked_cnn.ts";

const stage = (filters: number, convolutions: number): Stage => ({
  filters,
  kernel: 3,
  convolutions,
  pooling: "max",
});

/** Convolutions and dense layers, where nothing else is asked for. */
export const VGG16_LAYERS: Pick<StackedCnnConfig, "stages" | "dense"> = {
  stages: [stage(64, 2), stage(128, 2), stage(256, 3), stage(512, 3), stage(512, 3)],
  dense: [{ units: 4096, dropout: 0.5 }, { units: 4096, dropout: 0.5 }],
};

/**
 * Builds VGG16.
 *
 * @example
 * ```ts
 * import { startEngine } from "../engine/mod.ts";
 * import { buildVgg16 } from "./vgg16.ts";
 * await startEngine({ backend: "cpu" });
 * buildVgg16({ inputShape: [16, 16, 1], classes: 1 }).outputs[0].shape; // [null, 1]
 * ```
 */
export function buildVgg16(config: StackChanges = {}): tf.LayersModel {
  return buildStackedCnn({ ...VGG16_LAYERS, ...config, name: "vgg16" });
}
