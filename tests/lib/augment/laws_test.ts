/** The laws of draws on every backend and in JavaScript: each share within five standard deviations. */
import { applyDraws, augmentation, sampleDraws } from "../../../lib/augment/mod.ts";
import { betaQuantiles, drawArray, drawTensor, type Law } from "../../../lib/augment/laws.ts";
import { createRng } from "../../../lib/base/rng.ts";
import { random, startEngine } from "../../../lib/engine/mod.ts";
import { assert, assertClose, assertEquals } from "../../assert.ts";

const COUNT = 4000;

const BACKENDS = ["tensorflow", "wasm", "cpu", "JavaScript"] as const;
async function drawn(on: typeof BACKENDS[number], law: Law, batch = COUNT): Promise<Float32Array> {
  if (on === "JavaScript") return drawArray(law, batch, createRng(3)).data;
  await startEngine({ backend: on });
  random.setState({ seed: 3, counter: 0 });
  const tensor = drawTensor(law, batch);
  assertEquals(tensor.shape[0], batch);
  const values = tensor.dataSync<"float32">();
  tensor.dispose();
  return values;
}

/** Fails unless this share of the values is as expected, within five standard deviations. */
function assertShare(values: Float32Array, is: (value: number) => boolean, share: number, what: string) {
  const found = values.filter(is).length / values.length;
  const deviation = Math.sqrt(share * (1 - share) / values.length);
  assert(Math.abs(found - share) <= 5 * deviation + 1e-12, `${what}: ${found} in place of ${share}`);
}

for (const on of BACKENDS) {
  Deno.test(`draws follow their laws, on ${on}`, async () => {
    const uniform = await drawn(on, { law: "uniform", low: -2, high: 6 });
    assert(uniform.every((value) => value >= -2 && value <= 6));
    for (const [below, share] of [[-1, 0.125], [2, 0.5], [5, 0.875]]) {
      assertShare(uniform, (value) => value < below, share, `uniform below ${below}`);
    }
    const whole = await drawn(on, { law: "whole", low: -1, high: 2 });
    for (const value of [-1, 0, 1, 2]) assertShare(whole, (drawn) => drawn === value, 0.25, `whole ${value}`);
    assertShare(await drawn(on, { law: "chance", share: 0.2 }), (value) => value === 1, 0.2, "chance");
    const normal = await drawn(on, { law: "normal" });
    for (const [below, share] of [[-1, 0.158655], [0, 0.5], [2, 0.97725]]) {
      assertShare(normal, (value) => value < below, share, `normal below ${below}`);
    }
    // scipy.stats.beta.ppf([1/16, 1/4, 3/8, 3/4], .5, .5)
    const beta = await drawn(on, { law: "beta", alpha: 0.5 });
    [[0.00960736, 1 / 16], [0.146447, 1 / 4], [0.308658, 3 / 8], [0.853553, 3 / 4]].forEach((
      [below, share],
    ) => assertShare(beta, (value) => value < below, share, `beta below ${below}`));
  });

  Deno.test(`others are all different, never the example itself, each as often, on ${on}`, async () => {
    const counts = new Map<string, number>(), batches = 200, batch = 5, count = 3;
    await drawn(on, { law: "chance", share: 0.5 }, 2);
    const rng = createRng(9);
    for (let n = 0; n < batches; n++) {
      const law = { law: "others", count } as const;
      let values: Float32Array;
      if (on === "JavaScript") values = drawArray(law, batch, rng).data;
      else {
        const tensor = drawTensor(law, batch);
        assertEquals(tensor.shape, [batch, count]);
        values = tensor.dataSync<"float32">();
        tensor.dispose();
      }
      for (let i = 0; i < batch; i++) {
        const own = [...values.slice(i * count, (i + 1) * count)];
        assert(own.every((other) => Number.isInteger(other) && other >= 0 && other < batch && other !== i));
        assertEquals(new Set(own).size, count);
        own.forEach((other, k) => {
          const key = `${k}: ${(other - i + batch) % batch}`;
          counts.set(key, (counts.get(key) ?? 0) + 1);
        });
      }
    }
    assertEquals(counts.size, count * (batch - 1)); // each place in the list, each distance
    const share = 1 / (batch - 1), total = batches * batch;
    for (const [key, found] of counts) {
      const deviation = Math.sqrt(share * (1 - share) / total);
      assert(Math.abs(found / total - share) < 5 * deviation, `${key}: ${found} of ${total}`);
    }
  });
}

