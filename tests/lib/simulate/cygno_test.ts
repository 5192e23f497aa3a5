// Not counted: its loops are long.
import { assert, assertClose, assertEquals, assertThrows } from "../../assert.ts";
import { createRng } from "../../../lib/base/rng.ts";
import { DETECTOR, type RecoilKind, simulateRecoil } from "../../../lib/simulate/cygno.ts";

/** `n` events of one kind, each from its own numbers. */
function events(kind: RecoilKind, energyKeV: number, n: number, seed: number, driftMm?: number) {
  return Array.from(
    { length: n },
    (_, i) => simulateRecoil(kind, energyKeV, createRng(seed, i), { driftMm }),
  );
}
const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;

/** Counts above the pedestal in the 128 × 128 middle, and their width: the root of the mean square distance from the barycentre. */
function measure(data: Uint8Array): { light: number; width: number } {
  let light = 0, x = 0, y = 0, square = 0;
  for (let r = 224; r < 352; r++) {
    for (let c = 224; c < 352; c++) {
      const counts = data[r * 576 + c] - DETECTOR.pedestal;
      if (counts < 8 || counts > 150) continue; // noise and hot pixels
      light += counts, x += counts * c, y += counts * r, square += counts * (r * r + c * c);
    }
  }
  return { light, width: Math.sqrt(Math.max(0, square / light - (x / light) ** 2 - (y / light) ** 2)) };
}

/** How often a value of `a` is above one of `b`. */
function separation(a: number[], b: number[]): number {
  return mean(a.map((x) => mean(b.map((y) => x > y ? 1 : x === y ? 0.5 : 0))));
}

Deno.test("simulateRecoil() makes the camera's frame: 576 × 576 bytes around a pedestal of 99 with noise of 2", () => {
  const { frame } = simulateRecoil("ER", 1, createRng(1, 0));
  assertEquals([frame.height, frame.width, frame.data.length], [576, 576, 576 * 576]);
  const corner = Array.from({ length: 100 * 576 }, (_, i) => frame.data[i]).filter((v) => v < 110);
  const center = mean(corner), spread = Math.sqrt(mean(corner.map((v) => (v - center) ** 2)));
  assertClose([center, spread], [99, 2], 0.002);
});

Deno.test("simulateRecoil() gives the same event for the same numbers, another for others", () => {
  const [a, b, c] = [createRng(1, 5), createRng(1, 5), createRng(1, 6)].map((rng) =>
    simulateRecoil("NR", 10, rng)
  );
  assertEquals(a, b);
  assert(a.truth.driftMm !== c.truth.driftMm);
});

Deno.test("simulateRecoil() makes light in proportion to the energy of electrons", () => {
  // At one drift, so that attachment is the same; the light of few electrons is not yet lost to space charge.
  const perKeV = [5, 10, 20].map((keV) =>
    mean(events("ER", keV, 30, keV, 300).map(({ truth }) => truth.electrons)) / keV
  );
  assertClose(perKeV, Array(3).fill(Math.exp(-300 / DETECTOR.attachmentMm) / DETECTOR.pairKeV), 0.06);
  const light = [1, 3, 10, 30].map((keV) =>
    mean(events("ER", keV, 12, keV, 300).map(({ truth }) => truth.lightCounts))
  );
  for (let i = 1; i < 4; i++) assert(light[i] > 2 * light[i - 1], `light ${light}`);
});

Deno.test("simulateRecoil() quenches nuclei and dims what is dense", () => {
  const light = (kind: RecoilKind, driftMm: number) =>
    mean(events(kind, 20, 12, 3, driftMm).map(({ truth }) => truth.lightCounts));
  assert(light("NR", 300) < 0.85 * light("ER", 300));
  assert(
    light("NR", 10) < 0.7 * light("NR", 300),
    "close to the GEMs the charge is dense and the gain falls",
  );
});

Deno.test("simulateRecoil() widens clouds with the drift as σ² = constant + slope · drift", () => {
  const { transverse, pixelMm } = DETECTOR;
  const [near, far] = [50, 480].map((mm) =>
    mean(events("NR", 20, 16, 9, mm).map(({ frame }) => measure(frame.data).width))
  );
  const wanted = Math.sqrt(2 * (transverse.constantMm2 + transverse.slopeMm2PerCm * 48)) / pixelMm;
  assertClose(far, wanted, 0.1);
  assert(far > 1.4 * near, `${near} pixels at 50 mm, ${far} at 480`); // less than 1.75: space charge flattens the dense one
});

Deno.test("simulateRecoil() makes electrons wider than nuclei above 15 keV, and alike below 5", () => {
  const widths = (kind: RecoilKind, keV: number) =>
    events(kind, keV, 30, 20 + keV).map(({ frame }) => measure(frame.data).width);
  const low = separation(widths("ER", 3), widths("NR", 3)),
    high = separation(widths("ER", 30), widths("NR", 30));
  assert(high > 0.97, `above 15 keV an electron is wider than a nucleus in ${high} of the pairs`);
  assert(low < 0.75, `below 5 keV in ${low}`);
});

