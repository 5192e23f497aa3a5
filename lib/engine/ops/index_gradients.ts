/**
 * Gradients of ops that pick and add up entries: TensorFlow.js lacks those of `gatherND` and `einsum`, turns that
 * of a cumulative sum by axes that were never turned, and fails at that of a stack of one.
 *
 * @module
 */
import { replaceGradient } from "./replace_gradient.ts";
import { tf } from "../tf.ts";

replaceGradient({
  kernelName: "Cumsum",
  gradFunc: (dy, _, attributes) => {
    const { axis, exclusive, reverse } = attributes as unknown as {
      axis: number;
      exclusive: boolean;
      reverse: boolean;
    };
    return { x: () => tf.cumsum(dy as tf.Tensor, axis, exclusive, !reverse) };
  },
});

replaceGradient({
  kernelName: "Unpack",
  gradFunc: (dy, _, attributes) => {
    const { axis } = attributes as unknown as { axis: number };
    return { value: () => tf.stack([dy].flat(), axis) }; // a series of one step has one gradient, no list
  },
});

replaceGradient({
  kernelName: "GatherNd",
  inputsToSave: ["params", "indices"],
  gradFunc: (dy, [params, indices]) => ({
    params: () => tf.scatterND(indices, dy as tf.Tensor, params.shape as [number]),
    indices: () => tf.zeros(indices.shape),
  }),
});

/** Adds up the copies that a tiling made, one axis after the other; the stock gradient ends at rank 4. */
function sumOfTiles(dy: tf.Tensor, shape: readonly number[], counts: readonly number[]): tf.Tensor {
  return shape.reduce((sum, side, axis) => {
    if (counts[axis] === 1) return sum;
    const before = sum.shape.slice(0, axis), after = sum.shape.slice(axis + 1);
    const rows = tf.reshape(sum, [tf.util.sizeFromShape(before), counts[axis], -1]);
    return tf.reshape(tf.sum(rows, 1), [...before, side, ...after]);
  }, dy);
}

replaceGradient({
  kernelName: "Tile",
  inputsToSave: ["x"],
  gradFunc: (dy, [x], attributes) => {
    const { reps } = attributes as unknown as { reps: number[] };
    return { x: () => sumOfTiles(dy as tf.Tensor, x.shape, reps) };
  },
});

/** An einsum's labels: of each operand and of the result. */
function labelsOf(equation: string): { operands: string[]; result: string } {
  const [left, result] = equation.replaceAll(" ", "").split("->");
  return { operands: left.split(","), result };
}

/**
 * Gradient of one operand: the einsum of the outgoing gradient and the other operands, with the labels of the operand
 * as its result. A label that stands in no other place was summed away: the gradient is the same along it.
 */
function einsumGradient(
  dy: tf.Tensor,
  operands: readonly tf.Tensor[],
  equation: string,
  which: number,
): tf.Tensor {
  const labels = labelsOf(equation), own = labels.operands[which], { shape } = operands[which];
  const others = labels.operands.filter((_, i) => i !== which);
  const known = [...own].filter((label) => [labels.result, ...others].some((text) => text.includes(label)));
  const terms = [dy, ...operands.filter((_, i) => i !== which)];
  const product = tf.einsum(`${[labels.result, ...others].join(",")}->${known.join("")}`, ...terms);
  const sides = [...own].map((label, axis) => known.includes(label) ? shape[axis] : 1);
  return tf.broadcastTo(tf.reshape(product, sides), shape as [number]);
}

replaceGradient({
  kernelName: "Einsum",
  saveAllInputs: true,
  gradFunc: (dy, operands, attributes) => {
    const { equation } = attributes as unknown as { equation: string };
    return Object.fromEntries(
      operands.map((_, i) => [i, () => einsumGradient(dy as tf.Tensor, operands, equation, i)]),
    );
  },
});
