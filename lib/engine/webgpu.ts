/**
 * The webgpu backend, on request: TensorFlow.js's own, on the graphics device that Deno finds.
 *
 * Values come back by `await tensor.data()` only: the synchronous way needs a canvas, which Deno does not have.
 * @module
 */

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
  return undefined;
}
