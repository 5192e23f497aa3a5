/** Several tensors made one, value by value: Add, Subtract, Multiply, Average, Maximum, Minimum. @module */
import { tf } from "../engine/mod.ts";
import { stock } from "./_fields.ts";
import type { KerasForm, LayerDefinition } from "./definition.ts";
import { type GraphBuilder, scalar, set } from "./onnx.ts";

type Join = (build: GraphBuilder, names: string[]) => string;

const chain = (type: string): Join => (build, names) =>
  names.reduce((sum, name) => build.node(type, [sum, name]));

/**
 * The first tensor less the second one, of shapes that broadcast. TensorFlow.js has no such layer.
 *
 * Source: Keras 3's `Subtract`.
 */
export class Subtract extends tf.layers.Layer {
  static className = "Subtract";

  override computeOutputShape(shapes: tf.Shape[]): tf.Shape {
    const [a, b] = shapes, rank = Math.max(a.length, b.length);
    const [x, y] = [a, b].map((shape) => [...Array<number>(rank - shape.length).fill(1), ...shape]);
    return x.map((side, i) => side === 1 ? y[i] : side);
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const list = Array.isArray(inputs) ? inputs : [inputs];
    if (list.length !== 2) {
      throw new TypeError(`Cannot subtract as layer "${this.name}" takes 2 tensors: got ${list.length}`);
    }
    return tf.sub(list[0], list[1]);
  }
}
tf.serialization.registerClass(Subtract);

function merging(
  className: string,
  join: Join,
  create: KerasForm["create"] = stock(className.toLowerCase()),
): LayerDefinition {
  return {
    className,
    keras: { fields: {}, merges: true, create },
    onnx(site) {
      const { build, inputs } = site, rank = inputs[0].shape.length;
      if (inputs.some(({ shape }) => shape.length !== rank)) {
        throw site.fail("its inputs must have the same rank");
      }
      const layout = build.common(inputs);
      set(site, layout, join(build, inputs.map((input) => build.as(input, layout))));
    },
  };
}

export const MERGING_LAYERS: readonly LayerDefinition[] = [
  merging("Add", chain("Add")),
  merging("Subtract", chain("Sub"), (settings) => new Subtract(settings)),
  merging("Multiply", chain("Mul")),
  merging(
    "Average",
    (build, names) => build.node("Mul", [chain("Add")(build, names), scalar(build, 1 / names.length)]),
  ),
  merging("Maximum", (build, names) => build.node("Max", names)),
  merging("Minimum", (build, names) => build.node("Min", names)),
];
