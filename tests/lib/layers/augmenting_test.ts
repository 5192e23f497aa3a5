import { fromArrays } from "../../../lib/data/source.ts";
import { applySharded, random, startEngine, tf } from "../../../lib/engine/mod.ts";
import type { JsonObject } from "../../../lib/layers/keras_settings.ts";
import { LAYERS } from "../../../lib/layers/registry.ts";
import { fit, meanSquaredError } from "../../../lib/train/mod.ts";
import { assert, assertClose, assertEquals, assertRejects, assertThrows } from "../../assert.ts";

const BACKENDS = ["cpu", "wasm", "tensorflow"] as const;

/** A layer of a file, with settings as Keras writes them. */
function made(className: string, kept: JsonObject = {}): tf.layers.Layer {
  return LAYERS.get(className)!.keras.create({ kept });
}

const IMAGE = [1, 2, 4, 7, 3, 9, 5, 0, 8, 6, 2, 5];
const image = () => tf.tensor4d(IMAGE, [1, 3, 4, 1]);
const trained = (layer: tf.layers.Layer, x: tf.Tensor) =>
  (layer.call(x, { training: true }) as tf.Tensor).dataSync<"float32">();

// Printed by Keras 3.15 with the TensorFlow backend, where both ends of a range are the same and nothing is left to chance:
//   x = np.array([1, 2, 4, 7, 3, 9, 5, 0, 8, 6, 2, 5], "float32").reshape(1, 3, 4, 1)
//   layer = keras.layers.RandomTranslation((0.3, 0.3), (-0.4, -0.4)) # and so on
//   print(layer.get_config(), layer(x, training=True))
const KERAS: [className: string, kept: JsonObject, wanted: number[]][] = [
  [
    "RandomTranslation",
    { height_factor: [0.3, 0.3], width_factor: [-0.4, -0.4] },
    [3.2, 5.8, 7, 5.2, 3.54, 5.42, 6.3, 4.98, 6.3, 2.18, 0.5, 3.02],
  ],
  [
    "RandomTranslation",
    { height_factor: [0.3, 0.3], width_factor: [-0.4, -0.4], fill_mode: "constant", fill_value: 2 },
    [2.12, 2.38, 2.2, 2, 3.54, 5.42, 3.72, 2, 6.3, 2.18, 1.4, 2],
  ],
  [
    "RandomTranslation",
    { height_factor: [-0.6, -0.6], width_factor: [0.5, 0.5], fill_mode: "wrap", interpolation: "nearest" },
    [2, 5, 8, 6, 4, 7, 1, 2, 5, 0, 3, 9],
  ],
  [
    "RandomRotation",
    { factor: [0.1, 0.1], fill_mode: "reflect", interpolation: "bilinear" },
    [1.87426, 3.36655, 4.05215, 0.3633, 1.6926, 6.72917, 4.50029, 3.82014, 2.85468, 6.5296, 4.73311, 2.37722],
  ],
  [
    "RandomRotation",
    { factor: [-0.2, -0.2], fill_mode: "nearest" },
    [
      7.82916,
      5.67374,
      2.89217,
      2.02494,
      5.8541,
      6.19145,
      4.92069,
      3.92705,
      2.04988,
      3.02487,
      2.61233,
      6.74375,
    ],
  ],
  [
    "RandomZoom",
    { height_factor: [0.3, 0.3], width_factor: null },
    [1, 1.85, 4.45, 7, 3, 8.1, 4.25, 0, 8, 6.3, 2.45, 5],
  ],
  [
    "RandomZoom",
    { height_factor: [-0.2, -0.2], width_factor: [0.5, 0.5], fill_mode: "constant" },
    [0.35, 2.9, 4.55, 1.4, 0.75, 7.5, 3.75, 0, 1.75, 6.7, 2.95, 1],
  ],
  [
    "RandomContrast",
    { factor: [-0.4, 0.4], value_range: [1, 8] },
    [1, 1.06667, 3.86667, 8, 2.46667, 8, 5.26667, 1, 8, 6.66667, 1.06667, 5.26667],
  ],
  [
    "RandomBrightness",
    { factor: [0.1, 0.1], value_range: [0, 255] },
    [26.5, 27.5, 29.5, 32.5, 28.5, 34.5, 30.5, 25.5, 33.5, 31.5, 27.5, 30.5],
  ],
  [
    "RandomBrightness",
    { factor: [-0.5, -0.5], value_range: [0, 8] },
    [0, 0, 0, 3, 0, 5, 1, 0, 4, 2, 0, 1],
  ],
];

