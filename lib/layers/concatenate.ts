/** Concatenate: tensors side by side along one axis. @module */
import { tf } from "../engine/mod.ts";
import type { LayerDefinition } from "./definition.ts";
import { axisIn, set } from "./onnx.ts";

type Stock = tf.layers.Layer & { axis: number };
const Stock = (tf.layers.concatenate() as object).constructor as new (args?: object) => Stock;

/** TensorFlow.js's layer, which computes over the last axis where a negative axis means another one. */
class Concatenate extends Stock {
  static className = "Concatenate";
  #given: number | undefined;

  override build(shapes: tf.Shape | tf.Shape[]): void {
    super.build(shapes);
    this.#given = this.axis;
    if (this.axis < 0) this.axis += (shapes as tf.Shape[])[0].length;
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), axis: this.#given ?? this.axis };
  }
}
tf.serialization.registerClass(
  Concatenate as unknown as tf.serialization.SerializableConstructor<tf.layers.Layer>,
);

export const CONCATENATE: LayerDefinition = {
  className: "Concatenate",
  keras: { fields: { axis: "integer" }, merges: true, create: (settings) => new Concatenate(settings) },
  onnx(site) {
    const { build, inputs, output, settings: { axis } } = site;
    const layout = build.common(inputs), rank = output.shape.length;
    if (axisIn("last", axis as number, rank) === 0) throw site.fail("the batch cannot be the axis");
    const names = inputs.map((input) => build.as(input, layout));
    set(site, layout, build.node("Concat", names, { axis: axisIn(layout, axis as number, rank) }));
  },
};
