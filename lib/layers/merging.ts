/** Several tensors made one, value by value: Add, Multiply, Average, Maximum, Minimum. @module */
import { stock } from "./_fields.ts";
import type { LayerDefinition } from "./definition.ts";
import { type GraphBuilder, scalar, set } from "./onnx.ts";

type Join = (build: GraphBuilder, names: string[]) => string;

const chain = (type: string): Join => (build, names) =>
  names.reduce((sum, name) => build.node(type, [sum, name]));

function merging(className: string, join: Join): LayerDefinition {
  return {
    className,
    keras: { fields: {}, merges: true, create: stock(className.toLowerCase()) },
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
  merging("Multiply", chain("Mul")),
  merging(
    "Average",
    (build, names) => build.node("Mul", [chain("Add")(build, names), scalar(build, 1 / names.length)]),
  ),
  merging("Maximum", (build, names) => build.node("Max", names)),
  merging("Minimum", (build, names) => build.node("Min", names)),
];
