import { assert, assertClose, assertEquals, assertThrows } from "../../assert.ts";
import { createRng } from "../../../lib/base/rng.ts";
import { applyAffine, IDENTITY, moveByAffine, sampleAffine } from "../../../lib/augment/affine.ts";
import { applyCutout, sampleCutout } from "../../../lib/augment/cutout.ts";
import { applyFlip, sampleFlip } from "../../../lib/augment/flip.ts";
import { applyGain, sampleGain } from "../../../lib/augment/gain.ts";
import { applyNoise, sampleNoise } from "../../../lib/augment/noise.ts";
import { applyRotation, sampleRotation } from "../../../lib/augment/rotate.ts";
import { applyShift, sampleShift } from "../../../lib/augment/shift.ts";
import { applyZoom, sampleZoom } from "../../../lib/augment/zoom.ts";
import type { Picture } from "../../../lib/augment/picture.ts";

// deno-fmt-ignore
const NINE = { data: Uint8Array.of(
  1, 2, 3,
  4, 5, 6,
  7, 8, 9,
), height: 3, width: 3 };

/** Every augmentation, drawn and applied with whatever `rng` gives. */
const ALL: Record<string, (picture: Picture, rng: () => number) => Picture> = {
  affine: (p, rng) =>
    applyAffine(p, sampleAffine(rng, { rows: 2, columns: 2, degrees: 30, zoom: 1.3, shear: 0.2 })),
  shift: (p, rng) => applyShift(p, sampleShift(rng, { rows: 2, columns: [0, 3] })),
  rotate: (p, rng) => applyRotation(p, sampleRotation(rng, 90)),
  zoom: (p, rng) => applyZoom(p, sampleZoom(rng, 1.5)),
  flip: (p, rng) => applyFlip(p, sampleFlip(rng)),
  cutout: (p, rng) => applyCutout(p, sampleCutout(rng, 4, p)),
  noise: (p, rng) => applyNoise(p, sampleNoise(rng, [1, 9])),
  gain: (p, rng) => applyGain(p, sampleGain(rng, { factor: [0.8, 1.2], offset: [-3, 3] })),
};

for (const [name, augment] of Object.entries(ALL)) {
  Deno.test(`${name}: the same rng gives the same picture, the input stays, type and channels are kept`, () => {
    const values = Array.from({ length: 10 * 12 * 2 }, (_, i) => (i * 37) % 251);
    for (const data of [Uint8Array.from(values), Uint16Array.from(values), Float32Array.from(values)]) {
      const picture = { data, height: 10, width: 12, channels: 2 }, before = data.slice();
      const runs = [3, 3, 4, 5, 6, 7, 8, 9, 10].map((seed) => augment(picture, createRng(seed)));
      assertEquals(runs[0], runs[1]);
      assert(
        runs.some((run) => String(run.data) !== String(runs[0].data)),
        "other seeds give other pictures",
      );
      assertEquals(picture.data, before);
      for (const { data: out, ...shape } of runs) {
        assertEquals(out.constructor, data.constructor);
        assertEquals([out.length, shape], [240, { height: 10, width: 12, channels: 2 }]);
        assert(out.every((value) => Number.isFinite(value)));
      }
    }
  });
}

Deno.test("applyAffine() with nothing to do gives the picture back", () => {
  assertEquals(applyAffine(NINE, IDENTITY), NINE);
  assertEquals(applyAffine(NINE, IDENTITY, { interpolation: "nearest" }), NINE);
});

Deno.test("applyRotation() turns against the clock, four quarters make a whole", () => {
  assertEquals(applyRotation(NINE, { degrees: 90 }).data, Uint8Array.of(3, 6, 9, 2, 5, 8, 1, 4, 7));
  assertEquals(applyRotation(NINE, { degrees: -90 }).data, Uint8Array.of(7, 4, 1, 8, 5, 2, 9, 6, 3));
  assertEquals(applyRotation(NINE, { degrees: 180 }).data, NINE.data.toReversed());
  assertEquals(applyRotation(NINE, { degrees: 360 }).data, NINE.data);
});

