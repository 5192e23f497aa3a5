/** Bidirectional: a recurrent layer forwards and one of its kind backwards, merged. @module */
import type { tf } from "../engine/mod.ts";
import { stock } from "./_fields.ts";
import type { LayerDefinition } from "./definition.ts";
import { isObject, type JsonObject } from "./keras_settings.ts";
import { type Flow, set, type Site } from "./onnx.ts";

interface Both extends tf.layers.Layer {
  forwardLayer: tf.layers.Layer;
  backwardLayer: tf.layers.Layer;
  mergeMode: "concat" | "sum" | "mul" | "ave" | null;
}

const RECURRENT = ["SimpleRNN", "GRU", "LSTM"];
/** Settings of the layer backwards that may differ. */
const FREE = ["name", "go_backwards", "dtype", "seed"];

/** Settings that change values, as text. */
function essence(layer: JsonObject): string {
  const config = isObject(layer.config) ? layer.config : {};
  const kept = Object.entries(config).filter(([key]) => !FREE.includes(key) && !key.endsWith("_initializer"));
  return JSON.stringify([layer.class_name, kept]);
}

function check({ layer, backward_layer: backward, merge_mode: mode }: JsonObject): string | undefined {
  if (!isObject(layer) || !RECURRENT.includes(String(layer.class_name))) {
    return `must hold one of ${RECURRENT.join(", ")}`;
  }
  if (isObject(layer.config) && layer.config.return_state === true) {
    return "returns states, which is not supported";
  }
  if (isObject(backward) && essence(backward) !== essence(layer)) {
    return "has another layer backwards than forwards, which is not supported";
  }
  return mode === null ? "has merge_mode null, which is not supported" : undefined;
}

function emit(site: Site): void {
  const { build, output } = site, layer = site.layer as Both;
  const { returnSequences } = layer.forwardLayer.getConfig() as { returnSequences: boolean };
  const units = output.shape.at(-1)! / (layer.mergeMode === "concat" ? 2 : 1);
  const run = (inner: tf.layers.Layer, role: string): string => {
    const flow: Flow = { shape: [...output.shape.slice(0, -1), units], dtype: "float32", names: {} };
    site.emitInner(inner, role, site.inputs, [flow]);
    return build.as(flow, "last");
  };
  const forward = run(layer.forwardLayer, "forward");
  let backward = run(layer.backwardLayer, "backward");
  if (returnSequences) { // back into the order of the steps
    const parts = [[-1], [-0x7fffffff], [1], [-1]].map((list) => build.integers(list));
    backward = build.node("Slice", [backward, ...parts]);
  }
  switch (layer.mergeMode) {
    case "concat":
      return set(site, "last", build.node("Concat", [forward, backward], { axis: output.shape.length - 1 }));
    case "sum":
      return set(site, "last", build.node("Add", [forward, backward]));
    case "mul":
      return set(site, "last", build.node("Mul", [forward, backward]));
    case "ave": {
      const sum = build.node("Add", [forward, backward]);
      return set(site, "last", build.node("Mul", [sum, build.floats([0.5], [])]));
    }
    default:
      throw site.fail("mergeMode null has no counterpart");
  }
}

export const BIDIRECTIONAL: LayerDefinition = {
  className: "Bidirectional",
  keras: {
    fields: { layer: "layer", mergeMode: "text" },
    ignored: ["backward_layer"],
    check,
    parts(layer) {
      const { forwardLayer, backwardLayer } = layer as unknown as Record<string, { cell: object }>;
      const count = (layer as Both).forwardLayer.getWeights().length || undefined;
      return [
        { path: "forward_layer/cell", owner: forwardLayer.cell, count },
        { path: "backward_layer/cell", owner: backwardLayer.cell },
      ];
    },
    create: stock("bidirectional"),
  },
  onnx: emit,
};
