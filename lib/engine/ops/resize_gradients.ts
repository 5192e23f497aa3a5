/**
 * Gradients of image resizing, in plain loops over typed arrays.
 *
 * TensorFlow.js's cpu backend swaps height and width in the bilinear one, and loses pixels in the nearest one.
 * @module
 */

/** A resizing of [batch, height, width, channels]. */
export interface ResizeShape {
  batch: number;
  channels: number;
  inputs: readonly [height: number, width: number];
  outputs: readonly [height: number, width: number];
  /** Whether the middles of the corner pixels stay where they are. */
  alignCorners: boolean;
  /** Whether pixels are squares whose middles lie at halves. */
  halfPixelCenters: boolean;
}

/** An input pixel of an output, and the share it has. */
type Source = readonly [index: number, share: number];

/** The inputs of every output along one axis. */
function sources(shape: ResizeShape, axis: 0 | 1, bilinear: boolean): Source[][] {
  const { alignCorners, halfPixelCenters } = shape;
  const from = shape.inputs[axis], to = shape.outputs[axis];
  const scale = alignCorners && to > 1 ? (from - 1) / (to - 1) : from / to;
  const inside = (index: number) => Math.min(from - 1, Math.max(0, index));
  return Array.from({ length: to }, (_, out) => {
    if (!bilinear) {
      const place = (out + (halfPixelCenters ? 0.5 : 0)) * scale;
      return [[inside(alignCorners ? Math.round(place) : Math.floor(place)), 1]];
    }
    const place = halfPixelCenters ? (out + 0.5) * scale - 0.5 : out * scale;
    const upper = place - Math.floor(place);
    return [[inside(Math.floor(place)), 1 - upper], [inside(Math.ceil(place)), upper]];
  });
}

/** Adds each output's gradient to the inputs it was made from, by their shares; `dx` is zeros before. */
export function resizeGradient(
  shape: ResizeShape,
  bilinear: boolean,
  dy: Float32Array,
  dx: Float32Array,
): void {
  const { batch, channels, inputs: [height, width] } = shape;
  const rows = sources(shape, 0, bilinear), columns = sources(shape, 1, bilinear);
  let from = 0;
  for (let image = 0; image < batch; image++) {
    for (const row of rows) {
      for (const column of columns) {
        for (const [y, share] of row) {
          for (const [x, part] of column) {
            const to = ((image * height + y) * width + x) * channels;
            for (let channel = 0; channel < channels; channel++) {
              dx[to + channel] += dy[from + channel] * share * part;
            }
          }
        }
        from += channels;
      }
    }
  }
}
