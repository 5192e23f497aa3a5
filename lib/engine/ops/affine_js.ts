/**
 * Projective transforms of images in JavaScript, for the backends without TensorFlow's op.
 * @module
 */
import { type ImagePlace, resampleAffine } from "./resample.ts";
import { tf } from "../tf.ts";

/** How pixels between and beyond the image's are found. */
export interface PixelRule {
  interpolation: "nearest" | "bilinear";
  fillMode: "constant" | "reflect" | "wrap" | "nearest";
  fillValue: number;
}

function clamp(value: number, low: number, high: number): number {
  return value < low ? low : value > high ? high : value;
}

/**
 * Brings a coordinate into [0, length − 1] by the fill mode; `constant` leaves it outside.
 *
 * Source: `MapCoordinate` in TensorFlow's `core/kernels/image/image_ops.h`, whose answers it repeats, the odd period
 * of `wrap` included.
 */
export function mapCoordinate(coordinate: number, length: number, mode: PixelRule["fillMode"]): number {
  let at = coordinate;
  if (mode === "constant") return at;
  if (length <= 1 || mode === "nearest") return clamp(at, 0, length - 1);
  if (mode === "reflect") {
    const period = 2 * length;
    if (at < 0) {
      if (at < period) at = period * Math.trunc(-at / period) + at;
      at = at < -length ? at + period : -at - 1;
    } else if (at > length - 1) {
      at -= period * Math.trunc(at / period);
      if (at >= length) at = period - at - 1;
    }
  } else {
    const size = length - 1;
    if (at < 0) at += length * (Math.trunc(-at / size) + 1);
    else if (at > length - 1) at -= length * Math.trunc(at / size);
  }
  return clamp(at, 0, length - 1);
}

/** Rounds as C does: halves away from zero. */
function round(value: number): number {
  return Math.sign(value) * Math.round(Math.abs(value));
}

/** Fill modes that `resampleAffine` knows as well; TensorFlow's `wrap` is its own. */
const BORDERS = { constant: "grid-constant", nearest: "nearest", reflect: "reflect" } as const;

/** The transform itself: float32 [batch, height, width, channels] in and out; see `affine`. */
export function transformPixels(
  images: tf.Tensor4D,
  transforms: tf.Tensor2D,
  rule: PixelRule,
  [rows, columns]: readonly [height: number, width: number],
): tf.Tensor4D {
  const [batch, height, width, channels] = images.shape;
  const source = images.dataSync<"float32">(), matrices = transforms.dataSync<"float32">();
  const data = new Float32Array(batch * rows * columns * channels);
  for (let i = 0; i < batch; i++) {
    const first = transforms.shape[0] === 1 ? 0 : i * 8;
    const matrix = matrices.subarray(first, first + 8);
    const from = { data: source, at: i * height * width * channels, height, width, channels };
    const to = { data, at: i * rows * columns * channels, height: rows, width: columns, channels };
    if (matrix[6] === 0 && matrix[7] === 0 && rule.fillMode !== "wrap") {
      const order = rule.interpolation === "nearest" ? 0 : 1;
      resampleAffine(from, to, matrix, { order, border: BORDERS[rule.fillMode], value: rule.fillValue });
    } else transformImage(from, to, matrix, rule);
  }
  return tf.tensor4d(data, [batch, rows, columns, channels]);
}

/** One image, by a projection or with TensorFlow's `wrap`. */
function transformImage(from: ImagePlace, to: ImagePlace, matrix: Float32Array, rule: PixelRule): void {
  const { data: source, at: base, height, width, channels } = from, out = to.data;
  const [a0, a1, a2, a3, a4, a5, a6, a7] = matrix;
  const pixel = (row: number, column: number, channel: number) =>
    row >= 0 && row < height && column >= 0 && column < width
      ? source[base + (row * width + column) * channels + channel]
      : rule.fillValue;
  let into = to.at;
  for (let y = 0; y < to.height; y++) {
    for (let x = 0; x < to.width; x++, into += channels) {
      const k = a6 * x + a7 * y + 1;
      if (k === 0) {
        out.fill(rule.fillValue, into, into + channels);
        continue;
      }
      const column = mapCoordinate((a0 * x + a1 * y + a2) / k, width, rule.fillMode);
      const row = mapCoordinate((a3 * x + a4 * y + a5) / k, height, rule.fillMode);
      const left = Math.floor(column), top = Math.floor(row);
      for (let channel = 0; channel < channels; channel++) {
        if (rule.interpolation === "nearest") {
          out[into + channel] = pixel(round(row), round(column), channel);
          continue;
        }
        const across = column - left, down = row - top;
        const upper = (1 - across) * pixel(top, left, channel) + across * pixel(top, left + 1, channel);
        const lower = (1 - across) * pixel(top + 1, left, channel) +
          across * pixel(top + 1, left + 1, channel);
        out[into + channel] = (1 - down) * upper + down * lower;
      }
    }
  }
}
