/** Folders that pyBIA's Classifier wrote, their models saved again as `.keras`. */
import { join } from "@std/path";
import { startEngine, tf } from "../../../../lib/engine/mod.ts";
import { Classifier, type ClassifierSettings } from "../../../../lib/experiments/lenses/classifier.ts";
import { encodeKeras } from "../../../../lib/export/keras_write.ts";
import { decodeNpz } from "../../../../lib/io/npz.ts";
import { assert, assertClose, assertEquals, assertRejects } from "../../../assert.ts";
import { withFolder } from "../../../folder.ts";
import { testWith } from "../../../needs.ts";
import { runPython } from "../../io/_python.ts";

await startEngine();

const images = (count: number) => ({
  data: new Float32Array(count * 12 * 12 * 2),
  shape: [count, 12, 12, 2],
});
const both = () => ({ positiveClass: images(1), negativeClass: images(2) });

/** The document's custom network and its ResNet-18, small, as pyBIA 1.3.3 builds them: lambdas, two sigmoids. */
const PROGRAM = `
import os
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras, tensorflow as tf, numpy as np
from keras.layers import *
keras.utils.set_random_seed(4)
x = np.random.default_rng(1).uniform(0, 100, (5, 12, 12, 2)).astype("f4")
fit = lambda model: model.predict(np.clip(x / 80, 0, 1), verbose=0)
least = lambda x: -tf.nn.max_pool2d(-x, ksize=(2, 2), strides=(2, 2), padding="SAME")
response = lambda x: tf.nn.local_response_normalization(x, depth_radius=5, bias=2, alpha=1e-4, beta=0.75)
wide = keras.initializers.RandomNormal(0, 0.4)
def custom():
    return keras.Sequential([Input((12, 12, 2)), Conv2D(6, 3, activation="relu", padding="same", kernel_initializer=wide),
        Lambda(least), Lambda(response), Flatten(), Dense(7, activation="relu", kernel_initializer=wide), Dropout(0.5),
        Dense(2, activation="sigmoid", bias_initializer=wide, kernel_initializer=wide)])
def block(x, before, after, stride):
    y = Conv2D(after, 3, activation="relu", strides=stride, padding="same")(x)
    y = Conv2D(after, 3, activation="relu", padding="same")(y)
    return Add()([y, Conv2D(after, 1, strides=stride)(x) if stride > 1 or before != after else x])
def resnet():
    image = Input((12, 12, 2))
    x = Conv2D(4, 7, activation="relu", kernel_initializer=wide)(ZeroPadding2D(((3, 3), (3, 3)))(image))
    x = Lambda(lambda x: tf.nn.max_pool2d(x, ksize=(3, 3), strides=(2, 2), padding="SAME"))(x)
    x = MaxPooling2D(3, 2, padding="same")(x)
    for before, after, blocks, stride in [(4, 4, 3, 1), (4, 5, 4, 2), (5, 6, 4, 2), (6, 7, 3, 2)]:
        for b in range(blocks): x = block(x, before if b == 0 else after, after, stride if b == 0 else 1)
    return keras.Model(image, Activation("sigmoid")(Dense(2, kernel_initializer=wide)(GlobalAveragePooling2D()(x))))
answers = {"x": x}
def save(folder, **models):
    os.makedirs(folder)
    for name, model in models.items():
        model.save(f"{folder}/Keras_Model{name}.keras")
        answers[folder.split("/")[0] + name] = fit(model)
save("custom/pyBIA_cnn_model", _CV_1=custom(), _CV_2=custom())
save("resnet", **{"": resnet()})
for k in "12":
    np.savetxt(f"custom/pyBIA_cnn_model/model_train_metrics_CV_{k}", [[0.5, 0.7, 0.25], [0.75, 0.6, 0.5]], header="binary_accuracy\\tloss\\tf1_score")
np.savetxt("custom/pyBIA_cnn_model/model_val_metrics_CV_2", [[0.4, 0.9, 0.1], [0.6, 0.8, 0.2]])
np.save("custom/pyBIA_cnn_model/class_1.npy", x[:2])
np.savez("answers.npz", **answers)
`;

const SETTINGS: ClassifierSettings = { normalize: true, minPixel: [0, 0], maxPixel: [80, 80] };
const CUSTOM: ClassifierSettings = {
  ...SETTINGS,
  clf: "custom_cnn",
  architecture: {
    stages: [{ filters: 6, kernel: 3, pooling: "min" }],
    dense: [{ units: 7, dropout: 0.5 }],
    regularizer: "localResponse",
  },
};

