/**
 * A decoded picture, whatever file it came from.
 *
 * Samples are row-major and interleaved: `data[(row * width + column) * channels + channel]`.
 * `depth` is how a sample is kept, not how much of its range is used: 8 bits in a `Uint8Array`, 16 bits in a
 * `Uint16Array`, 32-bit floating point in a `Float32Array`. Units are the file's own counts.
 */
export interface Image {
  /** Samples, `height * width * channels` of them. */
  data: Uint8Array | Uint16Array | Float32Array;
  /** Rows. */
  height: number;
  /** Columns. */
  width: number;
  /** 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha. */
  channels: 1 | 2 | 3 | 4;
  /** Bits a sample: 8, 16, or 32 for floating point. */
  depth: 8 | 16 | 32;
  /** What a white pixel has, where the file says so: fewer bits than they are kept in, or a largest value. */
  white?: number;
  /** What a user should know although the file was read. */
  warnings?: readonly string[];
}

/** What every image decoder takes: a name for its error messages and a limit checked before any pixel is allocated. */
export interface ImageDecodeOptions {
  /** File name for error messages. */
  name?: string;
  /** Most pixels (width × height) that are accepted. @default {67_108_864} */
  maxPixels?: number;
}

/** The default of {@linkcode ImageDecodeOptions.maxPixels}: 8,192 × 8,192. */
export const MAX_PIXELS = 1 << 26;
