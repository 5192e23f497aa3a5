/** Messages as TensorFlow writes them, by the field numbers of step_stats.proto. */
import { ProtoWriter } from "../../../../lib/base/protobuf.ts";
import { decodeStepStats } from "../../../../lib/engine/native/step_stats.ts";
import { assertEquals, assertThrows } from "../../../assert.ts";

/** One op's statistics; times in ns: when it was taken up, when its kernel began and ended after that. */
function node(name: string, label: string, start: number, [from, to]: [number, number]): ProtoWriter {
  return new ProtoWriter().text(1, name).integer(2, 99).text(8, label).integer(13, start).integer(14, from)
    .integer(15, to);
}

/** RunMetadata with the statistics of these devices. */
function metadata(...devices: ProtoWriter[][]): Uint8Array {
  const stats = new ProtoWriter();
  for (const nodes of devices) {
    const device = new ProtoWriter().text(1, "/device:CPU:0");
    for (const each of nodes) device.message(2, each);
    stats.message(1, device);
  }
  return new ProtoWriter().message(1, stats).finish();
}

const PARTS = new Map([["conv_1", "conv 1"], ["outer/inner", "outer/inner"], ["outer", "outer"]]);

Deno.test("decodeStepStats() says when each op ran, how long, and of what kind the optimiser made it", () => {
  const late = node(
    "conv_1/Conv2D_3",
    "conv_1/Conv2D_3 = _MklNativeConv2D(x, y)",
    1_795_793_945_137_549_000,
    [
      1000,
      4500,
    ],
  );
  const early = node("Square_17", "", 1_795_793_945_137_547_000, [500, 750]);
  const [first, second] = decodeStepStats(metadata([late], [early]), PARTS);
  assertEquals(first, { part: "", gradient: false, node: "Square_17", op: "Square", start: 0, micros: 0.25 });
  assertEquals([second.node, second.op, second.part, second.micros], [
    "conv_1/Conv2D_3",
    "_MklNativeConv2D",
    "conv 1",
    3.5,
  ]);
  assertEquals(
    Math.round(second.start * 2) / 2,
    2.5,
    "a microsecond of 2026 in ns has no more bits in a double",
  );
});

Deno.test("decodeStepStats() finds the part that a node's name begins with, and what is of its gradient", () => {
  const parts = (name: string) => {
    const [{ part, gradient }] = decodeStepStats(metadata([node(name, "", 0, [0, 1])]), PARTS);
    return [part, gradient];
  };
  assertEquals(parts("conv_1/gradient/BiasAddGrad_4"), ["conv 1", true]);
  assertEquals(parts("outer/inner/Relu_5"), ["outer/inner", false]);
  assertEquals(parts("outer/Relu_5"), ["outer", false]);
  assertEquals(parts("outer/ArithmeticOptimizer/Reorder_Cast_5"), ["outer", false]);
  assertEquals(parts("elsewhere/outer/Relu_5"), ["", false]);
  assertEquals(parts("gradient/Relu_5"), ["", false]);
});

Deno.test("decodeStepStats() refuses what is no message, and finds nothing in an empty one", () => {
  assertEquals(decodeStepStats(new Uint8Array(), PARTS), []);
  assertThrows(() => decodeStepStats(Uint8Array.of(0x0a, 9, 1), PARTS), SyntaxError, "damaged at byte");
});
