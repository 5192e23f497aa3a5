import { nativeOp } from "../../../../lib/engine/native/native_op.ts";
import { AttributeKind, DataType, typeAttribute } from "../../../../lib/engine/native/native_types.ts";
import { affine, compile, gatherRows, startEngine, tf, warp } from "../../../../lib/engine/mod.ts";
import { assertClose, assertEquals, assertThrows } from "../../../assert.ts";

/*
Python 3.11, SciPy 1.17.1:
r, c = np.mgrid[:5, :5].astype(float); x = (7*r + 5*c + 3*r*c) % 11
at = [[-.6, 1.2], [2.25, 3.5], [4.4, -1.3], [7.1, 2], [1, 5.75]]
constant is grid-constant, wrap grid-wrap: ndimage.map_coordinates(x, np.array(at).T, order=order, mode=mode, cval=2)
*/
const AT = [-0.6, 1.2, 2.25, 3.5, 4.4, -1.3, 7.1, 2, 1, 5.75];
const EXPECTED = {
  constant: [[3.6, 3.25, 2, 2, 2], [2, 3, 2, 2, 2]],
  nearest: [[6, 3.25, 6, 7, 6], [5, 3, 6, 7, 6]],
  reflect: [[6, 3.25, 4.5, 2.8, 8.25], [5, 3, 6, 3, 9]],
  wrap: [[3.72, 3.25, 6.72, 3.2, 4.75], [1, 3, 8, 3, 4]],
} as const;

for (const backend of ["tensorflow", "wasm", "cpu"] as const) {
  Deno.test(`warp() reads where SciPy reads, for every fill, on ${backend}`, async () => {
    await startEngine({ backend });
    const five = Float32Array.from({ length: 25 }, (_, i) => {
      const r = Math.floor(i / 5), c = i % 5;
      return (7 * r + 5 * c + 3 * r * c) % 11;
    });
    // Two images and two bands: the second image and band are shifted by a constant.
    const images = tf.tensor(
      Float32Array.from(
        { length: 100 },
        (_, i) => five[Math.floor(i % 50 / 2)] + 20 * (i % 2) + (i < 50 ? 0 : 40),
      ),
      [2, 5, 5, 2],
    ) as tf.Tensor4D;
    const places = tf.tensor([...AT, ...AT], [2, 5, 1, 2]) as tf.Tensor4D;
    for (const [fill, [linear, nearest]] of Object.entries(EXPECTED)) {
      for (const [interpolation, expected] of [["bilinear", linear], ["nearest", nearest]] as const) {
        const fillMode = fill as "constant";
        const run = compile((x: tf.Tensor, at: tf.Tensor) =>
          warp(x as tf.Tensor4D, at as tf.Tensor4D, { fillMode, fillValue: 2, interpolation })
        );
        const result = run(images, places), read = result.dataSync();
        assertEquals(result.shape, [2, 5, 1, 2]);
        assertClose(Array.from(expected, (_, i) => read[2 * i]), expected, 1e-5, `${fill} ${interpolation}`);
        if (fill !== "constant") {
          const other = Array.from(expected, (value) => value + 60);
          assertClose(
            Array.from(expected, (_, i) => read[10 + 2 * i + 1]),
            other,
            1e-5,
            `${fill} ${interpolation}`,
          );
        }
        result.dispose();
        run.dispose();
      }
    }
    tf.dispose([images, places]);
  });

  Deno.test(`gatherRows() takes rows by numbers that a compiled function works out, on ${backend}`, async () => {
    await startEngine({ backend });
    const x = tf.tensor2d([[1, 2], [3, 4], [5, 6]]), rows = tf.tensor1d([1, 0], "int32");
    const run = compile((x: tf.Tensor, rows: tf.Tensor) => [
      gatherRows(x, tf.add(rows, tf.scalar(1, "int32"))),
      gatherRows(tf.cast(x, "int32"), tf.reshape(rows, [1, 2])),
    ]);
    const [floats, whole] = run(x, rows);
    assertEquals([...floats.dataSync()], [5, 6, 3, 4]);
    assertEquals([whole.dtype, whole.shape, [...whole.dataSync()]], ["int32", [1, 2, 2], [3, 4, 1, 2]]);
    tf.dispose([floats, whole, x, rows]);
    run.dispose();
  });

  Deno.test(`affine() gives another size, on ${backend}`, async () => {
    await startEngine({ backend });
    const x = tf.tensor4d([1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 3, 3, 1]);
    const moved = affine(x, tf.tensor2d([[1, 0, 1, 0, 1, -1, 0, 0]]), { size: [4, 2] });
    assertEquals(moved.shape, [1, 4, 2, 1]);
    assertClose(moved.dataSync(), [0, 0, 2, 3, 5, 6, 8, 9]);
    tf.dispose([x, moved]);
  });
}

