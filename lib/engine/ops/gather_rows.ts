/**
 * Rows of a tensor by their numbers, also where the numbers are known only when a compiled function runs.
 * @module
 */
import { nativeOp } from "../native/native_op.ts";
import { DataType, intAttribute, typeAttribute } from "../native/native_types.ts";
import { activeNative } from "../state.ts";
import { tf } from "../tf.ts";

/**
 * Takes rows of a tensor. Not differentiable.
 *
 * TensorFlow.js's own `gather` reads the indices, which a compiled function cannot.
 *
 * @param x float32 or int32 [rows, …].
 * @param indices int32, of any shape; each from 0 to rows − 1.
 * @returns The indices' shape, then what a row has.
 * @example
 * ```ts
 * import { gatherRows, startEngine } from "../mod.ts";
 * const tf = await startEngine({ backend: "cpu" });
 * gatherRows(tf.tensor2d([[1, 2], [3, 4]]), tf.tensor1d([1, 1, 0], "int32")).dataSync(); // 3, 4, 3, 4, 1, 2
 * ```
 */
export function gatherRows(x: tf.Tensor, indices: tf.Tensor): tf.Tensor {
  if (!activeNative()) return tf.gather(x, indices as tf.Tensor1D, 0);
  return tf.tidy(() =>
    nativeOp("GatherV2", [
      typeAttribute("Tparams", x.dtype === "int32" ? DataType.INT32 : DataType.FLOAT),
      typeAttribute("Tindices", DataType.INT32),
      typeAttribute("Taxis", DataType.INT32),
      intAttribute("batch_dims", 0),
    ], [x, indices, tf.scalar(0, "int32")])[0]
  );
}
