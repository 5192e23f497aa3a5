import { applyDraws, augmentation, type AugmentationStep, sampleDraws } from "../../../lib/augment/mod.ts";
import { createRng } from "../../../lib/base/rng.ts";
import { compile, random, startEngine, tf } from "../../../lib/engine/mod.ts";
import { assert, assertClose, assertEquals, assertThrows } from "../../assert.ts";
import { BATCH, compiledPath, exampleArrays, sitesOf, values } from "./_examples.ts";

/** One list a step, and lists whose steps meet. */
const LISTS: Record<string, AugmentationStep[]> = {
  flip: [{ op: "flip", horizontal: true, vertical: true, transpose: true }],
  "flip, then crop": [{ op: "flip", vertical: true }, { op: "centerCrop", size: [7, 8] }],
  "whole shift": [{ op: "shift", most: 2 }],
  "shift between pixels": [{ op: "shift", most: 1.5, whole: false }],
  rotate: [{ op: "rotate", degrees: 180 }],
  "rotate, nearest beyond": [{ op: "rotate", degrees: 90, fill: "nearest" }],
  "rotate, mirrored beyond": [{ op: "rotate", degrees: 90, fill: "reflect" }],
  "rotate, wrapped": [{ op: "rotate", degrees: 90, fill: "wrap" }],
  "rotate to the nearest pixel": [{ op: "rotate", degrees: 30, interpolation: "nearest", value: 5 }],
  "zoom by range": [{ op: "zoom", range: [0.7, 1.4] }],
  "zoom by view": [{ op: "zoom", most: 0.3 }],
  shear: [{ op: "shear", most: 0.4 }],
  skew: [{ op: "skew", degrees: 20 }],
  "all motions and a crop in one": [
    { op: "flip", horizontal: true },
    { op: "shift", most: 2 },
    { op: "rotate", degrees: 40 },
    { op: "zoom", range: [0.8, 1.3] },
    { op: "skew", degrees: 10 },
    { op: "centerCrop", size: 8 },
  ],
  "two resamplings": [{ op: "rotate", degrees: 20, fill: "reflect" }, { op: "shear", most: 0.2, value: 3 }],
  "cut-out squares": [{ op: "cutout", shape: "square", size: 3, number: 2, value: 9 }],
  "cut-out circles": [{ op: "cutout", shape: "circle", radius: 2, number: 3 }],
  gain: [{ op: "gain", factor: [0.5, 2], offset: [-1, 1], pedestal: 3 }],
  "gaussian noise": [{ op: "noise", law: "gaussian", sigma: [0, 2] }],
  "channel dropout": [{ op: "channelDropout", chance: 0.7, value: -1 }],
  blur: [{ op: "blur", sigma: [0, 1.5] }],
  "blur, wrapped": [{ op: "blur", sigma: 1.2, fill: "wrap" }],
  "blur, zeros beyond": [{ op: "blur", sigma: 1.2, fill: "constant" }],
  elastic: [{ op: "elastic", amplitude: [0.5, 1], sigma: 3 }],
  "elastic, mirrored beyond": [{ op: "elastic", amplitude: 0.7, sigma: 2, fill: "reflect" }],
};
const MIXING: Record<string, AugmentationStep[]> = {
  mixup: [{ op: "mixup", alpha: 0.8, chance: 0.8 }],
  cutmix: [{ op: "cutmix", chance: 0.8 }],
  "blend by mean": [{ op: "blend", images: 4, chance: 0.8 }],
  "blend by max": [{ op: "blend", how: "max", images: 3 }],
  "blend at random": [{ op: "blend", how: "random", images: 3 }],
  "flip, rotate, cutmix and gain": [
    { op: "flip", horizontal: true },
    { op: "rotate", degrees: 30 },
    { op: "cutmix" },
    { op: "gain", factor: [0.5, 2] },
  ],
};

/** A nearest pixel may differ where a place is half-way between two: such places are few. */
function assertAlike(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  jumps: boolean,
  message: string,
) {
  if (!jumps) return assertClose(actual, expected, 2e-5, message);
  assertEquals(actual.length, expected.length, message);
  let other = 0;
  for (let i = 0; i < expected.length; i++) {
    if (!(Math.abs(actual[i] - expected[i]) < 1e-4)) other++;
  }
  assert(other <= expected.length * 0.005, `${message}: ${other} of ${expected.length} differ`);
}

