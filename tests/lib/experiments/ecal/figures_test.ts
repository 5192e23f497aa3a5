import type { SparseImages } from "../../../../lib/data/sparse_images.ts";
import { energyBar, logEnergies, meanImage } from "../../../../lib/experiments/ecal/figures.ts";
import { assertClose, assertEquals } from "../../../assert.ts";

/** Images of 32 × 32 crystals, each with what its hits say: crystal, energy, time. */
function imagesOf(
  hits: readonly (readonly [crystal: number, energy: number, time: number])[][],
): SparseImages {
  const read = ([row]: ArrayLike<number> & Iterable<number>) => {
    const data = new Float32Array(2 * 32 * 32);
    for (const [crystal, energy, time] of hits[row]) data.set([energy, time], 2 * crystal);
    return { data, shape: [1, 32, 32, 2] };
  };
  return { read } as unknown as SparseImages;
}

Deno.test("meanImage() has the mean energy of all images, and the mean time of the hits", () => {
  const images = imagesOf([[[5, 1, 0.1], [1023, 6, -0.02]], [[5, 2, 0.3]], [], [[7, 9, 9]]]);
  const mean = meanImage(images, [0, 1, 2]); // the last is not asked for
  const expected = new Float32Array(2 * 32 * 32);
  expected.set([1, 0.2], 2 * 5);
  expected.set([2, -0.02], 2 * 1023);
  assertClose(mean, expected, 1e-6);
});

Deno.test("meanImage() has no time where fewer than three images in a hundred are hit", () => {
  const often = Array.from({ length: 100 }, (_, i) => i < 3 ? [[5, 1, 0.25] as const] : []);
  const rows = often.map((_, i) => i);
  assertClose([...meanImage(imagesOf(often), rows).subarray(10, 12)], [0.03, 0.25], 1e-6);
  const seldom = often.map((hits, i) => i < 2 ? hits : []);
  assertClose([...meanImage(imagesOf(seldom), rows).subarray(10, 12)], [0.02, 0], 1e-6);
});

Deno.test("logEnergies() takes the energies alone, and energyBar() says what their shades stand for", () => {
  const logs = logEnergies(Float32Array.of(0, 7, 0.001, 7, 1, 7));
  assertClose(logs, [0, Math.asinh(1), Math.asinh(1000)], 1e-6); // linear up to a thousandth
  // In the files' 50 GeV: what asinh gave for 1 is 50 GeV, for a thousandth 50 MeV.
  assertEquals(energyBar(Math.asinh(1000)), { name: "energy", low: "0", high: "50 GeV (logarithmic)" });
  assertEquals(energyBar(Math.asinh(1)).high, "0.050 GeV (logarithmic)");
});
