// Not counted: its loops are long.
import {
  affine,
  type AffineOptions,
  compile,
  losses,
  random,
  startEngine,
  tf,
} from "../../../lib/engine/mod.ts";
import { createRng } from "./_rng.ts";
import { assert, assertClose, assertEquals, assertThrows } from "../../assert.ts";

const BACKENDS = ["cpu", "wasm", "tensorflow"] as const;
type Backend = typeof BACKENDS[number];
for (const backend of BACKENDS) await startEngine({ backend });

const use = async (backend: Backend) => void await startEngine({ backend });

const { layers } = tf;
const BATCH = 4;

/** A model of one layer or a few, by the shapes of its inputs without the batch. */
interface Case {
  inputs: number[][];
  build: (...inputs: tf.SymbolicTensor[]) => tf.SymbolicTensor;
  /** @default {BATCH} */
  batch?: number;
}

const one = (shape: number[], layer: () => tf.layers.Layer): Case => ({
  inputs: [shape],
  build: (x) => layer().apply(x) as tf.SymbolicTensor,
});
const two = (shapes: [number[], number[]], layer: () => tf.layers.Layer): Case => ({
  inputs: shapes,
  build: (a, b) => layer().apply([a, b]) as tf.SymbolicTensor,
});

const IMAGE = [7, 8, 3], VOLUME = [5, 6, 4, 2], SEQUENCE = [9, 4], VECTOR = [6];

