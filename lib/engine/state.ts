/**
 * What the engine knows about itself while the process lives: which backend runs, and the trace under way.
 * @module
 */
import type { NativeRuntime } from "./native/native_runtime.ts";
import type { Tracer } from "./native/native_trace.ts";
import type { TensorRecord } from "./native/native_types.ts";
import type { tf } from "./tf.ts";
import type { WorkerGroup } from "./workers/server_def.ts";

/** One entry of the native backend's table of tensors; `id` is -1 while the values wait in JavaScript. */
export interface NativeEntry {
  shape: number[];
  dtype: number;
  id: number;
  values: unknown;
  refCount: number;
}

/** What the engine uses of tfjs-node's backend class. */
export interface NativeBackend {
  tensorMap: { get(dataId: object): NativeEntry; has(dataId: object): boolean };
  getInputTensorIds(tensors: readonly tf.TensorInfo[]): number[];
  createOutputTensor(record: TensorRecord): tf.Tensor;
  executeSingleOutput(
    name: string,
    attributes: readonly unknown[],
    inputs: readonly tf.TensorInfo[],
  ): tf.Tensor;
  executeMultipleOutputs(
    name: string,
    attributes: readonly unknown[],
    inputs: readonly tf.TensorInfo[],
    outputs: number,
  ): tf.Tensor[];
}

/** A backend that the engine can start. */
export type BackendName = "tensorflow" | "wasm" | "cpu" | "webgpu";

/** The native backend's parts. */
export interface NativeEngine {
  runtime: NativeRuntime;
  backend: NativeBackend;
}

/** The engine's facts; written by `startEngine` and `compile` only. */
export const state: {
  backend: BackendName | undefined;
  version: string;
  library: string | undefined;
  threads: number;
  native: NativeEngine | undefined;
  tracer: Tracer | undefined;
  /** Devices on which the shards of a batch are put; none where there is one. */
  devices: readonly string[];
  /** The processes that compute together, and the number of the next exchange. */
  workers: (WorkerGroup & { nextKey: number }) | undefined;
} = {
  backend: undefined,
  version: "",
  library: undefined,
  threads: 1,
  native: undefined,
  tracer: undefined,
  devices: [],
  workers: undefined,
};

/** The native engine while it is the one that runs, else undefined. */
export function activeNative(): NativeEngine | undefined {
  return state.backend === "tensorflow" ? state.native : undefined;
}
