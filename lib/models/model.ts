/** What all architectures have in common: their settings, and seeds for their initial weights. @module */
import type { tf } from "../engine/mod.ts";

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
