/** What the number of hits alone says of an event: the baseline of counting tracks. @module */

/** Guesses a class from a number of hits. */
export interface HitCountGuess {
  /** Most frequent class of each number of hits among the events it was made from. */
  readonly classOf: Int32Array;
}

/**
 * Learns which class is the most frequent for each number of hits; numbers never seen have that of the next smaller one.
 *
 * No cut on the number of hits does better on these events.
 *
 * @param hits Hits of each event.
 * @param labels Class of each event, 0 to `classes - 1`.
 * @example
 * ```ts
 * learnHitCounts([3, 3, 9], [0, 0, 1], 2).classOf[9]; // 1
 * ```
 */
export function learnHitCounts(
  hits: ArrayLike<number>,
  labels: ArrayLike<number>,
  classes: number,
): HitCountGuess {
  let most = 0;
  for (let i = 0; i < hits.length; i++) most = Math.max(most, hits[i]);
  const counts = new Uint32Array((most + 1) * classes), classOf = new Int32Array(most + 1);
  for (let i = 0; i < hits.length; i++) counts[hits[i] * classes + labels[i]]++;
  for (let number = 0; number <= most; number++) {
    const row = counts.subarray(number * classes, (number + 1) * classes);
    const largest = Math.max(...row);
    classOf[number] = largest > 0 ? row.indexOf(largest) : number > 0 ? classOf[number - 1] : 0;
  }
  return { classOf };
}

/** Classes of events by their numbers of hits; more hits than ever seen count as the most seen. */
export function guessByHitCount({ classOf }: HitCountGuess, hits: ArrayLike<number>): Int32Array {
  return Int32Array.from(hits, (number) => classOf[Math.min(number, classOf.length - 1)]);
}
