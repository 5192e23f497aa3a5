import { join } from "@std/path";
import { tf } from "../../../lib/engine/mod.ts";
import type { JsonObject } from "../../../lib/layers/keras_settings.ts";
import { LAYERS } from "../../../lib/layers/registry.ts";
import { decodeKeras, readKeras } from "../../../lib/export/keras_read.ts";
import { numberedPaths } from "../../../lib/layers/keras_paths.ts";
import { encodeKeras } from "../../../lib/export/keras_write.ts";
import { decodeZip, encodeZip } from "../../../lib/io/zip.ts";
import { adam } from "../../../lib/train/adam.ts";
import { createOptimizer } from "../../../lib/train/optimizer.ts";
import { assert, assertClose, assertEquals, assertRejects } from "../../assert.ts";
import { withFolder } from "../../folder.ts";
import { answer, drawTensor, drawWeights, layerModels, sequence, wholeModels } from "./models.ts";

function buildSmall(): tf.LayersModel {
  const model = tf.sequential({
    name: "small",
    layers: [
      tf.layers.conv2d({ filters: 2, kernelSize: 3, inputShape: [5, 5, 1] }),
      tf.layers.batchNormalization(),
      tf.layers.flatten(),
      tf.layers.dense({ units: 3 }),
    ],
  });
  drawWeights(model, 1);
  return model;
}

const text = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const small = await encodeKeras(buildSmall());
const parts = decodeZip(small);

/** The small model's file with parts replaced, taken away or added. */
function altered(changes: Record<string, Uint8Array | undefined>): Uint8Array {
  const files = new Map(parts);
  for (const [name, bytes] of Object.entries(changes)) bytes ? files.set(name, bytes) : files.delete(name);
  return encodeZip([...files].map(([name, bytes]) => ({ name, bytes })));
}

interface Layer {
  class_name: string;
  module: string;
  registered_name: string | null;
  config: JsonObject;
}

/** The small model's file with its settings changed. */
function reconfigured(change: (layers: Layer[], config: JsonObject) => void): Uint8Array {
  const config = JSON.parse(new TextDecoder().decode(parts.get("config.json")));
  change(config.config.layers, config);
  return altered({ "config.json": text(config) });
}

/** One clear line, of the right class, and nothing left in memory. */
async function assertRefused(
  bytes: Uint8Array,
  includes: string,
  kind: typeof Error = SyntaxError,
): Promise<void> {
  const before = tf.memory().numTensors;
  const { message } = await assertRejects(() => decodeKeras(bytes, { name: "in.keras" }), kind, includes);
  assert(message.includes(`"in.keras"`) || message.includes("in.keras"), message);
  assert(!message.includes("\n") && message.length < 400, message);
  assertEquals(tf.memory().numTensors, before);
}

Deno.test("decodeKeras() gives back what encodeKeras() wrote, for every layer", async () => {
  for (const { name, model, inputs } of [...layerModels(), ...wholeModels()]) {
    const bytes = await encodeKeras(model);
    const { model: read, optimizer } = await decodeKeras(bytes);
    assertEquals(optimizer, undefined);
    const [before, after] = [answer(model, inputs), answer(read, inputs)];
    assertEquals(after.map((tensor) => tensor.dataSync()), before.map((tensor) => tensor.dataSync()), name);
    const [first, second] = [bytes, await encodeKeras(read)].map((file) =>
      decodeZip(file).get("config.json")
    );
    assertEquals(second, first, name);
  }
});

Deno.test("decodeKeras() keeps which layers are trained, their regularisers and the optimizer's state", async () => {
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ units: 4, inputShape: [3], kernelRegularizer: tf.regularizers.l2({ l2: 0.25 }) }),
      tf.layers.dense({ units: 4, trainable: false }),
      tf.layers.dense({ units: 2, kernelConstraint: tf.constraints.maxNorm({ maxValue: 2, axis: 0 }) }),
    ],
  });
  drawWeights(model, 3);
  const weights = model.trainableWeights.map((weight) => (weight as unknown as { val: tf.Variable }).val);
  assertEquals(weights.length, 4);
  const optimizer = createOptimizer(adam({ beta1: 0.8 }), weights, { weightDecay: 0.01 });
  const random = sequence(4);
  optimizer.apply(weights.map(({ shape }) => drawTensor(shape, random)), tf.scalar(0.1));
  const state = { ...optimizer.snapshot(0.05), decays: "all" as const };
  const bytes = await encodeKeras(model, { optimizer: state, loss: "mse" });
  const read = await decodeKeras(bytes);
  assertEquals(read.loss, "mse");
  assertEquals(read.optimizer, state);
  assertEquals(read.model.layers.map(({ trainable }) => trainable), [false, true, false, true]); // the input first
  const { kernelRegularizer } = read.model.layers[1].getConfig() as { kernelRegularizer: JsonObject };
  assertEquals(kernelRegularizer, { className: "L1L2", config: { l1: 0, l2: 0.25 } });
});

