/** Numbers that Python and these tests draw alike: the C standard's example generator, u = x / 2³¹. @module */

/** A repeatable source of uniform numbers in [0, 1). */
export function generator(seed: number): () => number {
  let x = BigInt(seed);
  return () => {
    x = (1103515245n * x + 12345n) % 2147483648n;
    return Number(x) / 2147483648;
  };
}

/** The first `n` numbers of a seed. */
export function sequence(n: number, seed: number): Float64Array {
  const next = generator(seed);
  return Float64Array.from({ length: n }, () => next());
}

/** 120 events, 48 of them signal, with scores of two decimals so that many are tied. */
export function scoredEvents(): { scores: Float64Array; labels: Uint8Array } {
  const u = sequence(240, 1);
  const labels = Uint8Array.from({ length: 120 }, (_, i) => Number(u[i] < 0.4));
  const scores = Float64Array.from(labels, (l, i) => Math.round((0.35 * l + 0.65 * u[120 + i]) * 100) / 100);
  return { scores, labels };
}
