import { startEngine, tf } from "../../../lib/engine/mod.ts";
import { buildTutorialCnn } from "../../../lib/models/tutorial_cnn.ts";
import { formatSummary, summarizeModel } from "../../../lib/models/summary.ts";
import { plotModelGraph } from "../../../lib/plot/mod.ts";
import { assert, assertEquals } from "../../assert.ts";

await startEngine({ backend: "cpu" });

// keras.Sequential of the tutorial's layers, model.summary() of Keras 3.15: 235,262 parameters (918.99 KB).
Deno.test("formatSummary() has Keras's columns, shapes and sizes", () => {
  const model = buildTutorialCnn();
  model.getLayer("block1_conv").trainable = false;
  const text = formatSummary(summarizeModel(model)).split("\n");
  assertEquals(text[0], 'Model: "tutorial_cnn"');
  assert(/^block1_conv \(Conv2D\) +\(None, 28, 28, 24\) +240$/.test(text[4]), text[4]);
  assert(text.includes("Total params: 235,262 (918.99 KB)"), text.join("\n"));
  assert(text.includes("Trainable params: 235,022 (918.05 KB)"), text.join("\n"));
  assert(text.includes("Non-trainable params: 240 (960.00 B)"), text.join("\n"));
});

/** A diamond: one input, two ways, one sum. */
function diamond(): tf.LayersModel {
  const input = tf.input({ shape: [3], name: "x" });
  const way = (name: string) => tf.layers.dense({ units: 2, name }).apply(input) as tf.SymbolicTensor;
  const sum = tf.layers.add({ name: "sum" }).apply([way("left"), way("right")]) as tf.SymbolicTensor;
  return tf.model({ inputs: input, outputs: sum, name: "diamond" });
}

Deno.test("summarizeModel() says where a layer's input comes from", () => {
  const { layers } = summarizeModel(diamond());
  assertEquals(layers.map(({ name, from }) => [name, from]), [["x", []], ["left", ["x"]], ["right", ["x"]], [
    "sum",
    ["left", "right"],
  ]]);
  assert(formatSummary(summarizeModel(diamond())).includes("left, right"));
});

Deno.test("plotModelGraph() draws a box a layer below what it takes, and a line an input", () => {
  const spec = plotModelGraph(summarizeModel(diamond()).layers);
  const [lines, boxes] = spec.layer as { data: { values: { x: number; y: number; y2: number }[] } }[];
  assertEquals([lines.data.values.length, boxes.data.values.length], [4, 4]);
  assert(lines.data.values.every(({ y, y2 }) => y < y2), "a line goes upwards");
  const rows = boxes.data.values.map(({ y }) => y);
  assertEquals(rows[1], rows[2], "both ways stand side by side");
  assert(rows[0] < rows[1] && rows[2] < rows[3]);
});
