/**
 * Calling a TensorFlow op by its own name, where TensorFlow.js has no kernel for it.
 * @module
 */
import { activeNative } from "../state.ts";
import type { OpAttribute } from "./native_types.ts";
import type { tf } from "../tf.ts";

/**
 * Runs a TensorFlow op on the native backend, or takes it down in the trace under way. Not on the gradient tape.
 *
 * @param name TensorFlow's name of the op.
 * @param attributes Its attributes.
 * @param inputs Its inputs, in order.
 * @param outputs How many of its outputs to take, from the first.
 * @throws {Error} If the native backend is not running, or TensorFlow refuses the op.
 */
export function nativeOp(
  name: string,
  attributes: readonly OpAttribute[],
  inputs: readonly tf.TensorInfo[],
  outputs = 1,
): tf.Tensor[] {
  const native = activeNative();
  if (!native) throw new Error(`Cannot run TensorFlow op "${name}" as the native backend is not running`);
  return native.backend.executeMultipleOutputs(name, attributes, inputs, outputs);
}
