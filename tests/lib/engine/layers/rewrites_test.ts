/** Which pairs of layers run as one: what comes of it is compared in shards_test.ts, and nothing shows there that none did. */
import { findRewrites } from "../../../../lib/engine/layers/rewrites.ts";
import { graphOf } from "../../../../lib/engine/model_graph.ts";
import { startEngine, tf } from "../../../../lib/engine/mod.ts";
import { assertEquals } from "../../../assert.ts";

const { layers } = tf;
type Symbol = tf.SymbolicTensor;

const input = () => tf.input({ shape: [6, 6, 2] });
const apply = (x: Symbol, ...list: tf.layers.Layer[]) =>
  list.reduce((y, layer) => layer.apply(y) as Symbol, x);
const convolution = (settings: object = {}) =>
  layers.conv2d({ filters: 2, kernelSize: 3, padding: "same", activation: "relu", ...settings });
const pool = (name = "pool") => layers.maxPooling2d({ poolSize: 2, name });
const drop = (settings: object = {}) => layers.dropout({ rate: 0.5, name: "drop", ...settings });
const normal = (settings: object = {}) => layers.batchNormalization(settings);

/** A model of one input from its layers in a row. */
function chain(...list: tf.layers.Layer[]): tf.LayersModel {
  const x = input();
  return tf.model({ inputs: x, outputs: apply(x, ...list) });
}

/** Names of the layers that run with the one before them. */
function rewritten(model: tf.LayersModel, training: boolean): string[] {
  return [...findRewrites(graphOf(model)!, training).keys()].map(({ name }) => name.replace(/_\d+$/, ""));
}

/** By what they are: models, and which layers are rewritten in prediction, in training, and in training on the native backend. */
const MODELS: Record<
  string,
  [make: () => tf.LayersModel, always: string[], training: string[], native: string[]]
> = {
  "convolution, pooling": [() => chain(convolution(), pool()), ["pool"], ["pool"], ["pool"]],
  "linear convolution, pooling": [
    () => chain(convolution({ activation: "linear" }), pool()),
    ["pool"],
    ["pool"],
    ["pool"],
  ],
  "sigmoid convolution, pooling": [() => chain(convolution({ activation: "sigmoid" }), pool()), [], [], []],
  "convolution, mean pooling": [
    () => chain(convolution(), layers.averagePooling2d({ poolSize: 2 })),
    [],
    [],
    [],
  ],
  "convolution, dropout": [() => chain(convolution(), drop()), [], ["drop"], ["drop"]],
  "linear convolution, dropout": [() => chain(convolution({ activation: "linear" }), drop()), [], [], []],
  "convolution, dropout at no rate": [() => chain(convolution(), drop({ rate: 0 })), [], [], []],
  "convolution, dropout of a shape": [
    () => chain(convolution(), drop({ noiseShape: [null, 1, 1, 2] })),
    [],
    [],
    [],
  ],
  "relu by itself, dropout": [() => chain(layers.activation({ activation: "relu" }), drop()), [], [], []],
  "dense, dropout": [() => chain(layers.dense({ units: 3, activation: "relu" }), drop()), [], ["drop"], [
    "drop",
  ]],
  "normalisation, pooling": [() => chain(normal(), pool()), [], [], ["pool"]],
  "frozen normalisation, pooling": [() => chain(normal({ trainable: false }), pool()), [], [], []],
  "normalisation of another axis, pooling": [() => chain(normal({ axis: 1 }), pool()), [], [], []],
  "normalisation, pooling of channels first": [
    () => chain(normal(), layers.maxPooling2d({ poolSize: 2, dataFormat: "channelsFirst" })),
    [],
    [],
    [],
  ],
  "convolution that is an output as well": [
    () => {
      const x = input(), y = apply(x, convolution());
      return tf.model({ inputs: x, outputs: [y, apply(y, pool())] });
    },
    [],
    [],
    [],
  ],
  "convolution that two layers read": [
    () => {
      const x = input(), y = apply(x, convolution());
      return tf.model({ inputs: x, outputs: [apply(y, pool()), apply(y, layers.flatten())] });
    },
    [],
    [],
    [],
  ],
  "convolution that is used twice": [
    () => {
      const a = input(), b = input(), shared = convolution();
      return tf.model({
        inputs: [a, b],
        outputs: [apply(a, shared, pool()), apply(b, shared, pool("again"))],
      });
    },
    [],
    [],
    [],
  ],
};

for (const backend of ["cpu", "tensorflow"] as const) {
  Deno.test(`findRewrites() finds the pairs that may run as one, and no others, on ${backend}`, async () => {
    await startEngine({ backend });
    for (const [name, [make, always, training, native]] of Object.entries(MODELS)) {
      const model = make();
      assertEquals(rewritten(model, false), always, `${name}, in prediction`);
      assertEquals(
        rewritten(model, true),
        backend === "tensorflow" ? native : training,
        `${name}, in training`,
      );
      model.dispose();
    }
  });
}
