/**
 * Whether TensorFlow multiplies by oneDNN. It does so by itself where the processor has instructions for networks (AVX512-VNNI,
 * AVX512-BF16, AMX), or as TF_ENABLE_ONEDNN_OPTS says; its own kernels cannot do all that oneDNN does, and it does not tell.
 * @module
 */
import { activeNative } from "../state.ts";
import { tf } from "../tf.ts";
import { nativeOp } from "./native_op.ts";
import { DataType, intAttribute, stringAttribute, typeAttribute } from "./native_types.ts";
import { quietly } from "./system_library.ts";

let known: boolean | undefined;

/** Asked of the library once, whatever trace is under way: by a dilated convolution of one pixel, which only oneDNN takes. */
export function multipliesByOneDnn(): boolean {
  if (known !== undefined) return known;
  const { runtime } = activeNative()!, { sink } = runtime;
  runtime.sink = undefined;
  try {
    return known = quietly(convolvesDilated);
  } finally {
    runtime.sink = sink;
  }
}

function convolvesDilated(): boolean {
  const attributes = [
    typeAttribute("T", DataType.FLOAT),
    intAttribute("strides", [1, 1, 1, 1]),
    stringAttribute("padding", "SAME"),
    stringAttribute("data_format", "NHWC"),
    intAttribute("dilations", [1, 2, 2, 1]),
  ];
  try {
    tf.tidy(() => {
      const one = tf.ones([1, 1, 1, 1]);
      nativeOp("DepthwiseConv2dNative", attributes, [one, one]);
    });
    return true;
  } catch {
    return false;
  }
}
