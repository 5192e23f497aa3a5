/**
 * A function of tensors as a frozen TensorFlow graph: one file with all weights in it, for TensorFlow's C API and all that stands on it.
 * @module
 */
import { Tracer } from "./native/native_trace.ts";
import { activeNative, state } from "./state.ts";
import { tf } from "./tf.ts";

/** Tensors by name. */
export type NamedTensors = Readonly<Record<string, tf.Tensor>>;

/** `DT_FLOAT`. */
const FLOAT = 1;

/**
 * Takes down what a function does to inputs of these shapes as a GraphDef, the file that TensorFlow calls a frozen graph: variables are
 * constants of the values that they have now.
 *
 * @param inputs Shapes by name, float32, the batch axis with them; each becomes a placeholder of that name.
 * @returns The file's bytes; each result is an operation of its name.
 * @throws {Error} If the engine does not run on TensorFlow's own library, or `fn` reads values or makes a shape that depends on them.
 * @example
 * ```ts
 * import { freezeGraph, startEngine } from "./mod.ts";
 * const tf = await startEngine({ backend: "tensorflow" });
 * freezeGraph(({ x }) => ({ y: tf.square(x) }), { x: [1, 2] }).length > 0; // true
 * ```
 */
export function freezeGraph(
  fn: (inputs: NamedTensors) => NamedTensors,
  inputs: Readonly<Record<string, readonly number[]>>,
): Uint8Array<ArrayBuffer> {
  const native = activeNative();
  if (!native || state.tracer) {
    throw new Error("Cannot freeze a function as the engine must run on TensorFlow, outside other functions");
  }
  const { runtime, backend } = native, tracer = new Tracer(runtime, new Map(), { constantBytes: Infinity });
  const records = Object.entries(inputs).map(([name, shape]) =>
    [name, tracer.addArgument(shape, FLOAT, name)] as const
  );
  // Values still waiting in JavaScript go to TensorFlow now: inside the trace they could not.
  backend.getInputTensorIds(Object.values(tf.engine().state.registeredVariables));
  runtime.sink = tracer;
  state.tracer = tracer;
  try {
    return tf.tidy(() => {
      const given = records.map(([name, record]) => [name, backend.createOutputTensor(record)]);
      const results = Object.entries(fn(Object.fromEntries(given)));
      const ids = backend.getInputTensorIds(results.map(([, tensor]) => tensor));
      return tracer.encode(Object.fromEntries(results.map(([name], i) => [name, ids[i]]))) as never;
    }) as Uint8Array<ArrayBuffer>;
  } finally {
    runtime.sink = undefined;
    state.tracer = undefined;
    tracer.close();
  }
}
