/** `.onnx` files are valid and run elsewhere with the same results. */
import { join } from "@std/path";
import { type InferenceSession, Tensor } from "onnxruntime-node";
import ort from "onnxruntime-node";
import { tf } from "../../../lib/engine/mod.ts";
import { encodeOnnx } from "../../../lib/export/onnx_write.ts";
import { assert, assertClose, assertEquals, assertThrows } from "../../assert.ts";
import { testWith } from "../../needs.ts";
import { answer, drawTensor, layerModels, type ModelCase, sequence, wholeModels } from "./models.ts";
import { askPeer, toPeer } from "./peer.ts";

/** The names that encodeOnnx() gives inputs by itself. */
function inputNames({ model }: ModelCase): string[] {
  return model.inputs.length === 1 ? ["image"] : model.inputs.map(({ sourceLayer }) => sourceLayer.name);
}

/** Activations that Keras files cannot hold but ONNX can, and settings that the cases of Keras leave out. */
function moreModels(): ModelCase[] {
  const x = tf.tensor([-3, -1, -0.2, 0, 0.3, 2, 4, 0.1], [2, 4]);
  const sequence = tf.reshape(x, [2, 2, 2]);
  // ONNX Runtime joins Pad and MaxPool and forgets the zeros, which are the largest values here.
  const padded = tf.sequential({
    layers: [
      tf.layers.zeroPadding2d({ padding: 1, inputShape: [3, 3, 1] }),
      tf.layers.maxPooling2d({ poolSize: 3, strides: 1 }),
    ],
  });
  return [
    { name: "padded", model: padded, inputs: [tf.neg(tf.range(1, 19)).reshape([2, 3, 3, 1])] },
    {
      name: "hardSigmoid",
      model: tf.sequential({
        layers: [tf.layers.activation({ activation: "hardSigmoid", inputShape: [4] })],
      }),
      inputs: [x],
    },
    {
      name: "lstm with hardSigmoid",
      model: tf.sequential({ layers: [tf.layers.lstm({ units: 3, inputShape: [2, 2] })] }),
      inputs: [sequence],
    },
    {
      name: "bilinear",
      model: tf.sequential({
        layers: [tf.layers.upSampling2d({ size: [2, 2], interpolation: "bilinear", inputShape: [2, 2, 1] })],
      }),
      inputs: [tf.reshape(x, [2, 2, 2, 1])],
    },
  ];
}

Deno.test("encodeOnnx() agrees with the model in ONNX Runtime, at every batch size", async () => {
  const problems: string[] = [];
  for (const { name, model, inputs } of [...layerModels(), ...wholeModels(), ...moreModels()]) {
    try {
      const session: InferenceSession = await ort.InferenceSession.create(encodeOnnx(model), {
        intraOpNumThreads: 1,
        interOpNumThreads: 1,
      });
      for (const batch of [2, 1]) {
        const parts = inputs.map((input) => tf.slice(input, 0, batch));
        const feeds = Object.fromEntries(session.inputNames.map((input, i) => {
          const { dtype, shape } = parts[i], data = parts[i].dataSync();
          return [
            input,
            dtype === "int32"
              ? new Tensor(data as Int32Array, shape)
              : new Tensor(data as Float32Array, shape),
          ];
        }));
        const outputs = await session.run(feeds);
        answer(model, parts).forEach((expected, i) => {
          const actual = outputs[session.outputNames[i]];
          assertEquals([...actual.dims], expected.shape);
          assertClose(actual.data as Float32Array, expected.dataSync(), 1e-5, `batch ${batch}, output ${i}`);
        });
      }
      await session.release();
    } catch (error) {
      problems.push(`${name}: ${(error as Error).message}`);
    }
  }
  assert(problems.length === 0, problems.join("\n"));
});

Deno.test("encodeOnnx() takes images of any size where the model does", async () => {
  const layers = [
    tf.layers.conv2d({ filters: 3, kernelSize: 3, strides: 2, padding: "same", inputShape: [null, null, 1] }),
    tf.layers.maxPooling2d({ poolSize: 3, strides: 2, padding: "same" }),
    tf.layers.conv2dTranspose({ filters: 2, kernelSize: 3, strides: 2, padding: "same" }),
  ];
  const convolutional = tf.sequential({ layers }), counting = tf.sequential({ layers: [convolutional] });
  counting.add(tf.layers.globalAveragePooling2d({}));
  counting.add(tf.layers.dense({ units: 2 }));
  for (const model of [convolutional, counting]) {
    const session = await ort.InferenceSession.create(encodeOnnx(model), { intraOpNumThreads: 1 });
    for (const [height, width] of [[11, 14], [16, 9]]) {
      const image = drawTensor([1, height, width, 1], sequence(height));
      const feeds = { image: new Tensor(image.dataSync<"float32">(), image.shape) };
      const { dims, data } = Object.values(await session.run(feeds))[0];
      const [expected] = answer(model, [image]);
      assertEquals([...dims], expected.shape);
      assertClose(data as Float32Array, expected.dataSync(), 1e-5);
    }
    await session.release();
  }
});

