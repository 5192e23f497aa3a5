import { compile, startEngine, tf } from "../../../../lib/engine/mod.ts";
import { assertClose, assertEquals, assertThrows } from "../../../assert.ts";

type Value = [shape: number[], numbers: number[]];

/** Printed by the program of the same name beside it. */
const EXPECTED = JSON.parse(
  await Deno.readTextFile(new URL("op_values.json", import.meta.url)),
) as Record<string, Value[]>;

/** sin 1, sin 2, … in a shape: what the program calls `ramp`. */
function ramp(shape: readonly number[]): tf.Tensor {
  const size = tf.util.sizeFromShape([...shape]);
  return tf.tensor(Float32Array.from({ length: size }, (_, i) => Math.sin(i + 1)), [...shape]);
}

/** Shapes of the inputs, and the op. */
const CASES: Record<string, [shapes: number[][], run: (...xs: never[]) => tf.Tensor]> = {
  "conv2d, dilated": [
    [[1, 4, 4, 1], [2, 2, 1, 1]],
    (x: tf.Tensor4D, f: tf.Tensor4D) => tf.conv2d(x, f, 1, "same", "NHWC", 2),
  ],
  "conv3d, dilated": [
    [[1, 3, 2, 3, 2], [2, 2, 2, 2, 1]],
    (x: tf.Tensor5D, f: tf.Tensor5D) => tf.conv3d(x, f, 1, "valid", "NDHWC", [2, 1, 2]),
  ],
  "depthwise, dilated": [
    [[1, 4, 3, 2], [2, 2, 2, 1]],
    (x: tf.Tensor4D, f: tf.Tensor4D) => tf.depthwiseConv2d(x, f, 1, "valid", "NHWC", 2),
  ],
  "conv3dTranspose, stride beyond the filter": [
    [[1, 1, 1, 2, 1], [1, 2, 1, 1, 1]],
    (x: tf.Tensor5D, f: tf.Tensor5D) => tf.conv3dTranspose(x, f, [1, 1, 3, 4, 1], [1, 3, 2], "same"),
  ],
  "maxPool3d, stride beyond the window": [
    [[1, 3, 4, 3, 1]],
    (x: tf.Tensor5D) => tf.maxPool3d(x, 1, 3, "same"),
  ],
  "avgPool3d, stride beyond the window": [
    [[1, 3, 4, 3, 1]],
    (x: tf.Tensor5D) => tf.avgPool3d(x, 1, 3, "same"),
  ],
  "resizeBilinear, half pixels": [
    [[1, 2, 3, 1]],
    (x: tf.Tensor4D) => tf.image.resizeBilinear(x, [4, 5], false, true),
  ],
  "maximum, broadcast": [[[2, 3], [3]], (a: tf.Tensor, b: tf.Tensor) => tf.maximum(a, b)],
  "squaredDifference, broadcast": [
    [[2, 3], [2, 1]],
    (a: tf.Tensor, b: tf.Tensor) => tf.squaredDifference(a, b),
  ],
  "matMul, broadcast": [[[2, 1, 2, 3], [2, 3, 2]], (a: tf.Tensor, b: tf.Tensor) => tf.matMul(a, b)],
  "cumsum": [[[3, 2]], (x: tf.Tensor) => tf.cumsum(x, 0, true)],
  "einsum": [[[2, 3], [2, 3]], (a: tf.Tensor, b: tf.Tensor) => tf.einsum("ij,kj->ki", a, b)],
  "gatherND": [
    [[3, 2]],
    (x: tf.Tensor) => tf.gatherND(x, tf.tensor2d([[0, 1], [2, 0], [0, 1]], [3, 2], "int32")),
  ],
  "tile": [[[1, 2, 1, 1, 2]], (x: tf.Tensor) => tf.tile(x, [2, 1, 1, 1, 2])],
  "where of a comparison": [
    [[4], [2, 4]],
    (x: tf.Tensor, y: tf.Tensor) => tf.where(tf.greater(x, y), tf.square(x), y),
  ],
  "conv2d, one column at a stride": [
    [[2, 3, 3, 1], [1, 2, 1, 1]],
    (x: tf.Tensor4D, f: tf.Tensor4D) => tf.conv2d(x, f, [1, 2], "valid"),
  ],
};

const WHERE = ["cpu", "wasm", "tensorflow", "compiled"] as const;

