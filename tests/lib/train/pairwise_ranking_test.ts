import { startEngine, tf } from "../../../lib/engine/mod.ts";
import { pairwiseRanking, type PairwiseRankingOptions } from "../../../lib/train/mod.ts";
import { assert, assertClose } from "../../assert.ts";

const LABELS = [1, 0, 1, 0, 0], SCORES = [0.3, -1, -0.4, 2, 0.1], ENERGIES = [1, 1.2, 3, 0.8, 3.1];

/** The same, pair by pair. */
function byPairs(width = Infinity, steepness = 1): number[] {
  return LABELS.map((label, i) => {
    let sum = 0, total = 0;
    LABELS.forEach((other, j) => {
      if (other === label) return;
      const weight = Math.exp(-0.5 * ((ENERGIES[i] - ENERGIES[j]) / width) ** 2);
      sum += weight * Math.log1p(Math.exp(-steepness * (label - other) * (SCORES[i] - SCORES[j])));
      total += weight;
    });
    return sum / Math.max(total, 1e-3);
  });
}

for (const backend of ["tensorflow", "wasm", "cpu"] as const) {
  const cost = async (options: PairwiseRankingOptions = {}, labels = LABELS) => {
    await startEngine({ backend });
    return pairwiseRanking(tf.tensor1d(labels), tf.tensor1d(SCORES), options).dataSync<"float32">();
  };

  Deno.test(`pairwiseRanking() is the mean over partners, on ${backend}`, async () => {
    assertClose(await cost(), byPairs());
    assertClose(await cost({ steepness: 4 }), byPairs(Infinity, 4));
  });

  Deno.test(`pairwiseRanking() weighs pairs by how alike they are, on ${backend}`, async () => {
    await startEngine({ backend });
    assertClose(await cost({ alike: tf.tensor1d(ENERGIES), width: 0.5 }), byPairs(0.5));
  });

  Deno.test(`pairwiseRanking() of examples of one kind is nothing, on ${backend}`, async () => {
    assertClose(await cost({}, [1, 1, 1, 1, 1]), [0, 0, 0, 0, 0]);
  });

  Deno.test(`pairwiseRanking() pulls apart what it compares and leaves the rest, on ${backend}`, async () => {
    await startEngine({ backend });
    const labels = tf.tensor1d([1, 0, 0]), alike = tf.tensor1d([1, 1, 100]);
    const cost = (scores: tf.Tensor) => tf.sum(pairwiseRanking(labels, scores, { alike })) as tf.Scalar;
    const [up, down, far] = tf.grad(cost)(tf.tensor1d([0, 0, 0])).dataSync<"float32">();
    assert(up < 0 && down > 0, `${up}, ${down}`); // against the gradient: the nuclear one up, the electron down
    assertClose([far], [0]);
  });
}
