/**
 * Random numbers as a pure function of a key, for the backends without TensorFlow's stateless ops.
 *
 * Philox 4×32-10: the block number is encrypted under the key, so any block can be had without those before it.
 * Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC11); constants of Random123's `philox.h`.
 * @module
 */

/** Seed and counter; each pair gives an unrelated stream. */
export interface StreamKey {
  seed: number;
  counter: number;
}

const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;
const ROUNDS = 10;

/**
 * Blocks of Philox 4×32-10: four words each from a counter of four words and a key of two.
 *
 * One loop without calls or arrays: masks for dropout draw millions of words.
 *
 * @param counter Four 32-bit words; the first grows by one a block.
 * @param key Two 32-bit words.
 * @param out Takes four words a block, from its start; a last block may be cut short.
 */
export function philox(
  counter: readonly [number, number, number, number],
  key: readonly [number, number],
  out: Uint32Array,
): void {
  const lowOf0 = MULTIPLIER_0 & 0xffff, highOf0 = MULTIPLIER_0 >>> 16;
  const lowOf1 = MULTIPLIER_1 & 0xffff, highOf1 = MULTIPLIER_1 >>> 16;
  for (let at = 0, block = counter[0]; at < out.length; at += 4, block++) {
    let c0 = block | 0, c1 = counter[1] | 0, c2 = counter[2] | 0, c3 = counter[3] | 0;
    let k0 = key[0] | 0, k1 = key[1] | 0;
    for (let round = 0; round < ROUNDS; round++) {
      // Upper halves of the 64-bit products, from products of 16-bit halves.
      const low0 = c0 & 0xffff, top0 = c0 >>> 16;
      const cross0 = Math.imul(highOf0, low0) + (Math.imul(lowOf0, low0) >>> 16) >>> 0;
      const other0 = Math.imul(lowOf0, top0) + (cross0 & 0xffff) >>> 0;
      const high0 = Math.imul(highOf0, top0) + (cross0 >>> 16) + (other0 >>> 16) | 0;
      const low2 = c2 & 0xffff, top2 = c2 >>> 16;
      const cross2 = Math.imul(highOf1, low2) + (Math.imul(lowOf1, low2) >>> 16) >>> 0;
      const other2 = Math.imul(lowOf1, top2) + (cross2 & 0xffff) >>> 0;
      const high2 = Math.imul(highOf1, top2) + (cross2 >>> 16) + (other2 >>> 16) | 0;
      const next1 = Math.imul(MULTIPLIER_1, c2), next3 = Math.imul(MULTIPLIER_0, c0);
      c0 = high2 ^ c1 ^ k0;
      c2 = high0 ^ c3 ^ k1;
      c1 = next1;
      c3 = next3;
      k0 = k0 + WEYL_0 | 0;
      k1 = k1 + WEYL_1 | 0;
    }
    out[at] = c0;
    out[at + 1] = c1; // beyond the end of a typed array nothing is written
    out[at + 2] = c2;
    out[at + 3] = c3;
  }
}

/** `count` random 32-bit words of a stream. */
export function randomWords({ seed, counter }: StreamKey, count: number): Uint32Array<ArrayBuffer> {
  const words = new Uint32Array(count);
  philox([0, 0, 0, 0], [seed, counter], words);
  return words;
}

/** `count` random bytes of a stream. */
export function randomBytes(key: StreamKey, count: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(randomWords(key, Math.ceil(count / 4)).buffer, 0, count);
}

/** Ones where a random byte of the stream is at least `threshold` (of 256), else zeros. */
export function maskFloats(key: StreamKey, count: number, threshold: number): Float32Array<ArrayBuffer> {
  const bytes = randomBytes(key, count), mask = new Float32Array(count);
  for (let i = 0; i < count; i++) mask[i] = bytes[i] >= threshold ? 1 : 0;
  return mask;
}

/** `count` numbers spread evenly over [0, 1), each a multiple of 2⁻²⁴. */
export function uniformFloats(key: StreamKey, count: number): Float32Array<ArrayBuffer> {
  const words = randomWords(key, count), floats = new Float32Array(count);
  for (let i = 0; i < count; i++) floats[i] = (words[i] >>> 8) * 2 ** -24;
  return floats;
}

/** `count` numbers of the standard normal distribution, by Box and Muller's transform. */
export function normalFloats(key: StreamKey, count: number): Float32Array<ArrayBuffer> {
  const words = randomWords(key, count + (count & 1));
  const normals = new Float32Array(count);
  for (let i = 0; i < count; i += 2) {
    const radius = Math.sqrt(-2 * Math.log((words[i] + 1) / 2 ** 32)); // never the logarithm of 0
    const angle = 2 * Math.PI * words[i + 1] / 2 ** 32;
    normals[i] = radius * Math.cos(angle);
    if (i + 1 < count) normals[i + 1] = radius * Math.sin(angle);
  }
  return normals;
}
