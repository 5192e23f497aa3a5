/** Requests and responses of the v2 protocol at the ends of what each type holds. */
import { TENSOR_TYPES, type TensorType } from "../../../lib/score/tensor.ts";
import { HttpProblem } from "../../../lib/serve/problem.ts";
import {
  formatInferResponse,
  HEADER_LENGTH,
  type InferRequest,
  parseInferRequest,
} from "../../../lib/serve/v2_codec.ts";
import { assert, assertEquals, assertThrows } from "../../assert.ts";

const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const input = (datatype: unknown, data: unknown, shape: unknown = [(data as unknown[])?.length]) => ({
  inputs: [{ name: "x", datatype, shape, data }],
});
const parse = (json: unknown) => parseInferRequest(encode(json), null, []);
const valuesOf = (
  type: TensorType,
  values: readonly unknown[],
) => [...parse(input(type, values)).inputs[0].data];

/** JSON and what follows it. */
function withBinary(json: unknown, ...tail: number[]): InferRequest {
  const head = encode(json), body = new Uint8Array(head.length + tail.length);
  body.set(head);
  body.set(tail, head.length);
  return parseInferRequest(body, String(head.length), []);
}

const binaryInput = (datatype: string, shape: number[], size: unknown) => ({
  inputs: [{ name: "x", datatype, shape, parameters: { binary_data_size: size } }],
});

const refuses = (work: () => unknown, words: string) => {
  assertEquals(assertThrows(work, HttpProblem, words).status, 400);
};

Deno.test("parseInferRequest() takes whole numbers to the ends of their type, and none beyond", () => {
  const ends: Partial<Record<TensorType, [low: number, high: number]>> = {
    UINT8: [0, 255],
    UINT16: [0, 65_535],
    UINT32: [0, 2 ** 32 - 1],
    INT8: [-128, 127],
    INT16: [-32_768, 32_767],
    INT32: [-(2 ** 31), 2 ** 31 - 1],
  };
  for (const [type, [low, high]] of Object.entries(ends) as [TensorType, [number, number]][]) {
    assertEquals(valuesOf(type, [low, high]), [low, high]);
    for (const wrong of [low - 1, high + 1, 0.5]) {
      refuses(
        () => valuesOf(type, [0, wrong]),
        `inputs[0].data must hold ${type} values: got ${wrong} at index 1`,
      );
    }
  }
});

Deno.test("parseInferRequest() keeps 64-bit integers exact, and refuses those of which JSON keeps a neighbour only", () => {
  assertEquals(valuesOf("INT64", [-(2 ** 53) + 1, 2 ** 53 - 1]), [-(2n ** 53n) + 1n, 2n ** 53n - 1n]);
  assertEquals(valuesOf("UINT64", [0, 2 ** 53 - 1]), [0n, 2n ** 53n - 1n]);
  for (const type of ["INT64", "UINT64"] as const) {
    refuses(
      () => valuesOf(type, [JSON.parse("9007199254740993")]), // is read as …992
      "inputs[0].data holds a number near 9007199254740992, and numbers of JSON are exact to 2^53",
    );
  }
  for (const [type, wrong] of [["INT64", -(2 ** 63) - 2048], ["UINT64", 2 ** 65], ["UINT64", -1]] as const) {
    refuses(() => valuesOf(type, [wrong]), `must hold ${type} values: got`);
  }
});

Deno.test("parseInferRequest() takes true, false, 0 and 1 for BOOL, in JSON and in bytes, and nothing else", () => {
  assertEquals(valuesOf("BOOL", [true, false, 1, 0]), [1, 0, 1, 0]);
  refuses(() => valuesOf("BOOL", [2]), "must hold BOOL values: got 2");
  refuses(() => valuesOf("UINT8", [true]), "must hold UINT8 values: got true");
  assertEquals([...withBinary(binaryInput("BOOL", [3], 3), 0, 1, 1).inputs[0].data], [0, 1, 1]);
  for (const byte of [2, 128, 255]) {
    refuses(
      () => withBinary(binaryInput("BOOL", [3], 3), 0, 1, byte),
      "BOOL tensors must hold bytes 0 and 1",
    );
  }
});

Deno.test("parseInferRequest() takes any number for floats, nested lists in their order, and no other thing", () => {
  assertEquals(valuesOf("FP64", [0.1, -1e300]), [0.1, -1e300]);
  const nested = parse(input("FP32", [[1, [2]], [3, 4]], [2, 2])).inputs[0];
  assertEquals([[...nested.data], nested.shape, nested.type, nested.name], [
    [1, 2, 3, 4],
    [2, 2],
    "FP32",
    "x",
  ]);
  for (const wrong of ["1", null, {}, false]) {
    refuses(() => valuesOf("FP32", [wrong]), `got ${JSON.stringify(wrong)}`);
  }
  refuses(() => parse(input("FP32", [1, 2, 3], [2])), "inputs[0] of shape [2] needs 2 values: got 3");
  refuses(() => parse(input("FP32", [1], [2])), "needs 2 values: got 1");
});

