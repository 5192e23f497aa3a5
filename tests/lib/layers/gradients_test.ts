/** Every layer gives Keras's values and gradients on every backend. */
import { join } from "@std/path";
import { startEngine, tf } from "../../../lib/engine/mod.ts";
import { decodeKeras } from "../../../lib/export/keras_read.ts";
import { assert, assertClose, assertEquals } from "../../assert.ts";
import { withFolder } from "../../folder.ts";
import { testWith } from "../../needs.ts";
import { caseName, caseSeed, kerasLayer, LAYER_CASES } from "../export/layer_cases.ts";
import { askPeer, fromPeer, type PeerArray } from "../export/peer.ts";

/** Numbers that differ from value to value, as weights of a sum; the same in keras_peer.py. */
const ramp = (shape: number[]) =>
  tf.tensor(
    Float32Array.from({ length: shape.reduce((size, side) => size * side, 1) }, (_, i) => Math.cos(i)),
    shape,
  );

/** Gradients of the outputs' sum, weighed by the ramp: by the inputs of floats, then by the trained weights. */
function gradientsOf(model: tf.LayersModel, inputs: tf.Tensor[]): tf.Tensor[] {
  const floats = inputs.filter(({ dtype }) => dtype === "float32");
  const weights = model.trainableWeights.map((weight) => (weight as unknown as { val: tf.Variable }).val);
  const total = (...given: tf.Tensor[]) => {
    const all = inputs.map((input) => input.dtype === "float32" ? given[floats.indexOf(input)] : input);
    const made = model.apply(all.length > 1 ? all : all[0], { training: false });
    const sums = ([made].flat() as tf.Tensor[]).map((y) => tf.sum(tf.mul(y, ramp(y.shape))));
    return tf.addN([...sums, ...given.map((x) => tf.mul(tf.sum(x), 0))]) as tf.Scalar; // each input has a gradient
  };
  const byInputs = floats.length > 0 ? tf.grads(total)(floats) : [];
  if (weights.length === 0) return byInputs;
  const { grads } = tf.variableGrads(() => total(...floats), weights);
  return [...byInputs, ...weights.map(({ name }) => grads[name])];
}

testWith(
  "keras",
  "layers give Keras's values and gradients on tensorflow, wasm and cpu",
  (python) =>
    withFolder(async (folder) => {
      const write = LAYER_CASES.map((layerCase, i) => ({
        file: join(folder, `${i}.keras`),
        ...kerasLayer(layerCase),
        shapes: layerCase.inputs,
        tokens: layerCase.tokens,
        seed: caseSeed(layerCase),
        gradients: true,
      }));
      const { write: theirs } = await askPeer(python, "keras_peer.py", { write });
      const problems: string[] = [];
      for (const backend of ["cpu", "wasm", "tensorflow"] as const) {
        await startEngine({ backend });
        for (const [i, layerCase] of LAYER_CASES.entries()) {
          try {
            const { error, inputs, outputs, gradients } = theirs[i];
            assert(!error, error);
            const { model } = await decodeKeras(await Deno.readFile(write[i].file));
            const x = inputs!.map((input) => fromPeer(input, layerCase.tokens ? "int32" : "float32"));
            const answered = [model.predict(x.length > 1 ? x : x[0])].flat() as tf.Tensor[];
            const wanted = [...outputs!, ...gradients as PeerArray[]];
            [...answered, ...gradientsOf(model, x)].forEach((actual, j) => {
              assertEquals(actual.shape, wanted[j].shape);
              const what = j < answered.length ? `output ${j}` : `gradient ${j - answered.length}`;
              assertClose(actual.dataSync(), wanted[j].data, 1e-4, what, 1e-2);
            });
            model.dispose();
          } catch (error) {
            problems.push(`${backend} ${caseName(layerCase)}: ${(error as Error).message}`);
          }
        }
      }
      assert(problems.length === 0, problems.map((problem) => problem.slice(0, 300)).join("\n"));
    }),
);