const CASES: Record<string, Case> = {
  "dense": one(VECTOR, () => layers.dense({ units: 5 })),
  "dense, sigmoid": one(VECTOR, () => layers.dense({ units: 5, activation: "sigmoid" })),
  "dense on a sequence": one(SEQUENCE, () => layers.dense({ units: 5, activation: "tanh" })),
  "conv1d": one(SEQUENCE, () => layers.conv1d({ filters: 5, kernelSize: 3, activation: "relu" })),
  "conv1d, stride 2": one(
    SEQUENCE,
    () => layers.conv1d({ filters: 5, kernelSize: 4, strides: 2, padding: "same" }),
  ),
  "conv2d": one(IMAGE, () => layers.conv2d({ filters: 10, kernelSize: 3, activation: "relu" })),
  "conv2d, same": one(IMAGE, () => layers.conv2d({ filters: 9, kernelSize: [3, 4], padding: "same" })),
  "conv2d, stride 2": one(
    IMAGE,
    () => layers.conv2d({ filters: 5, kernelSize: 3, strides: 2, padding: "same" }),
  ),
  "conv2d, stride beyond the filter": one(
    IMAGE,
    () => layers.conv2d({ filters: 5, kernelSize: 1, strides: 2 }),
  ),
  "conv2d, no bias": one(IMAGE, () => layers.conv2d({ filters: 5, kernelSize: 1, useBias: false })),
  // Many channels and examples, so that the native backend convolves by tiles.
  "conv2d, tiles": {
    ...one([4, 4, 96], () => layers.conv2d({ filters: 64, kernelSize: 3, padding: "same" })),
    batch: 32,
  },
  "conv3d": one(VOLUME, () => layers.conv3d({ filters: 6, kernelSize: 3, activation: "relu" })),
  "conv3d, same, stride 2": one(
    VOLUME,
    () => layers.conv3d({ filters: 5, kernelSize: 2, strides: 2, padding: "same" }),
  ),
  "conv2dTranspose": one(
    IMAGE,
    () => layers.conv2dTranspose({ filters: 4, kernelSize: 3, strides: 2, padding: "same" }),
  ),
  "conv3dTranspose": one(
    VOLUME,
    () => layers.conv3dTranspose({ filters: 3, kernelSize: 2, strides: 2, padding: "same" }),
  ),
  "depthwiseConv2d": one(IMAGE, () => layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2 })),
  "depthwiseConv2d, stride 2": one(
    IMAGE,
    () => layers.depthwiseConv2d({ kernelSize: 3, strides: 2, padding: "same" }),
  ),
  "separableConv2d": one(IMAGE, () => layers.separableConv2d({ filters: 5, kernelSize: 3, padding: "same" })),
  "batchNormalization, rank 2": one(VECTOR, () => layers.batchNormalization()),
  "batchNormalization, rank 3": one(SEQUENCE, () => layers.batchNormalization({ momentum: 0.9 })),
  "batchNormalization, rank 4": one(IMAGE, () => layers.batchNormalization()),
  "batchNormalization, rank 5": one(VOLUME, () => layers.batchNormalization({ epsilon: 0.01 })),
  "batchNormalization, no scale": one(IMAGE, () => layers.batchNormalization({ scale: false })),
  "layerNormalization": one(IMAGE, () => layers.layerNormalization()),
  "maxPooling1d": one(SEQUENCE, () => layers.maxPooling1d({ poolSize: 2 })),
  "maxPooling2d": one(IMAGE, () => layers.maxPooling2d({ poolSize: 2 })),
  "maxPooling2d, same, overlapping": one(
    IMAGE,
    () => layers.maxPooling2d({ poolSize: 3, strides: 2, padding: "same" }),
  ),
  "maxPooling3d": one(VOLUME, () => layers.maxPooling3d({ poolSize: 2 })),
  "maxPooling3d, same": one(VOLUME, () => layers.maxPooling3d({ poolSize: 2, padding: "same" })),
  "averagePooling1d": one(SEQUENCE, () => layers.averagePooling1d({ poolSize: 2 })),
  "averagePooling2d": one(IMAGE, () => layers.averagePooling2d({ poolSize: 2 })),
  "averagePooling2d, same": one(
    IMAGE,
    () => layers.averagePooling2d({ poolSize: 3, strides: 2, padding: "same" }),
  ),
  "averagePooling3d, same": one(VOLUME, () => layers.averagePooling3d({ poolSize: 2, padding: "same" })),
  "globalAveragePooling1d": one(SEQUENCE, () => layers.globalAveragePooling1d()),
  "globalAveragePooling2d": one(IMAGE, () => layers.globalAveragePooling2d({})),
  "globalMaxPooling1d": one(SEQUENCE, () => layers.globalMaxPooling1d()),
  "globalMaxPooling2d": one(IMAGE, () => layers.globalMaxPooling2d({})),
  "upSampling2d": one(IMAGE, () => layers.upSampling2d({ size: [2, 3] })),
  "upSampling2d, bilinear": one(
    IMAGE,
    () => layers.upSampling2d({ size: [2, 2], interpolation: "bilinear" }),
  ),
  "zeroPadding2d": one(IMAGE, () => layers.zeroPadding2d({ padding: [[1, 2], [0, 3]] })),
  "cropping2D": one(IMAGE, () => layers.cropping2D({ cropping: [[1, 2], [0, 3]] })),
  "flatten": one(IMAGE, () => layers.flatten()),
  "reshape": one(IMAGE, () => layers.reshape({ targetShape: [8, 21] })),
  "permute": one(IMAGE, () => layers.permute({ dims: [3, 1, 2] })),
  "repeatVector": one(VECTOR, () => layers.repeatVector({ n: 3 })),
  "leakyReLU": one(VECTOR, () => layers.leakyReLU({ alpha: 0.2 })),
  "reLU with a ceiling": one(VECTOR, () => layers.reLU({ maxValue: 0.5 })),
  "elu layer": one(VECTOR, () => layers.elu({ alpha: 1 })),
  "prelu": one(IMAGE, () => layers.prelu({ sharedAxes: [1, 2] })),
  "softmax": one(SEQUENCE, () => layers.softmax({ axis: -1 })),
  "add": two([IMAGE, IMAGE], () => layers.add()),
  "multiply": two([IMAGE, IMAGE], () => layers.multiply()),
  "average": two([IMAGE, IMAGE], () => layers.average()),
  "maximum": two([IMAGE, IMAGE], () => layers.maximum()),
  "minimum": two([IMAGE, IMAGE], () => layers.minimum()),
  "concatenate": two([IMAGE, [7, 8, 5]], () => layers.concatenate()),
  "dot": two([SEQUENCE, SEQUENCE], () => layers.dot({ axes: 2 })),
  "simpleRNN": one(SEQUENCE, () => layers.simpleRNN({ units: 3 })),
  "gru": one(SEQUENCE, () => layers.gru({ units: 3 })),
  "lstm": one(SEQUENCE, () => layers.lstm({ units: 3, returnSequences: true })),
  "a network": {
    inputs: [[12, 12, 1]],
    build: (x) => {
      const features = [
        layers.conv2d({ filters: 8, kernelSize: 3, useBias: false }),
        layers.batchNormalization(),
        layers.activation({ activation: "relu" }),
        layers.maxPooling2d({ poolSize: 2 }),
        layers.conv2d({ filters: 12, kernelSize: 3, padding: "same", activation: "relu" }),
        layers.globalAveragePooling2d({}),
        layers.dense({ units: 10 }),
      ];
      return features.reduce((y, layer) => layer.apply(y) as tf.SymbolicTensor, x);
    },
  },
};
const ACTIVATIONS = [
  "relu",
  "relu6",
  "elu",
  "selu",
  "sigmoid",
  "hardSigmoid",
  "tanh",
  "softplus",
  "softsign",
  "swish",
];
for (const activation of ACTIVATIONS) {
  CASES[`activation ${activation}`] = one(
    VECTOR,
    () => layers.activation({ activation: activation as "relu" }),
  );
}

