/**
 * Any file that a user may have of a picture, by its content: PNG, JPEG, TIFF, .npy, .npz, FITS, idx, gzip around one of
 * them, or a zip of many. @module
 */
import { decodeGzip, isGzip } from "../io/gzip.ts";
import { decodeIdx } from "../io/idx.ts";
import type { Image } from "../io/image.ts";
import { decodeNpy } from "../io/npy.ts";
import { decodeNpz } from "../io/npz.ts";
import { isPng } from "../io/png.ts";
import { listZip, readZipEntry, zipBytes } from "../io/zip.ts";

/** Limits of {@linkcode findPictures}, checked before anything is allocated. */
export interface PictureLimits {
  /** Most pixels of a picture. @default {67_108_864} */
  maxPixels?: number;
  /** Most pictures in one file. @default {4096} */
  maxPictures?: number;
  /** Most bytes that a file may unfold to. @default {268_435_456} */
  maxBytes?: number;
}

/** A picture that was found: still packed where it is a PNG, because that is decoded only where a model looks. */
export type Found =
  | { name: string; png: Uint8Array }
  | { name: string; image: Image }
  | { name: string; fault: string };

/** The kinds of file that are told apart. */
export type FileKind = "png" | "jpeg" | "tiff" | "npy" | "zip" | "fits" | "gzip" | "idx";

const text = (bytes: Uint8Array, first: number, end: number) =>
  String.fromCharCode(...bytes.subarray(first, end));

/** What a file is, by its first bytes; undefined if it is none of the kinds understood here. */
export function kindOfFile(bytes: Uint8Array): FileKind | undefined {
  if (isPng(bytes)) return "png";
  if (bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff) return "jpeg";
  if (["II*\0", "MM\0*"].includes(text(bytes, 0, 4))) return "tiff";
  if (text(bytes, 0, 6) === "\x93NUMPY") return "npy";
  if (["PK\x03\x04", "PK\x05\x06"].includes(text(bytes, 0, 4))) return "zip";
  if (text(bytes, 0, 9) === "SIMPLE  =") return "fits";
  if (isGzip(bytes)) return "gzip";
  const isIdx = bytes[0] === 0 && bytes[1] === 0 && [8, 9, 0xb, 0xc, 0xd, 0xe].includes(bytes[2]) &&
    bytes[3] >= 1;
  return isIdx && bytes[3] <= 4 ? "idx" : undefined;
}

/** An array of one or many frames. */
interface Frames {
  data: ArrayLike<number> | ArrayLike<bigint>;
  shape: readonly number[];
}

/** Values in a type that pictures are kept in, without a copy where they are in one already. */
function samplesOf(data: Frames["data"], first: number, end: number): Pick<Image, "data" | "depth"> {
  if (data instanceof Uint8Array) return { data: data.subarray(first, end), depth: 8 };
  if (data instanceof Uint16Array) return { data: data.subarray(first, end), depth: 16 };
  if (data instanceof Float32Array) return { data: data.subarray(first, end), depth: 32 };
  const samples = new Float32Array(end - first);
  for (let i = first; i < end; i++) samples[i - first] = Number(data[i]);
  return { data: samples, depth: 32 };
}

/** [rows, columns], [rows, columns, up to 4 channels], [frames, rows, columns] or all four, as pictures. */
function framesOf({ data, shape }: Frames, name: string, limits: Required<PictureLimits>): Found[] {
  const channelled = shape.length === 4 || (shape.length === 3 && shape[2] <= 4 && shape[0] > 0);
  const channels = channelled ? shape[shape.length - 1] : 1;
  const sides = channelled ? shape.slice(0, -1) : shape;
  const [frames, height, width] = sides.length === 2 ? [1, ...sides] : sides;
  if (sides.length < 2 || sides.length > 3 || channels < 1 || channels > 4 || height < 1 || width < 1) {
    throw new TypeError(
      `Cannot take an array of shape [${shape}] as pictures: it must be [rows, columns], [rows, columns, channels] or ` +
        `[pictures, rows, columns(, channels)]`,
    );
  }
  if (frames > limits.maxPictures) {
    throw new RangeError(`Cannot take ${frames} pictures from one file: the limit is ${limits.maxPictures}`);
  }
  if (height * width > limits.maxPixels) {
    throw new RangeError(
      `Cannot take a picture of ${height} × ${width} pixels: the limit is ${limits.maxPixels}`,
    );
  }
  const size = height * width * channels;
  return Array.from({ length: frames }, (_, i) => ({
    name: frames === 1 ? name : `${name}[${i}]`,
    image: {
      ...samplesOf(data, i * size, (i + 1) * size),
      height,
      width,
      channels: channels as Image["channels"],
    },
  }));
}

