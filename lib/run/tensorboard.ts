/**
 * Numbers of a run as a TensorBoard event file: records with checksums, each an event with a step and a value a tag.
 *
 * Source: tensorflow/core/lib/io/record_writer.h (TFRecord), tensorflow/core/util/event.proto and
 * tensorflow/core/framework/summary.proto, whose field numbers stand below. @module
 */

/** The values of one step. */
export interface ScalarEvent {
  /** Seconds since 1970. */
  time: number;
  /** Epoch or batch that they belong to. */
  step: number;
  /** Values by tag, such as `loss/training`. */
  values: Readonly<Record<string, number>>;
}

/** CRC-32C's polynomial (Castagnoli), bits reversed. */
const POLYNOMIAL = 0x82f63b78;

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? crc >>> 1 ^ POLYNOMIAL : crc >>> 1;
  return crc;
});

/**
 * CRC-32C of some bytes.
 *
 * Source: RFC 3720, appendix B.4, has test values.
 *
 * @example
 * ```ts
 * crc32c(new TextEncoder().encode("123456789")).toString(16); // "e3069283"
 * ```
 */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = TABLE[(crc ^ byte) & 0xff] ^ crc >>> 8;
  return (crc ^ 0xffffffff) >>> 0;
}

/** A checksum as TFRecord keeps it: turned and shifted, as a checksum of what holds checksums is weak. */
function masked(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return ((crc >>> 15 | crc << 17) + 0xa282ead8) >>> 0;
}

/** Length, its checksum, the bytes, their checksum. */
function encodeRecord(data: Uint8Array): Uint8Array {
  const out = new Uint8Array(data.length + 16), view = new DataView(out.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, masked(out.subarray(0, 8)), true);
  out.set(data, 12);
  view.setUint32(12 + data.length, masked(data), true);
  return out;
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Wire types of protocol buffers. */
const VARINT = 0, EIGHT_BYTES = 1, LENGTH = 2, FOUR_BYTES = 5;

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 127) {
    bytes.push(rest % 128 + 128);
    rest = Math.floor(rest / 128);
  }
  return Uint8Array.of(...bytes, rest);
}

const key = (field: number, type: number) => varint(field * 8 + type);

function doubleField(field: number, value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value, true);
  return joined([key(field, EIGHT_BYTES), bytes]);
}

function floatField(field: number, value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value, true);
  return joined([key(field, FOUR_BYTES), bytes]);
}

const bytesField = (field: number, bytes: Uint8Array) =>
  joined([key(field, LENGTH), varint(bytes.length), bytes]);
const textField = (field: number, text: string) => bytesField(field, new TextEncoder().encode(text));

const EVENT = { wallTime: 1, step: 2, fileVersion: 3, summary: 5 };
const SUMMARY_VALUE = 1, VALUE = { tag: 1, simpleValue: 2 };

/**
 * Encodes an event file.
 *
 * @param events In the order of their steps; values that are not finite are kept, as TensorBoard marks them.
 * @returns The bytes of a file that TensorBoard finds where `tfevents` is in its name.
 * @example
 * ```ts
 * encodeEvents([{ time: 0, step: 1, values: { loss: 0.5 } }]).length; // 82
 * ```
 */
export function encodeEvents(events: readonly ScalarEvent[]): Uint8Array<ArrayBuffer> {
  const start = events[0]?.time ?? 0;
  const version = joined([doubleField(EVENT.wallTime, start), textField(EVENT.fileVersion, "brain.Event:2")]);
  const records = events.map(({ time, step, values }) => {
    const summary = Object.entries(values).map(([tag, value]) =>
      bytesField(SUMMARY_VALUE, joined([textField(VALUE.tag, tag), floatField(VALUE.simpleValue, value)]))
    );
    return joined([
      doubleField(EVENT.wallTime, time),
      key(EVENT.step, VARINT),
      varint(step),
      bytesField(EVENT.summary, joined(summary)),
    ]);
  });
  return joined([version, ...records].map(encodeRecord));
}
