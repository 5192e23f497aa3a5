/**
 * What tensors and models say of themselves where they are printed, in a notebook's cell as on a console: a line instead
 * of their insides. @module
 */
import { tf } from "./tf.ts";

/** Name of the method that Deno asks for, in its kernel and by `console.log`. */
const INSPECT = Symbol.for("Deno.customInspect");

const sides = (shape: readonly (number | null)[]) => `[${shape.map((side) => side ?? "batch").join(", ")}]`;

function tensorLine(tensor: tf.Tensor): string {
  const kind = tensor instanceof tf.Variable ? `Variable "${tensor.name}"` : "Tensor";
  return `${kind} ${tensor.dtype} ${sides(tensor.shape)}${tensor.isDisposed ? ", disposed" : ""}`;
}

function modelLine(model: tf.LayersModel): string {
  const line = `Model "${model.name}": ${model.layers.length} layers`;
  if (!model.inputs?.length) return `${line}, no input yet`;
  const shapes = (tensors: readonly tf.SymbolicTensor[]) =>
    tensors.map(({ shape }) => sides(shape)).join(", ");
  const weights = model.countParams().toLocaleString("en");
  return `${line}, ${weights} weights, ${shapes(model.inputs)} to ${shapes(model.outputs)}`;
}

Object.defineProperty(tf.Tensor.prototype, INSPECT, {
  value(this: tf.Tensor) {
    return tensorLine(this);
  },
});
Object.defineProperty(tf.SymbolicTensor.prototype, INSPECT, {
  value(this: tf.SymbolicTensor) {
    return `SymbolicTensor "${this.name}" ${this.dtype} ${sides(this.shape)}`;
  },
});
Object.defineProperty(tf.LayersModel.prototype, INSPECT, {
  value(this: tf.LayersModel) {
    return modelLine(this);
  },
});
