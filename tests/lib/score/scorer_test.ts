/** What a loaded model refuses, so that ONNX Runtime never sees it. */
import { connectStopButton } from "../../../lib/base/stop_button.ts";
import { createScorer } from "../../../lib/score/scorer.ts";
import type { Tensor } from "../../../lib/score/tensor.ts";
import { pairCard, pairOnnx, SIDE, tinyCard, tinyOnnx } from "../../tiny_model.ts";
import { assertClose, assertEquals, assertRejects } from "../../assert.ts";

const image = (rows: number, name = "image"): Tensor => ({
  name,
  type: "FP32",
  shape: [rows, SIDE, SIDE, 1],
  data: new Float32Array(rows * SIDE * SIDE).fill(0.5),
});
const scalars = (rows: number): Tensor => ({
  name: "scalars",
  type: "FP32",
  shape: [rows, 2],
  data: new Float32Array(2 * rows).fill(1),
});

Deno.test("Scorer.infer() takes every input once, of its type and shape, and equally many rows of each", async () => {
  const scorer = await createScorer({ card: pairCard(), onnx: pairOnnx() });
  const outputs = await scorer.infer([scalars(2), image(2)]);
  const energy = outputs.find(({ name }) => name === "energy")!;
  assertEquals(energy.shape, [2, 1]);
  assertClose(Array.from(energy.data as Float32Array), [11.5, 11.5], 1e-6);
  const doubles = { ...scalars(1), type: "FP64" as const, data: new Float64Array(2) };
  const cases: [Tensor[], string][] = [
    [[image(1)], 'input "scalars" must be given once: got 0'],
    [[image(1), scalars(1), scalars(1)], 'input "scalars" must be given once: got 2'],
    [
      [image(1), scalars(1), image(1, "picture")],
      'it has no input "picture": its inputs are "image", "scalars"',
    ],
    [[image(1), doubles], "must be FP32 [-1,2]: got FP64 [1,2]"],
    [[image(1), { ...scalars(1), shape: [2, 1] }], "must be FP32 [-1,2]: got FP32 [2,1]"],
    [[image(1), { ...scalars(1), shape: [2] }], "must be FP32 [-1,2]: got FP32 [2]"],
    [[image(1), { ...scalars(1), data: new Float32Array(3) }], "needs 2 values: got 3"],
    [[image(2), scalars(1)], "the same number of examples, at least one"],
    [[image(0), scalars(0)], "the same number of examples, at least one"],
  ];
  for (const [inputs, message] of cases) await assertRejects(() => scorer.infer(inputs), TypeError, message);
  assertEquals(await scorer.score([]), []);
  connectStopButton()();
  await assertRejects(() => scorer.score([{}]), DOMException, "Stopped");
  await assertRejects(() => scorer.score([{}]), TypeError, 'input "image" is missing');
  await scorer.close();
});

Deno.test("Scorer.score() answers for pictures in their order, with the model's name, version and warnings", async () => {
  const scorer = await createScorer({ card: tinyCard({ version: "7" }), onnx: tinyOnnx() });
  const picture = (value: number) => ({
    data: new Uint8Array(64).fill(value),
    height: 8,
    width: 8,
    channels: 1 as const,
    depth: 8 as const,
  });
  const results = await scorer.score([picture(50), picture(10)]);
  assertEquals(results.map(({ model, version, warnings }) => [model, version, warnings]), [
    ["tiny", "7", []],
    ["tiny", "7", []],
  ]);
  assertClose(results.map(({ answers }) => (answers.energy as { value: number }).value), [5, 1], 1e-5);
  const bright = picture(255);
  bright.data[0] = 0; // a corner, which is cropped away
  const [one, two] = await scorer.score([picture(10), bright]);
  assertEquals([one.warnings, two.warnings], [[], ["the model sees one value everywhere (1)"]]);
  assertEquals(scorer.prepare(picture(25)), new Float32Array(16).fill(0.25));
  await scorer.close();
});

Deno.test("Scorer.score() takes several inputs by name, and names the one that a warning is of", async () => {
  const scorer = await createScorer({ card: pairCard(), onnx: pairOnnx() });
  const picture = { data: new Uint8Array(64).fill(50), height: 8, width: 8, channels: 1, depth: 8 } as const;
  await assertRejects(
    () => scorer.score([picture]),
    TypeError,
    'Cannot score a picture alone with "pair" as it takes "image", "scalars"',
  );
  const image = { data: new Uint8Array(64).fill(50), shape: [8, 8, 1], dtype: "u1" as const };
  const scalars = {
    data: Float32Array.of(1, 2),
    shape: [2],
    dtype: "f4" as const,
    notes: ["a page is missing"],
  };
  const [{ answers, warnings }] = await scorer.score([{ image, scalars }]);
  assertClose((answers.energy as { value: number }).value, 0.5 + 1 + 20, 1e-5);
  assertEquals(warnings, ['input "scalars": a page is missing']);
  await assertRejects(
    () => scorer.score([{ image, scalars }], { range: [0, 1] }),
    RangeError,
    'Cannot take values by a range as "pair" takes them as they are',
  );
  await scorer.close();
});

Deno.test("createScorer() refuses a card that is of another model", async () => {
  const image = { name: "image", shape: [SIDE, SIDE, 1], dtype: "float32" as const, units: "" };
  const cases: [Parameters<typeof createScorer>[0], string][] = [
    [
      { card: tinyCard({ inputs: [{ ...image, shape: [SIDE, SIDE, 2] }] }), onnx: tinyOnnx() },
      'Cannot load model "tiny" as its card says input [4,4,2]: model.onnx takes [4,4,1]',
    ],
    [
      { card: tinyCard({ inputs: [{ ...image, shape: [SIDE, SIDE] }] }), onnx: tinyOnnx() },
      'Cannot load model "tiny" as its card says input [4,4]: model.onnx takes [4,4,1]',
    ],
    [
      { card: tinyCard({ inputs: [{ ...image, name: "picture" }] }), onnx: tinyOnnx() },
      'Cannot load model "tiny" as its card names input "picture": model.onnx has "image"',
    ],
    [
      { card: tinyCard(), onnx: pairOnnx() },
      'Cannot load model "tiny" as model.onnx takes input "scalars": its card has no such input',
    ],
  ];
  for (const [options, message] of cases) {
    await assertRejects(() => createScorer(options), TypeError, message);
  }
});
