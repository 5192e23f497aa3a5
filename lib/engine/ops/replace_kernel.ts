/**
 * Putting a kernel made of other ops in the place of a backend's own.
 *
 * @module
 */
import { tf } from "../tf.ts";

/** A kernel over tensors; `stock` is the one whose place it takes. */
export type OverKernel = (
  inputs: Record<string, tf.Tensor>,
  attributes: Record<string, unknown>,
  stock: (inputs: Record<string, tf.Tensor>, attributes?: Record<string, unknown>) => tf.Tensor,
) => tf.Tensor;

/** Registers a kernel over a backend's own of the same name, which the backend must have. */
export function replaceKernel(backendName: string, kernelName: string, kernel: OverKernel): void {
  const known = tf.getKernel(kernelName, backendName);
  tf.unregisterKernel(kernelName, backendName);
  tf.registerKernel({
    ...known,
    kernelFunc: (call) => {
      const attributes = (call.attrs ?? {}) as Record<string, unknown>;
      return kernel(
        call.inputs as unknown as Record<string, tf.Tensor>,
        attributes,
        (inputs, changed) =>
          known.kernelFunc({
            ...call,
            inputs: inputs as unknown as tf.NamedTensorInfoMap,
            attrs: (changed ?? attributes) as unknown as tf.NamedAttrMap,
          }) as tf.Tensor,
      );
    },
  });
}

/** Functions of one number whose result is a float, or a bool, whatever is given. */
const FLOAT_FUNCTIONS = [
  "Acos",
  "Acosh",
  "Asin",
  "Asinh",
  "Atan",
  "Atanh",
  "Erf",
  "Expm1",
  "IsFinite",
  "IsInf",
  "IsNan",
  "LeakyRelu",
  "Log1p",
  "Mean",
  "Reciprocal",
  "Selu",
  "Sinh",
  "Softplus",
  "Step",
];

/** Has integers computed as floats where the backend refuses them, or cuts the result down to an integer. */
export function computeInFloats(backendName: string): void {
  for (const name of FLOAT_FUNCTIONS) {
    replaceKernel(
      backendName,
      name,
      (inputs, _, stock) =>
        inputs.x.dtype === "float32"
          ? stock(inputs)
          : tf.tidy(() => stock({ ...inputs, x: tf.cast(inputs.x, "float32") })),
    );
  }
}

/** Has the leading axes of two matrices repeated to fit each other where the backend would take the wrong ones. */
export function broadcastMatrices(backendName: string): void {
  replaceKernel(backendName, "BatchMatMul", (inputs, _, stock) => {
    const [outerA, outerB] = [inputs.a, inputs.b].map(({ shape }) => shape.slice(0, -2));
    const single = [outerA, outerB].some((outer) => tf.util.sizeFromShape(outer) === 1);
    if (single || tf.util.arraysEqual(outerA, outerB)) return stock(inputs);
    const outer = tf.backend_util.assertAndGetBroadcastShape(outerA, outerB);
    return tf.tidy(() => {
      const [a, b] = [inputs.a, inputs.b].map((x) =>
        tf.broadcastTo(x, [...outer, ...x.shape.slice(-2)] as [number])
      );
      return stock({ ...inputs, a, b });
    });
  });
}

/** The sign of what is not a number is none, where the backend gives 0. */
export function keepSignOfNothing(backendName: string): void {
  replaceKernel(backendName, "Sign", ({ x }, _, stock) => {
    if (x.dtype !== "float32") return stock({ x });
    return tf.tidy(() => {
      const one = tf.clipByValue(tf.mul(x, Infinity), -1, 1); // 0 · ∞ is not a number either
      return tf.where(tf.equal(x, 0), tf.zerosLike(x), one);
    });
  });
}
