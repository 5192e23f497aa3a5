/**
 * TensorFlow's own exchange between processes: gRPC servers, and collective ops inside compiled functions.
 *
 * Source: `tensorflow/c/eager/c_api_experimental.h` of TensorFlow 2.21; that the ops have constant instance keys and run in
 * the step is what `CollectiveReduceV2`'s own users do.
 * @module
 */
import { nativeOp } from "../native/native_op.ts";
import type { NativeRuntime } from "../native/native_runtime.ts";
import {
  AttributeKind,
  DataType,
  intAttribute,
  type OpAttribute,
  stringAttribute,
  typeAttribute,
} from "../native/native_types.ts";
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
 * Whether it is faster to have so many numbers sent by all to everybody, in one round, than added up round a ring in two. Of two
 * workers each sends as much either way; the more there are the more is sent, and only little is worth the round.
 *
 * Source: processor time of an exchange by two workers over the loop, whole against ring: 0.6 against 1.9 ms for 1,000 numbers, 1.2
 * against 2.0 for 100,000, 3.1 both for 322,000, 7.2 against 6.4 for a million.
 */
function isSentWhole(size: number, workers: number): boolean {
  return workers === 2 ? size <= 400_000 : size * workers <= 16_384;
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
  const count = workerCount();
  if (count === 1) return tf.clone(x);
  if (isSentWhole(x.size, count)) return tf.tidy(() => tf.sum(gather(x), 0));
  const scalar = (value: number) => tf.scalar(value, "int32");
  const attributes = [
    ...attributesOf(x),
    stringAttribute("merge_op", "Add"),
    stringAttribute("final_op", "Id"),
  ];
  return exchange(
    x,
    (key) =>
      nativeOp("CollectiveReduceV2", attributes, [x, scalar(count), scalar(GROUP_KEY), scalar(key)])[0],
  );
}

/** What every worker has under this name, by rank; each of one shape. See {@linkcode sumOverWorkers}. */
export function gatherFromWorkers(x: tf.Tensor): tf.Tensor[] {
  return tf.tidy(() => workerCount() === 1 ? [tf.clone(x)] : tf.unstack(gather(x)));
}

/** What every worker has, [workers, …]. */
function gather(x: tf.Tensor): tf.Tensor {
  const { addresses } = state.workers!, own = tf.expandDims(x, 0);
  return exchange(
    x,
    (key) =>
      nativeOp("CollectiveGather", [
        ...attributesOf(x),
        intAttribute("group_size", addresses.length),
        intAttribute("group_key", GROUP_KEY),
        intAttribute("instance_key", key),
        { name: "shape", type: AttributeKind.SHAPE, value: [addresses.length, ...x.shape] },
      ], [own])[0],
  );
}

/** What all exchanges are told. */
function attributesOf({ dtype }: tf.Tensor): OpAttribute[] {
  return [
    typeAttribute("T", dtype === "int32" ? DataType.INT32 : DataType.FLOAT),
    stringAttribute("communication_hint", "auto"),
  ];
}

/** Runs one of TensorFlow's exchanges under the next number, and measures it where somebody wants to know. */
function exchange(x: tf.Tensor, run: (key: number) => tf.Tensor): tf.Tensor {
  if (!state.tracer) throw new Error("Cannot exchange between workers outside a compiled function");
  const began = measured && secondsAfter(x), result = tf.tidy(() => run(state.workers!.nextKey++));
  if (began !== undefined) measured!.push(between(began, secondsAfter(result)));
  return result;
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
