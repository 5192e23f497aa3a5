/**
 * The pictures of any file, one after the other: of an array every frame, of a stack every page, of an archive every
 * member. @module
 */
import type { ByteSource } from "./byte_source.ts";
import { type OpenedFile, openFile, type OpenOptions, sniffFormat } from "./formats.ts";
import type { Image } from "./image.ts";
import type { NpyValues } from "./npy_type.ts";

/** A picture of a file, still packed where it is a PNG, as that is decoded only where a model looks. */
export type Frame =
  | { name: string; png: Uint8Array }
  | { name: string; image: Image }
  | { name: string; fault: string };

/** Options for {@linkcode openFrames}. */
export interface FrameOptions extends OpenOptions {
  /** Most pictures of one file. @default {4096} */
  maxFrames?: number;
  /** Which array of the file: its name. @default {all} */
  array?: string;
}

/**
 * Finds the pictures in a file.
 *
 * @param place A path, an address, bytes, or a source.
 * @returns The pictures in order; in an archive, one that cannot be read is a fault and the others are still there.
 * @throws {SyntaxError} If the file is damaged.
 * @throws {TypeError} If it is of no format that is read, or holds no pictures.
 * @throws {RangeError} If it passes a limit.
 * @example
 * ```ts
 * import { encodeNpy } from "./npy.ts";
 * const file = encodeNpy({ data: new Float32Array(2 * 5 * 5), shape: [2, 5, 5] });
 * const names: string[] = [];
 * for await (const frame of openFrames(file, { name: "run7.npy" })) names.push(frame.name);
 * names; // "run7.npy[0]", "run7.npy[1]"
 * ```
 */
export async function* openFrames(
  place: string | URL | Uint8Array | ByteSource,
  options: FrameOptions = {},
): AsyncGenerator<Frame> {
  const { maxFrames = 4096 } = options;
  let count = 0;
  for await (const frame of framesOf(place, options)) {
    if (++count > maxFrames) {
      throw new RangeError(`Cannot take more than ${maxFrames} pictures from one file`);
    }
    yield frame;
  }
}

async function* framesOf(
  place: string | URL | Uint8Array | ByteSource,
  options: FrameOptions,
): AsyncGenerator<Frame> {
  if (place instanceof Uint8Array && sniffFormat(place)?.name === "png") {
    yield { name: options.name ?? "file", png: place };
    return;
  }
  const file = await openFile(place, options), name = options.name ?? file.name;
  try {
    if (file.members) yield* framesOfMembers(file, name, options);
    else yield* framesOfArrays(file, name, options);
  } finally {
    file.close();
  }
}

async function* framesOfMembers(
  file: OpenedFile,
  name: string,
  options: FrameOptions,
): AsyncGenerator<Frame> {
  for (const member of file.members!) {
    const inner = `${name}/${member.name}`;
    try {
      const bytes = await member.bytes();
      if (sniffFormat(bytes)?.name === "zip") throw new TypeError("a zip within a zip is not opened");
      yield* framesOf(bytes, { ...options, name: inner });
    } catch (error) {
      yield { name: inner, fault: (error as Error).message };
    }
  }
}

async function* framesOfArrays(file: OpenedFile, name: string, options: FrameOptions): AsyncGenerator<Frame> {
  const { array, maxPixels = 1 << 26, maxFrames = 4096 } = options;
  const chosen = file.arrays.filter((other) => array === undefined || other.name === array);
  if (chosen.length === 0) {
    const names = file.arrays.map((other) => JSON.stringify(other.name)).join(", ") || "none";
    throw new TypeError(
      array === undefined
        ? `Cannot take pictures from "${name}" as it holds no array of numbers`
        : `Cannot take pictures from array "${array}" of "${name}": no such array (it has ${names})`,
    );
  }
  for (const found of chosen) {
    const label = chosen.length > 1 ? `${name}[${found.name}]` : name;
    const layout = frameLayout(found.shape, label);
    if (layout.frames > maxFrames) {
      throw new RangeError(
        `Cannot take ${layout.frames} pictures from "${label}": the limit is ${maxFrames}`,
      );
    }
    if (layout.height * layout.width > maxPixels) {
      throw new RangeError(
        `Cannot take a picture of ${layout.height} × ${layout.width} pixels from "${label}": the limit is ${maxPixels}`,
      );
    }
    const { data } = await found.read();
    for (let i = 0; i < layout.frames; i++) {
      yield { name: layout.frames === 1 ? label : `${label}[${i}]`, image: frameOf(data, layout, i) };
    }
  }
}

/** How an array lies as frames. */
export interface FrameLayout {
  /** How many there are. */
  frames: number;
  /** Rows. */
  height: number;
  /** Columns. */
  width: number;
  /** Samples a pixel. */
  channels: Image["channels"];
}

/**
 * Reads a shape as frames: [rows, columns], [rows, columns, up to 4 channels], [frames, rows, columns] or all four.
 *
 * @throws {TypeError} If it is none of these.
 */
export function frameLayout(shape: readonly number[], name: string): FrameLayout {
  const channelled = shape.length === 4 || (shape.length === 3 && shape[2] <= 4 && shape[0] > 0);
  const channels = channelled ? shape[shape.length - 1] : 1;
  const sides = channelled ? shape.slice(0, -1) : shape;
  const [frames, height, width] = sides.length === 2 ? [1, ...sides] : sides;
  if (sides.length < 2 || sides.length > 3 || channels < 1 || channels > 4 || height < 1 || width < 1) {
    throw new TypeError(
      `Cannot take pictures from "${name}" as its shape must be [rows, columns], [rows, columns, channels] or ` +
        `[pictures, rows, columns(, channels)]: got [${shape.join(", ")}]`,
    );
  }
  return { frames, height, width, channels: channels as Image["channels"] };
}

/** One frame of an array's values, a view where they are of a type that pictures are kept in. */
export function frameOf(data: NpyValues, layout: FrameLayout, index: number): Image {
  const { height, width, channels } = layout, size = height * width * channels;
  const part = data.subarray(index * size, (index + 1) * size), sides = { height, width, channels };
  if (part instanceof Uint8Array) return { data: part, ...sides, depth: 8 };
  if (part instanceof Uint16Array) return { data: part, ...sides, depth: 16 };
  if (part instanceof Float32Array) return { data: part, ...sides, depth: 32 };
  return { data: Float32Array.from<number | bigint>(part, Number), ...sides, depth: 32 };
}
