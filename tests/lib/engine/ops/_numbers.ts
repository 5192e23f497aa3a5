/** Tensors of numbers from -1 to 1 by a seed. @module */
import { tf } from "../../../../lib/engine/mod.ts";
import { createRng } from "../_rng.ts";

/** Such a tensor. */
export function numbers(shape: number[], seed: number): tf.Tensor {
  const rng = createRng(seed);
  return tf.tensor(Float32Array.from({ length: tf.util.sizeFromShape(shape) }, () => rng() * 2 - 1), shape);
}
