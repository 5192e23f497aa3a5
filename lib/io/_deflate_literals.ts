/**
 * Deflate by Huffman codes alone, without looking for repeats: for noise, which has none. One dynamic block of literals in a zlib stream, about as
 * small as zlib's Z_HUFFMAN_ONLY makes it.
 *
 * Source: RFC 1951 (the block), RFC 1950 (the stream). @module
 */

/** Longest code of a literal, and of a length of a code. */
const LONGEST = 15, LONGEST_OF_LENGTHS = 7;
const END_OF_BLOCK = 256, LITERALS = 257;
/** Order in which the lengths of the lengths' codes stand. RFC 1951, 3.2.7. */
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/** Lengths of a Huffman code for these counts, none longer than `longest`; 0 for what does not occur. */
function codeLengths(counts: ArrayLike<number>, longest: number): Uint8Array {
  let weights = Array.from(counts);
  for (;;) {
    const lengths = huffman(weights);
    if (lengths.every((length) => length <= longest)) return lengths;
    weights = weights.map((weight) => weight === 0 ? 0 : (weight >> 1) + 1); // flatter, so the deepest rise
  }
}

/** Huffman's own lengths, by joining the two rarest until one is left. */
function huffman(weights: readonly number[]): Uint8Array {
  const lengths = new Uint8Array(weights.length);
  const nodes = weights.map((weight, at) => ({ weight, at })).filter(({ weight }) => weight > 0);
  if (nodes.length === 1) lengths[nodes[0].at] = 1;
  nodes.sort((a, b) => a.weight - b.weight);
  const parents = new Uint16Array(2 * weights.length); // of a symbol, or of what was joined, numbered from there on
  let joined = weights.length;
  for (let first = 0; first + 1 < nodes.length; joined++) {
    const [rarest, next] = [nodes[first], nodes[first + 1]], weight = rarest.weight + next.weight;
    parents[rarest.at] = parents[next.at] = joined;
    first += 2;
    let at = first;
    while (at < nodes.length && nodes[at].weight < weight) at++;
    nodes.splice(at, 0, { weight, at: joined });
  }
  const depths = new Uint8Array(joined);
  for (let at = joined - 2; at >= 0; at--) {
    if (parents[at] > 0) depths[at] = depths[parents[at]] + 1; // a parent comes after its children
  }
  for (let symbol = 0; symbol < weights.length; symbol++) {
    if (parents[symbol] > 0) lengths[symbol] = depths[symbol];
  }
  return lengths;
}

/** The canonical codes of these lengths, bits reversed as deflate wants them. RFC 1951, 3.2.2. */
function codesOf(lengths: Uint8Array, longest: number): Uint16Array {
  const ofLength = new Uint16Array(longest + 1), next = new Uint16Array(longest + 2);
  for (const length of lengths) if (length > 0) ofLength[length]++;
  for (let length = 1; length <= longest; length++) next[length + 1] = (next[length] + ofLength[length]) << 1;
  return Uint16Array.from(lengths, (length) => {
    if (length === 0) return 0;
    let code = next[length]++, reversed = 0;
    for (let bit = 0; bit < length; bit++) {
      reversed = (reversed << 1) | (code & 1);
      code >>= 1;
    }
    return reversed;
  });
}

/** How often each byte comes. Four tables take turns: the same byte twice in a row would wait for its own count. */
function countBytes(bytes: Uint8Array): Uint32Array {
  const counts = new Uint32Array(4 * 256), fours = bytes.length & ~3;
  for (let i = 0; i < fours; i += 4) {
    counts[bytes[i]]++;
    counts[256 + bytes[i + 1]]++;
    counts[512 + bytes[i + 2]]++;
    counts[768 + bytes[i + 3]]++;
  }
  for (let i = fours; i < bytes.length; i++) counts[bytes[i]]++;
  const all = new Uint32Array(LITERALS);
  for (let i = 0; i < counts.length; i++) all[i & 255] += counts[i];
  return all;
}

/** Bytes that come less often are not worth a place in the table of pairs. */
const COMMON = 64;

/** Of two bytes, the first in the low half: their codes behind each other, and above 16 bits the length. Zeros between calls. */
const PAIRS = new Uint32Array(65536);

/** Puts the codes of two common bytes into {@linkcode PAIRS}, where they are not longer than 16 bits together. */
function fillPairs(counts: Uint32Array, codes: Uint16Array, lengths: Uint8Array): Uint16Array {
  const used = Uint16Array.from({ length: 256 }, (_, symbol) => symbol).filter((symbol) =>
    counts[symbol] >= COMMON
  );
  for (const first of used) {
    for (const second of used) {
      const length = lengths[first] + lengths[second];
      if (length > 16) continue;
      PAIRS[first | (second << 8)] = (codes[first] | (codes[second] << lengths[first])) + length * 65536;
    }
  }
  return used;
}

function clearPairs(used: Uint16Array): void {
  for (const first of used) for (const second of used) PAIRS[first | (second << 8)] = 0;
}

/**
 * Adler's checksum. RFC 1950, 9.
 *
 * Four bytes at a time, as two sums of 16 bits in one number each: over 16 words these, and the sums of them that weigh earlier bytes
 * higher, stay below 65,536.
 */
