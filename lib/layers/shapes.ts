/** Layers that only order values anew: Flatten, Reshape, Permute, RepeatVector. @module */
import { LAST, stock } from "./_fields.ts";
import type { LayerDefinition } from "./definition.ts";
import { pass, set, sizes } from "./onnx.ts";

const FLATTEN: LayerDefinition = {
  className: "Flatten",
  keras: { fields: {}, fixed: LAST, create: stock("flatten") },
  onnx(site) {
    const { build, inputs: [input], output } = site;
    if (input.shape.length === 2) return pass(site);
    if (input.names.last !== undefined || input.shape.slice(1).includes(null)) {
      return set(site, "last", build.node("Flatten", [build.as(input, "last")], { axis: 1 }));
    }
    // A dense layer behind can take it as it lies; anybody else has it turned.
    output.flattened = {
      name: build.node("Flatten", [input.names.first!], { axis: 1 }),
      shape: input.shape,
    };
  },
};

const RESHAPE: LayerDefinition = {
  className: "Reshape",
  keras: { fields: { targetShape: "shape" }, create: stock("reshape") },
  onnx(site) {
    const { build, inputs: [input], output, settings } = site, wanted = sizes(output.shape);
    if (wanted.filter((side) => side < 0).length > 1) {
      throw site.fail(`shape ${JSON.stringify(settings.targetShape)} has several open sides`);
    }
    set(site, "last", build.node("Reshape", [build.as(input, "last"), build.integers(wanted)]));
  },
};

const PERMUTE: LayerDefinition = {
  className: "Permute",
  keras: { fields: { dims: "integers" }, create: stock("permute") },
  onnx(site) {
    const { build, inputs: [input], settings: { dims } } = site;
    set(site, "last", build.node("Transpose", [build.as(input, "last")], { perm: [0, ...dims] }));
  },
};

const REPEAT_VECTOR: LayerDefinition = {
  className: "RepeatVector",
  keras: { fields: { n: "integer" }, create: stock("repeatVector") },
  onnx(site) {
    const { build, inputs: [input], settings: { n } } = site;
    const row = build.node("Reshape", [build.as(input, "last"), build.integers([0, 1, -1])]);
    set(site, "last", build.node("Tile", [row, build.integers([1, n, 1])]));
  },
};

export const SHAPES: readonly LayerDefinition[] = [FLATTEN, RESHAPE, PERMUTE, REPEAT_VECTOR];
