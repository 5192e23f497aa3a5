/**
 * Pictures that a convolution layer may take before they were enlarged: what upsampling and concatenation made of which tensors, while a graph is
 * traced. A large picture that nothing asks for is then never made, as TensorFlow leaves out what no result depends on.
 * @module
 */
import { state } from "../state.ts";
import { convolveEnlarged, sumFilter } from "../ops/enlarged_convolution.ts";
import { tf } from "../tf.ts";

/** By an enlarged picture the one before, and by a joined one its parts. */
const SMALL = new WeakMap<tf.Tensor, tf.Tensor4D>(), PARTS = new WeakMap<tf.Tensor, readonly tf.Tensor4D[]>();

/** What the override reads of TensorFlow.js's upsampling layer. */
interface Upsampling {
  size: readonly number[];
  dataFormat: string;
  interpolation: string;
}

const prototype = Object.getPrototypeOf(tf.layers.upSampling2d({})) as {
  call(this: Upsampling, inputs: tf.Tensor | tf.Tensor[], kwargs: object): tf.Tensor;
};
const stock = prototype.call;

prototype.call = function (inputs, kwargs) {
  const large = stock.call(this, inputs, kwargs), { size, dataFormat, interpolation } = this;
  const isTwofold = size.every((factor) => factor === 2) && interpolation === "nearest";
  if (isTwofold && dataFormat === "channelsLast") SMALL.set(large, [inputs].flat()[0] as tf.Tensor4D);
  return large;
};

/** Keeps in mind of what a picture was joined, where it was by channels. */
export function noteParts(joined: tf.Tensor, parts: readonly tf.Tensor[], axis: number): void {
  if (joined.rank === 4 && (axis === -1 || axis === 3)) PARTS.set(joined, parts as readonly tf.Tensor4D[]);
}

/** Parts whose convolutions are added up: of three and more TensorFlow would make one sum, in whatever order they come. */
const MOST_PARTS = 2;

/** Whether a traced convolution of a picture can leave out that something in it was enlarged, and what that was made of is still there. */
export function wasEnlarged(x: tf.Tensor, filter: tf.Tensor, padding: string): boolean {
  const { tracer } = state, [rows, columns] = filter.shape;
  if (!tracer || tracer.isMixed || rows !== 3 || columns !== 3 || padding !== "same") return false;
  const parts = PARTS.get(x) ?? [x], isThere = (part: tf.Tensor) => !(SMALL.get(part) ?? part).isDisposed;
  return parts.length <= MOST_PARTS && parts.some((part) => SMALL.has(part)) && parts.every(isThere);
}

/**
 * The filter of a convolution of such a picture, in parts: of each that was enlarged what it comes to before.
 *
 * @param filter [3, 3, channels of all parts, filters].
 */
export function filtersOf(x: tf.Tensor4D, filter: tf.Tensor4D): tf.Tensor4D[] {
  const parts = PARTS.get(x) ?? [x];
  return tf.tidy(() => {
    let end = 0;
    return parts.map((part) => {
      const channels = part.shape[3], begin = end;
      end += channels;
      const own = parts.length === 1 ? filter : tf.slice(filter, [0, 0, begin, 0], [-1, -1, channels, -1]);
      return SMALL.has(part) ? sumFilter(own as tf.Tensor4D) : own as tf.Tensor4D;
    });
  });
}

/**
 * A "same" convolution, with stride 1, of such a picture, with its bias: the sum of those of its parts.
 *
 * @param filters What {@linkcode filtersOf} gave.
 */
export function convolveParts(x: tf.Tensor4D, filters: readonly tf.Tensor4D[], bias?: tf.Tensor): tf.Tensor {
  const parts = PARTS.get(x) ?? [x], whole: tf.Tensor[] = [], enlarged: tf.Tensor[] = [];
  parts.forEach((part, i) => {
    const small = SMALL.get(part);
    if (small) enlarged.push(convolveEnlarged(small, filters[i]));
    else whole.push(tf.conv2d(part, filters[i], 1, "same"));
  });
  const [first, ...others] = [...whole, ...enlarged]; // a convolution, its bias and what is added become one op
  return others.reduce<tf.Tensor>((sum, one) => tf.add(sum, one), bias ? tf.add(first, bias) : first);
}
