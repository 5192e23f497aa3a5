/**
 * XXH3, the checksum of 64 bits that ROOT's RNTuple keeps of its pages and envelopes.
 *
 * Long inputs go through halves of 32 bits, as BigInt would take ten times as long.
 *
 * Source: https://github.com/Cyan4973/xxHash, doc/xxhash_spec.md, "XXH3 algorithm overview", with its default secret and seed 0. @module
 */

const HEX =
  "b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671fcb79e64eccc0e578825ad07dccff7221" +
  "b8084674f743248ee03590e6813a264c3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8" +
  "a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364eac5ac8334d3ebc3c581a0fffa1363eb" +
  "170ddd51b7f0da49d316552629d4689e2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e";
const SECRET = Uint8Array.from({ length: 192 }, (_, i) => parseInt(HEX.slice(2 * i, 2 * i + 2), 16));
const SECRET_VIEW = new DataView(SECRET.buffer);

const MASK = (1n << 64n) - 1n;
const PRIME32_1 = 0x9E3779B1n, PRIME32_2 = 0x85EBCA77n, PRIME32_3 = 0xC2B2AE3Dn;
const PRIME64_1 = 0x9E3779B185EBCA87n, PRIME64_2 = 0xC2B2AE3D27D4EB4Fn, PRIME64_3 = 0x165667B19E3779F9n;
const PRIME64_4 = 0x85EBCA77C2B2AE63n, PRIME64_5 = 0x27D4EB2F165667C5n;
const PRIME_MX1 = 0x165667919E3779F9n, PRIME_MX2 = 0x9FB21C651E98DF25n;

const secret64 = (at: number) => SECRET_VIEW.getBigUint64(at, true);
const secret32 = (at: number) => BigInt(SECRET_VIEW.getUint32(at, true));

/**
 * The checksum.
 *
 * @example
 * ```ts
 * xxh3(new TextEncoder().encode("a")); // 16629034431890738719n
 * ```
 */
export function xxh3(bytes: Uint8Array): bigint {
  const { length } = bytes, view = new DataView(bytes.buffer, bytes.byteOffset, length);
  if (length > 240) return hashLong(bytes, view);
  if (length > 128) return hashTo240(view);
  if (length > 16) return hashTo128(view);
  if (length > 8) return hashTo16(view);
  if (length >= 4) return hashTo8(view);
  if (length > 0) return hashTo3(bytes);
  return avalanche64(secret64(56) ^ secret64(64));
}

function hashTo3(bytes: Uint8Array): bigint {
  const { length } = bytes;
  const combined = BigInt(bytes[length - 1]) | BigInt(length) << 8n | BigInt(bytes[0]) << 16n |
    BigInt(bytes[length >> 1]) << 24n;
  return avalanche64((secret32(0) ^ secret32(4)) ^ combined);
}

function hashTo8(view: DataView): bigint {
  const { byteLength } = view;
  const first = BigInt(view.getUint32(0, true)), last = BigInt(view.getUint32(byteLength - 4, true));
  const value = (secret64(8) ^ secret64(16)) ^ (last + (first << 32n));
  let mixed = value ^ rotated(value, 49n) ^ rotated(value, 24n);
  mixed = mixed * PRIME_MX2 & MASK;
  mixed ^= (mixed >> 35n) + BigInt(byteLength);
  mixed = mixed * PRIME_MX2 & MASK;
  return mixed ^ mixed >> 28n;
}

function hashTo16(view: DataView): bigint {
  const { byteLength } = view;
  const low = (secret64(24) ^ secret64(32)) ^ view.getBigUint64(0, true);
  const high = (secret64(40) ^ secret64(48)) ^ view.getBigUint64(byteLength - 8, true);
  const turned = bytesTurned(low);
  return avalanche(BigInt(byteLength) + turned + high + folded(low, high) & MASK);
}

/** Of 16 bytes with 16 of the secret. */
const mixed16 = (view: DataView, at: number, secretAt: number) =>
  folded(
    view.getBigUint64(at, true) ^ secret64(secretAt),
    view.getBigUint64(at + 8, true) ^ secret64(secretAt + 8),
  );

function hashTo128(view: DataView): bigint {
  const { byteLength } = view;
  let sum = BigInt(byteLength) * PRIME64_1;
  for (let i = (byteLength - 1) >> 5; i >= 0; i--) {
    sum += mixed16(view, 16 * i, 32 * i) + mixed16(view, byteLength - 16 * (i + 1), 32 * i + 16);
  }
  return avalanche(sum & MASK);
}

function hashTo240(view: DataView): bigint {
  const { byteLength } = view;
  let sum = BigInt(byteLength) * PRIME64_1;
  for (let i = 0; i < 8; i++) sum += mixed16(view, 16 * i, 16 * i);
  sum = avalanche(sum & MASK);
  for (let i = 8; i < byteLength >> 4; i++) sum += mixed16(view, 16 * i, 16 * (i - 8) + 3);
  sum += mixed16(view, byteLength - 16, 136 - 17);
  return avalanche(sum & MASK);
}

const STRIPE = 64, STRIPES = (SECRET.length - STRIPE) / 8, BLOCK = STRIPE * STRIPES;

