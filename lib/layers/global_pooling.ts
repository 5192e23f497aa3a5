/** The largest or the mean of all positions: GlobalMaxPooling and GlobalAveragePooling over 1 and 2 axes. @module */
import { LAST, stock } from "./_fields.ts";
import type { LayerDefinition } from "./definition.ts";
import { set, type Site } from "./onnx.ts";

function emit(site: Site, kind: "Max" | "Average"): void {
  const { build, inputs: [input] } = site;
  if (input.names.first === undefined) {
    const axes = input.shape.slice(1, -1).map((_, i) => i + 1);
    const reduce = kind === "Max" ? "ReduceMax" : "ReduceMean";
    return set(site, "last", build.node(reduce, [build.as(input, "last")], { axes, keepdims: 0 }));
  }
  const name = build.node(`Global${kind}Pool`, [build.as(input, "first")]);
  set(site, "last", build.node("Flatten", [name], { axis: 1 }));
}

function globalPooling(kind: "Max" | "Average", rank: 1 | 2): LayerDefinition {
  return {
    className: `Global${kind}Pooling${rank}D`,
    keras: {
      fields: {},
      fixed: { ...LAST, keepdims: false },
      create: stock(`global${kind}Pooling${rank}d`),
    },
    onnx: (site) => emit(site, kind),
  };
}

export const GLOBAL_POOLINGS: readonly LayerDefinition[] = ([1, 2] as const).flatMap((rank) => [
  globalPooling("Max", rank),
  globalPooling("Average", rank),
]);
