/** Every architecture of the registry can be exported, and scores alike afterwards. */
import ort from "onnxruntime-node";
import { startEngine, tf } from "../../../lib/engine/mod.ts";
import { decodeKeras } from "../../../lib/export/keras_read.ts";
import { encodeKeras } from "../../../lib/export/keras_write.ts";
import { encodeOnnx } from "../../../lib/export/onnx_write.ts";
import { buildModel, MODELS } from "../../../lib/models/registry.ts";
import { assertClose, assertEquals } from "../../assert.ts";

for (const name of Object.keys(MODELS)) {
  Deno.test(`encodeOnnx() and encodeKeras() take ${name} along`, async () => {
    await startEngine({ backend: "wasm" });
    const before = tf.memory().numTensors;
    const model = buildModel(name, { seed: 1 });
    const shape = model.inputs[0].shape.slice(1) as number[];
    const input = tf.randomUniform([2, ...shape], 0, 1, "float32", 7);
    const expected = model.predict(input) as tf.Tensor[] | tf.Tensor;
    const outputs = Array.isArray(expected) ? expected : [expected];

    const session = await ort.InferenceSession.create(encodeOnnx(model), { intraOpNumThreads: 1 });
    assertEquals([...session.inputNames], ["image"]);
    const scored = await session.run({ image: new ort.Tensor(input.dataSync<"float32">(), input.shape) });
    outputs.forEach((output, i) => {
      const { dims, data } = scored[session.outputNames[i]];
      assertEquals([...dims], output.shape);
      assertClose(data as Float32Array, output.dataSync(), 1e-4, `output ${i}`);
    });
    await session.release();

    const { model: read } = await decodeKeras(await encodeKeras(model));
    const again = read.predict(input) as tf.Tensor[] | tf.Tensor;
    [again].flat().forEach((output, i) => assertEquals(output.dataSync(), outputs[i].dataSync()));
    tf.dispose([input, expected, again]);
    read.dispose();
    model.dispose();
    assertEquals(tf.memory().numTensors, before);
  });
}