Deno.test("simulateRecoil() keeps the event in the middle and its light inside 8 bits", () => {
  for (const { frame: { data }, truth } of events("ER", 30, 8, 40)) {
    let inside = 0, full = 0;
    for (let r = 224; r < 352; r++) {
      for (let c = 224; c < 352; c++) {
        inside += data[r * 576 + c] - DETECTOR.pedestal;
        if (data[r * 576 + c] === 255) full++;
      }
    }
    assertClose(inside, truth.lightCounts, 0.06); // noise over the crop alone has σ = 256 counts of some 20,000
    assert(full < 3, `${full} pixels at 255`);
  }
});

/** Largest distance between the shares below each value and a uniform law's on [0, 1], times √n: below 1.95 but for once in a thousand. */
function kolmogorov(values: number[]): number {
  const sorted = Float64Array.from(values).sort(), n = sorted.length;
  let worst = 0;
  for (let i = 0; i < n; i++) {
    worst = Math.max(worst, Math.abs((i + 1) / n - sorted[i]), Math.abs(i / n - sorted[i]));
  }
  return worst * Math.sqrt(n);
}

Deno.test("simulateRecoil() spreads events evenly over the field of 150 mm and the drift of 500 mm", () => {
  const truths = events("NR", 1, 600, 50).map(({ truth }) => truth);
  const area = kolmogorov(truths.map(({ axisMm }) => (axisMm / 150) ** 2));
  const drift = kolmogorov(truths.map(({ driftMm }) => driftMm / 500));
  assert(area < 1.95 && drift < 1.95, `Kolmogorov's statistics are ${area} and ${drift}`);
});

Deno.test("simulateRecoil() loses light off the axis as cos⁴ at 623 mm", () => {
  // LIME's lens stands 623 mm from the GEMs (arXiv:2305.06168): (1 + r²/623²)⁻² is 0.894 at 150 mm. Slope of log light against log(1 + r²/623²);
  // of helium recoils of 20 keV at one drift the light scatters by some 5 %, the abscissa by 1.6 %.
  const shown = events("NR", 20, 700, 60, 480).map(({ truth }) => ({
    x: Math.log(1 + (truth.axisMm / 623) ** 2),
    y: Math.log(truth.lightCounts / truth.electrons),
  }));
  const middleX = mean(shown.map(({ x }) => x)), middleY = mean(shown.map(({ y }) => y));
  const xx = mean(shown.map(({ x }) => (x - middleX) ** 2));
  const slope = mean(shown.map(({ x, y }) => (x - middleX) * (y - middleY))) / xx;
  const left = shown.map(({ x, y }) => (y - middleY - slope * (x - middleX)) ** 2);
  const error = Math.sqrt(mean(left) / xx / shown.length);
  assert(error < 0.16, `the slope is known to ${error}`);
  assert(Math.abs(slope + 2) < 3.5 * error, `the slope is ${slope} ± ${error}`);
});

Deno.test("simulateRecoil() shows 346 mm on 2304 pixels: a cloud at 480 mm is 8.2 pixels wide", () => {
  // CYGNO's digitisation: σ² = 0.1225 + 0.013225 · 48 mm² each way, of two axes; √(2 · 0.7573) mm / (346 / 2304) mm = 8.195. The range of the
  // recoil and the threshold of measure() add and take a few per cent.
  assertClose(DETECTOR.pixelMm * 2304, 346, 1e-9);
  const width = mean(events("NR", 20, 60, 70, 480).map(({ frame }) => measure(frame.data).width));
  assertClose(width, 8.195, 0.07);
});

Deno.test("simulateRecoil() has a pair for each 46.2 eV, of which attachment leaves exp(-drift / 1400 mm)", () => {
  const [near, far] = [0, 500].map((mm) =>
    mean(events("ER", 10, 120, 80, mm).map(({ truth }) => truth.electrons))
  );
  // 10 keV / 46.2 eV = 216.5 pairs, scattered by √216 and more for what leaves the frame: 1.4 in the mean of 120.
  assertClose(near, 216.5, 0.025);
  assertClose(far / near, Math.exp(-500 / 1400), 0.03);
});

Deno.test("simulateRecoil() shows the same hot pixels in every frame of a camera", () => {
  const brightest = (camera: number, event: number) => {
    const { data } = simulateRecoil("ER", 1, createRng(2, event), { camera }).frame;
    return new Set(Array.from(data.keys()).filter((i) => data[i] > 180));
  };
  const [a, b, other] = [brightest(3, 0), brightest(3, 1), brightest(4, 0)];
  const shared = Array.from(a).filter((i) => b.has(i)).length;
  assert(a.size > 0 && shared >= 0.7 * a.size, `${shared} of ${a.size} shared`); // the noise moves those near the edge
  assertEquals(Array.from(a).filter((i) => other.has(i)).length, 0);
});

Deno.test("simulateRecoil() draws the nuclei asked for, and refuses none and impossible drifts", () => {
  const seen = new Set(
    Array.from(
      { length: 30 },
      (_, i) => simulateRecoil("NR", 1, createRng(8, i), { nuclei: ["C", "F"] }).truth.particle,
    ),
  );
  assertEquals([...seen].sort(), ["C", "F"]);
  assertThrows(() => simulateRecoil("NR", 1, createRng(8, 0), { nuclei: [] }), RangeError, "no nucleus");
  assertThrows(
    () => simulateRecoil("NR", 1, createRng(8, 0), { driftMm: 501 }),
    RangeError,
    "[0, 500] mm: got 501",
  );
});
