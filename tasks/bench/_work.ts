/** How much arithmetic a training step is, by its convolutions and products. @module */
import type { tf } from "../../lib/engine/mod.ts";

/** What is read of a layer. */
interface SizedLayer {
  getClassName(): string;
  inboundNodes: { inputShapes: (number | null)[][]; outputShapes: (number | null)[][] }[];
  weights: readonly { shape: readonly (number | null)[] }[];
}

const product = (sides: readonly (number | null)[]) =>
  sides.reduce<number>((all, side) => all * (side ?? 1), 1);

/** Multiplications of one example in a layer; 0 for a layer without products. */
function multiplications(layer: SizedLayer): number {
  const [{ inputShapes: [input], outputShapes: [output] }] = layer.inboundNodes;
  const name = layer.getClassName(), [kernel] = layer.weights;
  if (name === "Dense") return product(input.slice(1, -1)) * product(kernel.shape);
  if (/^Conv[123]D$/.test(name)) return product(output.slice(1, -1)) * product(kernel.shape);
  if (/^Conv[123]DTranspose$/.test(name)) return product(input.slice(1, -1)) * product(kernel.shape);
  return 0;
}

/**
 * GFLOP of a training step: forward, the gradient of the weights, and that of the input but for the first layer, two operations a
 * multiplication. A convolution by tiles takes fewer than are counted here.
 *
 * @param model Of layers one after the other, or a graph without models inside.
 */
export function stepGflop(model: tf.LayersModel, batch: number): number {
  const each = (model.layers as unknown as SizedLayer[])
    .filter(({ inboundNodes }) => inboundNodes.length > 0)
    .map(multiplications).filter((count) => count > 0);
  return each.reduce((sum, count, i) => sum + 2 * batch * count * (i === 0 ? 2 : 3), 0) / 1e9;
}
