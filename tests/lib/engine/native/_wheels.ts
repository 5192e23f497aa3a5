/** Python wheels, made by hand as Python's own tool packs them. @module */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { crc32, deflateRawSync } from "node:zlib";

export const FRAMEWORK = "libtensorflow_framework.so.2", CORE = "libtensorflow_cc.so.2";
/** Name of the list of checksums inside. */
export const RECORD = "tensorflow_cpu-2.21.0.dist-info/RECORD";
const encoder = new TextEncoder();

/** How a wheel differs from a usual one. */
export interface WheelOptions {
  /** Changes the list of checksums. */
  spoil?: (record: string) => string;
  /** Leaves all bytes as they are instead of deflating them. */
  stored?: boolean;
  /** Bytes of extra fields in the header before each file, which the directory does not repeat. */
  extraBytes?: number;
  /** Stands behind the directory. */
  comment?: string;
}

/** A zip as Python's wheel tool writes it: deflated entries, RECORD last. */
export function makeWheel(files: Record<string, Uint8Array>, options: WheelOptions = {}): Uint8Array {
  const { spoil = (record) => record, stored = false, extraBytes = 0, comment = "" } = options;
  const sums = Object.entries(files).map(([name, bytes]) =>
    `${name},sha256=${createHash("sha256").update(bytes).digest("base64url")},${bytes.length}`
  );
  const all = { ...files, [RECORD]: encoder.encode(spoil([...sums, `${RECORD},,`].join("\r\n"))) };
  const chunks: Uint8Array[] = [], directory: Uint8Array[] = [];
  let at = 0;
  for (const [name, bytes] of Object.entries(all)) {
    const packed = stored ? bytes : new Uint8Array(deflateRawSync(bytes)), label = encoder.encode(name);
    const common = new DataView(new ArrayBuffer(24)); // version … name's length, the part both headers share
    common.setUint16(0, 20, true);
    common.setUint16(4, stored ? 0 : 8, true);
    common.setUint32(10, crc32(bytes), true);
    common.setUint32(14, packed.length, true);
    common.setUint32(18, bytes.length, true);
    common.setUint16(22, label.length, true);
    const shared = new Uint8Array(common.buffer);
    const tail = new DataView(new ArrayBuffer(16));
    tail.setUint32(12, at, true);
    const extra = new Uint8Array(extraBytes);
    chunks.push(encoder.encode("PK\x03\x04"), shared, Uint8Array.of(extraBytes, 0), label, extra, packed);
    directory.push(
      encoder.encode("PK\x01\x02"),
      Uint8Array.of(20, 0),
      shared,
      new Uint8Array(tail.buffer),
      label,
    );
    at += 30 + label.length + extraBytes + packed.length;
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0), remark = encoder.encode(comment);
  const end = new DataView(new ArrayBuffer(22));
  end.setUint32(0, 0x06054b50, true);
  end.setUint16(8, Object.keys(all).length, true);
  end.setUint16(10, Object.keys(all).length, true);
  end.setUint32(12, size, true);
  end.setUint32(16, at, true);
  end.setUint16(20, remark.length, true);
  return new Uint8Array(Buffer.concat([...chunks, ...directory, new Uint8Array(end.buffer), remark]));
}

/** What a TensorFlow's wheel holds, in small. */
export const LIBRARIES: Readonly<Record<string, Uint8Array<ArrayBuffer>>> = {
  [`tensorflow/${FRAMEWORK}`]: encoder.encode("framework ".repeat(1000)),
  "tensorflow/python/big.py": encoder.encode("print(1)\n".repeat(5000)),
  [`tensorflow/${CORE}`]: encoder.encode("core ".repeat(30000)),
};