function adler32(bytes: Uint8Array): number {
  let low = 1, high = 0, at = 0;
  if (bytes.byteOffset % 4 === 0) {
    const words = new Uint32Array(bytes.buffer, bytes.byteOffset, (bytes.length >> 6) << 4);
    for (let word = 0; word < words.length;) {
      const end = Math.min(words.length, word + 512); // as far as 31 bits reach
      while (word < end) {
        let even = 0, odd = 0, evens = 0, odds = 0;
        for (const stop = word + 16; word < stop; word++) {
          evens = (evens + even) | 0;
          odds = (odds + odd) | 0;
          even = (even + (words[word] & 0xff00ff)) | 0;
          odd = (odd + ((words[word] >>> 8) & 0xff00ff)) | 0;
        }
        const a = even & 0xffff, b = odd & 0xffff, c = even >>> 16, d = odd >>> 16;
        const earlier = (evens & 0xffff) + (evens >>> 16) + (odds & 0xffff) + (odds >>> 16);
        high = (high + 64 * low + 4 * earlier + 4 * a + 3 * b + 2 * c + d) | 0;
        low = (low + a + b + c + d) | 0;
      }
      low %= 65521;
      high %= 65521;
    }
    at = 4 * words.length;
  }
  for (; at < bytes.length; at++) {
    low = (low + bytes[at]) % 65521;
    high = (high + low) % 65521;
  }
  return (high * 65536 + low) >>> 0;
}

/** Two bytes each, the first in the low half; an odd last one is left out. */
function pairsOf(bytes: Uint8Array): Uint16Array {
  const aligned = bytes.byteOffset % 2 === 0 ? bytes : bytes.slice();
  return new Uint16Array(aligned.buffer, aligned.byteOffset, bytes.length >> 1);
}

/** A stream under way: whole bytes up to `at`, and the bits that wait for more, at most 15. */
interface Bits {
  out: Uint8Array<ArrayBuffer>;
  at: number;
  hold: number;
  held: number;
}

/** Puts the codes of all bytes but an odd last one behind what is there. */
function putPairs(
  { out, at, hold, held }: Bits,
  bytes: Uint8Array,
  { counts, codes, lengths }: { counts: Uint32Array; codes: Uint16Array; lengths: Uint8Array },
): Bits {
  const common = fillPairs(counts, codes, lengths), words = new Uint16Array(out.buffer, 0, out.length >> 1);
  if (at & 1) { // words begin at even bytes
    at--;
    hold = out[at] | (hold << 8);
    held += 8;
  }
  let to = at >> 1;
  const pairs = pairsOf(bytes);
  // A word is written each time and kept if it is full: whether it is, no processor could foresee.
  for (let i = 0; i < pairs.length; i++) {
    const both = pairs[i], pair = PAIRS[both];
    if (pair > 0) {
      hold |= (pair & 0xffff) << held;
      held += pair >>> 16;
    } else { // two rare ones, one by one
      const first = both & 255, second = both >>> 8;
      hold |= codes[first] << held;
      held += lengths[first];
      words[to] = hold;
      to += held >> 4;
      hold >>>= held & 16;
      held &= 15;
      hold |= codes[second] << held;
      held += lengths[second];
    }
    words[to] = hold;
    to += held >> 4;
    hold >>>= held & 16;
    held &= 15;
  }
  clearPairs(common);
  return { out, at: 2 * to, hold, held };
}

/**
 * Packs bytes into a zlib stream.
 *
 * @example
 * ```ts
 * import { inflateSync } from "node:zlib";
 * inflateSync(deflateLiterals(Uint8Array.of(7, 7, 9))).join(); // "7,7,9"
 * ```
 */
export function deflateLiterals(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const counts = countBytes(bytes);
  counts[END_OF_BLOCK] = 1;
  const lengths = codeLengths(counts, LONGEST), codes = codesOf(lengths, LONGEST);
  // The lengths themselves are coded one by one; a distance must be named though none is used.
  const described = [...lengths, 1], used = new Uint32Array(19);
  for (const length of described) used[length]++;
  const lengthsOfLengths = codeLengths(used, LONGEST_OF_LENGTHS);
  const codesOfLengths = codesOf(lengthsOfLengths, LONGEST_OF_LENGTHS);

  let bitsOfAll = 3 + 14 + 3 * 19 + described.reduce((sum, length) => sum + lengthsOfLengths[length], 0);
  for (let symbol = 0; symbol < LITERALS; symbol++) bitsOfAll += counts[symbol] * lengths[symbol];
  const out = new Uint8Array(2 + Math.ceil(bitsOfAll / 8) + 4);
  out[0] = 0x78;
  out[1] = 0x01; // window of 32 KiB, fastest: with it, a multiple of 31
  let at = 2, hold = 0, held = 0;
  const put = (value: number, count: number) => {
    hold |= value << held;
    held += count;
    while (held >= 8) {
      out[at++] = hold;
      hold >>>= 8;
      held -= 8;
    }
  };
  put(1, 1); // the last block
  put(2, 2); // with codes of its own
  put(LITERALS - 257, 5);
  put(0, 5); // one distance
  put(19 - 4, 4);
  for (const symbol of ORDER) put(lengthsOfLengths[symbol], 3);
  for (const length of described) put(codesOfLengths[length], lengthsOfLengths[length]);
  const full = putPairs({ out, at, hold, held }, bytes, { counts, codes, lengths });
  at = full.at;
  hold = full.hold;
  held = full.held;
  put(0, 0);
  if (bytes.length & 1) put(codes[bytes[bytes.length - 1]], lengths[bytes[bytes.length - 1]]);
  put(codes[END_OF_BLOCK], lengths[END_OF_BLOCK]);
  if (held > 0) out[at++] = hold;
  new DataView(out.buffer).setUint32(at, adler32(bytes));
  return out;
}
