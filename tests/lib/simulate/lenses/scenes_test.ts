// Not counted: its loops are long.
import { assert, assertClose, assertEquals } from "../../../assert.ts";
import { createRng } from "../../../../lib/base/rng.ts";
import { OTHER_SHARES, type SceneKind, simulateScene } from "../../../../lib/simulate/lenses/scenes.ts";

Deno.test("simulateScene() gives the same picture for the same numbers, another for others", () => {
  const [a, b] = [simulateScene("lens", createRng(1, 5)), simulateScene("lens", createRng(1, 5))];
  simulateScene("spiral", createRng(9)); // nothing is left over from one picture to the next
  assertEquals(simulateScene("lens", createRng(1, 5)), a);
  assertEquals(a, b);
  assert(simulateScene("lens", createRng(1, 6)).image[0] !== a.image[0]);
});

Deno.test("simulateScene() makes every kind, finite, 100 × 100 × 3, and tells a lens' numbers only of lenses", () => {
  const kinds: SceneKind[] = ["lens", ...OTHER_SHARES.map(([kind]) => kind)];
  assertEquals(kinds.length, 8);
  for (const [i, kind] of kinds.entries()) {
    const { image, truth } = simulateScene(kind, createRng(3, i));
    assertEquals([image.length, truth.kind], [30_000, kind]);
    assert(image.every(Number.isFinite));
    assertEquals(truth.einsteinRadius > 0, kind === "lens");
    assertEquals(truth.magnification > 1, kind === "lens");
    assertEquals(truth.arcSignalToNoise >= 12, kind === "lens");
  }
});

Deno.test("simulateScene() draws what is no lens by its shares", () => {
  assertClose(OTHER_SHARES.reduce((sum, [, share]) => sum + share, 0), 1, 1e-12);
  const counts = new Map<string, number>(), n = 120;
  for (let i = 0; i < n; i++) {
    const { kind } = simulateScene("other", createRng(4, i)).truth;
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  assertEquals(counts.get("lens"), undefined);
  for (const [kind, share] of OTHER_SHARES) {
    const sigma = Math.sqrt(n * share * (1 - share));
    assert(Math.abs((counts.get(kind) ?? 0) - n * share) < 4 * sigma, `${kind}: ${counts.get(kind)} of ${n}`);
  }
});

Deno.test("simulateScene() shows arcs that are bluer than the galaxy, but no simple colour tells lenses from others", () => {
  // Light in g over light in i of the middle 30 × 30 pixels.
  const colour = ({ image }: { image: Float32Array }) => {
    let g = 0, i = 0;
    for (let r = 35; r < 65; r++) {
      for (let c = 35; c < 65; c++) {
        g += image[3 * (r * 100 + c)];
        i += image[3 * (r * 100 + c) + 2];
      }
    }
    return g / i;
  };
  const n = 60,
    of = (kind: SceneKind | "other", seed: number) =>
      Array.from({ length: n }, (_, i) => colour(simulateScene(kind, createRng(seed, i))));
  const separation = (a: number[], b: number[]) =>
    a.reduce((sum, x) => sum + b.filter((y) => x > y).length, 0) / (a.length * b.length);
  const lenses = of("lens", 5);
  assert(separation(lenses, of("elliptical", 7)) > 0.62, "arcs make a lens bluer than a bare elliptical");
  const all = separation(lenses, of("other", 7));
  assert(all > 0.4 && all < 0.7, `the colour of the middle tells lenses with ${all}`);
});
