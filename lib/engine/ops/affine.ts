/**
 * Moving images by projective transforms: shifts, turns, zooms and shears of a whole batch in one op.
 * @module
 */
import { transformPixels } from "./affine_js.ts";
import { nativeOp } from "../native/native_op.ts";
import { DataType, stringAttribute, typeAttribute } from "../native/native_types.ts";
import { activeNative } from "../state.ts";
import { tf } from "../tf.ts";

/** How {@linkcode affine} and `warp` find values between and beyond pixels. */
export interface AffineOptions {
  /** How a value between pixels is found. @default {"bilinear"} */
  interpolation?: "nearest" | "bilinear";
  /** What lies outside the image. @default {"constant"} */
  fillMode?: "constant" | "reflect" | "wrap" | "nearest";
  /** Value outside the image where `fillMode` is constant. @default {0} */
  fillValue?: number;
}

/** Options for {@linkcode affine}. */
export interface AffineSizeOptions extends AffineOptions {
  /** Rows and columns of the result. @default {the images' own} */
  size?: readonly [height: number, width: number];
}

/**
 * Transforms every image of a batch by its own eight numbers.
 *
 * Output pixel (x, y) takes the input at ((a0 x + a1 y + a2) / k, (a3 x + a4 y + a5) / k) with k = a6 x + a7 y + 1:
 * x counts columns, y rows, from the middle of the upper left pixel. Not differentiable.
 * Source: TensorFlow's `ImageProjectiveTransformV3`.
 *
 * @param images float32 [batch, height, width, channels].
 * @param transforms float32 [batch, 8], or [1, 8] for one transform of all.
 * @returns float32 [batch, height, width, channels], of the images' own or the given size.
 * @example Shift by one column to the right
 * ```ts
 * import { affine, startEngine } from "../mod.ts";
 * const tf = await startEngine({ backend: "cpu" });
 * affine(tf.tensor4d([1, 2, 3], [1, 1, 3, 1]), tf.tensor2d([[1, 0, -1, 0, 1, 0, 0, 0]])).dataSync(); // 0, 1, 2
 * ```
 */
export function affine(
  images: tf.Tensor4D,
  transforms: tf.Tensor2D,
  options: AffineSizeOptions = {},
): tf.Tensor4D {
  const { interpolation = "bilinear", fillMode = "constant", fillValue = 0 } = options;
  const [batch] = images.shape;
  const { size: [height, width] = [images.shape[1], images.shape[2]] } = options;
  if (transforms.rank !== 2 || transforms.shape[1] !== 8 || ![1, batch].includes(transforms.shape[0])) {
    throw new TypeError(
      `Cannot transform ${batch} images as transforms must be [${batch}, 8] or [1, 8]: got [${transforms.shape}]`,
    );
  }
  if (!activeNative()) {
    return transformPixels(images, transforms, { interpolation, fillMode, fillValue }, [height, width]);
  }
  return tf.tidy(() =>
    nativeOp("ImageProjectiveTransformV3", [
      typeAttribute("dtype", DataType.FLOAT),
      stringAttribute("interpolation", interpolation.toUpperCase()),
      stringAttribute("fill_mode", fillMode.toUpperCase()),
    ], [images, transforms, tf.tensor1d([height, width], "int32"), tf.scalar(fillValue)])[0] as tf.Tensor4D
  );
}
