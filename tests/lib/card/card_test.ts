import { type CardInput, formatCard, parseCard, stepsOf } from "../../../lib/card/card.ts";
import { inputKindOf } from "../../../lib/card/inputs/registry.ts";
import { kindOf } from "../../../lib/card/outputs/registry.ts";
import { assert, assertEquals, assertThrows } from "../../assert.ts";
import { exampleCard } from "./example_card.ts";

/** A card that uses every field there is. */
const full: CardInput = {
  ...exampleCard("recoil"),
  version: "3",
  description: "Recoil type and energy",
  preprocessing: [
    { op: "grey" },
    { op: "resize", height: 64, width: 32 },
    { op: "cropCenter", size: 32 },
    { op: "window", low: 60, high: 130 },
    { op: "scale", factor: 1 / 70, offset: -0.5 },
    { op: "invertIfBright" },
  ],
  outputs: [
    { name: "kind", kind: "probability", labels: ["ER", "NR"], threshold: 0.4 },
    {
      name: "energy",
      kind: "value",
      units: "keV",
      factor: 30,
      uncertainty: { edges: [0, 5, 35], sigma: [0.8, 1.2] },
    },
  ],
  metrics: {
    auc: {
      value: 0.9,
      low: 0.89,
      high: 0.91,
      n: 500,
      split: "test",
      baseline: { name: "light density", value: 0.7 },
    },
  },
  training: {
    seed: 7,
    epochs: 12,
    seconds: 300,
    engine: "tensorflow 2.21.0",
    parameters: 10,
    dataFingerprint: "ab",
    options: { batch: 10 },
    shards: 4,
  },
  files: { "model.onnx": { bytes: 3, sha256: "0".repeat(64) } },
};

Deno.test("parseCard() reads every field and formatCard() writes it back", () => {
  const card = parseCard(JSON.stringify(full));
  assertEquals(card as unknown, full as unknown);
  assertEquals(parseCard(formatCard(card)), card);
});

Deno.test("parseCard() fills in what may be left out", () => {
  const card = parseCard({ ...exampleCard(), preprocessing: [{ op: "scale", factor: 2 }] });
  assertEquals(card.version, "0");
  assertEquals(card.files, {});
  assertEquals(card.preprocessing, [{ op: "scale", factor: 2, offset: 0 }]);
});

Deno.test("parseCard() names every wrong field in one line", () => {
  const wrong = {
    ...exampleCard(),
    outputs: [{ name: "digit", kind: "classes", labels: ["0"] }],
    descripton: "x",
  };
  const { message } = assertThrows(
    () => parseCard(wrong, "runs/a/model.json"),
    TypeError,
    '"runs/a/model.json"',
  );
  assert(message.includes("outputs[0].labels"), message);
  assert(message.includes("descripton"), message);
  assert(!message.includes("\n"), message);
});

Deno.test("parseCard() refuses what is not JSON, naming the file", () => {
  assertThrows(() => parseCard("{", "a.json"), SyntaxError, 'Cannot read model card "a.json"');
});

Deno.test("parseCard() refuses names that could leave a folder, and numbers that mean nothing", () => {
  for (const name of ["../up", "a/b", ".hidden", "", "a b"]) {
    assertThrows(() => parseCard(exampleCard(name)), TypeError);
  }
  const metric = { value: 0.9, low: 0.8, high: 1, n: 10 };
  for (
    const change of [
      { version: "latest" },
      { created: "yesterday-ish" },
      { metrics: { accuracy: { ...metric, split: "train" } } },
      { metrics: { accuracy: { ...metric, value: NaN, split: "test" } } },
      { preprocessing: [{ op: "window", low: 5, high: 5 }] },
      { preprocessing: [{ op: "eval", code: "1" }] },
      { files: { "model.onnx": { bytes: 1, sha256: "short" } } },
      {
        outputs: [{ name: "e", kind: "value", units: "keV", uncertainty: { edges: [0, 5], sigma: [1, 2] } }],
      },
    ]
  ) assertThrows(() => parseCard({ ...exampleCard(), ...change }), TypeError, "Cannot read model card");
});

Deno.test("parseCard() reads inputs of every kind, and refuses shapes and names that do not fit them", () => {
  const card = parseCard({
    ...exampleCard(),
    inputs: [
      {
        name: "sky",
        kind: "bands",
        shape: [41, 41, 4],
        dtype: "float32",
        units: "e/s",
        columns: ["g", "r", "i", "z"],
      },
      { name: "shower", shape: [25, 25, 25, 1], dtype: "float32", units: "GeV" },
      {
        name: "scalars",
        shape: [3],
        dtype: "float32",
        units: "",
        preprocessing: [{ op: "scale", factor: 2 }],
      },
      { name: "image", shape: [28, 28, 1], dtype: "float32", units: "", range: [0, 255] },
    ],
    preprocessing: [{ op: "cropCenter", size: 41 }],
  });
  assertEquals(card.inputs.map((input) => inputKindOf(input)?.kind), [
    "bands",
    "volume",
    "columns",
    "picture",
  ]);
  assertEquals(card.inputs.map((input) => stepsOf(card, input).length), [1, 0, 1, 0]);
  const input = exampleCard().inputs[0];
  for (
    const wrong of [
      { ...input, kind: "volume" },
      { ...input, shape: [2, 3, 7], kind: "picture" },
      { ...input, columns: ["a", "b"] },
      { ...input, range: [1, 1] },
    ]
  ) assertThrows(() => parseCard({ ...exampleCard(), inputs: [wrong] }), TypeError, "inputs[0]");
  assertThrows(
    () => parseCard({ ...exampleCard(), inputs: [input, input] }),
    TypeError,
    "differ in their names",
  );
});

Deno.test("inputs say how an array from a file becomes examples of them", () => {
  const layout = (shape: number[], of: number[], kind?: "bands") => {
    const found = inputKindOf({ shape, kind })?.layout(shape, of);
    return found && [found.examples, found.shape.join(), found.bandsFirst ?? false];
  };
  assertEquals(layout([28, 28, 1], [40, 30]), [1, "40,30,1", false]);
  assertEquals(layout([28, 28, 1], [7, 40, 30]), [7, "40,30,1", false]);
  assertEquals(layout([28, 28, 3], [7, 40, 30, 3]), [7, "40,30,3", false]);
  assertEquals(layout([41, 41, 6], [6, 50, 50]), [1, "50,50,6", true]);
  assertEquals(layout([41, 41, 4], [9, 50, 50, 4], "bands"), [9, "50,50,4", false]);
  assertEquals(layout([25, 25, 25, 1], [25, 25, 25]), [1, "25,25,25,1", false]);
  assertEquals(layout([25, 25, 25, 1], [8, 25, 25, 25]), [8, "25,25,25,1", false]);
  assertEquals(layout([3], [100, 3]), [100, "3", false]);
  assertEquals(layout([3], [4]), undefined);
});

/** Cards as they stood in stores before kinds had files of their own, with all that they could hold. */
Deno.test("parseCard() reads a card of the first release, and what it says is unchanged", () => {
  const card = parseCard(JSON.stringify(full));
  const kinds = card.outputs.map((output) => [output.kind, kindOf(output).shapes(output)]);
  assertEquals(kinds, [["probability", "[batch, 1] or [batch, 2]"], ["value", "[batch, 1]"]]);
  assertEquals(stepsOf(card, card.inputs[0]), card.preprocessing);
});
