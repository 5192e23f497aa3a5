/** What a call of a layer in a Keras file may be. */
import { endsOf, flattenTensors } from "../../../lib/export/_keras_nodes.ts";
import { layerOfOperation } from "../../../lib/export/_keras_operations.ts";
import { startEngine, tf } from "../../../lib/engine/mod.ts";
import type { JsonObject } from "../../../lib/layers/keras_settings.ts";
import { assertClose, assertEquals, assertThrows } from "../../assert.ts";

const fail = (why: string) => new SyntaxError(why);
/** A tensor of a file: the layer that made it, in which call, and which of its outputs. */
const tensor = (layer: string, call = 0, output = 0) => ({
  class_name: "__keras_tensor__",
  config: { keras_history: [layer, call, output] },
});
const flatten = (args: unknown[], kwargs: Record<string, unknown> = {}) =>
  flattenTensors({ args, kwargs } as JsonObject, "it", fail);

Deno.test("flattenTensors() finds the tensors of a call in Keras's order, and its states behind them", () => {
  assertEquals(flatten([tensor("a")]), { inputs: [["a", 0, 0]], states: 0, options: {} });
  const lists = [[tensor("a"), tensor("b", 1, 2)], { z: tensor("z"), c: tensor("c") }];
  assertEquals(flatten(lists).inputs, [["a", 0, 0], ["b", 1, 2], ["c", 0, 0], ["z", 0, 0]]);
  assertEquals(flatten([tensor("a"), 2, null]).inputs, [["a", 0, 0]]); // numbers are of the operation
  const byName = { key: tensor("k"), query: tensor("q"), value: null };
  assertEquals(flatten([], byName).inputs, [["q", 0, 0], ["k", 0, 0]]);
  const withStates = flatten([tensor("a")], { initial_state: [tensor("h"), tensor("c")] });
  assertEquals(withStates, { inputs: [["a", 0, 0], ["h", 0, 0], ["c", 0, 0]], states: 2, options: {} });
});

Deno.test("flattenTensors() passes over options that change nothing, and refuses those that would", () => {
  const idle = {
    training: false,
    mask: [null, null],
    initial_state: null,
    query_mask: null,
    value_mask: null,
    key_mask: null,
    attention_mask: null,
    return_attention_scores: false,
    use_causal_mask: false,
  };
  assertEquals(flatten([tensor("a")], idle).inputs.length, 1);
  assertEquals(flatten([tensor("a")], { training: null }).inputs.length, 1);
  const others = {
    training: true,
    mask: true,
    return_attention_scores: true,
    use_causal_mask: true,
    shell: "rm",
  };
  for (const [option, value] of Object.entries(others)) {
    const words = `layer "it" is called with ${option} ${JSON.stringify(value)}, which is not supported`;
    assertThrows(() => flatten([tensor("a")], { [option]: value }), SyntaxError, words);
  }
});

Deno.test("flattenTensors() refuses what is no tensor of the model, and damaged calls", () => {
  const broken = [["a", 0], ["a", "0", 0], [1, 0, 0], ["a", 0.5, 0], "a"];
  const strangers = [
    "a",
    true,
    { class_name: "Evil", config: {} },
    ...broken.map((history) => ({
      class_name: "__keras_tensor__",
      config: { keras_history: history },
    })),
  ];
  const words = 'layer "it" has an input that is no tensor of the model';
  for (const stranger of strangers) {
    assertThrows(() => flatten([stranger]), SyntaxError, words);
    assertThrows(() => flatten([tensor("a")], { value: stranger }), SyntaxError, words);
  }
  assertThrows(() => flatten([]), SyntaxError, 'layer "it" is called without inputs');
  for (const node of [null, {}, { args: 1 }, { args: [], kwargs: [] }]) {
    assertThrows(
      () => flattenTensors(node as JsonObject, "it", fail),
      SyntaxError,
      'a call of layer "it" is damaged',
    );
  }
});

Deno.test("endsOf() names a model's ends by its layers, or by the keys of a dictionary", () => {
  assertEquals(endsOf(["a", 0, 0], "inputs", fail), { histories: [["a", 0, 0]], names: ["a"] });
  assertEquals(endsOf([["a", 0, 0], ["b", 0, 1]], "inputs", fail).names, ["a", "b"]);
  const named = endsOf({ y: ["b", 0, 0], x: ["a", 0, 0] }, "outputs", fail);
  assertEquals(named.names.toSorted(), ["x", "y"]);
  assertEquals(named.histories[named.names.indexOf("x")], ["a", 0, 0]);
  assertThrows(() => endsOf(undefined, "outputs", fail), SyntaxError, "outputs");
});

Deno.test("layerOfOperation() makes sums, products and scalings, and no operation that is not listed", async () => {
  await startEngine({ backend: "cpu" });
  const apply = (className: string, args: unknown[], ...inputs: number[]) => {
    const node = { args: args.map((arg) => arg === "x" ? tensor("x") : arg), kwargs: {} };
    const object = {
      class_name: className,
      module: "keras.src.ops.numpy",
      name: "it",
      inbound_nodes: [node],
    };
    const layer = layerOfOperation(object as unknown as JsonObject, "it", fail);
    const tensors = inputs.map((input) => tf.tensor2d([[input]]));
    return (layer.apply(tensors.length > 1 ? tensors : tensors[0]) as tf.Tensor).dataSync()[0];
  };
  assertClose(apply("Add", ["x", 3], 4), 7);
  assertClose(apply("Subtract", ["x", 3], 4), 1);
  assertClose(apply("Subtract", [3, "x"], 4), -1);
  assertClose(apply("Multiply", ["x", 3], 4), 12);
  assertClose(apply("Add", ["x", "x"], 4, 5), 9);
  assertClose(apply("Multiply", ["x", "x"], 4, 5), 20);
  assertThrows(() => apply("Exp", ["x"], 1), SyntaxError, 'operation "Exp" from "keras.src.ops.numpy"');
  assertThrows(() => apply("toString", ["x", "x"], 1, 2), SyntaxError, 'operation "toString"');
});
