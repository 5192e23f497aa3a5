import { compile, engineReport, startEngine, tf } from "../../../lib/engine/mod.ts";
import {
  deviceCount,
  deviceName,
  logicalCpus,
  onShardsDevice,
  useDevices,
} from "../../../lib/engine/devices.ts";
import { crossEntropy, fit, sgd } from "../../../lib/train/mod.ts";
import { assert, assertClose, assertEquals, assertThrows } from "../../assert.ts";
import { preprocessing, toyModel, toySource, weightsOf } from "../train/_toy.ts";

await startEngine({ backend: "tensorflow", threads: 2, devices: ["cpu:0", "cpu:1"] });

Deno.test("deviceName() gives TensorFlow's name, and refuses what is none", () => {
  assertEquals(deviceName("cpu:1"), "/job:localhost/replica:0/task:0/device:CPU:1");
  assertThrows(
    () => deviceName("cuda"),
    RangeError,
    'Cannot use device "cuda" as a device is named like gpu:0',
  );
  assertEquals([logicalCpus([]), logicalCpus(["gpu:0"]), logicalCpus(["cpu:0", "cpu:3"])], [1, 1, 4]);
});

Deno.test("useDevices() refuses what TensorFlow lacks", () => {
  const found = ["cpu:0", "cpu:1"].map(deviceName);
  assertThrows(
    () => useDevices(["cpu:0", "gpu:7"], found),
    RangeError,
    'Cannot use device "gpu:7" as TensorFlow has cpu:0, cpu:1',
  );
});

Deno.test("startEngine() has so many logical devices, and ops run where most of what they take is", () => {
  assertEquals([engineReport().backend, deviceCount()], ["tensorflow", 2]);
  const [first, second] = ["cpu:0", "cpu:1"].map(deviceName);
  const sum = compile((x, y) => {
    const [a, b] = [x, y].map((part, shard) => tf.square(onShardsDevice(part, shard, 2)));
    return tf.add(tf.sum(a), tf.sum(b));
  });
  assertEquals(sum(tf.tensor1d([1, 2]), tf.tensor1d([3])).dataSync()[0], 14);
  assertEquals(sum.placed, { [first]: 4, [second]: 3 }); // an Identity, a square and a sum each, and the sum of both
});

Deno.test("fit() over two devices learns what it does on one", async () => {
  const trained = async (shards?: number) => {
    const model = toyModel(1, 0);
    const options = { loss: crossEntropy(), optimizer: sgd(), epochs: 3, batch: 10, preprocessing, shards };
    const { shards: used } = await fit(model, toySource(41), { ...options, globalClipNorm: 1 });
    return { weights: weightsOf(model), used };
  };
  const one = await trained(1), both = await trained();
  assertEquals([one.used, both.used], [1, 2]);
  assertClose(both.weights, one.weights, 1e-5);
  assert(both.weights.some((weight, i) => weight !== one.weights[i]), "two shards add up in another order");
});
