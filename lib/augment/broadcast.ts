/** Shapes that let a draw of each example meet all values of the example. @module */
import { tf } from "../engine/mod.ts";

/** [batch] or [batch, 1] as [batch, 1, …, 1] of this rank. */
export function perExample(draw: tf.Tensor, rank: number): tf.Tensor {
  return tf.reshape(draw, [draw.shape[0], ...new Array(rank - 1).fill(1)]);
}

/** [batch, height, width] as [batch, (1,) height, width, 1], to meet images of rank 4 or 5. */
export function perPixel(map: tf.Tensor, rank: number): tf.Tensor {
  const [batch, height, width] = map.shape;
  return tf.reshape(map, rank === 5 ? [batch, 1, height, width, 1] : [batch, height, width, 1]);
}

/** Rows and columns of an image tensor, [batch, (frames,) height, width, bands]. */
export function sidesOf(image: tf.Tensor): [height: number, width: number] {
  const [height, width] = image.shape.slice(-3);
  return [height, width];
}