Deno.test("applyShift() moves down and right, in parts of pixels too, and fills as told", () => {
  assertEquals(applyShift(NINE, { rows: 1, columns: -1 }).data, Uint8Array.of(0, 0, 0, 2, 3, 0, 5, 6, 0));
  assertEquals(
    applyShift(NINE, { rows: 1, columns: 0 }, { fill: "edge" }).data,
    Uint8Array.of(1, 2, 3, 1, 2, 3, 4, 5, 6),
  );
  assertEquals(
    applyShift(NINE, { rows: 0, columns: 2 }, { fill: 99 }).data,
    Uint8Array.of(99, 99, 1, 99, 99, 4, 99, 99, 7),
  );
  const line = { data: Float32Array.of(0, 8, 0), height: 1, width: 3 };
  assertEquals(applyShift(line, { rows: 0, columns: 0.25 }).data, Float32Array.of(0, 6, 2));
  const { rows, columns } = sampleShift(createRng(1), { rows: 5, columns: 5, whole: true });
  assert(Number.isInteger(rows) && Number.isInteger(columns));
});

Deno.test("applyZoom() magnifies about the middle", () => {
  assertEquals(
    applyZoom({ data: Uint8Array.of(1, 5, 9), height: 1, width: 3 }, { zoom: 2 }).data,
    Uint8Array.of(3, 5, 7),
  );
  assertEquals(applyZoom(NINE, { zoom: 0.5 }).data, Uint8Array.of(0, 0, 0, 0, 5, 0, 0, 0, 0));
  assertThrows(() => applyZoom(NINE, { zoom: 0 }), RangeError, "its zoom must be positive: got 0");
});

Deno.test("moveByAffine() says where a spot of light goes, whatever the move", () => {
  const height = 41, width = 51, spot = [17, 30] as const, rng = createRng(5);
  const data = new Float32Array(height * width);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      data[y * width + x] = Math.exp(-((y - spot[0]) ** 2 + (x - spot[1]) ** 2) / 8);
    }
  }
  for (let i = 0; i < 20; i++) {
    const affine = sampleAffine(rng, { rows: 4, columns: 4, degrees: 40, zoom: 1.2, shear: 0.2 });
    const moved = applyAffine({ data, height, width }, affine).data;
    let sum = 0, y = 0, x = 0;
    moved.forEach((v, k) => {
      sum += v;
      y += v * Math.floor(k / width);
      x += v * (k % width);
    });
    assertClose([y / sum, x / sum], moveByAffine(spot, affine, height, width), 0.005, JSON.stringify(affine));
  }
});

Deno.test("applyAffine() by nearest keeps a mask's labels, and the mask follows its picture", () => {
  const mask = {
    data: Uint8Array.from({ length: 900 }, (_, i) => Math.floor(i / 30) > 14 ? 7 : i % 30 > 14 ? 3 : 0),
    height: 30,
    width: 30,
  };
  const picture = { ...mask, data: Float32Array.from(mask.data, (v) => v * 10) };
  const affine = sampleAffine(createRng(8), { rows: 3, columns: 3, degrees: 30, zoom: 1.2 });
  const movedMask = applyAffine(mask, affine, { interpolation: "nearest" });
  assertEquals([...new Set(movedMask.data)].sort(), [0, 3, 7]);
  const movedPicture = applyAffine(picture, affine, { interpolation: "nearest" });
  assertEquals(movedPicture.data, Float32Array.from(movedMask.data, (v) => v * 10));
});

Deno.test("sampleAffine() keeps to its ranges and spreads over them; leaving one out does not change the others", () => {
  const rng = createRng(1),
    drawn = Array.from({ length: 2000 }, () => sampleAffine(rng, { rows: [1, 3], degrees: 10, zoom: 2 }));
  const span = (values: number[]) => [Math.min(...values), Math.max(...values)];
  assertClose(span(drawn.map((a) => a.rows)), [1, 3], 0.01);
  assertClose(span(drawn.map((a) => a.degrees)), [-10, 10], 0.01);
  assertClose(span(drawn.map((a) => a.zoom)), [0.5, 2], 0.01);
  const enlarged = drawn.filter((a) => a.zoom > 1).length;
  assert(Math.abs(enlarged - 1000) < 5 * Math.sqrt(500), `${enlarged} of 2000 enlarged`);
  assert(drawn.every((a) => a.columns === 0 && a.shear === 0));
  assertEquals(
    sampleAffine(createRng(2), { zoom: 2 }).zoom,
    sampleAffine(createRng(2), { zoom: 2, rows: 9 }).zoom,
  );
});

