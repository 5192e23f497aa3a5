/** `.keras` files cross over to Python's Keras 3 and back. */
import { join } from "@std/path";
import { tf } from "../../../lib/engine/mod.ts";
import { LAYERS } from "../../../lib/layers/registry.ts";
import type { OptimizerState } from "../../../lib/export/keras_optimizer.ts";
import { decodeKeras } from "../../../lib/export/keras_read.ts";
import { encodeKeras } from "../../../lib/export/keras_write.ts";
import { adam } from "../../../lib/train/adam.ts";
import { createOptimizer, type Optimizer, type OptimizerRule } from "../../../lib/train/optimizer.ts";
import { rmsprop } from "../../../lib/train/rmsprop.ts";
import { sgd } from "../../../lib/train/sgd.ts";
import { assert, assertClose, assertEquals, assertRejects } from "../../assert.ts";
import { testWith } from "../../needs.ts";
import { caseName, caseSeed, classesOf, kerasLayer, LAYER_CASES } from "./layer_cases.ts";
import { answer, drawTensor, drawWeights, layerModels, sequence, wholeModels } from "./models.ts";
import { askPeer, fromPeer, type PeerAnswer, type PeerArray, toPeer } from "./peer.ts";

const RULES: Record<
  string,
  { rule: OptimizerRule; rate: number; weightDecay?: number; keras: Record<string, unknown> }
> = {
  Adam: { rule: adam({ beta2: 0.99 }), rate: 0.01, keras: { learning_rate: 0.01, beta_2: 0.99 } },
  AdamW: {
    rule: adam(),
    rate: 0.02,
    weightDecay: 0.1,
    keras: { learning_rate: 0.02, weight_decay: 0.1 },
  },
  SGD: {
    rule: sgd({ momentum: 0.9, nesterov: true }),
    rate: 0.03,
    keras: { learning_rate: 0.03, momentum: 0.9, nesterov: true },
  },
  RMSprop: {
    rule: rmsprop({ momentum: 0.5, centered: true }),
    rate: 0.001,
    keras: { learning_rate: 0.001, momentum: 0.5, centered: true },
  },
};

/** One step of mean squared error with a given optimizer. */
function step(
  model: tf.LayersModel,
  optimizer: Optimizer,
  rate: number,
  x: tf.Tensor,
  target: tf.Tensor,
): void {
  const weights = model.trainableWeights.map((weight) => (weight as unknown as { val: tf.Variable }).val);
  const { grads } = tf.variableGrads(() => {
    const y = model.apply(x, { training: true }) as tf.Tensor;
    return tf.mean(tf.squaredDifference(y, target)) as tf.Scalar;
  }, weights);
  optimizer.apply(weights.map((weight) => grads[weight.name]), tf.scalar(rate));
}

function optimizerFor(model: tf.LayersModel, name: string, state?: OptimizerState): Optimizer {
  const { rule, weightDecay } = RULES[name];
  const weights = model.trainableWeights.map((weight) => (weight as unknown as { val: tf.Variable }).val);
  const optimizer = createOptimizer(rule, weights, { weightDecay, decays: () => true });
  if (state) {
    const [count, ...slots] = optimizer.variables;
    count.assign(tf.scalar(state.step));
    slots.forEach((slot, i) => {
      const values = state.values[Math.floor(i / state.slots.length)][i % state.slots.length];
      slot.assign(tf.tensor(values, slot.shape));
    });
  }
  return optimizer;
}

/** A small trained model with twins among its layers, so that a wrong order of weights shows. */
function buildTrainee(): tf.LayersModel {
  const image = tf.input({ shape: [6, 6, 1], name: "image" });
  const features = tf.layers.flatten().apply(
    tf.layers.conv2d({ filters: 3, kernelSize: 3, activation: "relu" }).apply(image),
  );
  const left = tf.layers.dense({ units: 4, activation: "tanh" }).apply(features) as tf.SymbolicTensor;
  const right = tf.layers.dense({ units: 4 }).apply(features) as tf.SymbolicTensor;
  const sum = tf.layers.add().apply([right, left]);
  const model = tf.model({
    inputs: image,
    outputs: tf.layers.dense({ units: 2 }).apply(sum) as tf.SymbolicTensor,
  });
  drawWeights(model, 5);
  return model;
}

/** All numbers of the peer's arrays in one, whatever their order, for weights that both sides order alike. */
const flat = (arrays: PeerArray[]) => arrays.flatMap(({ data }) => data);
const flatWeights = (model: tf.LayersModel) =>
  model.trainableWeights.flatMap((weight) => [...weight.read().dataSync()]);

function check(name: string, problems: string[], peer: PeerAnswer, compare: () => void): void {
  try {
    assert(!peer.error, peer.error);
    compare();
  } catch (error) {
    problems.push(`${name}: ${(error as Error).message}`);
  }
}

function compareOutputs(actual: tf.Tensor[], expected: PeerArray[]): void {
  assertEquals(actual.map(({ shape }) => shape), expected.map(({ shape }) => shape));
  actual.forEach((output, i) => assertClose(output.dataSync(), expected[i].data, 1e-5, `output ${i}`));
}

