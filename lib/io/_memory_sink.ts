/** Memory in place of a file, for writers that put bytes at places. @module */
import type { DurableWriter } from "../base/durable_writer.ts";

/** A file in memory. */
export interface MemorySink extends DurableWriter {
  /** What was put, zeros in between. */
  bytes(): Uint8Array<ArrayBuffer>;
}

/** Starts an empty one, which keeps what it is given until its bytes are asked for. */
export function createMemorySink(): MemorySink {
  const parts: { at: number; bytes: Uint8Array }[] = [];
  let size = 0;
  return {
    put(bytes, at) {
      parts.push({ at, bytes });
      size = Math.max(size, at + bytes.length);
    },
    finish() {},
    abort() {},
    bytes() {
      const out = new Uint8Array(size);
      for (const { at, bytes } of parts) out.set(bytes, at);
      return out;
    },
  };
}
