/**
 * A source over ranges that take a round trip each: blocks are asked for once, several at a time, and kept up to a bound.
 * @module
 */
import { type ByteSource, checkInside } from "./byte_source.ts";

/** What answers ranges: an object of a bucket, a file behind a server. */
export interface RangedObject {
  /** What error messages call it. */
  readonly name: string;
  /** Bytes in all. */
  readonly size: number;
  /** Asks for exactly `length` bytes from `offset`, all inside. */
  readRange(offset: number, length: number): Promise<Uint8Array>;
  /** Lets go of what is kept open. */
  close?(): void;
}

/** Options for {@linkcode objectSource}. */
export interface CacheOptions {
  /** Bytes of a block. @default {1_048_576} */
  blockBytes?: number;
  /** Most bytes of blocks that are kept; those not used for longest go first. @default {67_108_864} */
  cacheBytes?: number;
  /** Most blocks that are asked for in one range. @default {8} */
  maxBlocks?: number;
}

/** A source whose blocks can be looked at without waiting. */
export interface CachedSource extends ByteSource {
  /** The bytes, if all of them are here; undefined otherwise. */
  peek(offset: number, length: number): Uint8Array | undefined;
  /** How many ranges were asked for, and how many bytes came. */
  readonly asked: { ranges: number; bytes: number };
}

/**
 * Makes a source of an object that answers ranges, such as an object of a bucket.
 *
 * Memory: `cacheBytes`, and while a read is under way what it asks for.
 *
 * @example
 * ```ts
 * const bytes = Uint8Array.of(1, 2, 3, 4);
 * const object = {
 *   name: "s3://bucket/key",
 *   size: bytes.length,
 *   readRange: (offset: number, length: number) => Promise.resolve(bytes.slice(offset, offset + length)),
 * };
 * await objectSource(object).read(1, 2); // 2, 3
 * ```
 */
export function objectSource(object: RangedObject, options: CacheOptions = {}): CachedSource {
  const { blockBytes = 1 << 20, cacheBytes = 1 << 26, maxBlocks = 8 } = options;
  const { name, size } = object;
  const most = Math.max(1, Math.floor(cacheBytes / blockBytes));
  const kept = new Map<number, Uint8Array>(); // oldest use first
  const coming = new Map<number, Promise<Uint8Array>>();
  const asked = { ranges: 0, bytes: 0 };

  function keep(block: number, bytes: Uint8Array): void {
    kept.delete(block);
    kept.set(block, bytes);
    if (kept.size > most) kept.delete(kept.keys().next().value!);
  }

  /** Asks for blocks `first` to before `end` in one range. */
  function ask(first: number, end: number): void {
    const offset = first * blockBytes, length = Math.min(end * blockBytes, size) - offset;
    asked.ranges++;
    asked.bytes += length;
    const answer = object.readRange(offset, length).then((bytes) => {
      if (bytes.length === length) return bytes;
      throw new RangeError(
        `Cannot read "${name}" from byte ${offset}: expected ${length} bytes, got ${bytes.length}`,
      );
    });
    for (let block = first; block < end; block++) {
      const from = (block - first) * blockBytes;
      const part = answer.then((bytes) => {
        // A copy, so that a kept block does not keep its neighbours.
        const own = end - first === 1 ? bytes : bytes.slice(from, from + blockBytes);
        keep(block, own);
        return own;
      });
      coming.set(block, part);
      part.catch(() => {}).finally(() => coming.delete(block));
    }
  }

  const source: CachedSource = {
    name,
    size,
    asked,
    peek(offset, length) {
      checkInside(source, offset, length);
      const out = new Uint8Array(length);
      for (let done = 0; done < length;) {
        const at = offset + done, block = Math.floor(at / blockBytes), bytes = kept.get(block);
        if (!bytes) return undefined;
        keep(block, bytes);
        const from = at - block * blockBytes, part = bytes.subarray(from, from + length - done);
        if (part.length === length) return part;
        out.set(part, done);
        done += part.length;
      }
      return out;
    },
    async read(offset, length) {
      checkInside(source, offset, length);
      if (length === 0) return new Uint8Array(0);
      const first = Math.floor(offset / blockBytes), end = Math.ceil((offset + length) / blockBytes);
      for (let block = first; block < end;) {
        let missing = block;
        while (
          missing < end && missing - block < maxBlocks && !kept.has(missing) && !coming.has(missing)
        ) missing++;
        if (missing > block) ask(block, missing);
        block = Math.max(missing, block + 1);
      }
      // Taken before anything is awaited: what comes meanwhile may push older blocks out.
      const blocks = Array.from({ length: end - first }, (_, i) => {
        const here = kept.get(first + i);
        if (here) keep(first + i, here);
        return here ?? coming.get(first + i)!;
      });
      const bytes = await Promise.all(blocks);
      const start = offset - first * blockBytes;
      if (bytes.length === 1) return bytes[0].subarray(start, start + length);
      const out = new Uint8Array(length);
      bytes.forEach((block, i) => {
        const from = i === 0 ? start : 0, to = i * blockBytes + from - start;
        out.set(block.subarray(from, from + length - to), to);
      });
      return out;
    },
    close() {
      kept.clear();
      object.close?.();
    },
  };
  return source;
}