/** Numbers that no layer finds special: no ties, none near a kink. */
function numbers(shape: number[], seed: number): Float32Array {
  const rng = createRng(seed);
  return Float32Array.from({ length: tf.util.sizeFromShape(shape) }, () => {
    const value = rng() * 2 - 1;
    return value + Math.sign(value) * 0.05;
  });
}

/** A tensor by what the test calls it. */
type Named = [name: string, values: Float32Array, shape: number[]];

/** Loss, gradients of inputs and weights, and all of them after one step of Adam. */
function step({ inputs, build, batch = BATCH }: Case, compiled: boolean): Named[] {
  const symbols = inputs.map((shape) => tf.input({ shape }));
  const model = tf.model({ inputs: symbols, outputs: build(...symbols) });
  const values = model.weights.map(({ name, shape }, i) => {
    const drawn = numbers(shape as number[], 100 + i);
    return tf.tensor(/variance/.test(name) ? drawn.map((v) => v * v + 0.5) : drawn, shape as number[]);
  });
  model.setWeights(values);
  const xs = inputs.map((shape, i) =>
    tf.variable(tf.tensor(numbers([batch, ...shape], i), [batch, ...shape]))
  );
  const weights = model.trainableWeights.map((weight) => (weight as unknown as { val: tf.Variable }).val);
  const variables = [...xs, ...weights];
  const moments = variables.map((
    variable,
  ) => [tf.variable(tf.zerosLike(variable)), tf.variable(tf.zerosLike(variable))]);
  const run = () => {
    const { value, grads } = tf.variableGrads(() => {
      const y = model.apply(xs.length === 1 ? xs[0] : xs, { training: true }) as tf.Tensor;
      const target = tf.tensor(numbers(y.shape, 7), y.shape);
      return tf.mean(tf.add(tf.mul(y, target), tf.square(y))).asScalar();
    }, variables);
    const slopes = variables.map(({ name }) => grads[name]);
    variables.forEach((variable, i) => {
      const [first, second] = moments[i];
      first.assign(tf.add(tf.mul(first, 0.9), tf.mul(slopes[i], 0.1)));
      second.assign(tf.add(tf.mul(second, 0.999), tf.mul(tf.square(slopes[i]), 0.001)));
      // An epsilon this large keeps the step smooth where a gradient is nearly zero.
      const pace = tf.div(tf.mul(first, 10), tf.add(tf.sqrt(tf.mul(second, 1000)), 0.01));
      variable.assign(tf.sub(variable, tf.mul(pace, 0.01)));
    });
    return [value, ...slopes] as tf.Tensor[];
  };
  const fn = compiled ? compile(run) : Object.assign(() => tf.tidy(run), { dispose: () => {} });
  const results = fn() as tf.Tensor[];
  const copy = (name: string, tensor: tf.Tensor): Named => [
    name,
    Float32Array.from(tensor.dataSync()),
    tensor.shape,
  ];
  const named = [
    ...results.map((tensor, i) => copy(i === 0 ? "loss" : `gradient ${i - 1}`, tensor)),
    ...variables.map((variable, i) => copy(`variable ${i} after the step`, variable)),
    ...model.weights.map((weight) =>
      copy(`${weight.originalName.replace(/_[A-Za-z]*\d+/, "")} after`, weight.read())
    ),
  ];
  fn.dispose();
  tf.dispose([results, values, xs, moments]);
  model.dispose();
  return named;
}

