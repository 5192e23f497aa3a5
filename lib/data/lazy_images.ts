/**
 * Arrays of pictures that are not read until a chunk is asked for, in the manner of a Dask array over `from_delayed`.
 *
 * `window`, `cropCenter`, `select` and `rechunk` read nothing and may be chained; they describe what a chunk will be. A chunk is decoded by
 * worker threads straight out of the archive or folder, only the rows that the crop needs, and stays in bytes: the window is
 * carried along, to be applied inside the compiled training step or by {@linkcode ImageChunk.toFloat32}.
 *
 * Memory: (prefetched chunks + 1) × chunk size × height × width bytes, one packed and one unpacked picture a worker, and about 300 bytes
 * an image for the list. A set of 50,000 pictures trains within 512 MiB in all, TensorFlow not counted.
 * @module
 */
import { heedStop } from "../base/stop_button.ts";
import { type PreprocessingStep, type Region, regionOf, shapeAfter } from "../image/preprocessing/mod.ts";
import { windowCounts } from "../image/window_counts.ts";
import { readPngHeader } from "../io/png.ts";
import { DecodePool } from "./decode_pool.ts";
import { type ImageFiles, readFirst, selectImages } from "./image_files.ts";
import { chunkSizes, type LazyNumbers } from "./lazy_numbers.ts";

/** Counts that become 0 and 1; between them it is linear, outside it is clipped. */
export interface CountWindow {
  /** Counts that become 0. */
  low: number;
  /** Counts that become 1. */
  high: number;
}

/** Some pictures, decoded. */
export interface ImageChunk {
  /** Counts, [n, height, width]. */
  data: Uint8Array;
  /** How many pictures, and their sides. */
  shape: [n: number, height: number, width: number];
  /** The window to apply, if one was asked for. */
  window?: CountWindow;
  /** Values after the window, in [0, 1]; without a window, the counts. [n, height, width]. */
  toFloat32(): Float32Array;
}

/** Options for {@linkcode LazyImages.open}. */
export interface LazyImagesOptions {
  /** Height and width of every picture, in pixels; one that differs is an error. @default {the first picture's} */
  shape?: readonly [height: number, width: number];
  /** Threads that decode. @default {one a core} */
  workers?: number;
}

/** Options for {@linkcode LazyImages.chunks}. */
export interface ChunksOptions {
  /** Chunks decoded ahead of the one in use. @default {two a worker} */
  prefetch?: number;
  /** Stops with the signal's reason. */
  signal?: AbortSignal;
}

interface State {
  files: ImageFiles;
  pool: DecodePool;
  region: Region;
  window?: CountWindow;
  size: number;
}

/** A lazy array of pictures, [n, height, width]; every method gives a new one over the same threads. */
export class LazyImages {
  private constructor(private readonly state: State) {}

  /**
   * Makes the array of all pictures of a list; reads nothing but the first one's shape, if none is given.
   *
   * @throws {SyntaxError} If the first picture is no PNG; it is named.
   */
  static open(files: ImageFiles, options: LazyImagesOptions = {}): LazyImages {
    const { shape, workers = navigator.hardwareConcurrency } = options;
    const [height, width] = shape ?? firstShape(files);
    const pool = new DecodePool({ zip: files.zip, height, width, workers });
    return new LazyImages({ files, pool, region: { rows: [0, height], columns: [0, width] }, size: 1 });
  }

  /** Shape of the array. */
  get shape(): [n: number, height: number, width: number] {
    const { files, region } = this.state;
    return [files.names.length, ...sidesOf(region)];
  }

  /** How many pictures there are. */
  get length(): number {
    return this.state.files.names.length;
  }

  /** Path of each picture. */
  get names(): readonly string[] {
    return this.state.files.names;
  }

  /** How many pictures are in each chunk. */
  get chunkSizes(): number[] {
    return chunkSizes(this.length, this.state.size);
  }

  /** The window that was asked for. */
  get countWindow(): CountWindow | undefined {
    return this.state.window;
  }

  /**
   * Maps counts from [low, high] to [0, 1] and clips, as the course's `windowing`. Bytes stay bytes: the window is carried along.
   *
   * @throws {RangeError} If low is not below high.
   */
  window(low: number, high: number): LazyImages {
    if (!(low < high)) {
      throw new RangeError(`Cannot window images as low must be below high: got ${low} and ${high}`);
    }
    return new LazyImages({ ...this.state, window: { low, high } });
  }

  /**
   * Keeps the square of side 2 · `half` in the middle, as the course's `crop_center(image, half_win)`.
   *
   * @param half Half the side, in pixels: 64 gives 128 × 128.
   * @throws {RangeError} If the square is not whole pixels inside the picture.
   */
  cropCenter(half: number): LazyImages {
    const [, height, width] = this.shape, size = 2 * half;
    if (!(Number.isInteger(half) && half > 0 && size <= height && size <= width)) {
      throw new RangeError(
        `Cannot crop ${size} × ${size} pixels as the crop must be whole pixels inside the image: ` +
          `the image is ${height} × ${width}`,
      );
    }
    return this.seenBy([{ op: "cropCenter", size }]).images;
  }

