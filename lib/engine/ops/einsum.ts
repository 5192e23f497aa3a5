/**
 * Einsum of one or two operands as a product of matrices, for the backends without a kernel of their own or with a
 * slow one.
 *
 * @module
 */
import { tf } from "../tf.ts";

/** Sums away the labels that neither the result nor the other operand has, and turns the others into `order`. */
function arrange(x: tf.Tensor, labels: string, order: string): tf.Tensor {
  const gone = [...labels].flatMap((label, axis) => order.includes(label) ? [] : [axis]);
  const left = [...labels].filter((label) => order.includes(label));
  const summed = gone.length > 0 ? tf.sum(x, gone) : x;
  return tf.transpose(summed, [...order].map((label) => left.indexOf(label)));
}

/** The labels of `labels` for which `keep` holds, each once. */
function select(labels: string, keep: (label: string) => boolean): string {
  return [...new Set(labels)].filter(keep).join("");
}

/**
 * The einsum.
 *
 * @param equation Such as "bij,bjk->bik": letters, one an axis; none twice in one operand.
 * @param operands One or two tensors.
 * @throws {SyntaxError} If the equation has no "->", has a label twice in one operand or in the result, or is for
 * another number of operands.
 */
export function einsum(equation: string, operands: readonly tf.Tensor[]): tf.Tensor {
  const [left, result] = equation.replaceAll(" ", "").split("->");
  const labels = left.split(",");
  const twice = [...labels, result ?? ""].some((text) => new Set(text).size !== text.length);
  if (result === undefined || twice || labels.length !== operands.length || labels.length > 2) {
    throw new SyntaxError(
      `Cannot compute einsum "${equation}" of ${operands.length} operands: expected one or two operands, "->", and no ` +
        "label twice",
    );
  }
  if (labels.length === 1) return arrange(operands[0], labels[0], result);
  const [a, b] = labels;
  const batch = select(result, (label) => a.includes(label) && b.includes(label));
  const summed = select(a, (label) => b.includes(label) && !result.includes(label));
  const rows = select(result, (label) => !b.includes(label)),
    columns = select(result, (label) => !a.includes(label));
  const sides = new Map<string, number>();
  labels.forEach((text, i) => [...text].forEach((label, axis) => sides.set(label, operands[i].shape[axis])));
  const shapeOf = (text: string) => [...text].map((label) => sides.get(label)!);
  const size = (text: string) => tf.util.sizeFromShape(shapeOf(text));
  const lead = size(batch);
  const first = tf.reshape(arrange(operands[0], a, batch + rows + summed), [lead, size(rows), size(summed)]);
  const second = tf.reshape(arrange(operands[1], b, batch + summed + columns), [
    lead,
    size(summed),
    size(columns),
  ]);
  const made = batch + rows + columns;
  const product = tf.reshape(tf.matMul(first, second), shapeOf(made));
  return tf.transpose(product, [...result].map((label) => made.indexOf(label)));
}

/** Registers the kernel for a backend; its own, if it has one, is gone. */
export function registerEinsum(backendName: string): void {
  if (tf.getKernel("Einsum", backendName)) tf.unregisterKernel("Einsum", backendName);
  tf.registerKernel({
    kernelName: "Einsum",
    backendName,
    kernelFunc: ({ inputs, attrs }) => {
      const { equation } = attrs as unknown as { equation: string };
      return tf.tidy(() => einsum(equation, Object.values(inputs) as tf.Tensor[]));
    },
  });
}
