/** Element-wise arithmetic on large tensors in one pass over memory. @module */
import { compile } from "./compile.ts";
import { type TracedPart, Tracer } from "./native/native_trace.ts";
import { DataType } from "./native/native_types.ts";
import { quietly } from "./native/system_library.ts";
import { activeNative, type NativeEngine, state } from "./state.ts";
import { tf } from "./tf.ts";

/** Values from which on a pass costs more than what XLA takes to compile once, some tenths of a second. */
const LEAST_VALUES = 500_000;

/** Whether this TensorFlow compiles by XLA; undefined before it was tried. */
let compiles: boolean | undefined;

/** Traces a part: what a function makes of tensors alone. */
function tracePart(
  { runtime, backend }: NativeEngine,
  fn: (...inputs: tf.Tensor[]) => tf.Tensor[],
  inputs: readonly tf.Tensor[],
): TracedPart | undefined {
  const outer = state.tracer, { sink } = runtime, tracer = new Tracer(runtime, new Map(), { part: true });
  const given = inputs.map(({ shape }) => tracer.addArgument(shape, DataType.FLOAT));
  let part: TracedPart | undefined;
  runtime.sink = state.tracer = tracer;
  try {
    return part = tf.tidy(() => {
      const results = fn(...given.map((record) => backend.createOutputTensor(record)));
      return tracer.finishPart(backend.getInputTensorIds(results)) as never;
    }) as TracedPart | undefined;
  } finally {
    runtime.sink = sink;
    state.tracer = outer;
    if (!part) tracer.abandon();
    tracer.close();
  }
}

/** Calls a function as a part of the trace under way; undefined where it takes more than its inputs. */
function callPart(
  native: NativeEngine,
  fn: (...inputs: tf.Tensor[]) => tf.Tensor[],
  inputs: readonly tf.Tensor[],
): tf.Tensor[] | undefined {
  const { backend } = native, part = tracePart(native, fn, inputs);
  return part &&
    state.tracer!.callPart(part, backend.getInputTensorIds(inputs)).map((record) =>
      backend.createOutputTensor(record)
    );
}

/** Tries whether a part is compiled; XLA greets on standard error when it is first used. */
function tryPart(native: NativeEngine): boolean {
  const halve = (x: tf.Tensor) => [tf.div(x, tf.add(tf.sqrt(x), 2))];
  const step = compile((x: tf.Tensor) => callPart(native, halve, [x])!);
  try {
    return quietly(() => tf.tidy(() => step(tf.fill([LEAST_VALUES], 4))[0].dataSync()[0] === 1));
  } catch {
    return false; // built without XLA, or for another processor
  } finally {
    step.dispose();
  }
}

/**
 * Finds out, once, whether {@linkcode onePass} can do what it is for; to be called outside of traces.
 *
 * @param tensors What it will be given; where none is large nothing is tried.
 */
export function prepareOnePass(tensors: readonly tf.Tensor[]): void {
  const native = activeNative();
  if (compiles !== undefined || !native || state.tracer || !tensors.some(isLarge)) return;
  compiles = tryPart(native);
}

const isLarge = ({ size }: tf.Tensor) => size >= LEAST_VALUES;
const isFloat = ({ dtype }: tf.Tensor) => dtype === "float32";

/**
 * Runs element-wise arithmetic so that, inside a trace on the native backend, large tensors go through memory once, whatever
 * the number of ops: XLA compiles them together. Elsewhere it just runs, and so it does before {@linkcode prepareOnePass}, with
 * small tensors, where a type is not float32, and where the function draws at random or takes a large tensor besides.
 *
 * @param fn Takes tensors and gives tensors; no variables besides.
 * @param inputs What it takes.
 * @example
 * ```ts
 * import { onePass, startEngine } from "./mod.ts";
 * const tf = await startEngine({ backend: "cpu" });
 * const [sum] = onePass((a, b) => [tf.add(a, tf.mul(b, 3))], [tf.scalar(1), tf.scalar(2)]);
 * sum.dataSync(); // 7
 * ```
 */
export function onePass(
  fn: (...inputs: tf.Tensor[]) => tf.Tensor[],
  inputs: readonly tf.Tensor[],
): tf.Tensor[] {
  const { tracer, native, devices } = state;
  const isWorth = inputs.some(isLarge) && inputs.every(isFloat);
  if (!tracer || !native || !compiles || devices.length > 0 || !isWorth) return fn(...inputs);
  return callPart(native, fn, inputs) ?? fn(...inputs);
}
