/**
 * TensorFlow's own exchange between processes: gRPC servers, and collective ops inside compiled functions.
 *
 * Source: `tensorflow/c/eager/c_api_experimental.h` of TensorFlow 2.21; that the ops have constant instance keys and run in
 * the step is what `CollectiveReduceV2`'s own users do.
 * @module
 */
import { nativeOp } from "../native/native_op.ts";
import type { NativeRuntime } from "../native/native_runtime.ts";
import { DataType, stringAttribute, typeAttribute } from "../native/native_types.ts";
import { quietly } from "../native/system_library.ts";
import { state } from "../state.ts";
import { tf } from "../tf.ts";
import { encodeServerDef, type ServerThreads, type WorkerGroup } from "./server_def.ts";

const ENABLE = {
  TFE_EnableCollectiveOps: { parameters: ["pointer", "buffer", "usize", "pointer"], result: "void" },
} as const;

/** All workers are one group. */
const GROUP_KEY = 1;

/**
 * Starts this process's server and makes its devices part of the group. Tensors made before are lost, so that this comes
 * before all others.
 *
 * @param library Path of the library that the runtime is of.
 * @throws {Error} If the address is taken or the library has no such runtime.
 */
export function enableCollectives(
  runtime: NativeRuntime,
  library: string,
  group: WorkerGroup,
  threads: ServerThreads,
): void {
  const { symbols } = Deno.dlopen(library, ENABLE), server = encodeServerDef(group, threads);
  quietly(() =>
    symbols.TFE_EnableCollectiveOps(runtime.context, server, BigInt(server.length), runtime.status)
  );
  runtime.check(`Cannot start worker ${group.rank} at ${group.addresses[group.rank]}`);
  state.workers = { ...group, nextKey: 1 };
}

/** How many processes compute together. */
export function workerCount(): number {
  return state.workers?.addresses.length ?? 1;
}

/** Where the exchange can be broken off from another thread: see `TFE_AbortCollectiveOps`. */
export interface BreakPoint {
  library: string;
  context: bigint;
}

/** That of this process; undefined where it is alone. */
export function breakPoint(): BreakPoint | undefined {
  if (!state.workers || !state.native || !state.library) return undefined;
  return { library: state.library, context: Deno.UnsafePointer.value(state.native.runtime.context) };
}

/** Seconds that the exchanges of a trace take, while somebody wants to know. */
let measured: tf.Tensor[] | undefined;

/**
 * Runs part of a compiled function and measures what the exchanges in it take, the wait for slower workers included.
 *
 * @returns What `run` gives, and the seconds as a scalar of the function.
 */
export function timingExchange<T>(run: () => T): { result: T; seconds: tf.Tensor } {
  const outer = measured;
  measured = [];
  try {
    const result = run(), parts = measured;
    const seconds = tf.tidy(() => parts.length === 0 ? tf.scalar(0) : tf.addN(parts));
    tf.dispose(parts);
    return { result, seconds };
  } finally {
    measured = outer;
  }
}

/**
 * The sum of a tensor over all workers, bit for bit the same in each; `x` itself where there is one worker.
 *
 * Inside a compiled function, and there in the same order in every worker: an exchange is known by its number. One that a worker does
 * not come to is broken off by whoever watches it (see {@linkcode breakPoint}), and not by the op's own `timeout_seconds`: for that
 * TensorFlow has a thread sleep for each exchange until the time is over, however soon it was done.
 *
 * @param x float32 or int32, of the same shape in every worker; not differentiable.
 * @throws {Error} At the run, if a worker is gone or the exchange is broken off.
 */
export function sumOverWorkers(x: tf.Tensor): tf.Tensor {
  const group = state.workers;
  if (!group || group.addresses.length === 1) return tf.clone(x);
  if (!state.tracer) throw new Error("Cannot exchange between workers outside a compiled function");
  const scalar = (value: number) => tf.scalar(value, "int32"), began = measured && secondsAfter(x);
  const sum = tf.tidy(() =>
    nativeOp("CollectiveReduceV2", [
      typeAttribute("T", x.dtype === "int32" ? DataType.INT32 : DataType.FLOAT),
      stringAttribute("merge_op", "Add"),
      stringAttribute("final_op", "Id"),
      stringAttribute("communication_hint", "auto"),
    ], [x, scalar(group.addresses.length), scalar(GROUP_KEY), scalar(group.nextKey++)])[0]
  );
  if (began !== undefined) measured!.push(between(began, secondsAfter(sum)));
  return sum;
}

/** What every worker has under this name, by rank; each of one shape. See {@linkcode sumOverWorkers}. */
export function gatherFromWorkers(x: tf.Tensor): tf.Tensor[] {
  const { rank = 0 } = state.workers ?? {}, count = workerCount();
  return tf.tidy(() => {
    const own = tf.expandDims(x, 0), rest = x.shape.map((): [number, number] => [0, 0]);
    return tf.unstack(sumOverWorkers(tf.pad(own, [[rank, count - rank - 1], ...rest])));
  });
}

/** The clock when a tensor of the trace is there, as the number of a float64 scalar. */
function secondsAfter(x: tf.Tensor): number {
  const { backend } = state.native!, [id] = backend.getInputTensorIds([x]);
  return state.tracer!.timestampAfter(id).id;
}

/** From one time to another, in seconds. */
function between(began: number, ended: number): tf.Tensor {
  const { runtime, backend } = state.native!;
  const [seconds] = runtime.executeOp("Sub", [typeAttribute("T", DataType.DOUBLE)], [ended, began], 1);
  const [float] = runtime.executeOp(
    "Cast",
    [
      typeAttribute("SrcT", DataType.DOUBLE),
      typeAttribute("DstT", DataType.FLOAT),
    ],
    [seconds.id],
    1,
  );
  return tf.keep(backend.createOutputTensor(float));
}
