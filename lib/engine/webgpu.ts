/**
 * The webgpu backend, on request: TensorFlow.js's own, on the graphics device that Deno finds.
 *
 * Values come back by `await tensor.data()` only: the synchronous way needs a canvas, which Deno does not have.
 * @module
 */
import { replaceKernel } from "./ops/replace_kernel.ts";
import { tf } from "./tf.ts";

/**
 * Loads TensorFlow.js's webgpu backend if the machine has a device for it; to be called before
 * `tf.setBackend("webgpu")`.
 *
 * @returns Why it cannot start, in one line; nothing if it can.
 */
export async function registerWebgpuBackend(): Promise<string | undefined> {
  const { gpu } = navigator as { gpu?: GPU };
  if (!gpu) return "this Deno has no WebGPU: it needs --unstable-webgpu";
  const adapter = await gpu.requestAdapter().catch(() => null);
  if (!adapter) return "no graphics device offers WebGPU: it needs a Vulkan, Metal or Direct3D 12 driver";
  await import("@tensorflow/tfjs-backend-webgpu");
  addFewAtOnce();
  return undefined;
}

/** Buffers that a shader has in every WebGPU, one of them for its result. */
const BUFFERS = 8;
let isReplaced = false;

/** Has many tensors added up in groups: a shader with more of them than buffers is none, and nobody says so. */
function addFewAtOnce(): void {
  if (isReplaced) return;
  isReplaced = true;
  replaceKernel("webgpu", "AddN", (inputs, _, stock) => {
    const add = (tensors: readonly tf.Tensor[]): tf.Tensor => {
      const most = BUFFERS - 1;
      if (tensors.length <= most) return stock(tensors as never);
      return add([stock(tensors.slice(0, most) as never), ...tensors.slice(most)]);
    };
    return tf.tidy(() => add(Object.values(inputs)));
  });
}