Deno.test("decodeKeras() leaves nothing behind but the model", async () => {
  const before = tf.memory().numTensors;
  const { model } = await decodeKeras(small);
  model.dispose();
  assertEquals(tf.memory().numTensors, before);
});

Deno.test("decodeKeras() refuses what is no Keras 3 file", async () => {
  await assertRefused(new Uint8Array(), "in.keras");
  await assertRefused(text("hello, this is a text and no archive"), "in.keras");
  await assertRefused(altered({ "config.json": undefined }), "it holds no config.json");
  await assertRefused(altered({ "model.weights.h5": undefined }), "it holds no model.weights.h5");
  await assertRefused(
    altered({ "metadata.json": text({ keras_version: "2.15.0" }) }),
    'saved by Keras "2.15.0"',
  );
  await assertRefused(altered({ "config.json": new TextEncoder().encode("{") }), "config.json is not JSON");
  await assertRefused(altered({ "config.json": text([]) }), "config.json is not a JSON object");
  await assertRefused(
    altered({ "config.json": text({ class_name: "Functional" }) }),
    "a model has no config",
  );
});

Deno.test("decodeKeras() refuses a path that leaves the folder, and a zip bomb", async () => {
  const climbing = altered({ "aa/bb/cc.txt": text("x") });
  const [from, to] = ["aa/bb/cc.txt", "../../cc.txt"].map((name) => new TextEncoder().encode(name));
  for (let i = 0; i + from.length <= climbing.length; i++) {
    if (from.every((byte, j) => climbing[i + j] === byte)) climbing.set(to, i);
  }
  await assertRefused(climbing, "../../cc.txt");
  const files = [...parts].map(([name, bytes]) => ({ name, bytes }));
  const bomb = encodeZip([...files, { name: "assets/zeros", bytes: new Uint8Array(64 << 20), level: 9 }]);
  assert(bomb.length < 200_000);
  await assertRefused(bomb, "beyond 1 to 200", RangeError);
  const large = encodeZip([...files, { name: "assets/zeros", bytes: new Uint8Array(5000) }]);
  await assertRejects(() => decodeKeras(large, { maxBytes: 10_000 }), RangeError, "at most");
});

Deno.test("decodeKeras() makes no layer that is not listed, and no option that it does not know", async () => {
  const cases: [(layers: Layer[], config: JsonObject) => void, string][] = [
    [(layers) => layers[4].class_name = "Lambda", `class "Lambda", which is not among the layers`],
    [(layers) => layers[3].class_name = "Masking", "(Masking) makes a mask, and masks are not supported"],
    [(layers) => layers[4].class_name = "constructor", `class "constructor"`],
    [(layers) => layers[4].class_name = "__proto__", `class "__proto__"`],
    [(layers) => layers[4].registered_name = "pack>Dense", `class "pack>Dense"`],
    [(layers) => layers[4].module = "os", `"Dense" from "os"`],
    [(layers) => layers[4].config.shell = "rm", `unknown option "shell"`],
    [(layers) => layers[4].config.units = "3", `units "3"`],
    [
      (layers) => layers[4].config.activation = { class_name: "function", config: "lambda x: x" },
      `activation "function"`,
    ],
    [(layers) => layers[4].config.activation = "toString", `activation "toString"`],
    [
      (layers) => layers[4].config.kernel_initializer = { module: "evil", class_name: "Zeros", config: {} },
      `kernel_initializer "Zeros"`,
    ],
    [
      (layers) =>
        layers[4].config.kernel_regularizer = { module: "keras.regularizers", class_name: "Own", config: {} },
      `kernel_regularizer "Own"`,
    ],
    [(layers) => layers[4].config.dtype = "float16", `computes in "float16"`],
    [(layers) => layers[1].config.data_format = "channels_first", 'only "channels_last" is supported'],
    [(layers) => layers[0].config.batch_shape = [null, -5, 5, 1], "has shape [null,-5,5,1]"],
    [(layers) => layers[0].config.sparse = true, "must be a dense tensor"],
    [(layers) => layers[0].config.ragged = true, "must be a dense tensor"],
    [(layers) => layers[0].config.dtype = "float64", "must be a dense tensor"],
    [(layers) => layers[1].config.kernel_size = [9, 9], "must have shape [9,9,1,2]"],
    [(layers) => layers[0].config.batch_shape = [null, 5, 1], "does not fit its inputs"],
    [(layers) => layers.splice(3, 1), "must have shape [2,3]"],
    [(layers) => layers.splice(1, 3), "must have shape [1,3]"],
    [
      (layers, config) => {
        layers.shift();
        delete (config.config as JsonObject).build_input_shape;
      },
      "does not say the shape of its input",
    ],
    [(_, config) => config.class_name = "Model", `model class "Model" is not supported`],
  ];
  for (const [change, includes] of cases) await assertRefused(reconfigured(change), includes);
  assert(!LAYERS.has("Lambda"));
});

