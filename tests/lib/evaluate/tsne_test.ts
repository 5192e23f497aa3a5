import { createDraws } from "../../../lib/base/random.ts";
import { createRng } from "../../../lib/base/rng.ts";
import { jointProbabilities, tsne, tsneDivergence, tsneGradient } from "../../../lib/evaluate/tsne.ts";
import { assert, assertClose, assertEquals, assertThrows } from "../../assert.ts";

// scikit-learn 1.9.1:
//   from sklearn.manifold._t_sne import _joint_probabilities; from scipy.spatial.distance import squareform
//   x = np.array([[0, 0], [1, 0], [0, 2], [5, 5], [6, 5]], "f4"); d = ((x[:, None] - x[None]) ** 2).sum(-1)
//   squareform(_joint_probabilities(d, 2.0, 0))[[0, 0, 0, 3, 1], [1, 2, 3, 4, 2]]
const SKLEARN = [0.12079401, 0.09658016, 0.00369231, 0.16115543, 0.08181613];

Deno.test("jointProbabilities() are scikit-learn's", () => {
  const p = jointProbabilities([0, 0, 1, 0, 0, 2, 5, 5, 6, 5], 5, 2);
  assertClose([1, 2, 3, 19, 7].map((at) => p[at]), SKLEARN, 1e-5);
  assertClose(p.reduce((a, b) => a + b, 0), 1, 1e-9);
});

Deno.test("tsneGradient() is the slope of the divergence", () => {
  const p = jointProbabilities([0, 0, 1, 0, 0, 2, 5, 5, 6, 5], 5, 2);
  const { normal } = createDraws(createRng(3)), places = Float64Array.from({ length: 10 }, () => normal());
  const gradient = tsneGradient(p, places);
  for (const i of [0, 3, 9]) {
    const at = (step: number) => tsneDivergence(p, places.with(i, places[i] + step));
    assertClose((at(1e-4) - at(-1e-4)) / 2e-4, gradient[i], 1e-6);
  }
});

Deno.test("tsne() keeps three clusters of eight dimensions apart, the same for a seed", () => {
  const { normal } = createDraws(createRng(1)), n = 36;
  const data = Float64Array.from(
    { length: n * 8 },
    (_, i) => normal() + 12 * (Math.floor(i / 8) % 3 === i % 8 ? 1 : 0),
  );
  const places = tsne(data, n, { steps: 400 });
  const distance = (a: number, b: number) =>
    Math.hypot(places[2 * a] - places[2 * b], places[2 * a + 1] - places[2 * b + 1]);
  for (let a = 0; a < n; a++) {
    const order = Array.from({ length: n }, (_, b) => b).filter((b) => b !== a)
      .sort((b, c) => distance(a, b) - distance(a, c));
    assert(order.slice(0, 8).every((b) => b % 3 === a % 3), `point ${a}`);
  }
  assertEquals(tsne(data, n, { steps: 400 }), places);
});

Deno.test("tsne() refuses too few points and perplexities that cannot be", () => {
  assertThrows(() => tsne([1, 2, 3], 3), RangeError, "got 3 points");
  assertThrows(() => tsne(new Float64Array(8), 8, { perplexity: 8 }), RangeError, "8 points and 8");
});

Deno.test("jointProbabilities() stay finite however far points lie from each other, and add up to 1", () => {
  for (const apart of [1, 1000, 1e6]) {
    const near = jointProbabilities([0, apart, 3 * apart, 7 * apart], 4, 2);
    assertClose(near.reduce((sum, p) => sum + p, 0), 1, 1e-9, `${apart} apart`);
  }
});

Deno.test("tsne() takes perplexities from 1 to less than the number of points", () => {
  const lay = (perplexity: number) => tsne([0, 1, 5, 9, 12], 5, { perplexity, steps: 1 });
  for (const perplexity of [1, 1.5, 4.9]) assertEquals(lay(perplexity).length, 10);
  for (const perplexity of [0.99, 5, NaN]) {
    assertThrows(() => lay(perplexity), RangeError, `got 5 points and ${perplexity}`);
  }
});

Deno.test("tsne() steps by scikit-learn's rate, 50 up to 2400 points", () => {
  // max(n / early_exaggeration / 4, 50) of learning_rate="auto", early_exaggeration 12; the first step's gains are 0.8.
  const n = 200, perplexity = 5, data = Float64Array.from({ length: n }, (_, i) => Math.sin(i));
  const [start, next] = [0, 1].map((steps) => tsne(data, n, { steps, perplexity }));
  const early = jointProbabilities(data, n, perplexity).map((p) => 12 * p);
  const slopes = tsneGradient(early, start);
  for (const i of [0, 7, 2 * n - 1]) assertClose(next[i] - start[i], -50 * 0.8 * slopes[i], 1e-6);
});
