import { createRng } from "../../../../lib/base/rng.ts";
import { applySmote, nearestOthers, smote } from "../../../../lib/experiments/lenses/smote.ts";
import { assert, assertClose, assertEquals, assertThrows } from "../../../assert.ts";

const rare = { data: Float32Array.of(0, 0, 1, 0, 0, 2, 4, 4, 5, 3), shape: [5, 2] };

// Printed with imbalanced-learn 0.14.2 and its own draws of seed 4:
//   X = np.array([[0,0],[1,0],[0,2],[4,4],[5,3],[9,1],[9,2],[8,8],[7,0],[6,6],[3,9],[2,7]], float)
//   Xr, _ = SMOTE(k_neighbors=3, random_state=4).fit_resample(X, [1]*5 + [0]*7); Xr[12:]
//   rs = np.random.RandomState(4); divmod(rs.randint(0, 5*3, size=2), 3), rs.uniform(size=2)
//   NearestNeighbors(n_neighbors=4).fit(X[:5]).kneighbors(X[:5], return_distance=False)[:, 1:]
Deno.test("applySmote() makes what imbalanced-learn makes of the same draws", () => {
  const draws = [
    { base: 3, neighbor: 1, step: 0.5472322491757223 },
    { base: 4, neighbor: 2, step: 0.9726843599648843 },
  ];
  const { data, shape } = applySmote(rare, draws, 3);
  assertEquals(shape, [2, 2]);
  assertClose(data, [1.8110710032971107, 2.905535501648555, 0.13657820017557842, 2.0273156400351158], 1e-6);
  assertEquals(nearestOthers(rare, 3).map((row) => [...row]), [
    [1, 2, 3],
    [0, 2, 3],
    [0, 1, 3],
    [4, 2, 1],
    [3, 1, 2],
  ]);
});

Deno.test("smote() draws all examples, neighbours and places between", () => {
  const { made, draws } = smote(rare, { count: 3000, neighbors: 2, rng: createRng(7) });
  assertEquals(made.shape, [3000, 2]);
  for (let base = 0; base < 5; base++) {
    for (let neighbor = 0; neighbor < 2; neighbor++) {
      const share = draws.filter((draw) => draw.base === base && draw.neighbor === neighbor).length / 3000;
      assert(Math.abs(share - 0.1) < 0.025, `${base} ${neighbor} ${share}`); // 4.5 σ of 3,000 draws
    }
  }
  assert(Math.abs(draws.reduce((sum, { step }) => sum + step, 0) / 3000 - 0.5) < 0.025);
});

Deno.test("smote() refuses fewer examples than neighbours", () => {
  const options = { count: 1, rng: createRng(7) };
  assertThrows(() => smote(rare, options), RangeError, "more examples than the 5 neighbours: got 5");
});
