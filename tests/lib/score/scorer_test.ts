/** What a loaded model refuses, so that ONNX Runtime never sees it. */
import { connectStopButton } from "../../../lib/base/stop_button.ts";
import { createScorer } from "../../../lib/score/scorer.ts";
import type { Tensor } from "../../../lib/score/tensor.ts";
import { pairCard, pairOnnx, SIDE } from "../../tiny_model.ts";
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
