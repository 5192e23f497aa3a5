/** Concatenate: tensors side by side along one axis. @module */
import { stock } from "./_fields.ts";
import type { LayerDefinition } from "./definition.ts";
import { axisIn, set } from "./onnx.ts";

export const CONCATENATE: LayerDefinition = {
  className: "Concatenate",
  keras: { fields: { axis: "integer" }, merges: true, create: stock("concatenate") },
  onnx(site) {
    const { build, inputs, output, settings: { axis } } = site;
    const layout = build.common(inputs), rank = output.shape.length;
    if (axisIn("last", axis as number, rank) === 0) throw site.fail("the batch cannot be the axis");
    const names = inputs.map((input) => build.as(input, layout));
    set(site, layout, build.node("Concat", names, { axis: axisIn(layout, axis as number, rank) }));
  },
};