Deno.test("decodeKeras() refuses weights of a wrong shape or number, before it allocates any", async () => {
  await assertRefused(
    reconfigured((layers) => layers[4].config.units = 4),
    "must have shape [18,4]: it has [18,3]",
  );
  await assertRefused(
    reconfigured((layers) => layers[4].config.units = 2 ** 30),
    "must have shape [18,1073741824]",
  );
  await assertRefused(
    reconfigured((layers) => layers[4].config.use_bias = false),
    "has 1 weights: the file has 2",
  );
  await assertRefused(
    reconfigured((layers) => layers.push({ ...layers[4], config: { ...layers[4].config, name: "twin" } })),
    `"layers/dense_1/vars/0" is missing`,
  );
  const other = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [2] })] });
  const weights = decodeZip(await encodeKeras(other));
  await assertRefused(altered({ "model.weights.h5": weights.get("model.weights.h5") }), "missing");
});

Deno.test("decodeKeras() refuses a file that was cut off anywhere, or whose weights were", async () => {
  for (let i = 1; i < 40; i++) {
    await assertRefused(small.slice(0, Math.floor(small.length * i / 40)), "in.keras");
  }
  const weights = parts.get("model.weights.h5")!;
  for (const length of [0, 7, 8, 40, 100, 1000, weights.length - 1]) {
    await assertRefused(altered({ "model.weights.h5": weights.slice(0, length) }), "model.weights.h5");
  }
});

Deno.test("decodeKeras() answers damaged bytes with one clear line or a model, and writes nothing of its own", async () => {
  const weights = parts.get("model.weights.h5")!, random = sequence(5);
  let refused = 0;
  for (let i = 0; i < 150; i++) {
    const damaged = weights.slice();
    for (let j = 0; j < 3; j++) damaged[Math.floor((random() + 1) / 2 * damaged.length)] ^= 1 << (i % 8);
    try {
      (await decodeKeras(altered({ "model.weights.h5": damaged }), { name: "in.keras" })).model.dispose();
    } catch (error) {
      assert(error instanceof SyntaxError, String(error));
      assert(!error.message.includes("\n"), error.message);
      refused++;
    }
  }
  assert(refused > 10, `${refused}`);
});

/** Every place in a JSON value, as the path that leads there. */
function places(value: unknown, path: string[] = []): string[][] {
  const inner = typeof value === "object" && value !== null ? Object.entries(value) : [];
  return [path, ...inner.flatMap(([key, child]) => places(child, [...path, key]))];
}

Deno.test("decodeKeras() answers any settings with one clear line or a model, and frees what it made", async () => {
  const strange = [
    null,
    true,
    -1,
    0,
    1.5,
    2 ** 31,
    1e12,
    "",
    "x",
    "Lambda",
    "relu",
    "__proto__",
    [],
    [null],
    {},
    [[1, 1]],
  ];
  const random = sequence(6),
    pick = <T>(list: readonly T[]) => list[Math.floor((random() + 1) / 2 * list.length)];
  let refused = 0;
  for (const { name, model } of wholeModels()) {
    if (name === "branched") continue; // disposing of a shared layer takes one call a use
    const files = decodeZip(await encodeKeras(model)),
      config = new TextDecoder().decode(files.get("config.json"));
    for (let i = 0; i < 60; i++) {
      const value = JSON.parse(config), path = pick(places(value).slice(1)), last = path.pop()!;
      const at = path.reduce((inner, key) => inner[key], value);
      if (i % 4 === 0) delete at[last];
      else at[last] = pick(strange);
      const bytes = encodeZip(
        [...files].map(([name, bytes]) => ({ name, bytes: name === "config.json" ? text(value) : bytes })),
      );
      const before = tf.memory().numTensors;
      try {
        (await decodeKeras(bytes)).model.dispose();
      } catch (error) {
        assert(error instanceof SyntaxError && !error.message.includes("\n"), String(error));
        refused++;
      }
      assertEquals(tf.memory().numTensors, before);
    }
  }
  assert(refused > 100, `${refused}`);
});