function assertSame(actual: Named[], expected: Named[], tolerance: number, message: string): void {
  assertEquals(actual.length, expected.length, message);
  actual.forEach(([name, values, shape], i) => {
    assertEquals(shape, expected[i][2], `${message}, ${name}`);
    assertClose(values, expected[i][1], tolerance, `${message}, ${name}:`, 1e-2);
  });
}

for (const [name, layer] of Object.entries(CASES)) {
  Deno.test(`${name}: loss, gradients and one step agree on all backends, compiled or not`, async () => {
    const results = new Map<string, Named[]>();
    for (const backend of BACKENDS) {
      await use(backend);
      results.set(backend, step(layer, false));
    }
    const compiled = step(layer, true);
    const native = results.get("tensorflow")!;
    assertSame(results.get("cpu")!, native, 1e-4, "cpu");
    assertSame(results.get("wasm")!, native, 1e-4, "wasm");
    assertSame(compiled, native, 1e-6, "compiled");
  });
}

/** Runs `test` on every backend, and compiled on the native one. */
async function everywhere(
  test: (run: <T extends tf.Tensor>(fn: () => T) => T, name: string) => void,
): Promise<void> {
  for (const backend of BACKENDS) {
    await use(backend);
    test((fn) => tf.tidy(fn), backend);
  }
  test((fn) => {
    const compiled = compile(fn as () => tf.Tensor);
    const result = compiled();
    compiled.dispose();
    return result as ReturnType<typeof fn>;
  }, "compiled");
}

Deno.test("losses and their gradients agree on all backends", async () => {
  const labels = [1, 0, 3, 2, 2],
    classes = 4,
    logits = numbers([5, classes], 3),
    hits = numbers([5, classes], 4);
  const cases: Record<string, (z: tf.Tensor2D) => tf.Tensor> = {
    sparse: (z) => losses.sparseSoftmaxCrossEntropy(tf.tensor1d(labels, "int32"), z),
    dense: (z) => losses.softmaxCrossEntropy(tf.softmax(tf.tensor2d(hits, [5, classes])), z),
    sigmoid: (z) =>
      losses.sigmoidCrossEntropy(tf.tensor2d(hits.map((hit) => hit > 0 ? 1 : 0), [5, classes]), z),
  };
  for (const [name, loss] of Object.entries(cases)) {
    let expected: Float32Array | undefined;
    await everywhere((run, where) => {
      const z = tf.tensor2d(logits, [5, classes]);
      const result = run(() => {
        const scale = (y: tf.Tensor) => tf.sum(tf.mul(y, tf.tensor(numbers(y.shape, 5), y.shape)));
        const slope = tf.grad((x) => scale(loss(x as tf.Tensor2D)))(z);
        return tf.concat([tf.reshape(loss(z), [-1]), tf.reshape(slope, [-1])]);
      });
      const values = result.dataSync() as Float32Array;
      expected ??= values;
      assertClose(values, expected, 1e-5, `${name} on ${where}:`);
      tf.dispose([z, result]);
    });
  }
});