Deno.test("parseInferRequest() reads bytes of every type, wherever in the body they lie", () => {
  for (const [type, { bytes: width, make }] of Object.entries(TENSOR_TYPES)) {
    if (type === "BOOL") continue;
    const values = make(2);
    const raw = new Uint8Array(values.buffer as ArrayBuffer);
    raw.forEach((_, i) => raw[i] = i + 1);
    for (const pad of ["", "a", "abc"]) { // the JSON's length decides whether values lie on a boundary
      const json = { ...binaryInput(type, [2], 2 * width), id: pad };
      const { inputs: [{ data }], id } = withBinary(json, ...raw);
      assertEquals([[...data], id], [[...values], pad], type);
    }
  }
});

Deno.test("parseInferRequest() gives each input its bytes in turn, and refuses any left over or missing", () => {
  const two = {
    inputs: [
      { name: "a", datatype: "UINT8", shape: [2], parameters: { binary_data_size: 2 } },
      { name: "b", datatype: "UINT8", shape: [1], data: [9] },
      { name: "c", datatype: "UINT16", shape: [1], parameters: { binary_data_size: 2 } },
    ],
  };
  assertEquals(withBinary(two, 1, 2, 3, 1).inputs.map(({ data }) => [...data]), [[1, 2], [9], [259]]);
  refuses(() => withBinary(two, 1, 2, 3, 1, 7), "1 bytes after the JSON belong to no input");
  refuses(() => withBinary(two, 1, 2, 3), "inputs[2] needs 2 bytes after the JSON: 1 are left");
  refuses(() => withBinary(binaryInput("UINT16", [2], 3), 1, 2, 3), "needs 4 bytes: binary_data_size is 3");
  refuses(() => withBinary(binaryInput("UINT16", [2], "4"), 1, 2, 3, 4), 'binary_data_size is "4"');
  const both = { inputs: [{ ...binaryInput("UINT8", [1], 1).inputs[0], data: [1] }] };
  refuses(() => withBinary(both, 1), "has both data and binary_data_size");
});

Deno.test("parseInferRequest() takes a body of nothing but one tensor, for a model of one fixed input", () => {
  const raw = (body: number[], shape = [-1, 2], count = 1) =>
    parseInferRequest(Uint8Array.from(body), "0", Array(count).fill({ name: "x", type: "UINT16", shape }));
  const { inputs: [{ shape, data, name }], binary, outputs } = raw([1, 0, 2, 0, 3, 0, 4, 0]);
  assertEquals([name, shape, [...data], binary, outputs], ["x", [2, 2], [1, 2, 3, 4], true, []]);
  refuses(() => raw([1, 0, 2]), "needs a multiple of 4 bytes: got 3");
  refuses(() => raw([]), "got 0");
  refuses(() => raw([1, 0], [-1, -1]), "needs a model of fixed shape: this one takes [-1,-1]");
  refuses(() => raw([1, 0], [-1, 1], 2), "needs a model of one input: this one has 2");
});

Deno.test("parseInferRequest() names what is wrong with the header's length, names, shapes and parameters", () => {
  const body = encode(input("FP32", [1]));
  for (const length of [String(body.length + 1), "-1", "1.5", "x", "1".repeat(16)]) {
    refuses(() => parseInferRequest(body, length, []), `must be a number from 0 to ${body.length}`);
  }
  const cases: [unknown, string][] = [
    [{ inputs: {} }, '"inputs" must be an array: got object'],
    [{ inputs: [7] }, "inputs[0] must be an object: got number"],
    [{ inputs: [] }, '"inputs" must hold at least one tensor'],
    [{ ...input("FP32", [1]), id: 7 }, '"id" must be a string: got number'],
    [{ inputs: [{ datatype: "FP32" }] }, "inputs[0].name must be a string"],
    [{ inputs: [{ name: "", datatype: "FP32" }] }, "inputs[0].name must be a string"],
    [input("FP16", [1]), "inputs[0].datatype must be one of BOOL, UINT8"],
    [input("FP32", [1], "1"), 'inputs[0].shape must be an array of numbers: got "1"'],
    [input("FP32", [1], Array(17).fill(1)), "at most 16 dimensions: got 17"],
    [input("FP32", [1], [-1]), "inputs[0].shape: "],
    [input("FP32", [1], [2 ** 26 + 1]), "inputs[0].shape: "],
    [input("FP32", 7, [1]), "inputs[0].data must be an array: got number"],
    [{ inputs: [...input("FP32", [1]).inputs, ...input("FP32", [1]).inputs] }, 'inputs[1] names "x" again'],
    [{ ...input("FP32", [1]), parameters: 7 }, "request.parameters must be an object: got number"],
    [
      { ...input("FP32", [1]), parameters: { a: null } },
      "request.parameters.a must be a string, number or boolean: got null",
    ],
    [
      { ...input("FP32", [1]), parameters: { binary_data_output: 1 } },
      "binary_data_output must be true or false",
    ],
    [
      { ...input("FP32", [1]), outputs: [{ name: "y", parameters: { shared_memory_region: "r" } }] },
      "asks for shared memory",
    ],
    [
      { ...input("FP32", [1]), outputs: [{ name: "y", parameters: { classification: 1.5 } }] },
      "must be a number of classes",
    ],
    [
      { ...input("FP32", [1]), outputs: [{ name: "y", parameters: { classification: -1 } }] },
      "must be a number of classes",
    ],
    [{ ...input("FP32", [1]), outputs: [{ name: "y" }, { name: "y" }] }, 'outputs name "y" twice'],
  ];
  for (const [json, words] of cases) refuses(() => parse(json), words);
});