Deno.test("betaQuantiles() are SciPy's", () => {
  // [scipy.stats.beta.ppf(p, a, a) for p in [1/16, 1/4, 3/8, 3/4]]
  const expected: [number, number[]][] = [
    [0.2, [2.36322e-05, 0.0238147, 0.163421, 0.976185]],
    [0.5, [0.00960736, 0.146447, 0.308658, 0.853553]],
    [1, [0.0625, 0.25, 0.375, 0.75]],
    [4, [0.240943, 0.378848, 0.442086, 0.621152]],
  ];
  for (const [alpha, values] of expected) {
    const quantiles = betaQuantiles(alpha);
    const found = [1 / 16, 1 / 4, 3 / 8, 3 / 4].map((p) => quantiles[p * (quantiles.length - 1)]);
    found.forEach((value, i) => assertClose(value, values[i], 1e-4, `alpha ${alpha}`));
  }
});

Deno.test("a shift is whole where nothing else blends, and any where something does", () => {
  const sites = { image: { role: "image", shape: [9, 9, 1] } } as const;
  const rows = (steps: Parameters<typeof sampleDraws>[0], name: string) =>
    sampleDraws(steps, createRng(1), 500, sites)[name].data;
  const isWhole = (values: Float32Array) => values.every((value) => Number.isInteger(value));
  const shift = { op: "shift", most: 2 } as const, flip = { op: "flip", horizontal: true } as const;
  assert(isWhole(rows([shift], "0.rows")));
  assert(isWhole(rows([flip, shift], "1.rows")));
  assert(!isWhole(rows([shift, { op: "rotate", degrees: 5 }], "0.rows")));
  assert(!isWhole(rows([{ op: "shift", most: 1.5 }], "0.rows")));
  assert(isWhole(rows([{ ...shift, whole: true }, { op: "rotate", degrees: 5 }], "0.rows")));
  assert(!isWhole(rows([{ ...shift, whole: false }], "0.rows")));
  assert(
    isWhole(rows([shift, { op: "gain" }, { op: "rotate", degrees: 5 }], "0.rows")),
    "rows that do not meet",
  );
  const values = rows([shift], "0.rows");
  for (const value of [-2, -1, 0, 1, 2]) {
    assertShare(
      values,
      (drawn) => drawn === value,
      0.2,
      `shift by ${value}`,
    );
  }
});

Deno.test("poisson noise has the mean and the variance of counts, small and large", () => {
  const shape = [100, 100, 1], length = 10_000;
  for (const mean of [0.3, 2, 11, 13, 80]) {
    const image = {
      array: { data: new Float32Array(length).fill(mean), shape: [1, ...shape] },
      role: "image",
    } as const;
    const steps = [{ op: "noise", law: "poisson", gain: 2, background: 0 }] as const;
    const draws = sampleDraws(steps, createRng(5), 1, { image: { role: "image", shape } });
    const data = applyDraws(steps, draws, { image }).image.array.data as Float32Array;
    const average = data.reduce((sum, value) => sum + value, 0) / length;
    const variance = data.reduce((sum, value) => sum + (value - average) ** 2, 0) / length;
    const lambda = 2 * mean; // quanta; the image is in units of two
    assert(Math.abs(average - mean) < 5 * Math.sqrt(lambda / length) / 2, `mean ${average} of ${mean}`);
    assertClose(variance, lambda / 4, 0.08);
    assert(data.every((value) => Number.isInteger(2 * value) && value >= 0));
    const zeros = data.filter((value) => value === 0).length / length;
    assert(Math.abs(zeros - Math.exp(-lambda)) < 0.025, `${zeros} are 0, ${Math.exp(-lambda)} expected`);
  }
});

Deno.test("augmentation() knows whether it needs the whole batch", () => {
  assertEquals(augmentation([{ op: "rotate", degrees: 5 }]).mixes, false);
  assertEquals(augmentation([{ op: "rotate", degrees: 5 }, { op: "mixup" }]).mixes, true);
});
