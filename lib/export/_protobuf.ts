/**
 * As much of Protocol Buffers as writing takes: varints, and fields with a length before them.
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