Deno.test("applyFlip() swaps sides, twice is nothing, and channels stay together", () => {
  assertEquals(
    applyFlip(NINE, { horizontal: true, vertical: false }).data,
    Uint8Array.of(3, 2, 1, 6, 5, 4, 9, 8, 7),
  );
  assertEquals(
    applyFlip(NINE, { horizontal: false, vertical: true }).data,
    Uint8Array.of(7, 8, 9, 4, 5, 6, 1, 2, 3),
  );
  const both = { horizontal: true, vertical: true };
  assertEquals(applyFlip(applyFlip(NINE, both), both), NINE);
  const two = { data: Uint8Array.of(1, 2, 3, 4), height: 1, width: 2, channels: 2 };
  assertEquals(applyFlip(two, both).data, Uint8Array.of(3, 4, 1, 2));
  const rng = createRng(3), flips = Array.from({ length: 400 }, () => sampleFlip(rng, { vertical: false }));
  const turned = flips.filter((flip) => flip.horizontal).length;
  assert(Math.abs(turned - 200) < 50 && flips.every((flip) => !flip.vertical), `${turned} of 400`);
});

Deno.test("applyCutout() blanks its rectangle and nothing else, also past the border", () => {
  assertEquals(
    applyCutout(NINE, { top: 1, left: -1, height: 9, width: 2 }, 50).data,
    Uint8Array.of(1, 2, 3, 50, 5, 6, 50, 8, 9),
  );
  assertEquals(applyCutout(NINE, { top: 3, left: 0, height: 2, width: 2 }).data, NINE.data);
  assertEquals(applyCutout(NINE, { top: 0, left: 5, height: 2, width: 2 }).data, NINE.data);
  const two = { data: Uint8Array.of(1, 2, 3, 4), height: 1, width: 2, channels: 2 };
  assertEquals(applyCutout(two, { top: 0, left: 1, height: 1, width: 1 }).data, Uint8Array.of(1, 2, 0, 0));
});

Deno.test("applyNoise() has the strength asked for and repeats by its seed", () => {
  const frame = { data: new Float32Array(20_000).fill(100), height: 100, width: 200 };
  const noisy = applyNoise(frame, { sigma: 4, seed: 9 }).data;
  assertEquals(applyNoise(frame, { sigma: 4, seed: 9 }).data, noisy);
  const mean = noisy.reduce((a, b) => a + b, 0) / noisy.length;
  const deviation = Math.sqrt(noisy.reduce((a, b) => a + (b - mean) ** 2, 0) / noisy.length);
  assert(Math.abs(mean - 100) < 5 * 4 / Math.sqrt(20_000), `mean ${mean}`);
  assert(Math.abs(deviation - 4) < 5 * 4 / Math.sqrt(40_000), `deviation ${deviation}`);
  const bytes =
    applyNoise({ data: Uint8Array.of(0, 255, 0, 255), height: 1, width: 4 }, { sigma: 100, seed: 1 }).data;
  assert(bytes[0] < 200 && bytes[1] > 55, `kept in range, not wrapped: ${bytes}`);
});

Deno.test("applyGain() leaves the pedestal where it is and keeps whole numbers in range", () => {
  const frame = { data: Uint8Array.of(99, 109, 250), height: 1, width: 3 };
  assertEquals(applyGain(frame, { factor: 2, offset: 0 }, 99).data, Uint8Array.of(99, 119, 255));
  assertEquals(applyGain(frame, { factor: 1, offset: -100 }).data, Uint8Array.of(0, 9, 150));
});