/** Pictures among a zip's entries, or the arrays of a .npz. */
async function inZip(bytes: Uint8Array, name: string, limits: Required<PictureLimits>): Promise<Found[]> {
  const { maxBytes, maxPictures } = limits;
  const source = zipBytes(bytes, name);
  const entries = listZip(source, {
    maxEntries: maxPictures,
    maxEntryBytes: maxBytes,
    maxTotalBytes: maxBytes,
  })
    .filter((entry) => !entry.name.endsWith("/"));
  const isNpz = entries.length > 0 && entries.every((entry) => entry.name.endsWith(".npy"));
  if (isNpz) {
    const arrays = [...decodeNpz(bytes, { name, maxBytes })];
    return arrays.flatMap(([key, array]) =>
      framesOf(array, arrays.length > 1 ? `${name}/${key}` : name, limits)
    );
  }
  const found: Found[] = [];
  for (const entry of entries) {
    const inner = `${name}/${entry.name}`;
    const kind = /(^|\/)(\.|__MACOSX\/)/.test(entry.name) ? "hidden" : "visible";
    if (kind === "hidden") continue;
    try {
      const content = readZipEntry(source, entry);
      if (kindOfFile(content) === "zip") throw new TypeError("a zip within a zip is not opened");
      found.push(...await findPictures(content, { ...limits, name: inner }));
    } catch (error) {
      found.push({ name: inner, fault: (error as Error).message });
    }
    if (found.length > maxPictures) {
      throw new RangeError(`Cannot take more than ${maxPictures} pictures from one file`);
    }
  }
  return found;
}

/**
 * Finds the pictures in a file.
 *
 * @param bytes The whole file.
 * @param options Limits, and the file's name for messages and results.
 * @returns The pictures in order; in a zip, one that cannot be read is a fault and the others are still there.
 * @throws {SyntaxError} If the file is damaged.
 * @throws {TypeError} If it is of no kind understood here, or holds no pictures.
 * @throws {RangeError} If it passes a limit.
 * @example
 * ```ts
 * import { encodeNpy } from "../io/npy.ts";
 * import { findPictures } from "./pictures.ts";
 * const file = encodeNpy({ data: new Float32Array(2 * 3 * 3), shape: [2, 3, 3] });
 * (await findPictures(file, { name: "run7.npy" })).map(({ name }) => name); // "run7.npy[0]", "run7.npy[1]"
 * ```
 */
export async function findPictures(
  bytes: Uint8Array,
  options: PictureLimits & { name?: string } = {},
): Promise<Found[]> {
  const { name = "file", maxPixels = 1 << 26, maxPictures = 4096, maxBytes = 1 << 28 } = options;
  const limits = { maxPixels, maxPictures, maxBytes };
  switch (kindOfFile(bytes)) {
    case "png":
      return [{ name, png: bytes }];
    case "jpeg":
      // Decoders that take long to load are loaded by the first who sends such a file.
      return [{ name, image: (await import("../io/jpeg.ts")).decodeJpeg(bytes, { name, maxPixels }) }];
    case "tiff":
      return [{ name, image: (await import("../io/tiff.ts")).decodeTiff(bytes, { name, maxPixels }) }];
    case "fits": {
      const images = (await import("../io/fits.ts")).decodeFits(bytes, { name, maxBytes });
      if (images.length === 0) throw new TypeError(`Cannot score "${name}" as the FITS file holds no image`);
      return images.flatMap((image, i) =>
        framesOf(image, images.length > 1 ? `${name}[${image.name || i}]` : name, limits)
      );
    }
    case "npy":
      return framesOf(decodeNpy(bytes, { name, maxBytes }), name, limits);
    case "idx":
      return framesOf(decodeIdx(bytes, { name, maxBytes }), name, limits);
    case "zip":
      return await inZip(bytes, name, limits);
    case "gzip": {
      const inner = decodeGzip(bytes, { name, maxBytes });
      if (isGzip(inner)) throw new TypeError(`Cannot open "${name}" as it is gzip within gzip`);
      return await findPictures(inner, { ...limits, name: name.replace(/\.gz$/i, "") });
    }
    default:
      throw new TypeError(
        `Cannot open "${name}" as it must be PNG, JPEG, TIFF, .npy, .npz, FITS, idx, or a zip of these`,
      );
  }
}
