/** Models made elsewhere as versions of a store: what is asked, what is made, what is refused. */
import { startEngine, tf } from "../../../lib/engine/mod.ts";
import { encodeKeras } from "../../../lib/export/keras_write.ts";
import { encodeOnnx } from "../../../lib/export/onnx_write.ts";
import { importModel, type ImportOptions } from "../../../lib/run/import_model.ts";
import { createScorer } from "../../../lib/score/scorer.ts";
import { assert, assertClose, assertEquals, assertRejects } from "../../assert.ts";
import { pairCard, pairOnnx, tinyOnnx } from "../../tiny_model.ts";

await startEngine({ backend: "cpu" });

/** A picture of 4 × 4 pixels to as many numbers as asked. */
function pictures(units: number, activation: "softmax" | "sigmoid" | "linear"): tf.LayersModel {
  return tf.sequential({
    layers: [
      tf.layers.flatten({ inputShape: [4, 4, 1] }),
      tf.layers.dense({ units, activation, kernelInitializer: "ones", name: "said" }),
    ],
  });
}

async function made(bytes: Uint8Array, path: string, options?: ImportOptions) {
  const result = await importModel(bytes, path, options);
  if ("questions" in result) throw new Error(result.questions.join("\n"));
  return result;
}

async function asked(bytes: Uint8Array, path: string, options?: ImportOptions): Promise<string[]> {
  const result = await importModel(bytes, path, options);
  return "questions" in result ? result.questions : [];
}

Deno.test("importModel() asks for what a Keras file does not say, a line each", async () => {
  const bytes = await encodeKeras(pictures(2, "softmax"));
  const questions = await asked(bytes, "pets.keras");
  assertEquals(questions.length, 2);
  assert(/^Input "image" \[4, 4, 1\]: --values 0,1 or 0,255/.test(questions[0]), questions[0]);
  assert(/^Output "said" \[2\]: --labels with 2 names/.test(questions[1]), questions[1]);
});

Deno.test("importModel() makes a version of a Keras file that scores pictures", async () => {
  const { card, files, notes } = await made(await encodeKeras(pictures(1, "linear")), "in/light.keras", {
    units: "ADU",
    values: [-1, 1],
  });
  assertEquals([card.name, card.experiment, [...files.keys()]], ["light", "imported", [
    "model.onnx",
    "model.keras",
  ]]);
  assertEquals(notes, []);
  const scorer = await createScorer({ card, onnx: files.get("model.onnx")! });
  // 8 × 8 pixels of 255 become 4 × 4 of 1, and are summed up.
  const picture = { data: new Uint8Array(64).fill(255), width: 8, height: 8, channels: 1, depth: 8 } as const;
  const [{ answers }] = await scorer.score([picture]);
  assertClose((answers.said as { value: number }).value, 16, 1e-5);
  await scorer.close();
});

/** A file whose only output has a shape: one number, some, or as many for each pixel. */
async function fileOf(shape: number[], activation: "softmax" | "sigmoid" | "linear"): Promise<Uint8Array> {
  const units = shape.at(-1)!;
  const layers = shape.length === 1
    ? [tf.layers.flatten({ inputShape: [4, 4, 1] }), tf.layers.dense({ units, activation, name: "said" })]
    : [tf.layers.dense({ units, activation, name: "said", inputShape: [4, 4, 1] })];
  return await encodeKeras(tf.sequential({ layers }));
}

Deno.test("importModel() takes an output for what its shape and its owner's words make of it", async () => {
  const two = ["none", "track"],
    kinds: [number[], "softmax" | "sigmoid" | "linear", ImportOptions, object][] = [
      [[1], "sigmoid", { labels: two }, { kind: "probability", labels: two }],
      [[2], "softmax", { labels: two }, { kind: "classes", labels: two }],
      [[4, 4, 2], "softmax", { labels: two }, { kind: "mask", labels: two }],
      [[1], "linear", { units: "keV" }, { kind: "value", units: "keV" }],
      [[4, 4, 2], "linear", { units: "ADU" }, { kind: "image", units: "ADU" }],
      [[2], "linear", { kind: "vector" }, { kind: "vector" }],
      [[1], "linear", { kind: "value", units: "mm" }, { kind: "value", units: "mm" }],
      [[2], "sigmoid", { kind: "labels", labels: two }, { kind: "labels", labels: two }],
    ];
  for (const [shape, activation, said, expected] of kinds) {
    const { card } = await made(await fileOf(shape, activation), "a.keras", { values: [0, 1], ...said });
    const [output] = card.outputs as unknown as Record<string, unknown>[];
    const found = Object.fromEntries(Object.keys(expected).map((name) => [name, output[name]]));
    assertEquals<object>([output.name, found], ["said", expected]);
  }
});