Deno.test("parseInferRequest() says for each output whether it is binary and how many classes are asked for", () => {
  const request = parse({
    ...input("FP32", [1]),
    id: "7",
    parameters: { binary_data_output: true, other: 1 },
    outputs: [{ name: "a" }, { name: "b", parameters: { binary_data: false, classification: 3 } }],
  });
  assertEquals([request.outputs, request.binary, request.id, request.parameters.other], [
    [{ name: "a", binary: true, classes: 0 }, { name: "b", binary: false, classes: 3 }],
    true,
    "7",
    1,
  ]);
  assertEquals([parse(input("FP32", [1])).outputs, "id" in parse(input("FP32", [1]))], [[], false]);
});

const OUTPUTS = [
  { name: "p", type: "FP32" as const, shape: [2, 3], data: Float32Array.of(0.5, 0.25, 0.25, 0, 1, 0) },
  { name: "n", type: "INT64" as const, shape: [2], data: BigInt64Array.of(-1n, 2n ** 40n) },
  { name: "b", type: "BOOL" as const, shape: [2], data: Uint8Array.of(1, 0) },
];
const head = { model: "m", version: "3" };

Deno.test("formatInferResponse() writes every output as JSON where nothing else is said", async () => {
  const response = formatInferResponse({ ...head, id: "i" }, OUTPUTS, { outputs: [], binary: false });
  assertEquals(await response.json(), {
    model_name: "m",
    model_version: "3",
    id: "i",
    outputs: [
      { name: "p", datatype: "FP32", shape: [2, 3], data: [0.5, 0.25, 0.25, 0, 1, 0] },
      { name: "n", datatype: "INT64", shape: [2], data: [-1, 2 ** 40] },
      { name: "b", datatype: "BOOL", shape: [2], data: [true, false] },
    ],
  });
});

Deno.test("formatInferResponse() writes 64-bit integers digit by digit", async () => {
  const data = BigInt64Array.of(2n ** 53n + 1n, -(2n ** 63n), 5n);
  const outputs = [{ name: "n", type: "INT64" as const, shape: [3], data }];
  const response = formatInferResponse(head, outputs, { outputs: [], binary: false });
  const text = await response.text();
  assert(text.includes('"data":[9007199254740993,-9223372036854775808,5]'), text);
});

Deno.test("formatInferResponse() puts bytes behind the JSON, each output's in turn, and classes with their labels", async () => {
  const outputs = [
    { name: "n", binary: true, classes: 0 },
    { name: "p", binary: false, classes: 2 },
    { name: "p", binary: true, classes: 1 },
  ];
  const response = formatInferResponse(head, OUTPUTS, { outputs, binary: false }, () => ["zero", "one"]);
  const bytes = new Uint8Array(await response.arrayBuffer()),
    length = Number(response.headers.get(HEADER_LENGTH));
  const json = JSON.parse(new TextDecoder().decode(bytes.subarray(0, length)));
  assertEquals(json.outputs[1].data, [
    "0.500000:0:zero",
    "0.250000:1:one",
    "1.000000:1:one",
    "0.000000:0:zero",
  ]);
  assertEquals(
    json.outputs.map(({ shape, datatype }: { shape: number[]; datatype: string }) => [shape, datatype]),
    [
      [[2], "INT64"],
      [[2, 2], "BYTES"],
      [[2, 1], "BYTES"],
    ],
  );
  const tail = bytes.slice(length), texts = ["0.500000:0:zero", "1.000000:1:one"];
  assertEquals([...new BigInt64Array(tail.slice(0, 16).buffer)], [-1n, 2n ** 40n]);
  const packed = texts.flatMap((text) => [text.length, 0, 0, 0, ...new TextEncoder().encode(text)]);
  assertEquals([...tail.subarray(16)], packed);
  assertEquals(json.outputs[2].parameters.binary_data_size, packed.length);
  assert(!("id" in json));
  refuses(
    () =>
      formatInferResponse(head, OUTPUTS, {
        outputs: [{ name: "q", binary: false, classes: 0 }],
        binary: false,
      }),
    'The model has no output "q": it has "p", "n", "b"',
  );
});
