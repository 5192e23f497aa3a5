/**
 * gzip, bounded: a few kilobytes can unfold to gigabytes, so unpacking stops at a limit on the real output.
 *
 * Memory: what it unpacks to; twice that where its last four bytes do not say it, as of several members.
 *
 * Source: RFC 1952 (gzip), RFC 1951 (deflate), by `node:zlib`. @module
 */
import { gunzipSync, gzipSync } from "node:zlib";
import { cannotDecode } from "./_problem.ts";
import { isGzip } from "./signatures.ts";

export { isGzip };

/** Options for {@linkcode decodeGzip}. */
export interface DecodeGzipOptions {
  /** File name for error messages. */
  name?: string;
  /** Most bytes the unpacked data may have. @default {1_073_741_824} */
  maxBytes?: number;
}

/**
 * Unpacks a gzip file of one or several members.
 *
 * @param bytes The whole file.
 * @throws {SyntaxError} If it is not gzip, is damaged or ends early.
 * @throws {RangeError} If it unfolds to more than `maxBytes`; counted while inflating, never by what a header says.
 * @example
 * ```ts
 * decodeGzip(encodeGzip(Uint8Array.of(1, 2, 3))); // 1, 2, 3
 * ```
 */
export function decodeGzip(bytes: Uint8Array, options: DecodeGzipOptions = {}): Uint8Array {
  const { name, maxBytes = 2 ** 30 } = options;
  if (!isGzip(bytes)) {
    throw new SyntaxError(`${cannotDecode("gzip", name)} at byte 0: expected bytes 1f 8b`);
  }
  try {
    return plain(gunzipSync(bytes, { maxOutputLength: maxBytes, chunkSize: likelySize(bytes, maxBytes) }));
  } catch (error) {
    if ((error as { code?: string }).code === "ERR_BUFFER_TOO_LARGE") {
      throw new RangeError(`${cannotDecode("gzip", name)} as it unfolds to more than ${maxBytes} bytes`);
    }
    throw new SyntaxError(`${cannotDecode("gzip", name)}: ${(error as Error).message}`, { cause: error });
  }
}

/**
 * Bytes that the file most likely unpacks to: what its last four bytes say, where so much can be in it. One piece of this
 * size spares joining many, which would take the memory twice.
 */
function likelySize(bytes: Uint8Array, maxBytes: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const said = bytes.length >= 18 ? view.getUint32(bytes.length - 4, true) : 0;
  const isPossible = said <= Math.min(maxBytes, bytes.length * MAX_RATIO);
  return Math.max(1 << 14, isPossible ? said + 1 : 0);
}

/** Deflate packs at most 258 bytes into two bits. */
const MAX_RATIO = 1032;

/** Packs bytes as one gzip member; `level` from 0 (stored) to 9. The same bytes always give the same file. */
export function encodeGzip(bytes: Uint8Array, options: { level?: number } = {}): Uint8Array {
  return plain(gzipSync(bytes, { level: options.level ?? 6 }));
}

/** The bytes of a Node buffer as a bare `Uint8Array`, so that comparisons and clones see an ordinary type. */
export function plain(buffer: Uint8Array): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}