Deno.test("importModel() asks of an output what its shape leaves open, of several for a card", async () => {
  const ask = async (shape: number[]) =>
    (await asked(await fileOf(shape, "linear"), "a.keras", { values: [0, 1] }))[0];
  assertEquals(
    await ask([1]),
    'Output "said" [1]: --labels FIRST,SECOND if it is the probability of SECOND, --units U if it is a value',
  );
  assertEquals(
    await ask([3]),
    'Output "said" [3]: --labels with 3 names if it is one of these classes, --kind vector if just numbers',
  );
  assertEquals(
    await ask([4, 4, 2]),
    'Output "said" [4, 4, 2]: --labels NONE,TRACK,… if it is a mask, --units U if it is an image',
  );
  const x = tf.input({ shape: [4, 4, 1] });
  const flat = tf.layers.flatten().apply(x) as tf.SymbolicTensor;
  const outputs = [1, 3].map((units) =>
    tf.layers.dense({ units, name: `of${units}` }).apply(flat) as tf.SymbolicTensor
  );
  outputs.push(tf.layers.dense({ units: 2, name: "of2" }).apply(x) as tf.SymbolicTensor);
  const bytes = await encodeKeras(tf.model({ inputs: x, outputs }));
  const card = (name: string, kind: string) =>
    `--card FILE.json with {"outputs": [{"name": "${name}", "kind": "${kind}", …}]}`;
  assertEquals(await asked(bytes, "a.keras", { values: [0, 1], labels: ["a", "b"] }), [
    `Output "of1" [1]: ${card("of1", "value")}`,
    `Output "of3" [3]: ${card("of3", "classes")}`,
    `Output "of2" [4, 4, 2]: ${card("of2", "image")}`,
  ]);
});

Deno.test("importModel() takes an ONNX file with the card of its owner", async () => {
  const { inputs, preprocessing, outputs } = pairCard();
  const { card } = await made(pairOnnx(), "pair.onnx", {
    card: { inputs, preprocessing, outputs },
    name: "two",
  });
  assertEquals([card.name, card.inputs.map(({ name }) => name), card.outputs.map(({ name }) => name)], [
    "two",
    ["image", "scalars"],
    ["mask", "made", "energy"],
  ]);
  assertEquals((await asked(pairOnnx(), "pair.onnx", { card: { inputs, preprocessing } })).length, 3);
});

Deno.test("importModel() turns pictures for a file that takes channels first", async () => {
  // Mean of each of three channels, then a softmax; the program is that of onnx_ends_test.ts with
  // h.make_node("ReduceMean", ["x:0"], ["m"], axes=[2, 3], keepdims=0), h.make_node("Softmax", ["m"], ["y:0"], axis=1).
  const bytes = Uint8Array.fromBase64(
    "CAg6mQEKNAoDeDowEgFtIgpSZWR1Y2VNZWFuKg0KBGF4ZXNAAkADoAEHKg8KCGtlZXBkaW1zGACgAQIKHgoBbRIDeTowIgdTb2Z0bWF4KgsK" +
      "BGF4aXMYAaABAhIBZ1oiCgN4OjASGwoZCAESFQoHEgViYXRjaAoCCAMKAggECgIIBWIaCgN5OjASEwoRCAESDQoHEgViYXRjaAoCCANCBAoA" +
      "EBE=",
  );
  const { card, files, notes } = await made(bytes, "colours.onnx", {
    labels: ["red", "green", "blue"],
    values: [0, 1],
  });
  assertEquals(card.inputs[0].shape, [4, 5, 3]);
  assertEquals(notes, ['"image" has its channels first: the version turns it into [4, 5, 3]']);
  const scorer = await createScorer({ card, onnx: files.get("model.onnx")! });
  const data = Uint8Array.from({ length: 60 }, (_, i) => i % 3 === 1 ? 255 : 0);
  const [{ answers }] = await scorer.score([{ data, width: 5, height: 4, channels: 3, depth: 8 }]);
  // softmax(0, 1, 0)
  assertClose((answers.y as { probability: number }).probability, Math.E / (Math.E + 2), 1e-6);
  await scorer.close();
});

Deno.test("importModel() asks for sides that may vary", async () => {
  const model = tf.sequential({
    layers: [
      tf.layers.globalAveragePooling2d({ inputShape: [null, null, 3], name: "mean" } as never),
      tf.layers.dense({ units: 1, name: "energy" }),
    ],
  });
  const bytes = await encodeKeras(model), said = { units: "keV", values: [0, 1] } as const;
  assertEquals(await asked(bytes, "any.keras", said), [
    'Input "image" [open, open, 3]: --shape 224,224,3 says the shape of one example',
  ]);
  const { card } = await made(bytes, "any.keras", { ...said, shape: [6, 5, 3] });
  assertEquals(card.inputs[0].shape, [6, 5, 3]);
});

Deno.test("importModel() refuses what would not answer", async () => {
  const logits = encodeOnnx(pictures(3, "linear"));
  const cases: [Uint8Array, string, ImportOptions, string][] = [
    [
      logits,
      "a.onnx",
      { labels: ["a", "b", "c"], values: [0, 1] },
      "does the model end in a softmax or sigmoid?",
    ],
    [logits, "a.onnx", { labels: ["a", "b"], values: [0, 1] }, "must be [batch, 2]"],
    [logits, "a.pb", {}, "must be a .keras or an .onnx file"],
    [Uint8Array.of(1, 2), "a.onnx", {}, 'Cannot read ONNX model "a.onnx"'],
    [tinyOnnx(), "a.onnx", { card: { outputs: [{ name: "knd" }] } }, 'has "kind", "energy"'],
  ];
  for (const [bytes, path, options, words] of cases) {
    await assertRejects(() => importModel(bytes, path, options), Error, words);
  }
});
