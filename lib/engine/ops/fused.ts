/**
 * Gradients and kernels that emit TensorFlow's own fused ops on the native backend.
 *
 * TensorFlow.js spells gradients out in many small ops (relu: compare, fill, select; bias: a general sum). On the
 * native backend each of them has one op of its own, and the graph optimiser knows how to merge that op further with
 * a convolution. Other backends keep TensorFlow.js's gradients.
 * @module
 */
import { nativeOp } from "../native/native_op.ts";
import {
  boolAttribute,
  DataType,
  floatAttribute,
  stringAttribute,
  typeAttribute,
} from "../native/native_types.ts";
import { activeNative } from "../state.ts";
import { tf } from "../tf.ts";

type Gradient = tf.GradFunc;

const T = typeAttribute("T", DataType.FLOAT);
const NHWC = stringAttribute("data_format", "NHWC");

/** Puts `native` before TensorFlow.js's gradient of `kernel`, for as long as the native backend runs. */
function overrideGradient(
  kernel: string,
  saves: { inputs?: string[]; outputs?: boolean[] },
  native: (
    dy: tf.Tensor,
    saved: tf.Tensor[],
    attributes: Record<string, unknown>,
  ) => ReturnType<Gradient> | undefined,
  arrange: (saved: tf.Tensor[]) => tf.Tensor[],
): void {
  const stock = tf.getGradient(kernel);
  tf.unregisterGradient(kernel);
  tf.registerGradient({
    kernelName: kernel,
    inputsToSave: saves.inputs ?? stock.inputsToSave,
    outputsToSave: saves.outputs ?? stock.outputsToSave,
    gradFunc: (dy, saved, attributes) =>
      (activeNative() && native(dy as tf.Tensor, saved, attributes as Record<string, unknown>)) ||
      stock.gradFunc(dy, arrange(saved), attributes),
  });
}

/** Activations whose gradient is one op of the incoming gradient and the activation's own result. */
const FROM_RESULT: [kernel: string, op: string, input: string, resultFirst: boolean][] = [
  ["Relu", "ReluGrad", "x", false],
  ["Relu6", "Relu6Grad", "x", false],
  ["Elu", "EluGrad", "x", false],
  ["Selu", "SeluGrad", "x", false],
  ["Sigmoid", "SigmoidGrad", "x", true],
  ["Tanh", "TanhGrad", "x", true],
];

function fuseActivations(): void {
  for (const [kernel, op, input, resultFirst] of FROM_RESULT) {
    const stock = tf.getGradient(kernel);
    const inputs = stock.inputsToSave ?? [];
    const stockSavesOutput = stock.outputsToSave?.[0] === true;
    overrideGradient(
      kernel,
      { inputs, outputs: [true] },
      (dy, saved) => {
        const result = saved[saved.length - 1];
        return { [input]: () => nativeOp(op, [T], resultFirst ? [result, dy] : [dy, result])[0] };
      },
      (saved) => stockSavesOutput ? saved : saved.slice(0, inputs.length),
    );
  }
  // With a slope above zero the result has the sign of the input. Taken of the result, the gradient leaves the input to
  // be merged into the op before it; taken of the input, it makes TensorFlow's optimiser give the whole graph up.
  overrideGradient(
    "LeakyRelu",
    { inputs: ["x"], outputs: [true] },
    (dy, [x, result], { alpha }) => {
      const features = alpha as number >= 0 ? result : x;
      return {
        x: () => nativeOp("LeakyReluGrad", [T, floatAttribute("alpha", alpha as number)], [dy, features])[0],
      };
    },
    (saved) => saved.slice(0, 1),
  );
}

/** Whether `b` is a bias of `a`: one value for each entry of a's last axis, and nothing else. */
function isBias(a: readonly number[], b: readonly number[]): boolean {
  return a.length >= 2 && b.length >= 1 && b.length <= a.length && b.at(-1)! > 1 && b.at(-1) === a.at(-1) &&
    b.slice(0, -1).every((side) => side === 1) && a.slice(0, -1).some((side) => side !== 1);
}

function fuseBias(): void {
  const stockKernel = tf.getKernel("Add", "tensorflow");
  tf.unregisterKernel("Add", "tensorflow");
  tf.registerKernel({
    ...stockKernel,
    kernelFunc: (call) => {
      const { a, b } = call.inputs as unknown as { a: tf.Tensor; b: tf.Tensor };
      if (a.dtype === "float32" && b.dtype === "float32" && isBias(a.shape, b.shape)) {
        if (b.shape.length === 1) return nativeOp("BiasAdd", [T, NHWC], [a, b])[0];
        const vector = flatten(b);
        const [sum] = nativeOp("BiasAdd", [T, NHWC], [a, vector]);
        vector.dispose();
        return sum;
      }
      return stockKernel.kernelFunc(call);
    },
  });
  const stock = tf.getGradient("Add");
  tf.unregisterGradient("Add");
  tf.registerGradient({
    ...stock,
    gradFunc: (dy, saved, attributes) => {
      const [a, b] = saved;
      const gradients = stock.gradFunc(dy, saved, attributes);
      if (!activeNative() || (dy as tf.Tensor).dtype !== "float32" || !isBias(a.shape, b.shape)) {
        return gradients;
      }
      return {
        ...gradients,
        b: () => tf.reshape(nativeOp("BiasAddGrad", [T, NHWC], [dy as tf.Tensor])[0], b.shape),
      };
    },
  });
}

/** Reshapes a bias to one axis by the op itself, since a kernel may not call what the tape records. */
function flatten(bias: tf.TensorInfo): tf.Tensor {
  const shape = tf.tensor1d([bias.shape.at(-1)!], "int32");
  const [flat] = nativeOp("Reshape", [T, typeAttribute("Tshape", DataType.INT32)], [bias, shape]);
  shape.dispose();
  return flat;
}

/** Matrices are multiplied by MatMul, which oneDNN knows, rather than by the batched op. */
function fuseMatMul(): void {
  const stock = tf.getKernel("BatchMatMul", "tensorflow");
  tf.unregisterKernel("BatchMatMul", "tensorflow");
  tf.registerKernel({
    ...stock,
    kernelFunc: (call) => {
      const { a, b } = call.inputs as { a: tf.TensorInfo; b: tf.TensorInfo };
      if (a.shape.length !== 2 || b.shape.length !== 2 || a.dtype !== "float32" || b.dtype !== "float32") {
        return stock.kernelFunc(call);
      }
      const { transposeA, transposeB } = call.attrs as { transposeA: boolean; transposeB: boolean };
      return nativeOp("MatMul", [
        T,
        boolAttribute("transpose_a", transposeA),
        boolAttribute("transpose_b", transposeB),
      ], [a, b])[0];
    },
  });
}

let fused = false;

/** Registers everything above, once; called when the native backend starts. */
export function registerFusedOps(): void {
  if (fused) return;
  fused = true;
  fuseActivations();
  fuseBias();
  fuseMatMul();
}
