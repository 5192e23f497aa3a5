import { fromArrays, type NdArray } from "../../../lib/data/source.ts";
import { startEngine, tf } from "../../../lib/engine/mod.ts";
import { LAYERS } from "../../../lib/layers/registry.ts";
import { fit, meanSquaredError } from "../../../lib/train/mod.ts";
import { assert, assertClose, assertEquals, assertThrows } from "../../assert.ts";

type Input = readonly [values: readonly number[], shape: readonly number[]];

const made = (className: string, settings: Record<string, unknown>) =>
  LAYERS.get(className)!.keras.create(settings);

/** A model of one layer with a first state. */
function modelOf(layer: tf.layers.Layer, [x, ...states]: readonly Input[]): tf.LayersModel {
  const input = ([, shape]: Input) => tf.input({ shape: shape.slice(1) });
  const series = input(x), initialState = states.map(input);
  const y = layer.apply(series, { initialState } as never) as tf.SymbolicTensor;
  return tf.model({ inputs: [series, ...initialState], outputs: y });
}

/** Fills every weight with even steps from -0.4 to 0.6. */
function fill(model: tf.LayersModel): void {
  model.setWeights(
    model.getWeights().map(({ shape, size }) => tf.reshape(tf.linspace(-0.4, 0.6, size), shape)),
  );
}

// Printed by Keras 3.15 with the TensorFlow backend, each weight filled by np.linspace(-0.4, 0.6, size):
//   i, h, c = keras.Input((2, 3, 1)), keras.Input((3, 1)), keras.Input((3, 1))
//   m = keras.Model([i, h, c], keras.layers.ConvLSTM1D(1, 2, padding="same")(i, initial_state=[h, c]))
//   i, h, c = keras.Input((2, 3)), keras.Input((2,)), keras.Input((2,))
//   m = keras.Model([i, h], keras.layers.RNN(keras.layers.GRUCell(2))(i, initial_state=[h]))
//   m = keras.Model([i, h, c], keras.layers.RNN(keras.layers.LSTMCell(2))(i, initial_state=[h, c]))
const SERIES = [1, -2, 3, 0.5, 2, -1], H: Input = [[0.5, -1], [1, 2]], C: Input = [[0.2, 0.7], [1, 2]];
const KERAS: [name: string, make: () => tf.layers.Layer, inputs: Input[], wanted: number[]][] = [
  [
    "ConvLSTM1D",
    () => made("ConvLSTM1D", { filters: 1, kernelSize: 2, padding: "same" }),
    [[SERIES, [1, 2, 3, 1]], [[0.5, -1, 2], [1, 3, 1]], [[-1, 0.3, 1.5], [1, 3, 1]]],
    [0.17502783, 0.12145884, 0.19694045],
  ],
  [
    "RNN of a GRUCell",
    () =>
      made("RNN", { cell: made("GRUCell", { units: 2, resetAfter: true, recurrentActivation: "sigmoid" }) }),
    [[SERIES, [1, 2, 3]], H],
    [0.05001102, 0.02910652],
  ],
  [
    "RNN of an LSTMCell",
    () => made("RNN", { cell: made("LSTMCell", { units: 2, recurrentActivation: "sigmoid" }) }),
    [[SERIES, [1, 2, 3]], H, C],
    [0.08715649, 0.27120075],
  ],
];

for (const backend of ["cpu", "wasm", "tensorflow"] as const) {
  Deno.test(`a first state goes into ConvLSTM and an RNN of one cell as in Keras, on ${backend}`, async () => {
    await startEngine({ backend });
    for (const [name, make, inputs, wanted] of KERAS) {
      const model = modelOf(make(), inputs);
      fill(model);
      const y = model.predict(
        inputs.map(([values, shape]) => tf.tensor([...values], [...shape])),
      ) as tf.Tensor;
      // The GRU's values are small differences of larger ones, by which each processor's kernels are off.
      assertClose(y.dataSync(), wanted, 2e-6, name, 0.25);
      model.dispose();
    }
  });
}

Deno.test("fit() trains through first states, whatever the shards", async () => {
  await startEngine({ backend: "cpu" });
  const count = 4, lstm = () => made("LSTM", { units: 2 });
  for (
    const [make, inputs] of [
      [lstm, [[SERIES, [1, 2, 3]], H, C]] as const,
      ...KERAS.map(([, ...rest]) => rest),
    ]
  ) {
    const losses = [1, 2].map(async (shards) => {
      const model = modelOf(make(), inputs);
      fill(model);
      const tiled = ([values, [, ...shape]]: Input): NdArray => ({
        data: Float32Array.from(
          { length: count * values.length },
          (_, i) => values[i % values.length] + i / 9,
        ),
        shape: [count, ...shape],
      });
      const x = Object.fromEntries(model.inputNames.map((name, i) => [name, tiled(inputs[i])]));
      const sides = model.outputs[0].shape.slice(1) as number[];
      const y = new Float32Array(sides.reduce((product, side) => product * side, count));
      const source = fromArrays(x, { [model.outputNames[0]]: { data: y, shape: [count, ...sides] } });
      const { epochs } = await fit(model, source, {
        loss: meanSquaredError(),
        epochs: 2,
        batch: count,
        shards,
      });
      return epochs.map(({ loss }) => loss);
    });
    const [whole, cut] = [await losses[0], await losses[1]];
    assertClose(cut, whole, 1e-5);
    assert(whole[1] < whole[0]);
  }
});

Deno.test("a first state that does not fit is refused by name", async () => {
  await startEngine({ backend: "cpu" });
  const [[, film, [x, h]], [, , gru]] = KERAS;
  assertThrows(() => modelOf(film(), [x, h]), TypeError, "must be of shapes [[3,1],[3,1]]: got [[3,1]]");
  const cells = [made("GRUCell", { units: 2 }), made("GRUCell", { units: 2 })];
  const stack = made("RNN", { cell: made("StackedRNNCells", { cells }) });
  assertThrows(() => modelOf(stack, gru), TypeError, "into an RNN of one cell only");
  assertEquals(modelOf(film(), [x, h, h]).outputs[0].shape, [null, 3, 1]);
});
