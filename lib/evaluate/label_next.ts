/** Which unlabelled examples a person should look at next: active learning. @module */

/** One example to be labelled. */
export interface ToLabel {
  /** Number of the example. */
  index: number;
  /** Mean probability over the models. */
  probability: number;
  /** What a label is expected to tell, in bits. */
  information: number;
}

const entropy = (p: number) => p <= 0 || p >= 1 ? 0 : -p * Math.log2(p) - (1 - p) * Math.log2(1 - p);

/**
 * Chooses the examples whose labels tell most.
 *
 * One model: those that it is least sure of (entropy). Several: those that they disagree on, the entropy of their mean less their mean
 * entropy; where all are unsure alike a label tells them nothing.
 * Source: N. Houlsby et al., "Bayesian Active Learning for Classification and Preference Learning", arXiv 1112.5745.
 *
 * @param probabilities Of the positive class, [models][examples]; NaN where an example was not scored.
 * @param count Most examples chosen.
 * @throws {RangeError} If there is no model, or they scored different numbers of examples.
 * @example One model is least sure of the second
 * ```ts
 * labelNext([[0.01, 0.45, 0.9]], 1)[0].index; // 1
 * ```
 */
export function labelNext(probabilities: readonly ArrayLike<number>[], count: number): ToLabel[] {
  const [first] = probabilities;
  if (!first || probabilities.some(({ length }) => length !== first.length)) {
    throw new RangeError(
      `Cannot choose what to label as all models must have scored the same examples: got ${
        probabilities.map(({ length }) => length).join(", ") || "no model"
      }`,
    );
  }
  const models = probabilities.length;
  const all = Array.from({ length: first.length }, (_, index): ToLabel => {
    const own = probabilities.map((scores) => scores[index]);
    const probability = own.reduce((sum, p) => sum + p, 0) / models;
    const within = models > 1 ? own.reduce((sum, p) => sum + entropy(p), 0) / models : 0;
    return { index, probability, information: entropy(probability) - within };
  });
  return all.filter(({ probability }) => !Number.isNaN(probability))
    .sort((a, b) => b.information - a.information || a.index - b.index).slice(0, count);
}
