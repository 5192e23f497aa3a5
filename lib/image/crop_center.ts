import { type BandedFrame, type FrameData, sameType } from "./frame.ts";

/** Options for {@linkcode cropCenter}. */
export interface CropCenterOptions {
  /** Middle of the crop, in pixels from the upper left corner. @default {the middle of the frame} */
  center?: readonly [row: number, column: number];
}

/** A frame, or a picture of several channels. */
export type Croppable<T extends FrameData = FrameData> = Omit<BandedFrame<T>, "channels"> & {
  channels?: number;
};

/**
 * Where a part starts that lies in the middle of a side: with an odd margin, the spare row or column comes after it.
 *
 * Every centre crop here goes by this rule. Source: Keras's `CenterCrop`, `(height - size) // 2`.
 *
 * @example
 * ```ts
 * centeredStart(7, 4); // 1
 * ```
 */
export function centeredStart(side: number, size: number): number {
  return Math.floor((side - size) / 2);
}

/**
 * Cuts a square out of a camera frame or a picture, values unchanged.
 *
 * Shapes: [height, width] in, [size, size] out, row-major; channels stay as they are. Units: camera counts, before and
 * after. With an odd margin the spare row is dropped below and the spare column to the right.
 * Source: same first row and column as Keras `CenterCrop`, `(height - size) // 2`.
 *
 * @param frame Pixel values in counts; not modified.
 * @param size Side of the crop in pixels, from 1 to min(height, width).
 * @param options Where to cut.
 * @returns A new frame of the same number type, sharing no memory with the input.
 * @throws {RangeError} If `size` is not a positive integer or the crop leaves the frame.
 * @example Middle of a 4 × 4 frame
 * ```ts
 * const data = Float32Array.from({ length: 16 }, (_, i) => i);
 * cropCenter({ data, height: 4, width: 4 }, 2).data; // 5, 6, 9, 10
 * ```
 */
export function cropCenter<T extends FrameData, F extends Croppable<T>>(
  frame: F & { data: T },
  size: number,
  options: CropCenterOptions = {},
): F & { data: T } {
  const { data, height, width, channels = 1 } = frame;
  const { center } = options;
  const [top, left] = center
    ? center.map((at) => Math.floor(at - size / 2))
    : [centeredStart(height, size), centeredStart(width, size)];
  const inside = top >= 0 && left >= 0 && top + size <= height && left + size <= width;
  if (!Number.isInteger(size) || size < 1 || !inside) {
    throw new RangeError(
      `Cannot crop ${size} × ${size} pixels at row ${top}, column ${left} as the crop must be ` +
        `whole pixels inside the frame: the frame is ${height} × ${width}`,
    );
  }
  const line = size * channels;
  const out = sameType(data, size * line);
  for (let r = 0; r < size; r++) {
    const start = ((top + r) * width + left) * channels;
    out.set(data.subarray(start, start + line), r * line);
  }
  return { ...frame, data: out, height: size, width: size };
}
