/**
 * RICE_1 and PLIO_1, two ways in which tiles of FITS images are packed.
 *
 * Source: FITS Standard 4.0, section 10.4; fits_rdecomp (ricecomp.c) and pl_l2pi (pliocomp.c) of CFITSIO 4. @module
 */

/** Reads bits of bytes, high bit first. */
export class BitReader {
  readonly #bytes: Uint8Array;
  #at: number;
  #held = 0;
  #bits = 0;

  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = bytes;
    this.#at = at;
  }

  /** The next `count` bits, at most 24. */
  take(count: number): number {
    while (this.#held < count) {
      if (this.#at >= this.#bytes.length) throw new SyntaxError("its packed values end early");
      this.#bits = (this.#bits << 8 | this.#bytes[this.#at++]) & 0xffffffff;
      this.#held += 8;
    }
    this.#held -= count;
    return this.#bits >>> this.#held & ((1 << count) - 1);
  }

  /** How many zeros come before the next one, which is taken too. */
  zeros(): number {
    let count = 0;
    while (this.take(1) === 0) {
      if (++count > 1 << 24) throw new SyntaxError("its packed values are damaged");
    }
    return count;
  }

  /** Leaves what is left of a byte; gives the place of the next one. */
  align(): number {
    this.#at -= this.#held >> 3;
    this.#held = 0;
    return this.#at;
  }
}

/** Bits of the field that says how a block is packed, and its largest value, by bytes of a value. */
const RICE = { 1: [3, 6, 8], 2: [4, 14, 16], 4: [5, 25, 32] } as const;

/**
 * Rice's codes: a first value, then blocks of differences, each with as many low bits as suit it.
 *
 * @param bytePix Bytes that a value was packed from.
 * @param blockSize Differences of a block.
 */
export function unpackRice(
  packed: Uint8Array,
  count: number,
  bytePix: 1 | 2 | 4,
  blockSize: number,
): Int32Array {
  const [fieldBits, largest, valueBits] = RICE[bytePix],
    bits = new BitReader(packed),
    out = new Int32Array(count);
  const wrap = bytePix === 4
    ? (value: number) => value | 0
    : bytePix === 2
    ? (value: number) => value << 16 >> 16
    : (value: number) => value & 255;
  const wide = (length: number) =>
    length > 24 ? bits.take(length - 16) << 16 | bits.take(16) : bits.take(length);
  let last = wide(8 * bytePix);
  for (let start = 0; start < count; start += blockSize) {
    const end = Math.min(count, start + blockSize), low = bits.take(fieldBits) - 1;
    for (let i = start; i < end; i++) {
      if (low >= 0) {
        const code = low === largest ? wide(valueBits) : bits.zeros() << low | bits.take(low);
        last = wrap(last + ((code & 1) === 0 ? code >>> 1 : ~(code >>> 1)));
      }
      out[i] = wrap(last);
    }
  }
  return out;
}

/** IRAF's line lists for masks: runs of zeros and of a value that goes up and down. */
export function unpackPlio(words: DataView, count: number): Int32Array {
  const out = new Int32Array(count), word = (i: number) => words.getInt16(2 * i);
  const isOld = word(2) > 0;
  const length = isOld ? word(2) : (word(4) << 15) + word(3), first = isOld ? 3 : word(1);
  let at = 0, value = 1;
  for (let i = first; i < length && at < count; i++) {
    const code = word(i) >> 12 & 15, data = word(i) & 4095;
    switch (code) {
      case 0:
      case 4:
      case 5: {
        const end = at + data;
        if (code === 4) out.fill(value, at, end);
        if (code === 5 && end <= count && data > 0) out[end - 1] = value;
        at = end;
        break;
      }
      case 1:
        value = (word(++i) << 12) + data;
        break;
      case 2:
        value += data;
        break;
      case 3:
        value -= data;
        break;
      case 6:
      case 7:
        value += code === 6 ? data : -data;
        out[at++] = value;
        break;
      default:
        throw new SyntaxError(`its line list has an unknown instruction ${code}`);
    }
  }
  return out;
}
