/** Models of Python's Keras are read, written again, and give what Keras gave: in Keras and in ONNX Runtime. */
import { join } from "@std/path";
import ort from "onnxruntime-node";
import type { tf } from "../../../lib/engine/mod.ts";
import { decodeKeras } from "../../../lib/export/keras_read.ts";
import { encodeKeras } from "../../../lib/export/keras_write.ts";
import { encodeOnnx } from "../../../lib/export/onnx_write.ts";
import { assert, assertClose, assertEquals } from "../../assert.ts";
import { withFolder } from "../../folder.ts";
import { testWith } from "../../needs.ts";
import { answer } from "./models.ts";
import { fromPeer, openPeer, type PeerArray } from "./peer.ts";

/** Functions of keras_peer.py. */
const MODELS = [
  "branched",
  "nested_twice",
  "autoencoder",
  "nested_many",
  "dictionaries",
  "frozen_nested",
  "strange_names",
  "twice_out",
  "states",
  "there_and_back",
  "cells",
  "preparing",
  "operations",
  "late_input",
  "bytes_in",
  "integers_in",
  "unshaped",
];

function compare(
  actual: readonly { shape: readonly number[]; data: ArrayLike<number> }[],
  wanted: PeerArray[],
) {
  assertEquals(actual.map(({ shape }) => [...shape]), wanted.map(({ shape }) => shape));
  actual.forEach(({ data }, i) => assertClose(data, wanted[i].data, 1e-5, `output ${i}`));
}

async function runOnnx(bytes: Uint8Array, inputs: tf.Tensor[]) {
  const session = await ort.InferenceSession.create(bytes, { intraOpNumThreads: 1, logSeverityLevel: 3 });
  const feeds = Object.fromEntries(inputs.map((input, i) => [
    session.inputNames[i],
    input.dtype === "int32"
      ? new ort.Tensor(input.dataSync() as Int32Array, input.shape)
      : new ort.Tensor(input.dataSync() as Float32Array, input.shape),
  ]));
  const outputs = await session.run(feeds);
  await session.release();
  return session.outputNames.map((name) => ({
    shape: outputs[name].dims,
    data: outputs[name].data as Float32Array,
  }));
}

testWith(
  "keras",
  "models of Keras come back to Keras and go to ONNX with the same answers",
  (python) =>
    withFolder(async (folder) => {
      const build = MODELS.map((name) => ({ function: name, file: join(folder, `${name}.keras`), seed: 5 }));
      await using peer = openPeer(python, "keras_peer.py");
      const { build: theirs } = await peer.ask({ build });
      const problems: string[] = [], read: { file: string; inputs: PeerArray[] }[] = [];
      for (const [i, name] of MODELS.entries()) {
        try {
          assert(!theirs[i].error, theirs[i].error);
          const { model } = await decodeKeras(await Deno.readFile(build[i].file));
          const inputs = theirs[i].inputs!.map((input, j) =>
            fromPeer(input, model.inputs[j].dtype as "float32" | "int32")
          );
          const expected = theirs[i].outputs!;
          compare(answer(model, inputs).map((y) => ({ shape: y.shape, data: y.dataSync() })), expected);
          compare(await runOnnx(encodeOnnx(model), inputs), expected);
          const file = join(folder, `${name} again.keras`);
          await Deno.writeFile(file, await encodeKeras(model));
          read.push({ file, inputs: theirs[i].inputs! });
        } catch (error) {
          problems.push(`${name}: ${(error as Error).message}`);
        }
      }
      const { read: again } = await peer.ask({ read });
      read.forEach(({ file }, i) => {
        try {
          assert(!again[i].error, again[i].error);
          const at = build.findIndex((one) => `${one.file.replace(".keras", "")} again.keras` === file);
          compare(again[i].outputs!, theirs[at].outputs!);
          assertEquals(again[i].trainable, theirs[at].trainable, "weights that are trained");
        } catch (error) {
          problems.push(`again ${file}: ${(error as Error).message}`);
        }
      });
      assert(problems.length === 0, problems.map((problem) => problem.slice(0, 500)).join("\n"));
    }),
);

/** Optimizers with options that TensorFlow.js's training does not have, or that are easily written wrongly. */
const OPTIMIZERS = [
  { name: "SGD", settings: { learning_rate: 1, clipvalue: 0.01 }, clip: { value: 0.01 }, rate: 1 },
  { name: "SGD", settings: { learning_rate: 0.05, clipnorm: 1.5 }, clip: { norm: 1.5 }, rate: 0.05 },
  { name: "Adam", settings: { global_clipnorm: 2, clipvalue: null }, clip: { globalNorm: 2 }, rate: 0.001 },
  { name: "AdamW", settings: { weight_decay: 0.5 }, decays: "all", rate: 0.001 },
  { name: "Nadam", settings: {}, problem: `optimizer "Nadam" is not supported` },
  { name: "Lion", settings: {}, problem: `optimizer "Lion" is not supported` },
  { name: "Adam", settings: { amsgrad: true }, problem: `"amsgrad" must be false` },
  { name: "Adam", settings: { use_ema: true }, problem: `"use_ema" must be false` },
];

testWith(
  "keras",
  "an optimizer that is not understood stops no model, and one that is comes back to Keras",
  (python) =>
    withFolder(async (folder) => {
      const train = OPTIMIZERS.map(({ name, settings }, i) => ({
        optimizer: name,
        settings,
        file: join(folder, `${i}.keras`),
        seed: 6,
      }));
      await using peer = openPeer(python, "keras_peer.py");
      const { train: theirs } = await peer.ask({ train });
      const read: object[] = [], wanted: PeerArray[][] = [];
      for (const [i, { problem, clip, decays, rate }] of OPTIMIZERS.entries()) {
        assert(!theirs[i].error, theirs[i].error);
        const file = await decodeKeras(await Deno.readFile(train[i].file));
        const inputs = theirs[i].inputs!.map((input) => fromPeer(input));
        compare(
          answer(file.model, inputs).map((y) => ({ shape: y.shape, data: y.dataSync() })),
          theirs[i].outputs!,
        );
        if (problem) {
          assertEquals(file.optimizer, undefined);
          assert(file.optimizerProblem?.includes(problem), file.optimizerProblem);
          continue;
        }
        const { optimizer } = file;
        assertEquals([optimizer?.clip, optimizer?.decays], [clip, decays]);
        assertClose(optimizer!.rate, rate!);
        const again = join(folder, `${i} again.keras`);
        await Deno.writeFile(again, await encodeKeras(file.model, { optimizer, loss: "mean_squared_error" }));
        read.push({ file: again, inputs: theirs[i].inputs, target: theirs[i].target });
        wanted.push(theirs[i].weights as PeerArray[]);
      }
      // Keras goes on from our file as from its own.
      const { read: again } = await peer.ask({ read });
      again.forEach((answered, i) => {
        assert(!answered.error, answered.error);
        compare(answered.weights as PeerArray[], wanted[i]);
      });
    }),
);

testWith("keras", "a file of another kind is called by its name", async () => {
  const heads: [number[], string][] = [
    [[0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0], "HDF5 file as Keras 2 saved it (.h5)"],
    [[8, 1, 18, 200, 9, 10, 3, 65, 65, 65], "TensorFlow's SavedModel"],
  ];
  for (const [head, includes] of heads) {
    try {
      await decodeKeras(Uint8Array.from(head), { name: "old" });
    } catch (error) {
      const { message } = error as Error;
      assert(message.includes(includes) && message.includes(`.save("model.keras") converts it`), message);
      continue;
    }
    throw new Error(`${includes} was read`);
  }
});