Deno.test("sparseSoftmaxCrossEntropy() gives the logarithm of the share that the true class gets", async () => {
  await everywhere((run, where) => {
    const loss = run(() =>
      losses.sparseSoftmaxCrossEntropy(tf.tensor1d([1], "int32"), tf.tensor2d([[0, Math.log(3)]]))
    );
    assertClose(loss.dataSync(), [Math.log(4 / 3)], 1e-6, where);
  });
});

Deno.test("dropout keeps its share and the mean, on every backend", async () => {
  const count = 40_000;
  for (const rate of [0.01, 0.2, 0.5]) {
    await everywhere((run, where) => {
      random.setState({ seed: 11, counter: 0 });
      const model = tf.sequential({ layers: [layers.dropout({ rate, inputShape: [count] })] });
      const y = run(() => model.apply(tf.ones([1, count]), { training: true }) as tf.Tensor)
        .dataSync() as Float32Array;
      const dropped = y.filter((value) => value === 0).length;
      const mean = y.reduce((sum, value) => sum + value, 0) / count;
      // Five standard deviations of a binomial, and half a step of the byte that the rate is rounded to.
      const noise = 5 * Math.sqrt(rate * (1 - rate) / count);
      assert(
        Math.abs(dropped / count - rate) < noise + 1 / 512,
        `${where}: dropped ${dropped / count}, not ${rate}`,
      );
      assert(Math.abs(mean - 1) < (noise + 1e-6) / (1 - rate), `${where}: mean ${mean}`);
      assert(new Set(y).size === 2, `${where}: ${[...new Set(y)]}`);
      assertEquals(model.apply(tf.ones([1, 3]), { training: false }) instanceof tf.Tensor, true);
      model.dispose();
    });
  }
});

Deno.test("random numbers repeat with the key, differ from call to call, and have their distribution", async () => {
  const count = 50_000;
  const draws = {
    uniform: { draw: () => random.uniform([count], -1, 3), mean: 1, deviation: 4 / Math.sqrt(12) },
    normal: { draw: () => random.normal([count], 2, 3), mean: 2, deviation: 3 },
    keepMask: { draw: () => random.keepMask([count], 0.25), mean: 1, deviation: Math.sqrt(1 / 3) },
  };
  for (const [name, { draw, mean, deviation }] of Object.entries(draws)) {
    await everywhere((run, where) => {
      random.setState({ seed: 5, counter: 9 });
      const floats = () => Float32Array.from(run(draw).dataSync());
      const first = floats(), second = floats();
      random.setState({ seed: 5, counter: 9 });
      const again = floats();
      random.setState({ seed: 6, counter: 9 });
      const other = floats();
      assertEquals(again, first, `${name} on ${where}`);
      for (const different of [second, other]) {
        const same = different.filter((value, i) => value === first[i]).length;
        assert(
          same < count * (name === "keepMask" ? 0.65 : 0.01),
          `${name} on ${where}: ${same} of ${count} alike`,
        );
      }
      const average = first.reduce((sum, value) => sum + value, 0) / count;
      const spread = Math.sqrt(first.reduce((sum, value) => sum + (value - average) ** 2, 0) / count);
      assert(
        Math.abs(average - mean) < 5 * deviation / Math.sqrt(count),
        `${name} on ${where}: mean ${average}`,
      );
      assert(
        Math.abs(spread / deviation - 1) < 0.02,
        `${name} on ${where}: deviation ${spread}, not ${deviation}`,
      );
    });
  }
});

