/**
 * A grey camera frame: row-major values, `data[row * width + column]`.
 *
 * Units are the camera's counts unless a function says otherwise. A decoded `Image` of one channel is a frame.
 */
export interface Frame<T extends FrameData = FrameData> {
  /** Values, `height * width` of them. */
  data: T;
  /** Rows. */
  height: number;
  /** Columns. */
  width: number;
}

/** The number types that a frame is kept in. */
export type FrameData = Float32Array | Uint8Array | Uint16Array;

/** A frame of one or more interleaved channels: `data[(row * width + column) * channels + channel]`. */
export interface BandedFrame<T extends FrameData = FrameData> extends Frame<T> {
  /** Samples a pixel. */
  channels: number;
}

/** A zeroed array of the same type as `like`. */
export function sameType<T extends FrameData>(like: T, length: number): T {
  const Data = like.constructor as new (length: number) => T;
  return new Data(length);
}

/**
 * Refuses a frame whose array does not fit its sides.
 *
 * @throws {TypeError} If a side is not a positive integer or the number of values is not height × width × channels.
 */
export function checkFrame(frame: Frame, action: string, channels = 1): void {
  const { data, height, width } = frame;
  const sides = Number.isInteger(height) && Number.isInteger(width) && height > 0 && width > 0;
  if (!sides || data.length !== height * width * channels) {
    throw new TypeError(
      `Cannot ${action} as the frame must hold height × width × channels values: got ${height} × ${width} × ` +
        `${channels} and ${data.length} values`,
    );
  }
}