Deno.test("readKeras() reads weights that h5py packed by LZF, shuffled or not", async () => {
  // model.weights.h5 written again by h5py 3 with compression="lzf", the kernel with shuffle=True:
  // Dense(40) on 30 values, kernel (np.arange(1200) // 7 % 5).reshape(30, 40), bias np.arange(40)
  const { model } = await readKeras(new URL("old_keras/lzf.keras", import.meta.url).pathname);
  assertEquals(model.getWeights().map((weight) => [...weight.dataSync()]), [
    Array.from({ length: 1200 }, (_, i) => Math.floor(i / 7) % 5),
    Array.from({ length: 40 }, (_, i) => i),
  ]);
});

Deno.test("readKeras() reads a file where it lies, as decodeKeras() its bytes, and lets it go", () =>
  withFolder(async (folder) => {
    const path = join(folder, "small.keras");
    const written = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3] })] });
    const bytes = await encodeKeras(written), x = tf.tensor2d([[1, 2, 3]]);
    await Deno.writeFile(path, bytes);
    const { model } = await readKeras(path);
    const expected = (written.predict(x) as tf.Tensor).dataSync();
    assertEquals((model.predict(x) as tf.Tensor).dataSync(), expected);
    await Deno.writeFile(path, bytes.subarray(0, bytes.length - 9));
    await assertRejects(() => readKeras(path), SyntaxError, "small.keras");
    await assertRejects(() => readKeras(join(folder, "none.keras")), Deno.errors.NotFound);
    await Deno.remove(path); // nothing holds it
  }));

Deno.test("encodeKeras() names the layer that Keras lacks", async () => {
  const cases: [tf.layers.Layer, string][] = [
    [tf.layers.activation({ activation: "hardSigmoid", inputShape: [3] }), `activation "hardSigmoid"`],
    [tf.layers.masking({ maskValue: 0, inputShape: [3, 2] }), `class "Masking"`],
    [
      tf.layers.upSampling2d({ interpolation: "bilinear", inputShape: [3, 3, 1] }),
      `interpolation "bilinear"`,
    ],
    [
      tf.layers.flatten({ dataFormat: "channelsFirst", inputShape: [3, 3, 1] }),
      `dataFormat must be "channels_last"`,
    ],
    [tf.layers.lstm({ units: 2, inputShape: [3, 1] }), `recurrentActivation "hardSigmoid"`],
    [tf.layers.simpleRNN({ units: 2, stateful: true, batchInputShape: [2, 3, 1] }), "stateful must be false"],
    [
      tf.layers.embedding({ inputDim: 3, outputDim: 2, maskZero: true, inputShape: [4] }),
      "maskZero must be false",
    ],
  ];
  for (const [layer, includes] of cases) {
    await assertRejects(() => encodeKeras(tf.sequential({ layers: [layer] })), TypeError, includes);
  }
});

Deno.test("numberedPaths() counts layers class by class, in Keras's spelling", () => {
  const names = [
    "InputLayer",
    "Conv2D",
    "Dense",
    "Conv2D",
    "LeakyReLU",
    "Conv2DTranspose",
    "PReLU",
    "LSTM",
    "Conv2D",
  ];
  assertEquals(numberedPaths(names), [
    "input_layer",
    "conv2d",
    "dense",
    "conv2d_1",
    "leaky_re_lu",
    "conv2d_transpose",
    "p_re_lu",
    "lstm",
    "conv2d_2",
  ]);
});

Deno.test("decodeKeras() reads files of Keras 3.0 and 3.4, with the names of their time", async () => {
  // By keras 3.0.5 and 3.4.1 with TensorFlow 2.21:
  //   x = Input((8, 3)); y = GRU(4)(LSTM(3, return_sequences=True)(x))
  //   code = Input((4,)); encoder = Model(code, Dense(2)(code))
  //   model = Model(x, [encoder(y), Dense(2)(encoder(Dense(4)(y)))])
  //   model(np.cos(np.arange(48)).reshape(2, 8, 3))
  const x = tf.tensor(Float32Array.from({ length: 48 }, (_, i) => Math.cos(i)), [2, 8, 3]);
  const versions = {
    "3_0_5": [
      -0.02761385,
      -0.00604055,
      -0.05877362,
      0.01132676,
      -0.00817059,
      0.02865933,
      -0.0069464,
      0.03072584,
    ],
    "3_4_1": [
      0.00441661,
      -0.0026358,
      0.03518335,
      0.01662198,
      -0.00200427,
      0.00276899,
      0.0013867,
      -0.02106499,
    ],
  };
  for (const [version, expected] of Object.entries(versions)) {
    const file = new URL(`old_keras/keras_${version}.keras`, import.meta.url);
    const { model } = await decodeKeras(await Deno.readFile(file));
    const outputs = answer(model, [x]).flatMap((output) => [...output.dataSync()]);
    assertClose(outputs, expected, 1e-6, version);
  }
});
