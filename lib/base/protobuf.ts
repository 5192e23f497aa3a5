/**
 * As much of Protocol Buffers as ONNX and TensorFlow take: varints, and fields with a length before them.
 *
 * Source: protobuf.dev, "Encoding". @module
 */

/** A message being written; fields go out in the order of the calls. */
export class ProtoWriter {
  readonly #chunks: Uint8Array[] = [];
  #length = 0;

  #push(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
  }

  #varint(value: number | bigint): void {
    const bytes: number[] = [];
    // Negative numbers are written as 64-bit two's complement.
    for (let rest = BigInt.asUintN(64, BigInt(value));; rest >>= 7n) {
      if (rest < 128n) {
        bytes.push(Number(rest));
        break;
      }
      bytes.push(Number(rest & 127n) | 128);
    }
    this.#push(Uint8Array.from(bytes));
  }

  /** int32, int64, enum. */
  integer(field: number, value: number | bigint): this {
    this.#varint(field << 3);
    this.#varint(value);
    return this;
  }

  /** float. */
  float(field: number, value: number): this {
    this.#varint(field << 3 | 5);
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setFloat32(0, value, true);
    this.#push(bytes);
    return this;
  }

  /** bytes. */
  bytes(field: number, value: Uint8Array): this {
    this.#varint(field << 3 | 2);
    this.#varint(value.length);
    this.#push(value);
    return this;
  }

  /** string. */
  text(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value));
  }

  /** A message inside this one. */
  message(field: number, value: ProtoWriter): this {
    this.#varint(field << 3 | 2);
    this.#varint(value.#length);
    for (const chunk of value.#chunks) this.#push(chunk); // not copied before the end
    return this;
  }

  /** Fields that are encoded already. */
  raw(fields: Uint8Array): this {
    this.#push(fields);
    return this;
  }

  /** All that was written. @throws {RangeError} From 2 GiB on, which readers refuse. */
  finish(): Uint8Array {
    if (this.#length >= 2 ** 31) {
      throw new RangeError(`Cannot write ${this.#length} bytes in one message as the limit is 2 GiB`);
    }
    const out = new Uint8Array(this.#length);
    let at = 0;
    for (const chunk of this.#chunks) {
      out.set(chunk, at);
      at += chunk.length;
    }
    return out;
  }
}

/** One field of a message. */
export interface ProtoField {
  /** Its number. */
  field: number;
  /** Its value where it is a varint, exact up to 2⁵³. */
  number?: number;
  /** Its bytes where it has a length before it: a message, a text, packed numbers. */
  value?: Uint8Array;
  /** All of it, its number included. */
  raw: Uint8Array;
}

/** Walks over the fields of a message, in their order; copies nothing. */
export class ProtoReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  #varint(): number {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.#at >= this.#bytes.length) break;
      const byte = this.#bytes[this.#at++];
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
    throw this.#damaged();
  }

  #damaged(): SyntaxError {
    return new SyntaxError(`Cannot read protobuf message as it is damaged at byte ${this.#at}`);
  }

  /** @throws {SyntaxError} If the bytes are no message. */
  *[Symbol.iterator](): Generator<ProtoField> {
    while (this.#at < this.#bytes.length) {
      const start = this.#at, key = this.#varint(), wire = key % 8;
      let length = 0, number: number | undefined;
      if (wire === 0) number = this.#varint();
      else if (wire === 1) length = 8;
      else if (wire === 2) length = this.#varint();
      else if (wire === 5) length = 4;
      else throw this.#damaged();
      const from = this.#at;
      if (from + length > this.#bytes.length) throw this.#damaged();
      this.#at = from + length;
      const raw = this.#bytes.subarray(start, this.#at);
      yield {
        field: Math.floor(key / 8),
        ...(number !== undefined && { number }),
        ...(wire === 2 && { value: this.#bytes.subarray(from, this.#at) }),
        raw,
      };
    }
  }
}