/** By what they do: eight numbers, as TensorFlow has them. No place is right between two pixels. */
const PROJECTIONS: Record<string, number[]> = {
  "moves and turns": [0.91, -0.63, 1.17, 0.72, 0.83, -1.29, 0, 0],
  "leans along the rows": [1.1, 0.21, -0.7, -0.1, 0.93, 0.4, 0.037, 0],
  "leans along the columns": [1.1, 0.21, -0.7, -0.1, 0.93, 0.4, 0, 0.041],
  "leans both ways": [0.9, -0.3, 1.3, 0.25, 1.07, -2.2, -0.11, 0.043],
  "has a line at infinity": [1, 0, 0.3, 0, 1, 0.2, -0.5, 0],
  "goes far beyond": [-3.1, 0.4, 9.3, 0.7, 4.3, -11.2, 0, 0.013],
};

for (const [name, matrix] of Object.entries(PROJECTIONS)) {
  Deno.test(`affine() that ${name} gives TensorFlow's pixels on every backend, for every fill`, async () => {
    const pixels = Float32Array.from({ length: 2 * 5 * 4 * 2 }, (_, i) => (7 * i) % 11 + i / 3);
    for (const fillMode of ["constant", "nearest", "reflect", "wrap"] as const) {
      for (const interpolation of ["bilinear", "nearest"] as const) {
        const results: number[][] = [];
        for (const backend of ["tensorflow", "wasm", "cpu"] as const) {
          await startEngine({ backend });
          const x = tf.tensor4d(pixels, [2, 5, 4, 2]);
          const turned = tf.tensor2d([matrix, [1, 0, 0, 0, 1, 0, 0, 0]]);
          const moved = affine(x, turned, { fillMode, fillValue: 2.5, interpolation, size: [6, 7] });
          results.push([...moved.dataSync()]);
          tf.dispose([x, turned, moved]);
        }
        const [expected, ...others] = results;
        for (const other of others) assertClose(other, expected, 1e-4, `${fillMode}, ${interpolation}`);
      }
    }
  });
}

Deno.test("a shape is an attribute of an op, run or traced", async () => {
  await startEngine({ backend: "tensorflow" });
  const ensure = (x: tf.Tensor, shape: number[]) =>
    nativeOp("EnsureShape", [
      typeAttribute("T", DataType.FLOAT),
      { name: "shape", type: AttributeKind.SHAPE, value: shape },
    ], [x])[0];
  const x = tf.tensor2d([[1, 2, 3], [4, 5, 6]]), traced = compile((x: tf.Tensor) => ensure(x, [2, 3]));
  assertEquals([...ensure(x, [2, 3]).dataSync(), ...traced(x).dataSync()], [
    1,
    2,
    3,
    4,
    5,
    6,
    1,
    2,
    3,
    4,
    5,
    6,
  ]);
  assertThrows(() => ensure(x, [3, 2]), Error, 'Cannot run TensorFlow op "EnsureShape"');
  traced.dispose();
});

Deno.test("an op that TensorFlow has not is named", async () => {
  await startEngine({ backend: "tensorflow" });
  assertThrows(() => nativeOp("NoSuchOp", [], [tf.scalar(1)]), Error, 'Cannot make TensorFlow op "NoSuchOp"');
});

Deno.test("warp() names what does not fit", async () => {
  await startEngine({ backend: "cpu" });
  assertThrows(
    () => warp(tf.zeros([2, 3, 3, 1]), tf.zeros([1, 3, 3, 2])),
    TypeError,
    "Cannot warp 2 images as places must be [2, rows, columns, 2]: got [1,3,3,2]",
  );
});