Deno.test("a compiled step draws anew at each call and repeats from the same state", async () => {
  await use("tensorflow");
  const noise = compile(() => random.normal([64]));
  random.setState({ seed: 3, counter: 0 });
  const run = () => [1, 2, 3].map(() => [...noise().dataSync()]);
  const first = run();
  random.setState({ seed: 3, counter: 0 });
  assertEquals(run(), first);
  assert(first[0].every((value, i) => value !== first[1][i] && value !== first[2][i]));
  random.setState({ seed: 3, counter: 1 });
  assertEquals([...noise().dataSync()], first[1]);
  noise.dispose();
});

Deno.test("affine() moves pixels alike on every backend, for every rule at the border", async () => {
  const images = numbers([3, 6, 7, 2], 1), turn = Math.cos(0.4), lean = Math.sin(0.4);
  const transforms = [
    [1, 0, -2, 0, 1, 1, 0, 0],
    [turn, -lean, 1.3, lean, turn, -2.2, 0, 0],
    [1.3137, 0.2071, -4.5333, -0.1019, 0.7173, 3.1331, 0.0211, -0.0307],
  ];
  for (const interpolation of ["bilinear", "nearest"] as const) {
    for (const fillMode of ["constant", "reflect", "wrap", "nearest"] as const) {
      const options: AffineOptions = { interpolation, fillMode, fillValue: 0.3 };
      let expected: Float32Array | undefined;
      await everywhere((run, where) => {
        const moved = run(() => affine(tf.tensor4d(images, [3, 6, 7, 2]), tf.tensor2d(transforms), options));
        const values = moved.dataSync() as Float32Array;
        expected ??= values;
        assertClose(values, expected, 1e-4, `${interpolation}, ${fillMode} on ${where}:`);
      });
    }
  }
});

Deno.test("errors of the C library come back as JavaScript errors with the op and the shapes", async () => {
  await use("tensorflow");
  const run = (name: string, inputs: Record<string, tf.Tensor>, attributes: object = {}) =>
    tf.tidy(() => tf.engine().runKernel(name, inputs as tf.NamedTensorMap, attributes as tf.NamedAttrMap));
  const matrix = tf.ones([2, 3]), wide = tf.ones([4, 5]), integers = tf.tensor1d([1, 2], "int32");
  const product = assertThrows(() =>
    run("BatchMatMul", { a: matrix, b: wide }, { transposeA: false, transposeB: false })
  );
  assert(
    /MatMul/.test(product.message) && /2, ?3/.test(product.message) && /4, ?5/.test(product.message),
    product.message,
  );
  const sum = assertThrows(() => run("Add", { a: matrix, b: wide }));
  assert(/Add/.test(sum.message) && /2, ?3/.test(sum.message), sum.message);
  const types = assertThrows(() => run("Add", { a: tf.ones([2]), b: integers }));
  assert(/Add/.test(types.message) && /float|int32/.test(types.message), types.message);
  const image = assertThrows(() =>
    run("Conv2D", { x: tf.ones([1, 4, 4, 3]), filter: tf.ones([3, 3, 2, 1]) }, {
      strides: 1,
      pad: "valid",
      dataFormat: "NHWC",
      dilations: 1,
    })
  );
  assert(image.message.length > 0);
  const compiled = compile((x: tf.Tensor) => tf.engine().runKernel("Add", { a: x, b: wide }) as tf.Tensor);
  const inside = assertThrows(() => compiled(matrix));
  assert(/Add/.test(inside.message) && /2, ?3/.test(inside.message), inside.message);
  assertEquals([...tf.add(matrix, 1).dataSync()], [2, 2, 2, 2, 2, 2], "the engine works on");
});

Deno.test("reading a value inside a compiled function is an error that names the op", async () => {
  await use("tensorflow");
  const reads = compile((x: tf.Tensor) => tf.mul(x, tf.tanh(x).dataSync()[0]));
  const error = assertThrows(() => reads(tf.ones([2])));
  assert(/Tanh/.test(error.message), error.message);
});