function hashLong(bytes: Uint8Array, view: DataView): bigint {
  const { length } = bytes;
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  const words = new Uint32Array(aligned.buffer, aligned.byteOffset, length >> 2);
  const sums = Uint32Array.from(
    [PRIME32_3, PRIME64_1, PRIME64_2, PRIME64_3, PRIME64_4, PRIME32_2, PRIME64_5, PRIME32_1]
      .flatMap((value) => [Number(value & 0xffffffffn), Number(value >> 32n)]),
  );
  const blocks = Math.floor((length - 1) / BLOCK), secret = new Uint32Array(SECRET.buffer);
  for (let block = 0; block < blocks; block++) {
    for (let i = 0; i < STRIPES; i++) {
      addStripe(sums, words, (block * BLOCK + i * STRIPE) >> 2, secret, 2 * i);
    }
    scramble(sums, secret);
  }
  const rest = Math.floor((length - 1 - blocks * BLOCK) / STRIPE);
  for (let i = 0; i < rest; i++) addStripe(sums, words, (blocks * BLOCK + i * STRIPE) >> 2, secret, 2 * i);
  // The last bytes are a stripe of their own, wherever they begin, with the secret's bytes from a place of their own.
  const last = new Uint32Array(16).map((_, i) => view.getUint32(length - STRIPE + 4 * i, true));
  const shifted = new Uint32Array(16).map((_, i) => SECRET_VIEW.getUint32(192 - STRIPE - 7 + 4 * i, true));
  addStripe(sums, last, 0, shifted, 0);
  let merged = BigInt(length) * PRIME64_1;
  const sum = (i: number) => BigInt(sums[2 * i]) | BigInt(sums[2 * i + 1]) << 32n;
  for (let i = 0; i < 4; i++) {
    merged += folded(sum(2 * i) ^ secret64(11 + 16 * i), sum(2 * i + 1) ^ secret64(11 + 16 * i + 8));
  }
  return avalanche(merged & MASK);
}

/** Adds 64 bytes to eight sums of 64 bits, each two words, the lower first. */
function addStripe(
  sums: Uint32Array,
  words: Uint32Array,
  at: number,
  secret: Uint32Array,
  from: number,
): void {
  for (let lane = 0; lane < 8; lane++) {
    const low = words[at + 2 * lane], high = words[at + 2 * lane + 1];
    const a = (low ^ secret[from + 2 * lane]) >>> 0, b = (high ^ secret[from + 2 * lane + 1]) >>> 0;
    // The value itself goes to the neighbour's sum, the product of its halves to its own.
    const other = 2 * (lane ^ 1), lowSum = sums[other] + low;
    sums[other] = lowSum;
    sums[other + 1] = sums[other + 1] + high + (lowSum > 0xffffffff ? 1 : 0);
    const a0 = a & 0xffff, a1 = a >>> 16, b0 = b & 0xffff, b1 = b >>> 16;
    const p00 = a0 * b0, p01 = a0 * b1, p10 = a1 * b0;
    const middle = (p00 >>> 16) + (p01 & 0xffff) + (p10 & 0xffff);
    const productHigh = a1 * b1 + (p01 >>> 16) + (p10 >>> 16) + (middle >>> 16);
    const own = sums[2 * lane] + ((middle << 16 | p00 & 0xffff) >>> 0);
    sums[2 * lane] = own;
    sums[2 * lane + 1] = sums[2 * lane + 1] + productHigh + (own > 0xffffffff ? 1 : 0);
  }
}

/** After each block. */
function scramble(sums: Uint32Array, secret: Uint32Array): void {
  for (let lane = 0; lane < 8; lane++) {
    const low = sums[2 * lane], high = sums[2 * lane + 1];
    const x = (low ^ high >>> 15 ^ secret[32 + 2 * lane]) >>> 0;
    const y = (high ^ secret[32 + 2 * lane + 1]) >>> 0;
    const product = (BigInt(x) | BigInt(y) << 32n) * PRIME32_1;
    sums[2 * lane] = Number(product & 0xffffffffn);
    sums[2 * lane + 1] = Number(product >> 32n & 0xffffffffn);
  }
}

const rotated = (value: bigint, by: bigint) => (value << by | value >> (64n - by)) & MASK;

/** The halves of the product of 128 bits. */
function folded(a: bigint, b: bigint): bigint {
  const product = a * b;
  return product & MASK ^ product >> 64n;
}

function avalanche(value: bigint): bigint {
  let mixed = value ^ value >> 37n;
  mixed = mixed * PRIME_MX1 & MASK;
  return mixed ^ mixed >> 32n;
}

function avalanche64(value: bigint): bigint {
  let mixed = value ^ value >> 33n;
  mixed = mixed * PRIME64_2 & MASK;
  mixed ^= mixed >> 29n;
  mixed = mixed * PRIME64_3 & MASK;
  return mixed ^ mixed >> 32n;
}

function bytesTurned(value: bigint): bigint {
  let turned = 0n;
  for (let i = 0n; i < 8n; i++) turned = turned << 8n | value >> 8n * i & 0xffn;
  return turned;
}
