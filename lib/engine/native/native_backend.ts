/**
 * tfjs-node's kernels, put on top of the FFI runtime instead of its C++ addon.
 * @module
 */
import util from "node:util";
import { registerFusedOps } from "../ops/fused.ts";
import { registerNativeKernels } from "../ops/native_kernels.ts";
import { openLibrary } from "./native_library.ts";
import { NativeRuntime, type RuntimeOptions } from "./native_runtime.ts";
import { type NativeBackend, state } from "../state.ts";
import { tf } from "../tf.ts";

/** `mallopt` parameters of glibc: keep freed memory, and serve large blocks from the heap. */
const M_TRIM_THRESHOLD = -1;
const M_MMAP_THRESHOLD = -3;

/**
 * Tells glibc's allocator to keep what a training step frees, for the next step to use.
 *
 * A step allocates and frees the same gigabytes each time. Left alone, glibc hands blocks above 32 MiB back to the
 * kernel, and every step pays for the page faults again.
 */
function keepFreedMemory(): void {
  if (Deno.build.os !== "linux") return;
  try {
    const libc = Deno.dlopen("libc.so.6", { mallopt: { parameters: ["i32", "i32"], result: "i32" } });
    libc.symbols.mallopt(M_MMAP_THRESHOLD, 1 << 30);
    libc.symbols.mallopt(M_TRIM_THRESHOLD, 0x7fffffff);
  } catch {
    // musl and others have no mallopt: the engine is only slower.
  }
}

/**
 * Opens the library and registers the backend "tensorflow" with TensorFlow.js.
 *
 * @param paths The two shared libraries; `framework` is empty where one file holds everything.
 * @throws {Error} If the library cannot be opened.
 */
export async function registerNativeBackend(
  paths: { framework: string; core: string },
  options: RuntimeOptions = {},
): Promise<void> {
  keepFreedMemory();
  const runtime = new NativeRuntime(openLibrary(paths.framework, paths.core), options);
  // tfjs-node asks for a function that Node 23 and Deno no longer have.
  (util as { isNullOrUndefined?: (value: unknown) => boolean }).isNullOrUndefined ??= (value) =>
    value == null;
  const { NodeJSKernelBackend } = await import("@tensorflow/tfjs-node/dist/nodejs_kernel_backend.js");
  await import("@tensorflow/tfjs-node/dist/register_all_kernels.js");
  const backend = new NodeJSKernelBackend(runtime as never, "tfjs-node");
  tf.registerBackend("tensorflow", () => backend, 3);
  registerNativeKernels();
  registerFusedOps();
  state.native = { runtime, backend: backend as unknown as NativeBackend };
  state.version = runtime.TF_Version;
}