for (const [name, [shapes, run]] of Object.entries(CASES)) {
  Deno.test(`${name}: value and gradients are TensorFlow's, on every backend`, async () => {
    for (const where of WHERE) {
      await startEngine({ backend: where === "compiled" ? "tensorflow" : where });
      const apply = run as unknown as (...xs: tf.Tensor[]) => tf.Tensor;
      const work = (...xs: tf.Tensor[]) => {
        const total = (...moving: tf.Tensor[]) => {
          const y = apply(...moving);
          return tf.sum(tf.mul(y, ramp(y.shape)));
        };
        return [apply(...xs), ...tf.grads(total)(xs)];
      };
      const fn = where === "compiled" ? compile(work) : Object.assign(work, { dispose: () => {} });
      const results = tf.tidy(() => fn(...shapes.map(ramp)));
      EXPECTED[name].forEach(([shape, numbers], i) => {
        assertEquals(results[i].shape, shape, `${where}, ${i}`);
        assertClose(results[i].dataSync(), numbers, 1e-5, `${where}, ${i}:`);
      });
      fn.dispose();
      tf.dispose(results);
    }
  });
}

Deno.test("maxPool3d() gives its gradient to the first of several largest, by depth, row and column, on every backend", async () => {
  // Windows of 2 × 2 × 2 at a stride of 2, of which the second is cut off by the border.
  const values = [1, 5, 2, 5, 3, 4, /* next plane */ 5, 5, 2, 5, 3, 4],
    wanted = [0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
  wanted[5] = 9; // 4 of the first plane, and again of the second
  for (const where of WHERE) {
    await startEngine({ backend: where === "compiled" ? "tensorflow" : where });
    const x = tf.tensor5d(values, [1, 2, 2, 3, 1]), dy = tf.tensor5d([7, 9], [1, 1, 1, 2, 1]);
    const work = (x: tf.Tensor, dy: tf.Tensor) =>
      tf.grad((x) => tf.maxPool3d(x as tf.Tensor5D, 2, 2, "same"))(x, dy);
    const fn = where === "compiled" ? compile(work) : Object.assign(work, { dispose: () => {} });
    assertEquals([...fn(x, dy).dataSync()], wanted, where);
    fn.dispose();
  }
});

Deno.test("oneHot() gives the values that it is told, of every type, on every backend", async () => {
  const [[, numbers]] = EXPECTED.oneHot;
  for (const backend of ["cpu", "wasm", "tensorflow"] as const) {
    await startEngine({ backend });
    const indices = tf.tensor1d([1, 0, 5], "int32");
    assertClose(tf.oneHot(indices, 3, 0.9, 0.05, "float32").dataSync(), numbers, 1e-6, backend);
    assertEquals([...tf.oneHot(indices, 3, 7, -2).dataSync()], [-2, 7, -2, 7, -2, -2, -2, -2, -2], backend);
    assertEquals([...tf.oneHot(indices, 3, 1, 0, "bool").dataSync()], [0, 1, 0, 1, 0, 0, 0, 0, 0], backend);
  }
});

Deno.test("moving bools leaves their neighbours on the wasm heap alone", async () => {
  await startEngine({ backend: "wasm" });
  const before = tf.tensor1d([1.5, 2.5, 3.5, 4.5]);
  const bools = tf.tensor2d([1, 0, 0, 1, 1, 1], [2, 3], "bool");
  const after = tf.tensor1d([5.5, 6.5]);
  assertEquals([...tf.reverse(bools, 1).dataSync()], [0, 0, 1, 1, 1, 1]);
  assertEquals([...tf.where(bools, tf.logicalNot(bools), bools).dataSync()], [0, 0, 0, 0, 0, 0]);
  assertEquals([...tf.stridedSlice(bools, [0, 0], [2, 3], [1, 2]).dataSync()], [1, 0, 1, 1]);
  assertEquals([...tf.cast(bools, "int32").dataSync(), ...tf.cast(after, "bool").dataSync()], [
    1,
    0,
    0,
    1,
    1,
    1,
    1,
    1,
  ]);
  assertEquals([...before.dataSync(), ...after.dataSync()], [1.5, 2.5, 3.5, 4.5, 5.5, 6.5]);
});

Deno.test("no op on the way to a loss hides what is not a number, on any backend", async () => {
  const ops: Record<string, (x: tf.Tensor) => tf.Tensor> = {
    relu: (x) => tf.relu(x),
    relu6: (x) => tf.relu6(x),
    sign: (x) => tf.sign(x),
    clipByValue: (x) => tf.clipByValue(x, -0.5, 0.5),
    maximum: (x) => tf.maximum(x, 0),
    minimum: (x) => tf.minimum(x, 0),
    leakyRelu: (x) => tf.leakyRelu(x),
    sigmoid: (x) => tf.sigmoid(x),
    softmax: (x) => tf.softmax(tf.expandDims(x, 1)),
    sum: (x) => tf.sum(tf.expandDims(x, 1), 1),
    "fused relu6": (x) =>
      tf.fused.matMul({ a: tf.reshape(x, [-1, 1]), b: tf.ones([1, 1]), activation: "relu6" }),
  };
  for (const backend of ["cpu", "wasm", "tensorflow"] as const) {
    await startEngine({ backend });
    for (const [name, op] of Object.entries(ops)) {
      const values = op(tf.tensor1d([NaN, 0.25, -2])).dataSync();
      assertEquals([...values].map(Number.isNaN), [true, false, false], `${name} on ${backend}`);
    }
    assertEquals(
      [...tf.clipByValue(tf.tensor1d([-7, 1, 9], "int32"), -2, 3).dataSync()],
      [-2, 1, 3],
      backend,
    );
    assertEquals([...tf.sign(tf.tensor1d([-7, 0, 9])).dataSync()], [-1, 0, 1], backend);
  }
});

Deno.test("the gradient of an extreme is shared among equals, as in TensorFlow", async () => {
  // tf.GradientTape().gradient(tf.reduce_max([[3., 1., 3.], [2., 0., 1.]], 1), x): [[0.5, 0, 0.5], [1, 0, 0]]
  for (const backend of ["cpu", "wasm", "tensorflow"] as const) {
    await startEngine({ backend });
    const x = tf.tensor2d([[3, 1, 3], [2, 0, 1]]);
    const largest = tf.grad((x) => tf.sum(tf.max(x, 1)))(x).dataSync();
    assertEquals([...largest], [0.5, 0, 0.5, 1, 0, 0], backend);
    const smallest = tf.grad((x) => tf.min(x))(tf.tensor1d([2, 1, 1, 3])).dataSync();
    assertEquals([...smallest], [0, 0.5, 0.5, 0], backend);
  }
});

Deno.test("a stack of one is taken apart with a gradient, so that series of one step train", async () => {
  for (const backend of ["cpu", "wasm", "tensorflow"] as const) {
    await startEngine({ backend });
    for (const steps of [1, 2]) {
      const x = tf.ones([2, steps, 3]);
      const slope = tf.grad((x) => tf.sum(tf.mul(tf.unstack(x, 1)[0], 2)))(x);
      assertEquals([slope.shape, slope.dataSync()[0]], [[2, steps, 3], 2], backend);
    }
  }
});

Deno.test("slopes at kinks are TensorFlow's", async () => {
  // With x = tf.Variable([-3., -1., 0., 1., 3., 6.]) and keras.layers.PReLU of 0.3:
  // tf.GradientTape().gradient(tf.reduce_sum(f(x)), x) of TensorFlow 2.21, Keras 3.15.
  const wanted: [string, (x: tf.Tensor) => tf.Tensor, number[]][] = [
    ["abs", tf.abs, [-1, -1, 0, 1, 1, 1]],
    ["relu", tf.relu, [0, 0, 0, 1, 1, 1]],
    ["relu6", tf.relu6, [0, 0, 0, 1, 1, 0]],
    ["selu", tf.selu, [0.08753, 0.64677, 1.0507, 1.0507, 1.0507, 1.0507]],
    ["elu", tf.elu, [0.04979, 0.36788, 1, 1, 1, 1]],
    ["leakyRelu", (x) => tf.leakyRelu(x, 0.3), [0.3, 0.3, 0.3, 1, 1, 1]],
    ["prelu", (x) => tf.prelu(x, tf.fill([6], 0.3)), [0.3, 0.3, 0, 1, 1, 1]],
  ];
  for (const backend of ["cpu", "wasm", "tensorflow"] as const) {
    await startEngine({ backend });
    const x = tf.tensor1d([-3, -1, 0, 1, 3, 6]);
    for (const [name, apply, slopes] of wanted) {
      const found = tf.grad((x) => tf.sum(apply(x)))(x).dataSync();
      assertClose(found, slopes, 1e-4, `${name} on ${backend}`, 1e-3);
    }
    // The shared slope of a PReLU learns from the negative values alone.
    const shared = tf.grads((x, slope) => tf.sum(tf.prelu(x, slope)))([
      tf.tensor2d([[-1, 0], [2, -3]]),
      tf.tensor1d([0.3, 0.3]),
    ]);
    assertEquals([...shared[1].dataSync()], [-1, -3], backend);
  }
});

Deno.test("einsum() names the equation that it does not know", async () => {
  await startEngine({ backend: "cpu" });
  const x = tf.ones([2, 2]);
  for (const equation of ["ii->i", "ij,jk", "ij,jk,kl->il"]) {
    assertThrows(() => tf.einsum(equation, x, x), SyntaxError, `Cannot compute einsum "${equation}"`);
  }
});
