/**
 * What was published before the frame goes on being read and served: `before_the_frame/` was made by `publish.txt` there, run
 * in a checkout of commit 6d5178c, whose own scorer gave `answers.json`.
 */
import { cp } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { join } from "@std/path";
import { kindOf } from "../../../lib/card/outputs/registry.ts";
import { fromArrays } from "../../../lib/data/source.ts";
import { startEngine, tf } from "../../../lib/engine/mod.ts";
import { decodeKeras } from "../../../lib/export/mod.ts";
import { decodeImage } from "../../../lib/io/decode_image.ts";
import { readRecord } from "../../../lib/run/run_folder.ts";
import { prepareInput } from "../../../lib/score/prepare.ts";
import { fromImage } from "../../../lib/score/raw_array.ts";
import { createScorer } from "../../../lib/score/scorer.ts";
import { openStore } from "../../../lib/store/store.ts";
import { crossEntropy, fit } from "../../../lib/train/mod.ts";
import { assert, assertClose, assertEquals, assertRejects } from "../../assert.ts";
import { withFolder } from "../../folder.ts";
import { post, withHost } from "../serve/_service.ts";

const OLD = fileURLToPath(import.meta.resolve("./before_the_frame"));
const picture = await Deno.readFile(join(OLD, "picture.png"));
/** Answers of the scorer of that time, by model and output. */
const answers = JSON.parse(await Deno.readTextFile(join(OLD, "answers.json"))) as Record<
  string,
  Record<string, Record<string, unknown>>
>;

/** Fails unless an answer says what it said before, numbers within rounding; it may say more. */
function assertStillSays(answer: unknown, was: unknown, where: string): void {
  if (typeof was === "number") return assertClose(answer as number, was, 1e-6, where);
  if (typeof was !== "object" || was === null) return assertEquals(answer, was, where);
  for (const [field, value] of Object.entries(was)) {
    assertStillSays((answer as Record<string, unknown>)[field], value, `${where}.${field}`);
  }
}

/** Runs `test` on a copy, as a store writes locks into its folder. */
const withStore = (test: (store: ReturnType<typeof openStore>) => Promise<void>) =>
  withFolder(async (folder) => {
    await cp(join(OLD, "store"), folder, { recursive: true });
    const store = openStore(`file:${folder}`);
    try {
      await test(store);
    } finally {
      store.close();
    }
  });

Deno.test("a store of before is listed with its aliases, and its files are whole", () =>
  withStore(async (store) => {
    assertEquals(await store.list(), [
      { name: "digit", versions: ["1"], aliases: { champion: "1" } },
      { name: "recoil", versions: ["1"], aliases: { champion: "1" } },
    ]);
    const { files } = await store.fetch("recoil", "1"); // refuses a file whose checksum differs
    assertEquals([...files.keys()].sort(), ["model.json", "model.keras", "model.onnx"]);
  }));

Deno.test("models of before answer as they did, as ONNX and as Keras file", async () => {
  await startEngine({ backend: "cpu" });
  await withStore(async (store) => {
    for (const [name, wanted] of Object.entries(answers)) {
      const { card, files } = await store.fetch(name, "champion");
      const scorer = await createScorer({ card, onnx: files.get("model.onnx")! });
      const array = fromImage(await decodeImage(picture));
      const { data } = prepareInput(card, card.inputs[0], array);
      const outputs = await scorer.infer([{ name: "image", type: "FP32", shape: [1, 8, 8, 1], data }]);
      await scorer.close();
      const { model } = await decodeKeras(files.get("model.keras")!);
      const again = [model.predict(tf.tensor(data, [1, 8, 8, 1]))].flat() as tf.Tensor[];
      for (const [i, output] of card.outputs.entries()) {
        const values = outputs.find((tensor) => tensor.name === output.name)!.data as Float32Array;
        const answer = kindOf(output).read(output, { data: values, shape: [values.length] });
        assertStillSays(answer, wanted[output.name], `${name}.${output.name}`);
        assertClose(again[i].dataSync(), values, 1e-5, `${name}: ${output.name} of the Keras file`);
      }
    }
  });
});

Deno.test("models of before are served over HTTP", () =>
  withStore(async (store) => {
    await withHost(async (host) => {
      for (const [name, wanted] of Object.entries(answers)) {
        const response = await post(host, `/score/${name}`, picture);
        const answer = await response.json();
        assertEquals([response.status, answer.model, answer.version], [200, name, "1"]);
        for (const [output, was] of Object.entries(wanted)) {
          assertStillSays(answer.answers[output], was, `${name}.${output}`);
        }
      }
    }, { store });
  }));

Deno.test("a run folder and a checkpoint of before get one line that names their format", async () => {
  const oneLine = (error: Error) => assert(!error.message.includes("\n"), error.message);
  oneLine(
    await assertRejects(() => readRecord(join(OLD, "run")), SyntaxError, 'format "cloudchamber-run/1"'),
  );
  await startEngine({ backend: "cpu" });
  const layer = tf.layers.dense({ units: 2, inputShape: [1], activation: "softmax" });
  const source = fromArrays({ data: Float32Array.of(-1, 1), shape: [2, 1] }, {
    data: Int32Array.of(0, 1),
    shape: [2],
  });
  const path = join(OLD, "run", "checkpoint", "state.safetensors"), before = await Deno.readFile(path);
  const resume = () =>
    fit(tf.sequential({ layers: [layer] }), source, {
      loss: crossEntropy(),
      epochs: 2,
      batch: 2,
      checkpoint: { path },
      resume: true,
    });
  oneLine(await assertRejects(resume, SyntaxError, 'format "cloudchamber-checkpoint/1"'));
  assertEquals(await Deno.readFile(path), before, "the old checkpoint was touched");
});
