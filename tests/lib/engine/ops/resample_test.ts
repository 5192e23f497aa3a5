import {
  type Border,
  type ImagePlace,
  resampleAffine,
  resampleAt,
} from "../../../../lib/engine/ops/resample.ts";
import { assertClose, assertEquals } from "../../../assert.ts";

interface Values {
  /** Row-major. */
  picture: number[];
  shape: [height: number, width: number];
  fill: number;
  at: [row: number, column: number][];
  /** By border: the nearest pixel, and four blended. */
  borders: Record<Border, [nearest: number[], linear: number[]]>;
}

/** Printed by the program of the same name beside it. */
const { picture, shape: [height, width], fill, at, borders }: Values = JSON.parse(
  await Deno.readTextFile(new URL("resample_values.json", import.meta.url)),
);
const ORDERS = [0, 1] as const;
/** Each band is the first, the other way round in every second one: values of the reference serve for all. */
const BANDS = [1, 2, 3, 4];

/** The picture in several bands, between numbers that are not its own. */
function banded(channels: number): ImagePlace {
  const first = 7, data = new Float32Array(first + picture.length * channels + 5).fill(1000);
  picture.forEach((value, i) => {
    for (let k = 0; k < channels; k++) data[first + i * channels + k] = k % 2 ? fill + (fill - value) : value;
  });
  return { data, at: first, height, width, channels };
}

/** What is read of a band where the first one has `value`: the fill stays what it is. */
const ofBand = (value: number, k: number) => k % 2 ? 2 * fill - value : value;

for (const [border, expected] of Object.entries(borders)) {
  Deno.test(`resampleAt() reads what SciPy reads, border "${border}", in one band or several`, () => {
    for (const order of ORDERS) {
      for (const channels of BANDS) {
        const places = Float32Array.of(-1, -1, ...at.flat(), -1, -1);
        const out = new Float32Array(3 + at.length * channels + 2).fill(-7);
        const sampling = { order, border: border as Border, value: fill };
        resampleAt(banded(channels), places, 2, at.length, out, 3, sampling);
        const wanted = expected[order].flatMap((value) =>
          Array.from({ length: channels }, (_, k) => ofBand(value, k))
        );
        assertClose(out.subarray(3, 3 + wanted.length), wanted, 1e-5, `order ${order}, ${channels} bands`);
        assertEquals([...out.subarray(0, 3), ...out.subarray(-2)], [-7, -7, -7, -7, -7], "its neighbours");
      }
    }
  });

  Deno.test(`resampleAffine() reads where its six numbers say, border "${border}"`, () => {
    // Turned, stretched and shifted, so that places lie inside and on all sides beyond; and as it was.
    const moves = [[0.91, -0.63, 1.17, 0.72, 0.83, -1.29], [-1, 0, 4, 0, -1, 3], [1, 0, 0, 0, 1, 0]];
    for (const m of moves) {
      for (const order of ORDERS) {
        for (const channels of BANDS) {
          const from = banded(channels), sampling = { order, border: border as Border, value: fill };
          const to = {
            data: new Float32Array(5 + 6 * 7 * channels + 4),
            at: 5,
            height: 6,
            width: 7,
            channels,
          };
          to.data.fill(-7);
          resampleAffine(from, to, m, sampling);
          const places = Float32Array.from({ length: 2 * 6 * 7 }, (_, i) => {
            const y = Math.floor(i / 14), x = Math.floor(i / 2) % 7, n = i % 2 ? 0 : 3;
            return m[n] * x + m[n + 1] * y + m[n + 2];
          });
          const wanted = new Float32Array(6 * 7 * channels);
          resampleAt(from, places, 0, 6 * 7, wanted, 0, sampling);
          assertClose(to.data.subarray(5, 5 + wanted.length), wanted, 1e-5, `${m}, ${order}, ${channels}`);
          assertEquals([...to.data.subarray(0, 5), ...to.data.subarray(-4)], Array(9).fill(-7));
        }
      }
    }
  });
}