testWith(
  "keras",
  "encodeKeras() and decodeKeras() agree with Python's Keras in every layer, both ways",
  async (python) => {
    assertEquals(
      [...new Set(LAYER_CASES.flatMap(classesOf))].sort(),
      [...LAYERS.keys()].sort(),
    );
    const folder = await Deno.makeTempDir();
    try {
      // What is asked: files of ours to read, models of theirs to save.
      const ours = [...layerModels(), ...wholeModels()];
      const read: unknown[] = [];
      for (const [i, { model, inputs }] of ours.entries()) {
        const file = join(folder, `ours_${i}.keras`);
        await Deno.writeFile(file, await encodeKeras(model));
        read.push({ file, inputs: inputs.map(toPeer) });
      }
      const random = sequence(9), x = drawTensor([4, 6, 6, 1], random), target = drawTensor([4, 2], random);
      const trained: { name: string; outputs: tf.Tensor[]; weights: number[] }[] = [];
      for (const [name, { rate }] of Object.entries(RULES)) {
        const model = buildTrainee(), optimizer = optimizerFor(model, name);
        for (let i = 0; i < 3; i++) step(model, optimizer, rate, x, target);
        const file = join(folder, `trained_${name}.keras`);
        const state = optimizer.snapshot(rate);
        await Deno.writeFile(
          file,
          await encodeKeras(model, { optimizer: state, loss: "mean_squared_error" }),
        );
        read.push({ file, inputs: [toPeer(x)], target: toPeer(target) });
        const outputs = answer(model, [x]);
        step(model, optimizer, rate, x, target);
        trained.push({ name, outputs, weights: flatWeights(model) });
      }
      const write = LAYER_CASES.map((layerCase, i) => ({
        file: join(folder, `theirs_${i}.keras`),
        ...kerasLayer(layerCase),
        shapes: layerCase.inputs,
        tokens: layerCase.tokens,
        seed: caseSeed(layerCase),
      }));
      const good = [
        "branched",
        "stacked",
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
        "with_operation",
        "late_input",
        "bytes_in",
        "integers_in",
        "unshaped",
      ];
      const bad = [
        "with_lambda",
        "with_custom",
        "with_half",
      ];
      const build = [...good, ...bad].map((name) => ({
        function: name,
        file: join(folder, `${name}.keras`),
        seed: 3,
      }));
      const train = Object.entries(RULES).map(([optimizer, { keras }]) => ({
        optimizer,
        settings: keras,
        file: join(folder, `theirs_${optimizer}.keras`),
        seed: 4,
      }));
      const peer = await askPeer(python, "keras_peer.py", { read, write, build, train });

      // Python reads ours.
      const problems: string[] = [];
      ours.forEach(({ name, model, inputs }, i) => {
        check(
          `ours ${name}`,
          problems,
          peer.read[i],
          () => compareOutputs(answer(model, inputs), peer.read[i].outputs!),
        );
      });
      assertEquals(
        peer.read.slice(-9, -4).map((answer) => answer.class),
        ["Sequential", "Functional", "Functional", "Sequential", "Functional"],
      );
      trained.forEach(({ name, outputs, weights }, i) => {
        const answered = peer.read[ours.length + i];
        check(`ours with ${name}`, problems, answered, () => {
          compareOutputs(outputs, answered.outputs!);
          assertEquals(answered.step, 3);
          assertClose(weights, flat(answered.weights as PeerArray[]), 1e-5, "weights after one more step");
        });
      });

      // We read Python's.
      const compareTheirs = async (name: string, file: string, answered: PeerAnswer, tokens?: number) => {
        try {
          assert(!answered.error, answered.error);
          const { model } = await decodeKeras(await Deno.readFile(file), { name });
          const inputs = answered.inputs!.map((input) => fromPeer(input, tokens ? "int32" : "float32"));
          compareOutputs(answer(model, inputs), answered.outputs!);
        } catch (error) {
          problems.push(`theirs ${name}: ${(error as Error).message}`);
        }
      };
      for (const [i, { file }] of write.entries()) {
        await compareTheirs(caseName(LAYER_CASES[i]), file, peer.write[i], LAYER_CASES[i].tokens);
      }
      for (const [i, name] of good.entries()) {
        await compareTheirs(name, build[i].file, peer.build[i]);
      }
      for (const [i, { optimizer: name, file }] of train.entries()) {
        await compareTheirs(name, file, peer.train[i]);
        if (peer.train[i].error) continue;
        const { model, optimizer: state, loss } = await decodeKeras(await Deno.readFile(file));
        assertEquals([state!.step, loss], [3, "mean_squared_error"]);
        assertClose(state!.rate, RULES[name].rate, 1e-6);
        assertEquals(state!.config, RULES[name].rule.config);
        const [image] = peer.train[i].inputs!.map((input) => fromPeer(input));
        const optimizer = optimizerFor(model, name, state);
        step(model, optimizer, state!.rate, image, fromPeer(peer.train[i].target as PeerArray));
        check(`theirs with ${name}`, problems, peer.train[i], () => {
          assertClose(
            flatWeights(model),
            flat(peer.train[i].weights as PeerArray[]),
            1e-5,
            "weights after one more step",
          );
        });
      }
      assert(problems.length === 0, problems.map((problem) => problem.slice(0, 500)).join("\n"));

      // What we do not take is refused by name, in one line.
      const reasons = [
        `class "Lambda"`,
        `class "elsewhere>Dense"`,
        "mixed_float16",
      ];
      for (const [i, name] of bad.entries()) {
        const { file } = build[good.length + i];
        const bytes = await Deno.readFile(file);
        const before = tf.memory().numTensors;
        const { message } = await assertRejects(() => decodeKeras(bytes, { name }), SyntaxError, reasons[i]);
        assert(
          message.startsWith(`Cannot read Keras model "${name}" as `) && !message.includes("\n"),
          message,
        );
        assertEquals(tf.memory().numTensors, before);
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);