for (const backend of BACKENDS) {
  Deno.test(`augmenting layers change images in training as Keras's, on ${backend}`, async () => {
    await startEngine({ backend });
    for (const [className, kept, wanted] of KERAS) {
      const layer = made(className, kept), said = `${className} ${JSON.stringify(kept)}`;
      assertClose(trained(layer, image()), wanted, 3e-5, said);
      assertEquals([...(layer.call(image(), {}) as tf.Tensor).dataSync()], IMAGE, `${said}, scoring`);
    }
    // By the same program, which draws the sign of both shears together.
    const shears = [[1, 2, 4, 7, 3, 5.6, 5.24, 4.28, 8, 6.92, 6.4, 3.44], [
      1,
      3.4,
      4.4,
      2.8,
      5.4,
      6.8,
      3.08,
      3,
      6.4,
      2.8,
      4.4,
      5,
    ]];
    const sheared = trained(
      made("RandomShear", { x_factor: [0.4, 0.4], y_factor: [0.2, 0.2] }),
      tf.tile(image(), [64, 1, 1, 1]),
    );
    const seen = Array.from(
      { length: 64 },
      (_, i) => shears.findIndex(([, second]) => Math.abs(sheared[12 * i + 1] - second) < 1e-4),
    );
    assertEquals([...new Set(seen)].toSorted(), [0, 1]); // one side only has a chance of 2^-63
    seen.forEach((sign, i) => assertClose(sheared.slice(12 * i, 12 * i + 12), shears[sign], 3e-5));
  });
}

Deno.test("RandomFlip mirrors half of the images, both ways together as in Keras", async () => {
  await startEngine({ backend: "cpu" });
  const count = 900, x = tf.tile(tf.tensor4d([1, 2, 3, 4], [1, 2, 2, 1]), [count, 1, 1, 1]);
  const flipped = { horizontal: "2143", vertical: "3412", horizontal_and_vertical: "4321" };
  for (const [mode, other] of Object.entries(flipped)) {
    random.setState({ seed: 5, counter: 0 });
    const all = trained(made("RandomFlip", { mode }), x);
    const seen = Array.from({ length: count }, (_, i) => all.slice(4 * i, 4 * i + 4).join(""));
    const turned = seen.filter((one) => one === other).length;
    assert(seen.every((one) => one === other || one === "1234"), mode);
    assert(Math.abs(turned - count / 2) < 5 * Math.sqrt(count / 4), `${mode}: ${turned}`);
  }
});

Deno.test("what augmenting layers draw does not depend on how the batch is cut", async () => {
  for (const backend of BACKENDS) {
    await startEngine({ backend });
    const model = tf.sequential();
    model.add(tf.layers.inputLayer({ inputShape: [3, 4, 1] }));
    model.add(made("RandomFlip"));
    model.add(made("RandomRotation", { factor: [-0.2, 0.2] }));
    model.add(made("RandomContrast", { factor: [0, 0.4] }));
    const x = tf.tile(image(), [5, 1, 1, 1]) as tf.Tensor;
    const cut = (sizes: number[]) => {
      random.setState({ seed: 3, counter: 0 });
      const parts = applySharded(model, tf.split(x, sizes).map((part) => [part]), { training: true });
      return tf.concat(parts.flat()).dataSync<"float32">();
    };
    const whole = cut([5]);
    assertClose(cut([2, 3]), whole, 1e-6, backend);
    assert(new Set(whole).size > 20, "each image has draws of its own");
    model.dispose();
  }
});

Deno.test("fit() trains behind layers that augment, and refuses what it cannot do by name", async () => {
  await startEngine({ backend: "tensorflow" });
  const source = fromArrays({ data: Float32Array.from([...IMAGE, ...IMAGE]), shape: [2, 3, 4, 1] }, {
    data: Float32Array.of(1, 0),
    shape: [2, 1],
  });
  const train = (layers: tf.layers.Layer[]) => {
    const model = tf.sequential({ layers: [tf.layers.inputLayer({ inputShape: [3, 4, 1] }), ...layers] });
    model.add(tf.layers.flatten());
    model.add(tf.layers.dense({ units: 1 }));
    return fit(model, source, { loss: meanSquaredError(), epochs: 2, batch: 2 });
  };
  const layers = [made("RandomFlip"), made("RandomBrightness", { factor: [-0.1, 0.1] })];
  const { epochs } = await train([LAYERS.get("Pipeline")!.keras.create({ layers })]);
  assert(epochs.every(({ loss }) => Number.isFinite(loss)));
  const zoom = made("RandomZoom", { height_factor: [0.3, 0.3] });
  const front = tf.layers.conv2d({ filters: 1, kernelSize: 1 });
  await assertRejects(
    () => train([front, zoom]),
    TypeError,
    "in front of a layer that moves images: freeze it",
  );
  await assertRejects(
    () => train([made("RandomHue")]),
    TypeError,
    "(RandomHue) as it augments only in Keras",
  );
  const first = made("RandomFlip", { data_format: "channels_first" });
  await assertRejects(() => train([first]), TypeError, 'it has data_format "channels_first"');
  assertThrows(() => trained(made("RandomFlip"), tf.ones([2, 3])), TypeError, "must have 4 axes: got [2,3]");
});
