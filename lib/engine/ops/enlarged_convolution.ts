/**
 * Convolutions with 3 × 3 filters of pictures that were enlarged twofold, every pixel to four alike: done on the small picture, as one
 * transposed convolution.
 *
 * Of nine pixels under a filter no more than four differ, so that their filter's numbers can be added up beforehand: 16 multiplications a small pixel and
 * pair of channels instead of 36, and neither the large picture nor its gradient is ever made. Errors are those of single precision.
 * Source: the phases of an upsampled convolution, as Shi et al., "Is the deconvolution layer the same as a convolutional layer?", arXiv 1609.07009, has them. @module
 */
import { tf } from "../tf.ts";

/**
 * What the filter's three rows add up to in each of the four results, down or across, that a small pixel reaches: those one before its own two, its own
 * two, and one behind.
 */
const SUMS = [[0, 0, 1], [0, 1, 1], [1, 1, 0], [1, 0, 0]];

/** The same in both directions, [16, 9]. */
const PAIRS = SUMS.flatMap((down) => SUMS.map((across) => down.flatMap((x) => across.map((y) => x * y))));

/**
 * What a filter comes to on the small picture.
 *
 * @param filter [3, 3, channels, filters].
 * @returns [4, 4, filters, channels], as a transposed convolution takes it; differentiable.
 */
export function sumFilter(filter: tf.Tensor4D): tf.Tensor4D {
  const [, , channels, filters] = filter.shape;
  return tf.tidy(() => {
    const flat = tf.reshape(filter, [9, channels * filters]) as tf.Tensor2D;
    const sums = tf.reshape(tf.matMul(tf.tensor2d(PAIRS), flat), [4, 4, channels, filters]);
    return tf.transpose(sums, [0, 1, 3, 2]) as tf.Tensor4D;
  });
}

/**
 * The "same" convolution, with stride 1, of a picture enlarged twofold to the nearest pixel.
 *
 * @param small The picture before it is enlarged, [batch, height, width, channels].
 * @param sums What {@linkcode sumFilter} gave.
 * @returns [batch, 2 · height, 2 · width, filters], differentiable in both.
 */
export function convolveEnlarged(small: tf.Tensor4D, sums: tf.Tensor4D): tf.Tensor4D {
  const [batch, height, width] = small.shape;
  return tf.conv2dTranspose(
    small,
    sums,
    [batch, 2 * height, 2 * width, sums.shape[2]],
    2,
    "same",
  ) as tf.Tensor4D;
}
