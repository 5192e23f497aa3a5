import { fromArrays } from "../../../lib/data/source.ts";
import { startEngine, tf } from "../../../lib/engine/mod.ts";
import { averageInto } from "../../../lib/train/ema.ts";
import { constant, fit, type KerasEma, meanSquaredError, sgd } from "../../../lib/train/mod.ts";
import { assertClose, assertRejects } from "../../assert.ts";

await startEngine({ backend: "cpu" });

const x = [[1, 2], [3, -1], [0.5, 1], [2, 2]], y = [1, 0, 2, -1];
const source = fromArrays(
  { data: Float32Array.from(x.flat()), shape: [4, 2] },
  { data: Float32Array.from(y), shape: [4, 1] },
);

/** Normalisation and a kernel that must not be negative: what is averaged, and before what. */
async function averaged(options: { kerasEma?: KerasEma; emaMomentum?: number }) {
  const model = tf.sequential({
    layers: [
      tf.layers.batchNormalization({ momentum: 0.5, inputShape: [2] }),
      tf.layers.dense({
        units: 1,
        kernelConstraint: "nonNeg",
        weights: [tf.tensor2d([[0.5], [0.3]]), tf.zeros([1])],
      }),
    ],
  });
  const { epochs } = await fit(model, source, {
    loss: meanSquaredError(),
    optimizer: sgd(),
    schedule: constant(0.2),
    epochs: 3,
    batch: 4,
    shards: 1,
    validation: source,
    ...options,
  });
  const weights = model.layers.map((layer) => layer.getWeights().flatMap((weight) => [...weight.dataSync()]));
  return { losses: epochs.flatMap(({ loss, validationLoss }) => [loss, validationLoss]), weights };
}

// Printed by Keras 3.15 with the TensorFlow backend:
//   i = keras.Input((2,)); d = keras.layers.Dense(1, kernel_constraint=keras.constraints.NonNeg())
//   m = keras.Model(i, d(keras.layers.BatchNormalization(momentum=0.5)(i))); d.kernel.assign([[0.5], [0.3]])
//   m.compile(keras.optimizers.SGD(0.2, use_ema=True, ema_momentum=0.8), "mse") # ema_overwrite_frequency=2
//   m.fit(x, y, batch_size=4, epochs=3, shuffle=False, validation_data=(x, y)); print(m.get_weights())
const NORMALIZED = [1.421875, 0.875, 0.931640625, 1.4375];

Deno.test("fit() averages what is trained as Keras's use_ema: before constraints, and not to be validated", async () => {
  const { losses, weights: [norm, dense] } = await averaged({ kerasEma: { momentum: 0.8 } });
  assertClose(losses, [2.49426794, 1.41454554, 1.46126807, 1.30678248, 1.3156873, 1.27490282], 2e-6);
  assertClose(norm, [0.76543713, 0.98641348, 0.10153472, 0.07499822, ...NORMALIZED], 2e-6);
  assertClose(dense, [-0.0434456, 0.2546584, 0.25361019], 2e-6);
});

Deno.test("fit() puts averages in the weights' place every other step where it is told", async () => {
  const { losses, weights: [norm, dense] } = await averaged({
    kerasEma: { momentum: 0.8, overwriteEvery: 2 },
  });
  assertClose(losses, [2.49426794, 1.41454554, 1.46126807, 1.37734532, 1.39768457, 1.30045652], 2e-6);
  assertClose(norm, [0.76710445, 0.98865038, 0.10085262, 0.07274432, ...NORMALIZED], 2e-6);
  assertClose(dense, [-0.03963832, 0.2644372, 0.24291214], 2e-6);
});

Deno.test("fit() refuses averages that make no sense", async () => {
  const refused = (options: Parameters<typeof averaged>[0], kind: ErrorConstructor, why: string) =>
    assertRejects(() => averaged(options), kind, why);
  await refused({ kerasEma: { momentum: 2 } }, RangeError, "momentum must be from 0 to 1: got 2");
  const overwriteEvery = 0;
  await refused({ kerasEma: { momentum: 0.9, overwriteEvery } }, RangeError, "at least 1: got 0");
  await refused(
    { kerasEma: { momentum: 0.9 }, emaMomentum: 0.9 },
    TypeError,
    "both emaMomentum and kerasEma",
  );
});

// By hand with momentum 0.9: steps 1 and 200 count 1 - min(0.9, 2/11) = 9/11 and 1 - 0.9 of the way.
Deno.test("averageInto() counts the first steps more, and later ones by the momentum", () => {
  const average = tf.variable(tf.tensor1d([0, 10])), weight = tf.variable(tf.tensor1d([11, 21]));
  averageInto([average], [weight], 0.9, tf.scalar(1));
  assertClose(average.dataSync(), [9, 19], 1e-6);
  averageInto([average], [weight], 0.9, tf.scalar(200));
  assertClose(average.dataSync(), [9.2, 19.2], 1e-6);
});
