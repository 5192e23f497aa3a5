/** What becomes of a foreign network: where its head begins, what is put in its place, and what cannot be taken over. */
import { startEngine, tf } from "../../../lib/engine/mod.ts";
import { adoptModel } from "../../../lib/run/adopt_model.ts";
import { assertClose, assertEquals, assertThrows } from "../../assert.ts";

await startEngine({ backend: "cpu" });

const { layers } = tf;
type Symbol = tf.SymbolicTensor;

/** The experiment's own: pictures of 4 × 5 pixels to as many numbers. */
function own(units: number, activation: "softmax" | "sigmoid" | "linear" = "softmax"): tf.LayersModel {
  return tf.sequential({
    name: "own",
    layers: [layers.flatten({ inputShape: [4, 5, 1] }), layers.dense({ units, activation, name: "kind" })],
  });
}

/** A network of the same pictures from its layers in a row. */
function foreign(...list: tf.layers.Layer[]): tf.LayersModel {
  const x = tf.input({ shape: [4, 5, 1] });
  const y = list.reduce((y, layer) => layer.apply(y) as Symbol, x as Symbol);
  return tf.model({ inputs: x, outputs: y, name: "foreign" });
}

const classesOf = ({ layers }: tf.LayersModel) => layers.map((layer) => layer.getClassName());
const bright = () => tf.ones([1, 4, 5, 1]);

Deno.test("adoptModel() takes off a Dense at the end, with what only activates or drops behind it", () => {
  for (
    const end of [
      [],
      [layers.activation({ activation: "softmax" })],
      [layers.dropout({ rate: 0.5 }), layers.activation({ activation: "softmax" })],
    ]
  ) {
    const head = layers.dense({ units: 3, kernelInitializer: "ones", biasInitializer: "ones" });
    const network = foreign(
      layers.flatten(),
      layers.dense({ units: 2, kernelInitializer: "ones" }),
      head,
      ...end,
    );
    const other = adoptModel(own(4), network);
    assertEquals(classesOf(other), ["InputLayer", "Flatten", "Dense", "Dense"]);
    assertEquals([other.outputNames, other.outputs[0].shape, other.name], [["kind"], [null, 4], "own"]);
    // The head fits, so its weights are taken: 20 + 20 + 1 of two features that are sums of 20 pixels.
    const same = adoptModel(own(3, "linear"), network);
    assertClose((same.predict(bright()) as tf.Tensor).dataSync(), [41, 41, 41]);
    const shares = adoptModel(own(3), network);
    assertClose((shares.predict(bright()) as tf.Tensor).dataSync(), [1 / 3, 1 / 3, 1 / 3]);
  }
});

Deno.test("adoptModel() keeps a network that ends in no Dense whole, and takes the mean over its places", () => {
  const ends: [tf.layers.Layer[], string[]][] = [
    [[layers.conv2d({ filters: 2, kernelSize: 2 })], ["Conv2D", "GlobalAveragePooling2D", "Dense"]],
    [[layers.reshape({ targetShape: [4, 5] })], ["Reshape", "GlobalAveragePooling1D", "Dense"]],
    [[layers.flatten()], ["Flatten", "Dense"]],
    [[layers.dense({ units: 2 })], ["Dense", "GlobalAveragePooling2D", "Dense"]], // one a pixel is no head
  ];
  for (const [list, classes] of ends) {
    const made = adoptModel(own(2), foreign(...list));
    assertEquals(classesOf(made), ["InputLayer", ...classes]);
    assertEquals(made.outputs[0].shape, [null, 2]);
  }
  const x = tf.input({ shape: [4, 5, 1] }), flat = layers.flatten().apply(x) as Symbol;
  const both = layers.add().apply([flat, layers.dense({ units: 20 }).apply(flat) as Symbol]) as Symbol;
  const joined = adoptModel(own(2), tf.model({ inputs: x, outputs: both }));
  assertEquals(classesOf(joined).slice(-2), ["Add", "Dense"], "a sum has no head");
});

Deno.test("adoptModel() says why a network cannot take an experiment's place", () => {
  const refuse = (mine: tf.LayersModel, network: tf.LayersModel, why: string) =>
    assertThrows(
      () => adoptModel(mine, network),
      TypeError,
      `Cannot take the network "foreign" over as ${why}`,
    );
  const x = tf.input({ shape: [4, 5, 1] }), flat = layers.flatten().apply(x) as Symbol;
  const twice = tf.model({
    inputs: x,
    outputs: [flat, layers.dense({ units: 1 }).apply(flat) as Symbol],
    name: "foreign",
  });
  refuse(own(2), twice, "it and the experiment's own must have one input and one output");
  refuse(twice, foreign(layers.flatten()), "it and the experiment's own must have one input and one output");
  const wide = tf.sequential({ layers: [layers.flatten({ inputShape: [4, 6, 1] })], name: "foreign" });
  refuse(own(2), wide, "it takes [4, 6, 1]: the experiment gives [4, 5, 1]");
  const flatInput = tf.sequential({
    layers: [layers.dense({ units: 1, inputShape: [20] })],
    name: "foreign",
  });
  refuse(own(2), flatInput, "it takes [20]: the experiment gives [4, 5, 1]");
  const mask = tf.sequential({ layers: [layers.dense({ units: 2, inputShape: [4, 5, 1] })], name: "mask" });
  refuse(mask, foreign(layers.flatten()), "the experiment's output must be a row: it is [4, 5, 2]");
  const deep = foreign(layers.reshape({ targetShape: [2, 2, 5, 1] }));
  refuse(own(2), deep, "its last layer gives 3 axes of places");
});
