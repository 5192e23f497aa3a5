import { assertClose, assertEquals, assertThrows } from "../../assert.ts";
import { resize } from "../../../lib/image/resize.ts";

const counting = (height: number, width: number) => ({
  data: Float32Array.from({ length: height * width }, (_, i) => i),
  height,
  width,
});

// np.asarray(Image.fromarray(a).resize((w, h), Image.Resampling.BILINEAR)), Pillow 13.0,
// with a = (np.arange(35)**2 % 97).astype("float32").reshape(5, 7)
const SQUARES = { ...counting(5, 7), data: Float32Array.from({ length: 35 }, (_, i) => i * i % 97) };

Deno.test("resize() weighs as Pillow's bilinear filter, smaller and larger", () => {
  assertClose(
    resize(SQUARES, 3, 4).data,
    [24.7619, 26.64, 18.7886, 42.619, 38.037, 63.5378, 51.9467, 49.3704, 49.4762, 58.4857, 61.2, 62.8639],
    1e-6,
  );
  assertClose(resize(SQUARES, 2, 2).data, [35.7283, 38.5381, 55.297, 59.0053], 1e-6);
  assertClose(
    resize(SQUARES, 8, 11).data.subarray(0, 16),
    [
      0,
      0.4545,
      1.2727,
      3.1818,
      5.8182,
      9,
      13.4545,
      18.4545,
      24.1818,
      31,
      36,
      21.4375,
      24.6761,
      29.392,
      35.1989,
      26.3011,
    ],
    2e-6,
  );
});

// The same of a = (np.arange(48)**2 % 97).astype("float32").reshape(6, 8)
Deno.test("resize() halves sides as Pillow's bilinear filter, bands alike", () => {
  const wanted = [
    37.5306,
    21.625,
    35.9643,
    37.2653,
    67.0536,
    53.3281,
    41.2344,
    58.6964,
    45.3265,
    46.3393,
    53.7143,
    70.4490,
  ];
  const data = Float32Array.from({ length: 48 }, (_, i) => i * i % 97);
  assertClose(resize({ data, height: 6, width: 8 }, 3, 4).data, wanted, 2e-6);
  const bands = {
    data: Float32Array.from({ length: 96 }, (_, i) => (1 + i % 2) * data[i >> 1]),
    height: 6,
    width: 8,
    channels: 2,
  };
  assertClose(resize(bands, 3, 4).data, wanted.flatMap((value) => [value, 2 * value]), 2e-6);
});

// np.kron(a, np.ones((h, w))).reshape(h, 5, w, 7).mean((1, 3)): every pixel cut into h × w, then the means
Deno.test("resize() by area conserves light, cutting pixels in parts", () => {
  const wanted = [
    22.4286,
    25.5143,
    17.6857,
    43.2857,
    34.0286,
    64.4286,
    50.6571,
    48.1429,
    48.0286,
    55.8571,
    61.0857,
    63.7143,
  ];
  assertClose(resize(SQUARES, 3, 4, { filter: "area" }).data, wanted, 1e-6);
  const mean = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0) / values.length;
  assertClose(mean(resize(SQUARES, 8, 11, { filter: "area" }).data), mean(SQUARES.data), 1e-6);
});

Deno.test("resize() keeps a picture of the same size, and its channels apart", () => {
  for (const filter of ["bilinear", "area"] as const) {
    assertEquals(resize(SQUARES, 5, 7, { filter }).data, SQUARES.data);
  }
  const two = { data: Uint8Array.of(0, 100, 10, 200), height: 1, width: 2, channels: 2 };
  assertEquals(resize(two, 1, 1), { data: Float32Array.of(5, 150), height: 1, width: 1, channels: 2 });
  assertThrows(() => resize(SQUARES, 0, 3), RangeError, "Cannot resize to 0 × 3");
});