testWith(
  "keras",
  "load() takes pyBIA's weights, and says what its two sigmoids say",
  (python) =>
    withFolder(async (folder) => {
      await runPython(python, PROGRAM, folder);
      const answers = decodeNpz(await Deno.readFile(join(folder, "answers.npz")));
      const of = (name: string) => answers.get(name)! as { data: Float32Array; shape: number[] };
      const expected = (name: string) => Array.from({ length: 5 }, (_, i) => of(name).data[2 * i + 1]);

      const model = new Classifier(both(), CUSTOM);
      await model.load(join(folder, "custom"));
      assertEquals(model.models.length, 2);
      const [first, second] = await Promise.all([0, 1].map((k) => model.predict(of("x"), k)));
      assertClose(first.map(({ probability }) => probability), expected("custom_CV_1"), 1e-5);
      assertClose(second.map(({ probability }) => probability), expected("custom_CV_2"), 1e-5);
      assertEquals(
        first.map(({ votes }) => votes),
        expected("custom_CV_1").map((p, i) => Number(p > of("custom_CV_1").data[2 * i])),
      );
      assert(new Set([...first, ...second].map(({ label }) => label)).size === 2, "both answers occur");
      assertEquals(model.histories.map(({ epochs }) => epochs), [
        [{ epoch: 1, loss: 0.7, accuracy: 0.5, f1Score: 0.25 }, {
          epoch: 2,
          loss: 0.6,
          accuracy: 0.75,
          f1Score: 0.5,
        }],
        [
          {
            ...{ epoch: 1, loss: 0.7, accuracy: 0.5, f1Score: 0.25 },
            validationLoss: 0.9,
            validationAccuracy: 0.4,
            validationF1Score: 0.1,
          },
          {
            ...{ epoch: 2, loss: 0.6, accuracy: 0.75, f1Score: 0.5 },
            validationLoss: 0.8,
            validationAccuracy: 0.6,
            validationF1Score: 0.2,
          },
        ],
      ]);
      assertEquals([model.positiveClass.shape, model.negativeClass.shape[0]], [[2, 12, 12, 2], 2]);
      await model.save(join(folder, "own"));
      const again = new Classifier(both());
      await again.load(join(folder, "own"));
      assertClose(
        (await again.predict(of("x"), 1)).map(({ probability }) => probability),
        expected("custom_CV_2"),
        1e-5,
      );

      model.settings = {
        ...SETTINGS,
        clf: "resnet18",
        architecture: { stem: { filters: 4 }, blockFilters: [4, 5, 6, 7] },
      };
      await model.load(join(folder, "resnet"));
      assertClose(
        (await model.predict(of("x"))).map(({ probability }) => probability),
        expected("resnet"),
        1e-5,
      );
      const [loaded] = model.models;
      model.settings = {
        ...SETTINGS,
        clf: "resnet18",
        architecture: { stem: { filters: 4 }, blockFilters: [4, 5, 6, 8] },
      };
      await assertRejects(
        () => model.load(join(folder, "resnet")),
        RangeError,
        'Cannot load "Keras_Model.keras" into "resnet18" as it has 3 × 3 × 6 × 7, 7 in "conv2d',
      );
      assert(model.models[0] === loaded, "the object stays as it was");
      model.dispose();
      again.dispose();
    }),
);

Deno.test("load() says how pyBIA's HDF5 files become readable, and which line of a history is none", () =>
  withFolder(async (folder) => {
    const model = new Classifier(both(), CUSTOM);
    await Deno.writeTextFile(join(folder, "Keras_Model.h5"), "");
    await assertRejects(
      () => model.load(folder),
      Deno.errors.NotFound,
      '.save("Keras_Model.keras") makes one',
    );
    const file = join(folder, "Keras_Model.keras"), flat = tf.layers.flatten({ inputShape: [12, 12, 2] });
    const network = tf.sequential({ layers: [flat, tf.layers.dense({ units: 2, activation: "sigmoid" })] });
    await Deno.writeFile(file, await encodeKeras(network));
    network.dispose();
    await Deno.writeTextFile(join(folder, "model_train_metrics"), "# header\n0.5 0.7 0.25\n0.5 0.7\n");
    await assertRejects(() => model.load(folder), SyntaxError, "epoch 2 must be three numbers");
    assertEquals(model.models.length, 0);
  }));
