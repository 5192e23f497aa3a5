/** What all architectures have in common: their settings, and seeds for their initial weights. @module */
import { tf } from "../engine/mod.ts";

/** Settings that every architecture understands. */
export interface ModelConfig {
  /** Shape of one input. @default {the architecture's own} */
  inputShape?: readonly number[];
  /** Classes of the softmax at the end. @default {the architecture's own} */
  classes?: number;
  /** Makes the initial weights repeatable. @default {drawn anew each time} */
  seed?: number;
}

/** An architecture in the registry. */
export interface Architecture {
  /** One line on what it is. */
  summary: string;
  /** Which inputs it is for by itself: grey images of any size, colour images, or volumes. */
  images: "grey" | "colour" | "volume";
  /** Builds it with fresh weights. */
  build(config?: ModelConfig): tf.LayersModel;
}

/**
 * Different seeds for the layers of one model, all from one.
 *
 * @example
 * ```ts
 * import { layerSeeds } from "./model.ts";
 * const next = layerSeeds(7);
 * next() === next(); // false
 * ```
 */
export function layerSeeds(seed?: number): () => number | undefined {
  let layer = 0;
  return () =>
    seed === undefined ? undefined : (Math.imul(seed + 1, 0x9e3779b1) + ++layer * 7919) & 0x7fffffff;
}

/**
 * Draws the kernels of a built layer that takes no initializer, so that a seed fixes them; what has fewer than two axes stays.
 *
 * @param next Gives an initializer for each.
 * @example
 * ```ts
 * import { startEngine } from "../engine/mod.ts";
 * import { drawKernels } from "./model.ts";
 * const tf = await startEngine({ backend: "cpu" });
 * const layer = tf.layers.dense({ units: 2, inputShape: [3] });
 * tf.sequential({ layers: [layer] });
 * drawKernels(layer, () => tf.initializers.constant({ value: 7 }));
 * layer.getWeights()[0].dataSync()[0]; // 7
 * ```
 */
export function drawKernels(layer: tf.layers.Layer, next: () => Initializer): void {
  tf.tidy(() =>
    layer.setWeights(
      layer.getWeights().map((weight) => weight.rank < 2 ? weight : next().apply(weight.shape)),
    )
  );
}

/** What draws a weight of a shape. */
type Initializer = ReturnType<typeof tf.initializers.glorotUniform>;
