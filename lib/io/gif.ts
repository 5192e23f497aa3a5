/**
 * Animated GIF of grey frames: the way to show a track growing, a generator learning, an event turning, in any page.
 *
 * Source: GIF89a specification (CompuServe, 1990), packed by gifenc. @module
 */
import gifenc from "gifenc";

/** Options for {@linkcode encodeGif}. */
export interface EncodeGifOptions {
  /** How long a frame is shown, in milliseconds; the format knows hundredths of a second. @default {100} */
  delayMs?: number;
  /** How often it is played: 0 is for ever. @default {0} */
  repeat?: number;
  /** Colours of the 256 values, as [red, green, blue]. @default {grey} */
  palette?: readonly (readonly [red: number, green: number, blue: number])[];
}

/** The part of gifenc that is used; the package has no types. */
interface Encoder {
  writeFrame(indices: Uint8Array, width: number, height: number, options: Record<string, unknown>): void;
  finish(): void;
  bytes(): Uint8Array;
}

/**
 * Encodes frames as an animated GIF; every value is kept, as 256 greys fit the format.
 *
 * Shapes: each frame [height, width], all alike. Units: 0 to 255.
 *
 * @throws {TypeError} If there is no frame, or frames differ in size or do not fit their sides.
 * @throws {RangeError} If the palette has not 256 colours.
 * @example
 * ```ts
 * const frame = { data: Uint8Array.of(0, 128, 255, 0), height: 2, width: 2 };
 * encodeGif([frame, frame], { delayMs: 200 });
 * ```
 */
export function encodeGif(
  frames: readonly { data: Uint8Array; height: number; width: number }[],
  options: EncodeGifOptions = {},
): Uint8Array {
  const { delayMs = 100, repeat = 0, palette = Array.from({ length: 256 }, (_, i) => [i, i, i] as const) } =
    options;
  if (palette.length !== 256) {
    throw new RangeError(`Cannot encode GIF as 256 colours are needed: got ${palette.length}`);
  }
  if (frames.length === 0) throw new TypeError("Cannot encode GIF as there is no frame");
  const { height, width } = frames[0];
  const encoder: Encoder = gifenc.GIFEncoder();
  frames.forEach((frame, i) => {
    if (frame.height !== height || frame.width !== width || frame.data.length !== height * width) {
      throw new TypeError(
        `Cannot encode GIF as frame ${i} must be ${height} × ${width}: it is ${frame.height} × ${frame.width} with ` +
          `${frame.data.length} values`,
      );
    }
    encoder.writeFrame(
      frame.data,
      width,
      height,
      i === 0 ? { palette, delay: delayMs, repeat } : { delay: delayMs },
    );
  });
  encoder.finish();
  return new Uint8Array(encoder.bytes());
}
