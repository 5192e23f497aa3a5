/**
 * Decoding of pictures that strangers send: on threads of their own, each picture within a limit of time and pixels, so
 * that a hostile file costs its sender an error and nobody else anything.
 * @module
 */
import type { Image } from "../io/image.ts";
import { createPool, type TaskOptions } from "../base/worker_pool.ts";

/** Options for {@linkcode createImageDecoder}. */
export interface ImageDecoderOptions {
  /** Threads at most. @default {navigator.hardwareConcurrency} */
  size?: number;
  /** Longest that one picture may take, in milliseconds. @default {5_000} */
  timeoutMs?: number;
  /** Pictures that may wait; one more is refused. @default {Infinity} */
  maxQueue?: number;
  /** Most pixels of a picture. @default {67_108_864} */
  maxPixels?: number;
}

/** Decodes pictures on worker threads. */
export interface ImageDecoder {
  /**
   * Decodes one file, as `decodeImage` does and with its errors.
   *
   * @param bytes The whole file; copied, unless `move` is set, which leaves it empty here.
   * @throws {TaskTimeoutError} (rejects) If it takes too long.
   * @throws {PoolFullError} (rejects) If too many are waiting.
   */
  decode(
    bytes: Uint8Array<ArrayBuffer>,
    options?: TaskOptions & { name?: string; move?: boolean },
  ): Promise<Image>;
  /** Ends the threads. */
  close(): void;
}

/** What the threads are told once. */
export interface DecoderSetup {
  /** Most pixels of a picture. */
  maxPixels?: number;
}

/** What they are told for each picture. */
export interface DecodeOrder {
  /** The whole file. */
  bytes: Uint8Array;
  /** File name for error messages. */
  name?: string;
}

/**
 * Makes a decoder; its threads start when first needed.
 *
 * @example
 * ```ts
 * import { encodePng } from "../io/png.ts";
 * const decoder = createImageDecoder({ size: 1, timeoutMs: 1000 });
 * const png = encodePng({ data: Uint8Array.of(7, 8), height: 1, width: 2 });
 * (await decoder.decode(new Uint8Array(png))).data; // 7, 8
 * decoder.close();
 * ```
 */
export function createImageDecoder(options: ImageDecoderOptions = {}): ImageDecoder {
  const { size, timeoutMs = 5000, maxQueue, maxPixels } = options;
  const url = new URL("./image_decoder_worker.ts", import.meta.url);
  const setup: DecoderSetup = { maxPixels };
  const pool = createPool<DecodeOrder, Image>({ url, size, timeoutMs, maxQueue, setup });
  return {
    decode: (bytes, { name, move = false, ...task } = {}) =>
      pool.run({ bytes, name }, move ? [bytes.buffer] : [], task),
    close: pool.close,
  };
}
