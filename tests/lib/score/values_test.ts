/** Tensors' rows, black and white of files, and values as they are kept. */
import { fromImage, limitsOf, rawValues } from "../../../lib/score/raw_array.ts";
import {
  countValues,
  fromOnnxType,
  isTensorType,
  joinRows,
  ONNX_TYPES,
  sliceRows,
  type Tensor,
  TENSOR_TYPES,
  type TensorType,
} from "../../../lib/score/tensor.ts";
import { inputTensors } from "../../../lib/score/scorer.ts";
import { findRange, parseRange, type ValueRange } from "../../../lib/score/value_range.ts";
import type { NpyType } from "../../../lib/io/npy_type.ts";
import { assertEquals, assertThrows } from "../../assert.ts";

Deno.test("sliceRows() and joinRows() cut tensors and put them together again", () => {
  const whole: Tensor = { name: "x", type: "UINT16", shape: [3, 2], data: Uint16Array.of(1, 2, 3, 4, 5, 6) };
  const parts = [sliceRows(whole, 0, 1), sliceRows(whole, 1, 3)];
  assertEquals(parts.map(({ shape, data }) => [shape, [...data]]), [[[1, 2], [1, 2]], [[2, 2], [
    3,
    4,
    5,
    6,
  ]]]);
  assertEquals(parts[1].data.buffer, whole.data.buffer, "no copy");
  assertEquals(joinRows(parts), whole);
  assertEquals(joinRows([parts[1], parts[0]]).data, Uint16Array.of(3, 4, 5, 6, 1, 2));
  const three: Tensor = { ...whole, shape: [3, 1, 2] };
  assertEquals(joinRows([sliceRows(three, 0, 1), sliceRows(three, 1, 3)]), three);
  assertEquals(sliceRows(three, 1, 3).shape, [2, 1, 2]);
});

Deno.test("countValues() refuses shapes that no tensor has, and too many values at any side", () => {
  assertEquals([countValues([]), countValues([0, 5]), countValues([2, 3, 4]), countValues([10], 10)], [
    1,
    0,
    24,
    10,
  ]);
  for (const wrong of [[-1], [1.5], [2 ** 53], [NaN]]) {
    assertThrows(() => countValues(wrong), RangeError, `got ${wrong}`);
  }
  assertThrows(() => countValues([11], 10), RangeError, "more than 10 values");
  assertThrows(() => countValues([2 ** 16, 2 ** 16]), RangeError, "more than 2147483648 values");
  assertThrows(() => countValues([2 ** 16, 2 ** 16, 0]), RangeError, "more than");
});

Deno.test("types have ONNX Runtime's names, and no others", () => {
  for (const [type, name] of Object.entries(ONNX_TYPES)) {
    assertEquals([fromOnnxType(name), isTensorType(type)], [type, true]);
  }
  for (const other of ["FP16", "toString", "", 7, undefined]) assertEquals(isTensorType(other), false);
  assertThrows(() => fromOnnxType("string"), TypeError, 'ONNX tensor of type "string"');
});

/** The range of values of a type, and whether something was assumed. */
function range(dtype: NpyType, values: number[], more: Record<string, unknown> = {}, model?: ValueRange) {
  const data = dtype === "u1"
    ? Uint8Array.from(values)
    : dtype === "u2"
    ? Uint16Array.from(values)
    : Float32Array.from(values);
  const { range: [black, white], assumed } = findRange(
    { data, shape: [values.length], dtype, ...more },
    undefined,
    model,
  );
  return [black, white, assumed !== undefined];
}

Deno.test("findRange() knows what types and headers say, and says what it assumed of the rest", () => {
  assertEquals(range("b1", [1]), [0, 1, false]);
  assertEquals(range("u2", [9], { white: 1000 }), [0, 1000, false]);
  assertEquals(range("u1", [9], { isPicture: true }), [0, 255, false]);
  assertEquals([range("u1", [0]), range("u1", [1]), range("u1", [2])], [[0, 255, false], [0, 255, true], [
    0,
    255,
    false,
  ]]);
  for (
    const [high, white] of [
      [255, 255],
      [256, 1023],
      [1023, 1023],
      [1024, 4095],
      [4095, 4095],
      [4096, 16_383],
      [16_383, 16_383],
    ]
  ) {
    assertEquals(range("u2", [high]), [0, white, true], `${high}`);
  }
  assertEquals([range("u2", [16_384]), range("u2", [65_535])], [[0, 65_535, false], [0, 65_535, false]]);
  assertEquals([range("f4", [0.5]), range("f4", [1]), range("f4", [1.5])], [[0, 1, true], [0, 1, true], [
    0,
    255,
    true,
  ]]);
  assertThrows(
    () => range("f4", [-0.1]),
    RangeError,
    "black and white are not known: 32-bit floats from -0.1 to -0.1",
  );
  assertThrows(() => range("f4", [65_536]), RangeError, "black and white are not known");
  assertEquals(range("f4", [0.5], { limits: [0, 300] }), [0, 1023, true], "the whole file's limits count");
});