for (const backend of ["tensorflow", "wasm", "cpu"] as const) {
  for (const [name, list] of [...Object.entries(LISTS), ...Object.entries(MIXING)]) {
    const mixing = name in MIXING;
    Deno.test(`${name}: the compiled path gives what JavaScript gives, in shards too, on ${backend}`, async () => {
      await startEngine({ backend });
      const before = tf.memory().numTensors;
      const arrays = exampleArrays(mixing), draws = sampleDraws(list, createRng(3), BATCH, sitesOf(arrays));
      const expected = applyDraws(list, draws, arrays);
      for (const sizes of [[BATCH], [2, 3, 1]]) {
        const actual = compiledPath(list, arrays, draws, sizes);
        for (const [key, { array: { data, shape } }] of Object.entries(expected)) {
          const label = `${key} in ${sizes.length} shards`;
          assertEquals(actual[key].shape, [...shape], label);
          assertEquals(actual[key].dtype, data instanceof Int32Array ? "int32" : "float32", label);
          const jumps = arrays[key].role === "mask" && !mixing || name.includes("nearest pixel");
          assertAlike(actual[key].data, data, jumps, label);
        }
      }
      assertEquals(tf.memory().numTensors, before, "tensors are left behind");
    });
  }

  Deno.test(`poisson noise: the compiled path counts what JavaScript counts, on ${backend}`, async () => {
    await startEngine({ backend });
    const list: AugmentationStep[] = [{ op: "noise", law: "poisson", gain: [0.5, 4], background: 1 }];
    const arrays = { image: exampleArrays(false).image };
    const draws = sampleDraws(list, createRng(3), BATCH, sitesOf(arrays));
    const { image } = applyDraws(list, draws, arrays);
    assertAlike(compiledPath(list, arrays, draws).image.data, image.array.data, true, "counts");
  });

  Deno.test(`augmentation draws anew at every call and repeats from a state, on ${backend}`, async () => {
    await startEngine({ backend });
    const list: AugmentationStep[] = [
      { op: "rotate", degrees: 90 },
      { op: "noise", law: "gaussian", sigma: 1 },
      { op: "mixup" },
    ];
    const augment = augmentation(list), x = tf.tensor(values([4, 8, 8, 1], 1), [4, 8, 8, 1]);
    const run = compile((image: tf.Tensor) => {
      const draws = augment.sample(4, { image: { role: "image", shape: [8, 8, 1] } });
      const label = { tensor: tf.ones([4, 2]), role: "label" } as const;
      return augment.apply({ image: { tensor: image, role: "image" }, label }, draws).image.tensor;
    });
    random.setState({ seed: 5, counter: 0 });
    const first = run(x).dataSync(), second = run(x).dataSync();
    random.setState({ seed: 5, counter: 0 });
    assertEquals(run(x).dataSync(), first);
    assert(first.some((value, i) => Math.abs(value - second[i]) > 0.01));
    run.dispose();
  });
}

for (const [name, list] of [...Object.entries(LISTS), ...Object.entries(MIXING)]) {
  Deno.test(`${name}: the same draws give the same result, and what goes in stays`, () => {
    const arrays = exampleArrays(name in MIXING), copy = structuredClone(arrays.image.array);
    const draws = sampleDraws(list, createRng(3), BATCH, sitesOf(arrays));
    const result = applyDraws(list, draws, arrays);
    assertEquals(applyDraws(list, draws, arrays).image.array, result.image.array);
    assertEquals(arrays.image.array, copy);
    assertEquals(result.untouched.array, arrays.untouched.array);
    if (name.startsWith("blur, ")) return; // one width for all
    const other = sampleDraws(list, createRng(4), BATCH, sitesOf(arrays));
    const changed = applyDraws(list, other, arrays).image.array.data;
    assert(changed.some((value, i) => value !== result.image.array.data[i]), "other draws change nothing");
  });
}

Deno.test("applyDraws() names the draw that is missing", () => {
  const { image } = exampleArrays(false);
  assertThrows(
    () => applyDraws([{ op: "shear", most: 1 }], {}, { image }),
    TypeError,
    '"0.tangent" is missing',
  );
});
