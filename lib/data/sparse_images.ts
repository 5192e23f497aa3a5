/** Images of which most pixels are zero, kept as those that are not. @module */
import type { NdArray, Source } from "./source.ts";

/** Images that grow by blocks and are handed out whole. */
export interface SparseImages {
  /** Sides of one image: [height, width, channels]. */
  readonly shape: readonly [height: number, width: number, channels: number];
  /** Number of images. */
  readonly length: number;
  /** Memory that the kept pixels take. */
  readonly bytes: number;
  /** Appends images, [n, height, width, channels]. @throws {RangeError} If the values are no whole images. */
  add(images: Float32Array): void;
  /** Some images in full, [n, height, width, channels]. @throws {RangeError} If one of them is not there. */
  read(rows: ArrayLike<number>): NdArray<Float32Array>;
  /** Numbers of pixels that are not zero, and their values, one image after the other: what a fingerprint is made of. */
  blocks(): Iterable<{ places: Uint16Array; values: Float32Array }>;
}

interface Block {
  /** Number of its first image. */
  first: number;
  /** Where each image's pixels begin; one more at the end. */
  starts: Uint32Array;
  /** Row-major numbers of the pixels. */
  places: Uint16Array;
  /** All channels of each pixel. */
  values: Float32Array;
}

/**
 * Makes an empty collection.
 *
 * Memory: 2 bytes and 4 a channel for each pixel that is not zero in all its channels, a twentieth of the whole where one
 * in twenty is not. Values are kept as they are, NaN among them.
 *
 * @throws {RangeError} If an image has more than 65,536 pixels.
 * @example
 * ```ts
 * const images = createSparseImages([2, 2, 1]);
 * images.add(Float32Array.of(0, 0, 5, 0, 1, 0, 0, 0));
 * images.read([1]).data; // 1, 0, 0, 0
 * ```
 */
export function createSparseImages(
  shape: readonly [height: number, width: number, channels: number],
): SparseImages {
  const [height, width, channels] = shape, pixels = height * width, size = pixels * channels;
  if (pixels > 65_536) {
    throw new RangeError(`Cannot keep images of ${height} × ${width} pixels by number: at most 65,536`);
  }
  const blocks: Block[] = [];
  let length = 0, bytes = 0;

  function isEmpty(images: Float32Array, at: number): boolean {
    for (let channel = 0; channel < channels; channel++) if (images[at + channel] !== 0) return false;
    return true;
  }

  function add(images: Float32Array): void {
    const count = images.length / size;
    if (!Number.isInteger(count)) {
      throw new RangeError(
        `Cannot add ${images.length} values as images of [${shape}]: no whole number of them`,
      );
    }
    let kept = 0;
    for (let at = 0; at < images.length; at += channels) if (!isEmpty(images, at)) kept++;
    const starts = new Uint32Array(count + 1), places = new Uint16Array(kept);
    const values = new Float32Array(kept * channels);
    let hit = 0;
    for (let image = 0; image < count; image++) {
      for (let pixel = 0; pixel < pixels; pixel++) {
        const at = image * size + pixel * channels;
        if (isEmpty(images, at)) continue;
        places[hit] = pixel;
        for (let channel = 0; channel < channels; channel++) {
          values[hit * channels + channel] = images[at + channel];
        }
        hit++;
      }
      starts[image + 1] = hit;
    }
    blocks.push({ first: length, starts, places, values });
    length += count;
    bytes += starts.byteLength + places.byteLength + values.byteLength;
  }

  function blockOf(row: number): Block {
    if (!(row >= 0 && row < length)) throw new RangeError(`Cannot read image ${row}: there are ${length}`);
    let low = 0, high = blocks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (blocks[middle].first <= row) low = middle;
      else high = middle - 1;
    }
    return blocks[low];
  }

  function read(rows: ArrayLike<number>): NdArray<Float32Array> {
    const data = new Float32Array(rows.length * size);
    for (let i = 0; i < rows.length; i++) {
      const { first, starts, places, values } = blockOf(rows[i]), image = rows[i] - first;
      for (let hit = starts[image]; hit < starts[image + 1]; hit++) {
        const at = i * size + places[hit] * channels;
        for (let channel = 0; channel < channels; channel++) {
          data[at + channel] = values[hit * channels + channel];
        }
      }
    }
    return { data, shape: [rows.length, ...shape] };
  }

  return {
    shape,
    get length() {
      return length;
    },
    get bytes() {
      return bytes;
    },
    add,
    read,
    blocks: () => blocks,
  };
}

/**
 * A source of such images, filled in batch by batch, and their classes.
 *
 * @param labels One an image.
 * @throws {RangeError} If there is not one label an image.
 * @example
 * ```ts
 * const images = createSparseImages([1, 2, 1]);
 * images.add(Float32Array.of(0, 1, 2, 0));
 * const { inputs } = await sparseSource(images, Int32Array.of(0, 1)).read(Uint32Array.of(1));
 * inputs.image.data; // 2, 0
 * ```
 */
export function sparseSource(images: SparseImages, labels: Int32Array): Source {
  if (labels.length !== images.length) {
    throw new RangeError(
      `Cannot make a source of ${images.length} images as there are ${labels.length} labels`,
    );
  }
  return {
    size: images.length,
    inputs: { image: { shape: images.shape, dtype: "float32", white: 1 } },
    targets: { label: { shape: [], dtype: "int32" } },
    // deno-lint-ignore require-await -- a throw is to be a rejection
    async read(indices) {
      return {
        inputs: { image: images.read(indices) },
        targets: { label: { data: Int32Array.from(indices, (i) => labels[i]), shape: [indices.length] } },
      };
    },
  };
}