Deno.test("findRange() takes values within the model's own range for what they are, unless they are much darker", () => {
  const model: ValueRange = [0, 4095];
  assertEquals([range("u2", [256], {}, model), range("u2", [255], {}, model)], [[0, 4095, false], [
    0,
    4095,
    true,
  ]]);
  assertEquals(range("u2", [4096], {}, model), [0, 16_383, true]);
  assertEquals(range("f4", [-1, 1], {}, [-2, 2]), [-2, 2, false]);
  assertEquals(range("f4", [0.5], {}, [0, 1]), [0, 1, false]);
  assertEquals(range("u2", [200], {}, [0, 255]), [0, 255, true], "8 bits say nothing of other files");
  assertEquals(findRange({ data: Float32Array.of(-9), shape: [1], dtype: "f4" }, [-10, 10]).range, [-10, 10]);
});

Deno.test("parseRange() wants two rising numbers", () => {
  assertEquals([parseRange("0,4095"), parseRange(" -1 , 1e3 ")], [[0, 4095], [-1, 1000]]);
  for (const wrong of ["", "1", "1,", ",1", "1,1", "2,1", "a,1", "1,2,3", "0,Infinity", "NaN,1"]) {
    assertThrows(() => parseRange(wrong), RangeError, "two rising numbers");
  }
});

Deno.test("values are kept in a type of theirs, and their limits leave out what is no number", () => {
  assertEquals(limitsOf([3, NaN, -1, 2]), [-1, 3]);
  assertEquals([limitsOf([]), limitsOf([NaN])], [[0, 0], [0, 0]]);
  const bytes = Uint8Array.of(1, 2, 3);
  assertEquals(rawValues(bytes, 1).buffer, bytes.buffer, "a view");
  assertEquals(rawValues(Float64Array.of(1, 2, 3), 1, 2), Float32Array.of(2));
  assertEquals(rawValues(BigInt64Array.of(-1n, 7n)), Float32Array.of(-1, 7));
  const image = { height: 1, width: 1, channels: 1 as const, data: bytes.subarray(0, 1) };
  assertEquals(
    [8, 16, 32].map((depth) => {
      const { dtype, isPicture } = fromImage({ ...image, depth } as never);
      return [dtype, isPicture];
    }),
    [["u1", true], ["u2", true], ["f4", false]],
  );
  assertEquals([
    fromImage({ ...image, depth: 8, white: 15 } as never).white,
    "white" in fromImage({ ...image, depth: 8 } as never),
  ], [15, false]);
});

Deno.test("TENSOR_TYPES makes arrays, and views of bytes, of the width that each type has", () => {
  const widths = {
    BOOL: 1,
    UINT8: 1,
    UINT16: 2,
    UINT32: 4,
    UINT64: 8,
    INT8: 1,
    INT16: 2,
    INT32: 4,
    INT64: 8,
    FP32: 4,
    FP64: 8,
  };
  for (const [type, width] of Object.entries(widths)) {
    const { bytes, make, view } = TENSOR_TYPES[type as TensorType], seen = view(new ArrayBuffer(40), 8, 3);
    assertEquals([bytes, make(3).byteLength], [width, 3 * width], type);
    assertEquals([seen.length, seen.byteOffset, seen.byteLength], [3, 8, 3 * width], type);
  }
});

Deno.test("inputTensors() puts examples one behind the other in the type that the model takes", () => {
  const card = { inputs: [{ name: "x", shape: [2], dtype: "float32" as const, units: "" }] };
  const valuesOf = (type: TensorType, ...rows: number[][]) => {
    const examples = rows.map((row) => new Map([["x", Float32Array.from(row)]]));
    const [{ shape, data }] = inputTensors(card, [{ name: "x", type, shape: [-1, 2] }], examples);
    return [shape, Array.from(data as Float32Array)];
  };
  assertEquals(valuesOf("FP32", [1.5, 2], [3, 4]), [[2, 2], [1.5, 2, 3, 4]]);
  assertEquals(valuesOf("FP64", [1.5, 2], [3, 4]), [[2, 2], [1.5, 2, 3, 4]]);
  assertEquals(valuesOf("UINT8", [0.6, 255], [3.4, 0]), [[2, 2], [1, 255, 3, 0]]);
  assertEquals(valuesOf("INT64", [-7, 2], [3, 4]), [[2, 2], [-7n, 2n, 3n, 4n]]);
  for (const [type, value] of [["UINT8", 256], ["UINT8", -1], ["INT8", 128], ["UINT64", -1]] as const) {
    assertThrows(
      () => valuesOf(type, [1, value]),
      RangeError,
      `the model takes ${type} values: got ${value}`,
    );
  }
  const own = Float32Array.of(5, 6), [alone] = inputTensors(card, [], [new Map([["x", own]])]);
  assertEquals([alone.type, alone.data === own], ["FP32", true]);
  const lent = new Float32Array(new SharedArrayBuffer(8));
  assertEquals(inputTensors(card, [], [new Map([["x", lent]])])[0].data.buffer instanceof ArrayBuffer, true);
});
