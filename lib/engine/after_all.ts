/** Tensors of a trace that wait for one another. @module */
import { state } from "./state.ts";
import type { tf } from "./tf.ts";

/**
 * The same tensors, none of them there before all are: what is made of them waits until what they were made of is done, and its
 * memory is free. Outside of traces one thing comes after the other anyway, and they are given back as they are.
 *
 * @example
 * ```ts
 * import { afterAll, startEngine } from "./mod.ts";
 * const tf = await startEngine({ backend: "cpu" });
 * const [first] = afterAll([tf.scalar(3), tf.scalar(4)]);
 * first.dataSync(); // 3
 * ```
 */
export function afterAll(tensors: readonly tf.Tensor[]): tf.Tensor[] {
  const { tracer, native } = state;
  if (!tracer || !native) return [...tensors];
  const { backend } = native;
  return tracer.afterAll(backend.getInputTensorIds(tensors)).map((record) =>
    backend.createOutputTensor(record) as tf.Tensor
  );
}
