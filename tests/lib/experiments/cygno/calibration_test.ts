import { assert, assertClose, assertEquals } from "../../../assert.ts";
import { createRng } from "../../../../lib/base/rng.ts";
import { createDraws } from "../../../../lib/base/random.ts";
import { fitLogistic, scalesOf, WITHIN_SIGMA } from "../../../../lib/experiments/cygno/calibration.ts";

Deno.test("fitLogistic() gives scikit-learn's slope and offset", () => {
  // import numpy as np; from sklearn.linear_model import LogisticRegression
  // x = np.array([-3, -1.5, -1, -.5, 0, .5, 1, 2, 2.5, 4.]); y = [0, 0, 1, 0, 0, 1, 0, 1, 1, 1]
  // X, Y = np.tile(x, 2000)[:, None], np.tile(y, 2000); f = LogisticRegression(C=np.inf, tol=1e-10).fit(X, Y)
  // print(f.coef_, f.intercept_)
  const x = [-3, -1.5, -1, -0.5, 0, 0.5, 1, 2, 2.5, 4], y = [0, 0, 1, 0, 0, 1, 0, 1, 1, 1];
  const scores = Array.from({ length: 20_000 }, (_, i) => x[i % 10]);
  const labels = Array.from({ length: 20_000 }, (_, i) => y[i % 10]);
  const { slope, offset } = fitLogistic(scores, labels);
  assertClose([slope, offset], [0.9675543492902625, -0.3358580434158507], 2e-3);
});

Deno.test("fitLogistic() stays finite where the scores separate the kinds, and leaves a falling order alone", () => {
  const { slope, offset } = fitLogistic([-2, -1, 1, 2], [0, 0, 1, 1]);
  assert(slope > 1 && slope < 5 && Math.abs(offset) < 1e-9, `${slope} ${offset}`);
  const many = Array.from({ length: 400 }, (_, i) => i % 2 === 0 ? 3 : -3);
  assertEquals(fitLogistic(many, many.map((score) => score < 0 ? 1 : 0)), { slope: 1, offset: 0 });
  assertEquals(fitLogistic([], []), { slope: 1, offset: 0 });
});

Deno.test("scalesOf() finds by how much σ is too narrow at each predicted value", () => {
  const draws = createDraws(createRng(3)), n = 30_000, knots = [3, 10, 25], edges = [0, 5, 15, 35];
  const means = Float64Array.from({ length: n }, (_, i) => 35 * (i + 0.5) / n);
  const factor = (value: number) =>
    value < 3 ? 1.5 : value < 10 ? 1.5 - (value - 3) / 14 : value < 25 ? 1 + (value - 10) / 15 : 2;
  const truth = means.map((mean) => mean + factor(mean) * draws.normal());
  const scales = scalesOf({ means, sigmas: means.map(() => 1), truth }, edges, knots);
  assertClose(scales, [1.5, 1, 2], 0.06);
  const few = scalesOf({ means: [1, 12], sigmas: [1, 1], truth: [2, 14] }, edges, knots);
  assertClose(few, Array(3).fill(1 + WITHIN_SIGMA), 1e-9, "the quantile between pulls of 1 and 2");
});
