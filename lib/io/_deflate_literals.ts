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
  let nodes = weights.map((weight, symbol) => ({ weight, symbols: [symbol] })).filter(({ weight }) =>
    weight > 0
  );
  if (nodes.length === 1) lengths[nodes[0].symbols[0]] = 1;
  nodes.sort((a, b) => a.weight - b.weight);
  while (nodes.length > 1) {
    const [first, second] = nodes;
    const joined = { weight: first.weight + second.weight, symbols: [...first.symbols, ...second.symbols] };
    for (const symbol of joined.symbols) lengths[symbol]++;
    nodes = nodes.slice(2);
    let at = 0;
    while (at < nodes.length && nodes[at].weight < joined.weight) at++;
    nodes.splice(at, 0, joined);
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

/** Bytes that come less often are not worth a place in the table of pairs. */
const COMMON = 64;

/** Codes of two common bytes at once, where they are not longer than 16 bits together; length 0 elsewhere. */
function pairsOf(counts: Uint32Array, codes: Uint16Array, lengths: Uint8Array) {
  const pairCodes = new Uint16Array(65536), pairLengths = new Uint8Array(65536);
  const used = Array.from({ length: 256 }, (_, symbol) => symbol).filter((symbol) =>
    counts[symbol] >= COMMON
  );
  for (const first of used) {
    for (const second of used) {
      const length = lengths[first] + lengths[second];
      if (length > 16) continue;
      pairCodes[(first << 8) | second] = codes[first] | (codes[second] << lengths[first]);
      pairLengths[(first << 8) | second] = length;
    }
  }
  return { pairCodes, pairLengths };
}

/** Adler's checksum. RFC 1950, 9. */
function adler32(bytes: Uint8Array): number {
  let low = 1, high = 0;
  for (let at = 0; at < bytes.length;) {
    const end = Math.min(bytes.length, at + 2048); // as far as 30 bits reach, which are quick
    for (; at + 4 <= end; at += 4) {
      const a = bytes[at], b = bytes[at + 1], c = bytes[at + 2], d = bytes[at + 3];
      high = (high + 4 * low + 4 * a + 3 * b + 2 * c + d) | 0;
      low = (low + a + b + c + d) | 0;
    }
    for (; at < end; at++) {
      low = (low + bytes[at]) | 0;
      high = (high + low) | 0;
    }
    low %= 65521;
    high %= 65521;
  }
  return (high * 65536 + low) >>> 0;
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
  const counts = new Uint32Array(LITERALS);
  for (let i = 0; i < bytes.length; i++) counts[bytes[i]]++;
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
  const { pairCodes, pairLengths } = pairsOf(counts, codes, lengths);
  let h = hold, n = held, to = at, i = 0;
  const pairs = bytes.length & ~1;
  // Two bytes are written each time and kept if they are full: whether they are, no processor could foresee.
  while (i < pairs) {
    const pair = (bytes[i] << 8) | bytes[i + 1], length = pairLengths[pair];
    if (length > 0) {
      h |= pairCodes[pair] << n;
      n += length;
      i += 2;
    } else { // two rare ones, one by one
      h |= codes[bytes[i]] << n;
      n += lengths[bytes[i]];
      out[to] = h;
      out[to + 1] = h >>> 8;
      to += (n >> 4) << 1;
      h >>>= n & 16;
      n &= 15;
      h |= codes[bytes[i + 1]] << n;
      n += lengths[bytes[i + 1]];
      i += 2;
    }
    out[to] = h;
    out[to + 1] = h >>> 8;
    to += (n >> 4) << 1;
    h >>>= n & 16;
    n &= 15;
  }
  hold = h;
  held = n;
  at = to;
  put(0, 0);
  if (pairs < bytes.length) put(codes[bytes[pairs]], lengths[bytes[pairs]]);
  put(codes[END_OF_BLOCK], lengths[END_OF_BLOCK]);
  if (held > 0) out[at++] = hold;
  new DataView(out.buffer).setUint32(at, adler32(bytes));
  return out;
}
