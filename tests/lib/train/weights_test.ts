import { startEngine, tf } from "../../../lib/engine/mod.ts";
import { applyConstraints } from "../../../lib/train/constraints.ts";
import { builtModel } from "../../../lib/engine/mod.ts";
import { orderInputs } from "../../../lib/train/model_inputs.ts";
import { LAYERS } from "../../../lib/layers/registry.ts";
import { flatLayers, regularization } from "../../../lib/train/regularization.ts";
import { mainModel, modelsOf } from "../../../lib/train/step.ts";
import {
  allVariables,
  assignValues,
  copyValues,
  countParameters,
  gradientsOf,
  trainedVariables,
} from "../../../lib/train/weights.ts";
import { assert, assertClose, assertEquals, assertThrows } from "../../assert.ts";

await startEngine({ backend: "cpu" });

const { dense } = tf.layers;
const values = (tensors: readonly tf.Tensor[]) => tensors.map((tensor) => [...tensor.dataSync()]);

/** Six weights trained, two moments kept, and a layer used twice. */
function model(): tf.LayersModel {
  const input = tf.input({ shape: [2] }), shared = dense({ units: 2, name: "shared" });
  const once = shared.apply(input) as tf.SymbolicTensor;
  const norm = tf.layers.batchNormalization({ scale: false, center: false }).apply(once);
  return tf.model({ inputs: input, outputs: shared.apply(norm) as tf.SymbolicTensor });
}

Deno.test("variables of a model come once each, the moments of batch normalisation among all", () => {
  const one = model();
  assertEquals(trainedVariables(one).map(({ shape }) => shape), [[2, 2], [2]]);
  assertEquals(allVariables(one).map(({ shape }) => shape), [[2, 2], [2], [2], [2]]);
  assertEquals(countParameters(tf.sequential({ layers: [dense({ units: 3, inputShape: [4] })] })), 15);
  one.layers[1].trainable = false;
  assertEquals(trainedVariables(one).length, 0);
});

Deno.test("gradientsOf() gives zero for what the loss does not depend on, in the order asked for", () => {
  const [a, b] = [tf.variable(tf.scalar(3)), tf.variable(tf.tensor1d([1, 2]))];
  const { value, gradients } = gradientsOf(() => tf.mul(a, a) as tf.Scalar, [b, a]);
  assertEquals([value.dataSync()[0], values(gradients)], [9, [[0, 0], [6]]]);
});

Deno.test("copyValues() and assignValues() part from their variables", () => {
  const variable = tf.variable(tf.tensor1d([1, 2]));
  const copies = copyValues([variable]);
  variable.assign(tf.tensor1d([5, 6]));
  assertEquals(values(copies), [[1, 2]]);
  assignValues([variable], copies);
  tf.dispose(copies);
  assertEquals(values([variable]), [[1, 2]]);
});

Deno.test("applyConstraints() brings trained weights back, and lets frozen ones be", () => {
  const make = (trainable: boolean) =>
    tf.sequential({
      layers: [dense({
        units: 1,
        inputShape: [2],
        trainable,
        kernelConstraint: "nonNeg",
        kernelInitializer: tf.initializers.constant({ value: -2 }),
      })],
    });
  const before = tf.memory().numTensors, [trained, frozen] = [make(true), make(false)];
  applyConstraints(trained);
  applyConstraints(frozen);
  assertEquals(
    values([trained.getWeights()[0], frozen.getWeights()[0]]),
    [[0, 0], [-2, -2]].map((row) => row.map((v) => v + 0)),
  );
  assertEquals(tf.memory().numTensors, before + 4);
});

Deno.test("regularization() finds layers of nested models once, and none that are frozen, themselves or by their model", () => {
  const layer = (name: string, value: number, trainable = true) =>
    dense({
      units: 1,
      useBias: false,
      name,
      trainable,
      kernelInitializer: tf.initializers.constant({ value }),
      kernelRegularizer: tf.regularizers.l2({ l2: 1 }),
    });
  const inner = tf.sequential({
    layers: [dense({ units: 1, inputShape: [1] }), layer("in", 2), layer("still", 9, false)],
  });
  const input = tf.input({ shape: [1] });
  const twice = inner.apply(inner.apply(layer("out", 3).apply(input))) as tf.SymbolicTensor;
  const whole = tf.model({ inputs: input, outputs: twice });
  assertClose(regularization(whole).map((term) => term.dataSync()[0]), [9, 4], 1e-6);
  const states = flatLayers(whole).filter(({ layer }) => ["out", "in", "still"].includes(layer.name));
  assertEquals(states.map(({ layer, trained }) => [layer.name, trained]), [["out", true], ["in", true], [
    "still",
    false,
  ]]);
  inner.trainable = false;
  assertClose(regularization(whole).map((term) => term.dataSync()[0]), [9], 1e-6);
  whole.trainable = false;
  assertEquals(regularization(whole), []);
});