  /**
   * Leaves out of the pictures what a list of preprocessing steps does not look at.
   *
   * @returns The array, and how many of the leading steps its pictures have behind them: a source's `applied`.
   * @throws {TypeError | RangeError} If a step cannot be applied to pictures of this shape.
   */
  seenBy(steps: readonly PreprocessingStep[]): { images: LazyImages; applied: number } {
    const [, height, width] = this.shape, { rows: [top], columns: [left] } = this.state.region;
    shapeAfter(steps, [height, width, 1]);
    const { rows, columns, applied } = regionOf(steps, [height, width, 1]);
    const region: Region = {
      rows: [top + rows[0], top + rows[1]],
      columns: [left + columns[0], left + columns[1]],
    };
    return { images: new LazyImages({ ...this.state, region }), applied };
  }

  /** Cuts into chunks of `size` pictures; -1 for one chunk. @throws {RangeError} */
  rechunk(size: number): LazyImages {
    chunkSizes(this.length, size);
    return new LazyImages({ ...this.state, size });
  }

  /** Some of the pictures, in the order given. @throws {RangeError} If an index is out of range. */
  select(indices: ArrayLike<number>): LazyImages {
    return new LazyImages({ ...this.state, files: selectImages(this.state.files, indices) });
  }

  /**
   * Decodes some pictures, or all.
   *
   * @param indices Which ones, in order. @default {all}
   * @returns Counts, [n, height, width].
   * @throws {SyntaxError} If a file is no PNG or is damaged; it is named.
   * @throws {TypeError} If a picture is not 8-bit grey of the array's shape; it is named.
   */
  read(indices?: ArrayLike<number>): Promise<Uint8Array> {
    const { files, pool, region } = this.state;
    return pool.decode(indices ? selectImages(files, indices) : files, region);
  }

  /** The chunks in order, decoded ahead of use. The last may be smaller. */
  async *chunks(options: ChunksOptions = {}): AsyncGenerator<ImageChunk, void, void> {
    const { pool, files, region, window } = this.state;
    const { prefetch = 2 * pool.workers } = options;
    using stop = heedStop(options.signal);
    const sizes = this.chunkSizes, waiting: Promise<Uint8Array>[] = [];
    let asked = 0, start = 0;
    try {
      for (const size of sizes) {
        while (asked < sizes.length && waiting.length <= prefetch) {
          const part = selectImages(files, Array.from({ length: sizes[asked] }, (_, i) => start + i));
          start += sizes[asked++];
          waiting.push(pool.decode(part, region));
        }
        stop.signal?.throwIfAborted();
        const data = await waiting.shift()!;
        const shape: [number, number, number] = [size, ...sidesOf(region)];
        yield { data, shape, window, toFloat32: () => applyWindow(data, window) };
      }
    } finally {
      await Promise.allSettled(waiting);
    }
  }

  /**
   * Ends the worker threads at once, also those of arrays made from this one; without it they end when they have had
   * nothing to do for a while. They start again when needed.
   */
  close(): void {
    this.state.pool.close();
  }
}

function sidesOf({ rows, columns }: Region): [height: number, width: number] {
  return [rows[1] - rows[0], columns[1] - columns[0]];
}

function firstShape(files: ImageFiles): [height: number, width: number] {
  const { height, width } = readPngHeader(readFirst(files), { name: files.names[0] });
  return [height, width];
}

const ALL_COUNTS = { data: Uint8Array.from({ length: 256 }, (_, count) => count), height: 1, width: 256 };

/** Counts to values in [0, 1]; without a window, counts as they are. */
export function applyWindow(data: Uint8Array, window?: CountWindow): Float32Array {
  const out = new Float32Array(data.length);
  if (!window) {
    out.set(data);
    return out;
  }
  const table = windowCounts(ALL_COUNTS, window.low, window.high).data;
  for (let i = 0; i < data.length; i++) out[i] = table[data[i]];
  return out;
}

/**
 * Goes through images and the numbers that belong to them, chunk by chunk.
 *
 * @throws {RangeError} If the chunks of any two differ, naming the first place: what `train_on_batch` over mismatched blocks would take silently.
 */
export async function* zipChunks<T extends readonly LazyNumbers[]>(
  images: LazyImages,
  numbers: T,
  options: ChunksOptions = {},
): AsyncGenerator<[images: ImageChunk, ...numbers: { [K in keyof T]: Float32Array }], void, void> {
  const wanted = images.chunkSizes;
  numbers.forEach((array, n) => {
    const sizes = array.chunkSizes;
    const at = sizes.length === wanted.length ? sizes.findIndex((size, i) => size !== wanted[i]) : 0;
    if (sizes.length === wanted.length && at < 0) return;
    throw new RangeError(
      `Cannot pair images and numbers as their chunks must have the same sizes: images have ${wanted.length} chunks of ` +
        `${wanted[0]} (${images.length} in all), array ${n + 1} has ${sizes.length} of ${
          sizes[0]
        } (${array.length} in all)` +
        (at > 0 ? `; they first differ in chunk ${at + 1}: ${wanted[at]} and ${sizes[at]}` : ""),
    );
  });
  const iterators = numbers.map((array) => array.chunks());
  for await (const chunk of images.chunks(options)) {
    const parts = iterators.map((iterator) => iterator.next().value as Float32Array);
    yield [chunk, ...parts] as unknown as [ImageChunk, ...{ [K in keyof T]: Float32Array }];
  }
}
