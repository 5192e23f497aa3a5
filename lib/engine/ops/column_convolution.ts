/**
 * Convolutions along columns, by filters of an odd number of rows and one column: one product of matrices a row of the filter, their results shifted and
 * added up.
 *
 * The gradient of the filter, which TensorFlow's kernel takes four times as long for as for the forward pass, is a product a row as well, and that of the picture
 * the same convolution by the filter upside down. @module
 */
import { tf } from "../tf.ts";

/** The rows of a picture from `first` on, as many as it has without its margins, [batch · height · width, channels]. */
function rowsFrom(padded: tf.Tensor4D, first: number, height: number): tf.Tensor2D {
  const [, , , channels] = padded.shape;
  return tf.reshape(tf.slice(padded, [0, first, 0, 0], [-1, height, -1, -1]), [-1, channels]) as tf.Tensor2D;
}

/** A picture with as many rows of zeros above and below as a filter reaches. */
function withMargins(x: tf.Tensor4D, rows: number): tf.Tensor4D {
  const margin = (rows - 1) / 2;
  return tf.pad(x, [[0, 0], [margin, margin], [0, 0], [0, 0]]);
}

/**
 * The sum of tensors of one shape, two at a time: of three and more TensorFlow would make one sum, in whatever order they come. Between a sum and the
 * next stands a change of shape, which it does not look through.
 */
function sumInOrder(terms: readonly tf.Tensor[], shape: readonly number[]): tf.Tensor {
  const flat = terms[0].shape;
  return terms.slice(1).reduce<tf.Tensor>((sum, term, i) => {
    const next = i % 2 === 0 ? flat : [...shape];
    return tf.add(tf.reshape(sum, next), tf.reshape(term, next));
  }, terms[0]);
}

/** The convolution itself. */
function sumOfRows(x: tf.Tensor4D, filter: tf.Tensor4D): tf.Tensor4D {
  const [rows, , channels, filters] = filter.shape, [batch, height, width] = x.shape;
  const padded = withMargins(x, rows), taps = tf.unstack(tf.reshape(filter, [rows, channels, filters]));
  const terms = taps.map((tap, row) => tf.matMul(rowsFrom(padded, row, height), tap as tf.Tensor2D));
  const shape: [number, number, number, number] = [batch, height, width, filters];
  return tf.reshape(sumInOrder(terms, shape), shape);
}

/** The filter's gradient by the result's. */
function filterGradient(x: tf.Tensor4D, dy: tf.Tensor4D, shape: readonly number[]): tf.Tensor {
  const [rows] = shape, [, height, , filters] = dy.shape, padded = withMargins(x, rows);
  const slopes = tf.reshape(dy, [-1, filters]) as tf.Tensor2D;
  const own = Array.from(
    { length: rows },
    (_, row) => tf.matMul(rowsFrom(padded, row, height), slopes, true),
  );
  return tf.reshape(tf.stack(own), [...shape]);
}

/**
 * The "same" convolution, with stride 1, by a filter of one column.
 *
 * @param x Pictures, [batch, height, width, channels].
 * @param filter [rows, 1, channels, filters], rows odd.
 * @returns [batch, height, width, filters], differentiable in both.
 */
export function convolveColumns(x: tf.Tensor4D, filter: tf.Tensor4D): tf.Tensor4D {
  const convolve = tf.customGrad((...given) => {
    const [x, filter, save] = given as unknown as [tf.Tensor4D, tf.Tensor4D, tf.GradSaveFunc];
    save([x, filter]);
    return {
      value: sumOfRows(x, filter),
      gradFunc: (dy: tf.Tensor, [x, filter]: tf.Tensor[]) => {
        const turned = tf.transpose(tf.reverse(filter, 0), [0, 1, 3, 2]) as tf.Tensor4D;
        return [
          sumOfRows(dy as tf.Tensor4D, turned),
          filterGradient(x as tf.Tensor4D, dy as tf.Tensor4D, filter.shape),
        ];
      },
    };
  });
  return convolve(x, filter) as tf.Tensor4D;
}
