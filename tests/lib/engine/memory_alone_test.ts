import v8 from "node:v8";
import vm from "node:vm";
import { compile, random, startEngine, takeRows, tf, toDevice } from "../../../lib/engine/mod.ts";
import { assert, assertEquals } from "../../assert.ts";

const MB = 1e6;

v8.setFlagsFromString("--expose-gc");
const collectGarbage = vm.runInNewContext("gc") as () => void;

/** Resident memory once the garbage collector has run. */
async function resident(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    collectGarbage();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return Deno.memoryUsage().rss;
}

/** Most rounds that are looked at. */
const ROUNDS = 4;

/**
 * Fails where each of some rounds leaves more than so many bytes behind: a leak does so every time, and an allocator that
 * keeps a little more for the next time, on a machine with many threads more than on one with few, does not.
 */
async function assertFlat(most: number, round: () => void): Promise<void> {
  const grown: number[] = [];
  do {
    const before = await resident();
    round();
    grown.push(await resident() - before);
  } while (grown.at(-1)! >= most && grown.length < ROUNDS);
  const inMegabytes = grown.map((bytes) => (bytes / MB).toFixed(1));
  assert(grown.at(-1)! < most, `resident memory grew by ${inMegabytes.join(", ")} MB`);
}

/** A training step of a small network with everything in it that allocates: dropout, batch norm, optimizer, gather. */
function makeStep(batch: number): { step: () => number; dispose: () => void } {
  const { layers } = tf;
  const model = tf.sequential({
    layers: [
      layers.conv2d({ inputShape: [12, 12, 1], filters: 8, kernelSize: 3 }),
      layers.batchNormalization(),
      layers.activation({ activation: "relu" }),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.dropout({ rate: 0.3 }),
      layers.flatten(),
      layers.dense({ units: 4 }),
    ],
  });
  const images = toDevice(Uint8Array.from({ length: 64 * 144 }, (_, i) => (i * 37) % 256), [64, 12, 12, 1]);
  const weights = model.trainableWeights.map((weight) => (weight as unknown as { val: tf.Variable }).val);
  const run = compile((rows: tf.Tensor1D) => {
    const x = tf.div(takeRows(images, rows), 255);
    const { value, grads } = tf.variableGrads(
      () => tf.mean(tf.square(model.apply(x, { training: true }) as tf.Tensor)).asScalar(),
      weights,
    );
    for (const weight of weights) weight.assign(tf.sub(weight, tf.mul(grads[weight.name], 0.01)));
    return value;
  });
  let at = 0;
  return {
    step() {
      const rows = tf.tensor1d(Int32Array.from({ length: batch }, () => at++ % 64), "int32");
      const loss = run(rows);
      const [value] = loss.dataSync();
      tf.dispose([rows, loss]);
      return value;
    },
    dispose() {
      run.dispose();
      images.dispose();
      model.dispose();
    },
  };
}

for (const [backend, batch] of [["tensorflow", 16], ["wasm", 8], ["cpu", 1]] as const) {
  Deno.test(`1,000 steps on ${backend} leave tensor count and resident memory flat`, async () => {
    await startEngine({ backend });
    random.setState({ seed: 1, counter: 0 });
    const before = tf.memory().numTensors;
    const { step, dispose } = makeStep(batch);
    for (let i = 0; i < 300; i++) step(); // the runtime's own pools and caches settle
    const tensors = tf.memory().numTensors;
    let loss = 0;
    await assertFlat(40 * MB, () => {
      for (let i = 0; i < 1000; i++) loss = step();
      assertEquals(tf.memory().numTensors, tensors);
    });
    assert(Number.isFinite(loss));
    dispose();
    assertEquals(tf.memory().numTensors, before);
  });
}

Deno.test("eager steps on the native backend free what they make", async () => {
  await startEngine({ backend: "tensorflow" });
  const x = tf.randomNormal([64, 256]), before = tf.memory().numTensors;
  const step = () => tf.tidy(() => void tf.grad((y) => tf.sum(tf.relu(tf.matMul(y, y, true))))(x).dataSync());
  for (let i = 0; i < 200; i++) step();
  await assertFlat(64 * MB, () => {
    for (let i = 0; i < 1000; i++) step(); // each makes about 1 MB: a leak would be a gigabyte
    assertEquals(tf.memory().numTensors, before);
  });
  x.dispose();
});

Deno.test("tracing again and again frees what the traces captured", async () => {
  await startEngine({ backend: "tensorflow" });
  const x = tf.ones([500]), before = tf.memory().numTensors;
  const trial = () => {
    const table = tf.randomNormal([500, 500]);
    const fn = compile((v: tf.Tensor1D) => tf.dot(tf.add(table, 1) as tf.Tensor2D, v));
    fn(x as tf.Tensor1D).dispose();
    table.dispose(); // what is left of it is the function's
    fn.dispose();
  };
  for (let i = 0; i < 20; i++) trial();
  await assertFlat(40 * MB, () => {
    for (let i = 0; i < 100; i++) trial(); // each captures 1 MB
    assertEquals(tf.memory().numTensors, before);
  });
});