Deno.test("encodeOnnx() names inputs and outputs as asked, and refuses names that do not fit", () => {
  const { model } = wholeModels()[1];
  const text = new TextDecoder("latin1").decode(
    encodeOnnx(model, { inputs: ["left", "right"], outputs: ["keV", "NR"] }),
  );
  for (const name of ["left", "right", "keV", "NR", "batch"]) assert(text.includes(name), name);
  assertThrows(() => encodeOnnx(model, { outputs: ["one"] }), RangeError, "its 2 outputs need as many");
  assertThrows(() => encodeOnnx(model, { inputs: ["a", "a"] }), RangeError, "its 2 inputs need as many");
  assertThrows(
    () => encodeOnnx(model, { inputs: ["a", "b"], outputs: ["b", "c"] }),
    RangeError,
    "must differ in name",
  );
});

Deno.test("encodeOnnx() ends with the metadata that it is given, in their order", () => {
  const { model } = wholeModels()[0], plain = encodeOnnx(model);
  const bytes = encodeOnnx(model, { metadata: { model: "cnn", version: "3" } });
  // onnx.proto: ModelProto.metadata_props = 14, of StringStringEntryProto { key = 1, value = 2 }; a tag is 8 · field + 2.
  const text = (
    field: number,
    words: string,
  ) => [8 * field + 2, words.length, ...new TextEncoder().encode(words)];
  const entry = (key: string, value: string) => {
    const fields = [...text(1, key), ...text(2, value)];
    return [8 * 14 + 2, fields.length, ...fields];
  };
  assertEquals([...bytes.subarray(plain.length)], [...entry("model", "cnn"), ...entry("version", "3")]);
  assertEquals(bytes.subarray(0, plain.length), plain);
});

Deno.test("encodeOnnx() names a layer that it cannot write", () => {
  const masked = tf.sequential({ layers: [tf.layers.masking({ maskValue: 0, inputShape: [3, 2] })] });
  assertThrows(() => encodeOnnx(masked), TypeError, `(Masking) as ONNX`);
  const first = tf.sequential({
    layers: [tf.layers.globalAveragePooling2d({ dataFormat: "channelsFirst", inputShape: [3, 2, 2] })],
  });
  assertThrows(() => encodeOnnx(first), TypeError, "channels must be last");
  const told = tf.sequential({
    layers: [tf.layers.simpleRNN({ units: 2, stateful: true, batchInputShape: [2, 3, 1] })],
  });
  assertThrows(() => encodeOnnx(told), TypeError, "a state that lasts from batch to batch");
  const words = tf.sequential({
    layers: [tf.layers.embedding({ inputDim: 3, outputDim: 2, maskZero: true, inputShape: [4] })],
  });
  assertThrows(() => encodeOnnx(words), TypeError, "maskZero has no counterpart");
});

testWith(
  "keras",
  "encodeOnnx() writes files that onnx.checker accepts and Python's ONNX Runtime runs alike",
  async (python) => {
    const folder = await Deno.makeTempDir();
    try {
      const models = [...layerModels(), ...wholeModels(), ...moreModels()], infer: unknown[] = [];
      for (const [i, { model, inputs }] of models.entries()) {
        const file = join(folder, `${i}.onnx`);
        await Deno.writeFile(file, encodeOnnx(model));
        const named = inputNames(models[i]).map((name, j) => [name, toPeer(inputs[j])]);
        infer.push({ file, inputs: Object.fromEntries(named) });
      }
      const peer = await askPeer(python, "onnx_peer.py", { infer });
      const problems: string[] = [];
      models.forEach(({ name, model, inputs }, i) => {
        try {
          const { error, opset, shapes, outputs } = peer.infer[i] as unknown as {
            error?: string;
            opset: Record<string, number>;
            shapes: Record<string, (string | number)[]>;
            outputs: Record<string, { shape: number[]; data: number[] }>;
          };
          assert(!error, error);
          assertEquals(opset, { "": 17 });
          for (const shape of Object.values(shapes)) assertEquals(shape[0], "batch");
          answer(model, inputs).forEach((expected, j) => {
            const actual = Object.values(outputs)[j];
            assertEquals(actual.shape, expected.shape);
            assertClose(actual.data, expected.dataSync(), 1e-4, `output ${j}`);
          });
        } catch (error) {
          problems.push(`${name}: ${(error as Error).message}`);
        }
      });
      assert(problems.length === 0, problems.join("\n"));
      // Convolutions run channels first from one end to the other: one channel comes in for nothing, and the flattened
      // features meet weights in their order.
      const nodesOf = (
        name: string,
      ) => (peer.infer[models.findIndex((one) => one.name === name)].nodes as string[]);
      assertEquals(nodesOf("stacked").filter((node) => node === "Transpose"), []);
      assertEquals(nodesOf("volume").filter((node) => node === "Transpose"), []);
      assertEquals(nodesOf("residual").filter((node) => node === "Transpose").length, 1); // two channels come in
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);
