/**
 * Starting the engine: the ladder tensorflow → wasm → cpu, with webgpu on request.
 * @module
 */
import { logicalCpus, useDevices } from "./devices.ts";
import { readEnvironment } from "../base/environment.ts";
import { findLibrary } from "./native/library.ts";
import { registerNativeBackend } from "./native/native_backend.ts";
import { registerCpuKernels } from "./cpu.ts";
import { type BackendName, state } from "./state.ts";
import { tf } from "./tf.ts";
import { registerWasmBackend, useWasmThreads } from "./wasm/wasm.ts";
import { registerWebgpuBackend } from "./webgpu.ts";
import { enableCollectives } from "./workers/collectives.ts";
import type { WorkerGroup } from "./workers/server_def.ts";

/** Options for {@linkcode startEngine}. */
export interface EngineOptions {
  /** Which backend; `auto` takes the first of tensorflow, wasm, cpu that starts. @default {"auto"} */
  backend?: "auto" | BackendName;
  /**
   * Ops, and so shards of a batch, that run side by side on the native backend, each on one thread; on the wasm backend,
   * threads that share the loops of an op. @default {one a core}
   */
  threads?: number;
  /** Folder or file of libtensorflow that comes before all others. */
  library?: string;
  /** Where fetched libraries are kept. @default {the user's cache folder} */
  cacheFolder?: string;
  /** Whether to download libtensorflow when none is found. @default {true} */
  fetch?: boolean;
  /** Devices on which the shards of a batch are put, such as gpu:0 and gpu:1; of the native backend alone. */
  devices?: readonly string[];
  /** Other processes that compute together with this one, from the first start on; of the native backend alone. */
  workers?: WorkerGroup;
  /** Takes one line for each thing done or skipped. @default {nobody listens} */
  log?: (line: string) => void;
}

/** What runs. */
export interface EngineReport {
  backend: BackendName;
  /** TensorFlow's version on the native backend, TensorFlow.js's on the others. */
  version: string;
  /** Path of libtensorflow, on the native backend. */
  library?: string;
  /** Ops that run side by side, or threads that share one; 1 where a backend has no more. */
  threads: number;
}

async function startNative(options: EngineOptions): Promise<boolean> {
  if (!state.native && !await loadNative(options)) return false;
  const { devices = [] } = options;
  if (devices.length > 0) useDevices(devices, state.native!.runtime.deviceNames());
  return true;
}

/** Loads TensorFlow's library; false where none is found. */
async function loadNative(options: EngineOptions): Promise<boolean> {
  const { devices = [], workers } = options;
  const environment = readEnvironment();
  const found = await findLibrary({
    ...environment,
    library: options.library ?? environment.library,
    cacheFolder: options.cacheFolder ?? environment.cacheFolder,
    fetch: options.fetch,
    log: options.log,
  });
  if (!found) return false;
  const framework = found.framework === found.core ? "" : found.framework;
  // One thread an op and as many ops side by side as there are cores: shards of a batch scale almost fully that way,
  // threads within an op do not.
  const parallelOps = options.threads ?? navigator.hardwareConcurrency, ofOps = { threads: 1, parallelOps };
  await registerNativeBackend({ framework, core: found.core }, {
    ...ofOps,
    cpus: logicalCpus(devices),
    gpus: devices.some((device) => /^gpu/i.test(device)),
  });
  state.library = found.core;
  state.threads = parallelOps;
  if (workers) enableCollectives(state.native!.runtime, found.core, workers, ofOps);
  return true;
}

async function startOne(name: BackendName, options: EngineOptions): Promise<boolean> {
  if (name === "tensorflow" && !await startNative(options)) return false;
  if (name === "wasm") await registerWasmBackend();
  if (name === "cpu") registerCpuKernels();
  if (name === "webgpu") {
    const reason = await registerWebgpuBackend();
    if (reason) {
      options.log?.(`The webgpu backend does not start: ${reason}`);
      return false;
    }
  }
  if (!await tf.setBackend(name)) return false;
  await tf.ready();
  state.backend = name;
  if (name !== "tensorflow") {
    state.version = tf.version_core;
    state.threads = name === "wasm" ? useWasmThreads(options.threads ?? navigator.hardwareConcurrency) : 1;
  } else state.version = state.native!.runtime.TF_Version;
  return true;
}

/**
 * Starts TensorFlow.js on the fastest backend of this machine.
 *
 * May be called again, with another backend too; tensors stay with the backend that made them.
 *
 * @param options Which backend, and where its library may come from.
 * @returns The TensorFlow.js namespace, ready.
 * @throws {Error} If the backend asked for by name cannot start.
 * @example
 * ```ts
 * import { startEngine } from "./mod.ts";
 * const tf = await startEngine({ backend: "cpu" });
 * tf.add(tf.scalar(1), tf.scalar(2)).dataSync()[0]; // 3
 * ```
 */
export async function startEngine(options: EngineOptions = {}): Promise<typeof tf> {
  const { backend = "auto", log = () => {} } = options;
  if (options.workers && state.backend) {
    throw new Error("Cannot join other workers as the engine runs already");
  }
  const ladder: BackendName[] = options.workers
    ? ["tensorflow"]
    : backend === "auto"
    ? ["tensorflow", "wasm", "cpu"]
    : [backend];
  for (const name of ladder) {
    if (await startOne(name, { ...options, log })) return tf;
    if (backend === "auto") log(`The ${name} backend does not start here: trying the next`);
  }
  throw new Error(`Cannot start the ${backend} backend on this machine`);
}

/**
 * Says which backend runs, of which version, from which library.
 *
 * @throws {Error} If the engine has not been started.
 */
export function engineReport(): EngineReport {
  const { backend, version, library, threads } = state;
  if (!backend) throw new Error("Cannot report on the engine as it is not started: call startEngine() first");
  return { backend, version, threads, ...(backend === "tensorflow" ? { library } : {}) };
}
