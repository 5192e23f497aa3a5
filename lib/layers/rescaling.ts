/** Rescaling: a factor and an offset. @module */
import { stock } from "./_fields.ts";
import type { LayerDefinition } from "./definition.ts";
import { each, scalar } from "./onnx.ts";

export const RESCALING: LayerDefinition = {
  className: "Rescaling",
  keras: { fields: { scale: "number", offset: "number" }, create: stock("rescaling") },
  onnx: each(({ build, settings: { scale, offset } }, name) =>
    build.node("Add", [build.node("Mul", [name, scalar(build, scale as number)]), scalar(build, offset)])
  ),
};
