/** Ends of foreign ONNX files: the same numbers under other names, channels moved to the end. */
import { renameOnnxEnds } from "../../../lib/export/onnx_ends.ts";
import { openSession } from "../../../lib/score/session.ts";
import { assertClose, assertEquals, assertThrows } from "../../assert.ts";

/**
 * `x:0` [batch, 3, 4, 5] → Relu → `z`; made by
 * ```py
 * import base64, onnx
 * from onnx import helper as h, TensorProto as T
 * x = h.make_tensor_value_info("x:0", T.FLOAT, ["batch", 3, 4, 5])
 * z = h.make_tensor_value_info("z", T.FLOAT, ["batch", 3, 4, 5])
 * graph = h.make_graph([h.make_node("Relu", ["x:0"], ["z"])], "g", [x], [z])
 * model = h.make_model(graph, opset_imports=[h.make_opsetid("", 17)], ir_version=8)
 * print(base64.b64encode(model.SerializeToString()).decode())
 * ```
 */
const RELU =
  "CAg6WQoOCgN4OjASAXoiBFJlbHUSAWdaIgoDeDowEhsKGQgBEhUKBxIFYmF0Y2gKAggDCgIIBAoCCAViIAoBehIbChkIARIVCgcS" +
  "BWJhdGNoCgIIAwoCCAQKAggFQgQKABAR";

Deno.test("renameOnnxEnds() turns images and leaves their values", async () => {
  const session = await openSession(renameOnnxEnds(Uint8Array.fromBase64(RELU), {
    inputs: [{ from: "x:0", name: "image", channelsFirst: true }],
    outputs: [{ from: "z", name: "mask", channelsFirst: true }],
  }));
  assertEquals(session.inputs, [{ name: "image", type: "FP32", shape: [-1, 4, 5, 3] }]);
  assertEquals(session.outputs, [{ name: "mask", type: "FP32", shape: [-1, 4, 5, 3] }]);
  const data = Float32Array.from({ length: 120 }, (_, i) => i - 20);
  const [mask] = await session.run([{ name: "image", type: "FP32", shape: [2, 4, 5, 3], data }]);
  assertEquals(mask.shape, [2, 4, 5, 3]);
  assertClose(mask.data as Float32Array, data.map((value) => Math.max(value, 0)), 0);
  await session.close();
});

Deno.test("renameOnnxEnds() gives another name and changes nothing else", async () => {
  const bytes = renameOnnxEnds(Uint8Array.fromBase64(RELU), {
    inputs: [{ from: "x:0", name: "x" }],
    outputs: [],
  });
  const session = await openSession(bytes);
  assertEquals(session.inputs.map(({ name, shape }) => [name, shape]), [["x", [-1, 3, 4, 5]]]);
  assertEquals(session.outputs.map(({ name }) => name), ["z"]);
  await session.close();
});

Deno.test("renameOnnxEnds() refuses bytes that are no model", () => {
  const none = { inputs: [], outputs: [] };
  assertThrows(() => renameOnnxEnds(Uint8Array.of(8, 8), none), SyntaxError, "holds no graph");
  assertThrows(() => renameOnnxEnds(Uint8Array.of(58, 200), none), SyntaxError, "damaged at byte 2");
});
