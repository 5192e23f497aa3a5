/** ONNX Runtime behind its interface. */
import config from "../../../deno.json" with { type: "json" };
import { openSession, warmRuntime, WEB_VERSION } from "../../../lib/score/session.ts";
import { tinyOnnx } from "../../tiny_model.ts";
import { assertClose, assertEquals, assertRejects } from "../../assert.ts";

Deno.test("the .wasm file that is read before ONNX Runtime is there is of the same package", () => {
  assertEquals(config.imports["onnxruntime-web"], `npm:onnxruntime-web@${WEB_VERSION}`);
});

Deno.test("openSession() computes the same natively and in WebAssembly", async () => {
  const [native, wasm] = await Promise.all((["native", "wasm"] as const).map(async (runtime) => {
    const session = await openSession(tinyOnnx(), { runtime });
    const size = (sizes: readonly number[]) => sizes.reduce((product, side) => product * Math.abs(side), 1);
    const inputs = session.inputs.map((info) => ({
      ...info,
      shape: info.shape.map(Math.abs),
      data: Float32Array.from({ length: size(info.shape) }, (_, i) => i % 3),
    }));
    const outputs = await session.run(inputs);
    await session.close();
    return outputs.map(({ name, shape, data }) => ({ name, shape, data: Array.from(data as Float32Array) }));
  }));
  assertEquals(wasm.map(({ name, shape }) => [name, shape]), native.map(({ name, shape }) => [name, shape]));
  assertClose(wasm[0].data, native[0].data, 1e-6);
});

Deno.test("warmRuntime() starts either runtime, and leaves what goes wrong to the session that is opened", async () => {
  for (const runtime of ["native", "wasm"] as const) {
    await warmRuntime({ runtime });
    await assertRejects(() => openSession(Uint8Array.of(1, 2, 3), { runtime }), Error);
  }
});

Deno.test("openSession() takes a model from memory that threads share", async () => {
  const onnx = tinyOnnx(), shared = new Uint8Array(new SharedArrayBuffer(onnx.length));
  shared.set(onnx);
  for (const runtime of ["native", "wasm"] as const) {
    const session = await openSession(shared, { runtime });
    assertEquals(session.outputs.length, 2, runtime);
    await session.close();
  }
});
