import { type CardInput, formatCard, parseCard } from "../../../lib/store/card.ts";
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
