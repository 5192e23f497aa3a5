/** Whether the ten colours of curves can be told apart, by measures of colour science. */
import { SERIES } from "../../../lib/plot/mod.ts";
import { assert, assertClose, assertEquals } from "../../assert.ts";

type Triple = readonly [number, number, number];

const apply = (matrix: readonly Triple[], [a, b, c]: Triple): Triple =>
  matrix.map(([x, y, z]) => Math.min(1, Math.max(0, x * a + y * b + z * c))) as unknown as Triple;

/** Light of the three primaries, 0 to 1 (IEC 61966-2-1). */
const lightOf = (hex: string): Triple =>
  [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255)
    .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4) as unknown as Triple;

/** CIELAB of light, white D65. */
function labOf([r, g, b]: Triple): Triple {
  const f = (t: number) => t > 216 / 24389 ? Math.cbrt(t) : (24389 / 27 * t + 16) / 116;
  const x = f((0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047);
  const y = f(0.2126729 * r + 0.7151522 * g + 0.072175 * b);
  const z = f((0.0193339 * r + 0.119192 * g + 0.9503041 * b) / 1.08883);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

const degrees = (radians: number) => (radians * 180 / Math.PI + 360) % 360;
const cosine = (angle: number) => Math.cos(angle * Math.PI / 180);

/** CIEDE2000: G. Sharma, W. Wu, E. N. Dalal, Color Res. Appl. 30, 21 (2005). */
function difference([l1, a1, b1]: Triple, [l2, a2, b2]: Triple): number {
  const seventh = (c: number) => Math.sqrt(c ** 7 / (c ** 7 + 25 ** 7));
  const g = 0.5 * (1 - seventh((Math.hypot(a1, b1) + Math.hypot(a2, b2)) / 2));
  const [p1, p2] = [a1 * (1 + g), a2 * (1 + g)];
  const [c1, c2] = [Math.hypot(p1, b1), Math.hypot(p2, b2)];
  const [h1, h2] = [degrees(Math.atan2(b1, p1)), degrees(Math.atan2(b2, p2))];
  const turn = c1 * c2 === 0 ? 0 : (h2 - h1 + 540) % 360 - 180;
  const dH = 2 * Math.sqrt(c1 * c2) * Math.sin(turn / 2 * Math.PI / 180);
  const l = (l1 + l2) / 2, c = (c1 + c2) / 2;
  const h = c1 * c2 === 0 ? h1 + h2 : Math.abs(h1 - h2) <= 180 ? (h1 + h2) / 2 : ((h1 + h2 + 360) / 2) % 360;
  const t = 1 - 0.17 * cosine(h - 30) + 0.24 * cosine(2 * h) + 0.32 * cosine(3 * h + 6) -
    0.2 * cosine(4 * h - 63);
  const sl = 1 + 0.015 * (l - 50) ** 2 / Math.sqrt(20 + (l - 50) ** 2),
    sc = 1 + 0.045 * c,
    sh = 1 + 0.015 * c * t;
  const turned = 60 * Math.exp(-(((h - 275) / 25) ** 2));
  const rt = -2 * seventh(c) * Math.sin(turned * Math.PI / 180);
  const [x, y, z] = [(l2 - l1) / sl, (c2 - c1) / sc, dH / sh];
  return Math.sqrt(x * x + y * y + z * z + rt * y * z);
}

/** What eyes without red or green see: G. M. Machado et al., IEEE Trans. Vis. Comput. Graph. 15, 1291 (2009), severity 1. */
const EYES: Readonly<Record<string, readonly Triple[]>> = {
  all: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
  "without green": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [
    -0.01182,
    0.04294,
    0.968881,
  ]],
  "without red": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [
    -0.003882,
    -0.048116,
    1.051998,
  ]],
};

/** Least CIEDE2000 of any two colours, by the eyes that see them. */
const APART: Readonly<Record<string, number>> = { all: 20, "without green": 11, "without red": 11 };

Deno.test("the difference of colours is that of the paper's table", () => {
  // Sharma et al., table 1: pairs 1, 7 and 25.
  assertClose(difference([50, 2.6772, -79.7751], [50, 0, -82.7485]), 2.0425, 1e-4);
  assertClose(difference([50, 0, 0], [50, -1, 2]), 2.3669, 1e-4);
  assertClose(difference([60.2574, -34.0099, 36.2677], [60.4626, -34.1751, 39.4387]), 1.2644, 1e-4);
});

Deno.test("ten colours of curves can be told apart by all eyes, on white and on black", () => {
  assertEquals(new Set(SERIES).size, 10);
  for (const [eyes, matrix] of Object.entries(EYES)) {
    const labs = SERIES.map((hex) => labOf(apply(matrix, lightOf(hex))));
    labs.forEach((a, i) =>
      labs.slice(0, i).forEach((b, j) => {
        const apart = difference(a, b);
        assert(apart >= APART[eyes], `${SERIES[i]} and ${SERIES[j]} for eyes that see ${eyes}: ${apart}`);
      })
    );
  }
  const brightness = (hex: string) => apply([[0.2126, 0.7152, 0.0722]], lightOf(hex))[0];
  const contrast = (a: number, b: number) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  for (const hex of SERIES) {
    for (const ground of ["#ffffff", "#14171c"]) {
      const found = contrast(brightness(hex), brightness(ground));
      assert(found >= 2, `${hex} on ${ground}: ${found}`);
    }
  }
});
