/**
 * Random models of Keras, read here, run on the backends, written back as `.keras` and `.onnx`, and compared.
 *
 * A model is exact, refused by name, or wrong; a table counts these by layer. @module
 */
import { join } from "@std/path";
import ort from "onnxruntime-node";
import { startEngine, type tf } from "../../../../lib/engine/mod.ts";
import { decodeKeras } from "../../../../lib/export/keras_read.ts";
import { encodeKeras } from "../../../../lib/export/keras_write.ts";
import { encodeOnnx } from "../../../../lib/export/onnx_write.ts";
import { assertClose, assertEquals } from "../../../assert.ts";
import { withFolder } from "../../../folder.ts";
import { askProgram, fromPeer, type PeerAnswer, type PeerArray } from "../peer.ts";

/** What became of one model. */
export interface Verdict {
  seed: number;
  /** Classes of its layers. */
  used: readonly string[];
  outcome: "exact" | "refused" | "wrong";
  /** Where it was refused or wrong, and how. */
  why: string;
}

type Shaped = { shape: readonly number[]; data: ArrayLike<number> };

function compare(actual: readonly Shaped[], wanted: readonly PeerArray[]): void {
  assertEquals(actual.map(({ shape }) => [...shape]), wanted.map(({ shape }) => shape));
  actual.forEach(({ data }, i) => assertClose(data, wanted[i].data, 1e-4, `output ${i}`, 1e-2));
}

function predict(model: tf.LayersModel, inputs: readonly PeerArray[]): Shaped[] {
  const x = inputs.map((input) => fromPeer(input));
  const made = [model.predict(x.length > 1 ? x : x[0])].flat() as tf.Tensor[];
  return made.map((tensor) => ({ shape: tensor.shape, data: tensor.dataSync() }));
}

async function runOnnx(bytes: Uint8Array, inputs: readonly PeerArray[]): Promise<Shaped[]> {
  const session = await ort.InferenceSession.create(bytes, { intraOpNumThreads: 1, logSeverityLevel: 3 });
  const feeds = inputs.map(({ data, shape }, i) =>
    [session.inputNames[i], new ort.Tensor(Float32Array.from(data), shape)] as const
  );
  const outputs = await session.run(Object.fromEntries(feeds));
  await session.release();
  return session.outputNames.map((name) => ({
    shape: outputs[name].dims,
    data: outputs[name].data as Float32Array,
  }));
}

/** Judges one model: the first step that fails says why. */
async function judge(seed: number, bytes: Uint8Array, theirs: PeerAnswer): Promise<Verdict> {
  const used = theirs.used as string[], { inputs = [], outputs = [] } = theirs;
  const verdict = (outcome: Verdict["outcome"], why = ""): Verdict => ({ seed, used, outcome, why });
  let step = "read";
  try {
    for (const backend of ["cpu", "wasm", "tensorflow"] as const) {
      await startEngine({ backend });
      step = "read";
      const { model } = await decodeKeras(bytes);
      step = backend;
      compare(predict(model, inputs), outputs);
      if (backend !== "cpu") continue;
      step = "write .keras";
      const again = (await decodeKeras(await encodeKeras(model))).model;
      step = "again";
      compare(predict(again, inputs), outputs);
      step = "write .onnx";
      const onnx = encodeOnnx(model);
      step = "onnx";
      compare(await runOnnx(onnx, inputs), outputs);
    }
    return verdict("exact");
  } catch (error) {
    const refused = (step === "read" && error instanceof SyntaxError) ||
      (step.startsWith("write") && error instanceof TypeError);
    return verdict(refused ? "refused" : "wrong", `${step}: ${(error as Error).message.split("\n")[0]}`);
  }
}

/** Makes models of these seeds in Python and judges each. */
export async function judgeRandomModels(python: string, seeds: readonly number[]): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  await withFolder(async (folder) => {
    const models = seeds.map((seed) => ({ seed, file: join(folder, `${seed}.keras`) }));
    const program = new URL("random_models.py", import.meta.url);
    const { models: theirs } = await askProgram(python, program, { models });
    for (const [i, { seed, file }] of models.entries()) {
      if (theirs[i].error) throw new Error(`seed ${seed}: ${theirs[i].error}`);
      verdicts.push(await judge(seed, await Deno.readFile(file), theirs[i]));
    }
  });
  return verdicts;
}

/** Counts the outcomes of the models that have each layer. */
export function tableByLayer(
  verdicts: readonly Verdict[],
): Record<string, Record<Verdict["outcome"], number>> {
  const table: Record<string, Record<Verdict["outcome"], number>> = {};
  for (const { used, outcome } of verdicts) {
    for (const name of new Set(used)) {
      table[name] ??= { exact: 0, refused: 0, wrong: 0 };
      table[name][outcome]++;
    }
  }
  return Object.fromEntries(Object.entries(table).sort(([a], [b]) => a.localeCompare(b)));
}
