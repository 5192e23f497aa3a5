import { measureShower, SHAPE_NAMES } from "../../../../lib/experiments/ecal/shapes.ts";
import { assertClose, assertEquals } from "../../../assert.ts";

/** An image of some hits. */
function imageOf(hits: readonly (readonly [row: number, column: number, energy: number])[]): Float32Array {
  const image = new Float32Array(2048);
  for (const [row, column, energy] of hits) image[2 * (32 * row + column)] = energy;
  return image;
}

const shape = (values: Float64Array, name: (typeof SHAPE_NAMES)[number]) => values[SHAPE_NAMES.indexOf(name)];

Deno.test("measureShower() gives sums, shares and moments as worked out by hand", () => {
  // 0.5 at the seed, 0.25 two columns to the right, 0.25 one row up: mean column 0.5, its variance (0.75 · 0.25 + 0.25 · 2.25).
  const found = measureShower(imageOf([[16, 16, 0.5], [16, 18, 0.25], [15, 16, 0.25]]));
  assertEquals(found.length, SHAPE_NAMES.length);
  assertClose(shape(found, "sum"), 1, 1e-6);
  assertClose(
    [shape(found, "shareOf1"), shape(found, "shareOf9"), shape(found, "shareOf25")],
    [0.5, 0.75, 1],
    1e-6,
  );
  assertClose([shape(found, "offsetAround"), shape(found, "widthAround")], [0.5, 0.75], 1e-6);
  assertClose([shape(found, "offsetAlongBeam"), shape(found, "widthAlongBeam")], [-0.25, 0.1875], 1e-6);
  // Away from the mean column by -0.5 with weight 0.75 and by 1.5 with 0.25: third moment 0.75, whose cube root has the side's sign.
  assertClose([shape(found, "skewAround"), shape(found, "absoluteSkewAround")], [
    0.75 ** (1 / 3),
    0.75 ** (1 / 3),
  ], 1e-6);
  // Weights 4.7 + ln 0.5 = 4.006853 and twice 4.7 + ln 0.25 = 3.313706, in all 10.634265: mean 0.623213, mean of squares 1.246426.
  assertClose(shape(found, "logWidthAround"), 1.246426 - 0.623213 ** 2, 1e-4);
  assertEquals(shape(found, "hits"), 3);
});

Deno.test("measureShower() says to which side a shower leans", () => {
  const left = measureShower(imageOf([[16, 16, 0.75], [16, 12, 0.25]]));
  const right = measureShower(imageOf([[16, 16, 0.75], [16, 20, 0.25]]));
  assertClose(shape(left, "skewAround"), -shape(right, "skewAround"), 1e-6);
  assertClose(shape(left, "absoluteSkewAround"), shape(right, "skewAround"), 1e-6);
});

Deno.test("measureShower() of nothing is a row of zeros", () => {
  assertEquals([...measureShower(new Float32Array(2048))], SHAPE_NAMES.map(() => 0));
});
