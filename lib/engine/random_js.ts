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

/** Upper 32 bits of the product of two unsigned 32-bit integers. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff, aHigh = a >>> 16, bLow = b & 0xffff, bHigh = b >>> 16;
  const cross = aHigh * bLow + ((aLow * bLow) >>> 16);
  const other = aLow * bHigh + (cross & 0xffff);
  return (aHigh * bHigh + (cross >>> 16) + (other >>> 16)) >>> 0;
}

/**
 * One block of Philox 4×32-10: four words from a counter of four words and a key of two.
 *
 * @param counter Four 32-bit words.
 * @param key Two 32-bit words.
 * @param out Takes the four words, from `at`.
 */
export function philoxBlock(
  counter: readonly [number, number, number, number],
  key: readonly [number, number],
  out: Uint32Array,
  at = 0,
): void {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = multiplyHigh(MULTIPLIER_0, c0), low0 = Math.imul(MULTIPLIER_0, c0);
    const high1 = multiplyHigh(MULTIPLIER_1, c2), low1 = Math.imul(MULTIPLIER_1, c2);
    [c0, c1, c2, c3] = [(high1 ^ c1 ^ k0) >>> 0, low1 >>> 0, (high0 ^ c3 ^ k1) >>> 0, low0 >>> 0];
    k0 = (k0 + WEYL_0) >>> 0;
    k1 = (k1 + WEYL_1) >>> 0;
  }
  out[at] = c0;
  out[at + 1] = c1;
  out[at + 2] = c2;
  out[at + 3] = c3;
}

/** `count` random 32-bit words of a stream. */
export function randomWords({ seed, counter }: StreamKey, count: number): Uint32Array<ArrayBuffer> {
  const blocks = Math.ceil(count / 4);
  const words = new Uint32Array(blocks * 4);
  for (let block = 0; block < blocks; block++) {
    philoxBlock([block, 0, 0, 0], [seed >>> 0, counter >>> 0], words, block * 4);
  }
  return words.subarray(0, count);
}

/** `count` random bytes of a stream. */
export function randomBytes(key: StreamKey, count: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(randomWords(key, Math.ceil(count / 4)).buffer, 0, count);
}

/** `count` numbers spread evenly over [0, 1), each a multiple of 2⁻²⁴. */
export function uniformFloats(key: StreamKey, count: number): Float32Array<ArrayBuffer> {
  return Float32Array.from(randomWords(key, count), (word) => (word >>> 8) / 2 ** 24);
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