Deno.test("builtModel() names a sequential model's tensors, and says what one without a shape lacks", () => {
  const plain = tf.sequential({ layers: [dense({ units: 1, inputShape: [2] })] });
  assertEquals(builtModel(plain), plain);
  assertEquals(plain.outputNames.length, 1);
  const functional = model();
  assertEquals(builtModel(functional), functional);
  const vague = tf.sequential({ name: "vague" });
  assertThrows(
    () => builtModel(vague),
    TypeError,
    'Cannot use model "vague" as its first layer has no inputShape',
  );
});

Deno.test("orderInputs() takes inputs in the model's order, a single one by any name", () => {
  const a = tf.input({ shape: [1], name: "a" }), b = tf.input({ shape: [1], name: "b" });
  const sum = tf.layers.add().apply([a, b]) as tf.SymbolicTensor;
  const two = tf.model({ inputs: [a, b], outputs: sum, name: "two" });
  const [x, y] = [{ shape: [5, 1] }, { shape: [7, 1] }];
  assertEquals(orderInputs(two, { b: y, a: x }), [x, y]);
  for (const inputs of [{ a: x }, { a: x, c: y }, { a: x, b: y, c: x }]) {
    assertThrows(
      () => orderInputs(two, inputs as Record<string, typeof x>),
      TypeError,
      `the inputs ${Object.keys(inputs).join(", ")} as it takes a, b`,
    );
  }
  const one = builtModel(tf.sequential({ layers: [dense({ units: 1, inputShape: [2] })] }));
  const pair = { shape: [3, 2] };
  assertEquals(orderInputs(one, { picture: pair }), [pair]);
  assertThrows(() => orderInputs(one, { a: pair, b: pair }), TypeError, "the inputs a, b");
  for (const shape of [[3, 1], [3, 2, 1], [3]]) {
    assertThrows(
      () => orderInputs(one, { picture: { shape } }),
      TypeError,
      `input "picture" as an example of it is [${shape.slice(1).join(", ")}]: it takes [2]`,
    );
  }
  const any = builtModel(
    tf.sequential({
      layers: [tf.layers.globalMaxPooling1d({ inputShape: [null, 2] as unknown as number[] })],
    }),
  );
  orderInputs(any, { signal: { shape: [3, 99, 2] } });
});

Deno.test("modelsOf() calls a single one model, and leaves several as they are", () => {
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [1] })] });
  const several = { first: model, second: model };
  assert(modelsOf(model).model === model && modelsOf(several) === several);
});

Deno.test("mainModel() is the first of several, and there must be one", () => {
  const [first, second] = [model(), model()];
  assert(mainModel({ first, second }) === first);
  assertThrows(() => mainModel({}), TypeError, "Cannot train without a model");
});

Deno.test("regularization() counts what is asked of cells and of layers inside layers, as Keras does", () => {
  // Sums of squares of ones: an LSTM of 2 units on 3 channels has kernels [3, 8] and [2, 8], a dense layer [3, 2].
  const asked = { className: "L1L2", config: { l1: 0, l2: 1 } };
  const ones = {
    kernelInitializer: "ones",
    kernelRegularizer: asked,
    recurrentInitializer: "ones",
    recurrentRegularizer: asked,
  };
  const make = (name: string, settings: object) => LAYERS.get(name)!.keras.create({ ...settings });
  const lstm = () => make("LSTM", { units: 2, ...ones }), dense = () => make("Dense", { units: 2, ...ones });
  const wanted: [tf.layers.Layer, number[]][] = [
    [lstm(), [24, 16]],
    [make("Bidirectional", { layer: lstm() }), [24, 16, 24, 16]],
    [make("RNN", { cell: make("LSTMCell", { units: 2, ...ones }) }), [24, 16]],
    [make("TimeDistributed", { layer: dense() }), [6]],
    [make("SpectralNormalization", { layer: dense() }), [6]],
    [make("Pipeline", { layers: [dense()] }), [6]],
  ];
  for (const [layer, terms] of wanted) {
    const x = tf.input({ shape: [4, 3] });
    const model = tf.model({ inputs: x, outputs: layer.apply(x) as tf.SymbolicTensor });
    assertEquals(regularization(model).map((term) => term.dataSync()[0]), terms, layer.getClassName());
    layer.trainable = false;
    assertEquals(regularization(model), [], layer.getClassName());
    model.dispose();
  }
});
