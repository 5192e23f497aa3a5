/**
 * One picture from any file that this project reads, told apart by its first bytes, never by its name. @module
 */
import { decodeFits, fitsPicture } from "./fits.ts";
import { sniffFormat } from "./formats.ts";
import { decodeGzip, isGzip } from "./gzip.ts";
import { type Image, type ImageDecodeOptions, MAX_PIXELS } from "./image.ts";
import { decodeJpeg } from "./jpeg.ts";
import { decodeNpy } from "./npy.ts";
import { decodePng } from "./png.ts";
import { decodeTiff } from "./tiff.ts";

/**
 * Decodes a PNG, JPEG, TIFF, FITS or .npy file, or a gzip of one, to a picture.
 *
 * FITS gives its first image. A .npy array is [height, width] or [height, width, 1 to 4]. Values stay the file's: 8 and
 * 16 bits without sign as they are, everything else as 32-bit floating point.
 *
 * Decode what strangers send in a thread with a limit on time (`lib/base/worker_pool.ts` makes them).
 *
 * @throws {SyntaxError} If the file is damaged.
 * @throws {TypeError} If it is none of these, or of a kind that is not read.
 * @throws {RangeError} If it has more than `maxPixels`; checked before anything is allocated.
 * @example
 * ```ts
 * import { encodePng } from "./png.ts";
 * decodeImage(encodePng({ data: Uint8Array.of(7, 8), height: 1, width: 2 })).data; // 7, 8
 * ```
 */
export function decodeImage(bytes: Uint8Array, options: ImageDecodeOptions = {}): Image {
  const { name, maxPixels = MAX_PIXELS } = options;
  // Four channels of 64 bits, and room for headers.
  const maxBytes = maxPixels * 32 + (1 << 20);
  const named = name === undefined ? "" : ` "${name}"`;
  switch (sniffFormat(bytes)?.name) {
    case "png":
      return decodePng(bytes, options);
    case "jpeg":
      return decodeJpeg(bytes, options);
    case "tiff":
      return decodeTiff(bytes, options);
    case "fits": {
      const [first] = decodeFits(bytes, { name, maxBytes });
      if (!first) throw new TypeError(`Cannot decode image${named} as the FITS file holds none`);
      return limited(fitsPicture(first, name), maxPixels, named);
    }
    case "npy":
      return limited(npyPicture(bytes, maxBytes, name), maxPixels, named);
    case "gzip": {
      const inner = decodeGzip(bytes, { name, maxBytes });
      if (isGzip(inner)) throw new TypeError(`Cannot decode image${named} as it is a gzip of a gzip`);
      return decodeImage(inner, options);
    }
    default:
      throw new TypeError(`Cannot decode image${named} as it is no PNG, JPEG, TIFF, FITS or .npy file`);
  }
}

function limited(image: Image, maxPixels: number, named: string): Image {
  if (image.height * image.width <= maxPixels) return image;
  throw new RangeError(
    `Cannot decode image${named} as it may have at most ${maxPixels} pixels: it is ${image.height} × ${image.width}`,
  );
}

function npyPicture(bytes: Uint8Array, maxBytes: number, name?: string): Image {
  const { data, shape } = decodeNpy(bytes, { name, maxBytes });
  const [height, width, channels = 1] = shape;
  if (shape.length < 2 || shape.length > 3 || channels < 1 || channels > 4 || height * width === 0) {
    const wanted = "[height, width] or [height, width, 1 to 4]";
    throw new TypeError(
      `Cannot use npy${name ? ` "${name}"` : ""} as a picture as it must be ${wanted}: got [${shape}]`,
    );
  }
  const sides = { height, width, channels: channels as 1 | 2 | 3 | 4 };
  if (data instanceof Uint8Array) return { data, ...sides, depth: 8 };
  if (data instanceof Uint16Array) return { data, ...sides, depth: 16 };
  if (data instanceof Float32Array) return { data, ...sides, depth: 32 };
  return { data: Float32Array.from<number | bigint>(data, Number), ...sides, depth: 32 };
}
