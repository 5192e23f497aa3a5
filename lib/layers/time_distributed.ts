/** TimeDistributed: one layer for every step of a series. @module */
import type { tf } from "../engine/mod.ts";
import { stock } from "./_fields.ts";
import type { LayerDefinition } from "./definition.ts";
import { type Flow, set, type Site, sizes } from "./onnx.ts";

function emit(site: Site): void {
  const { build, inputs: [input], output } = site;
  const [, steps, ...inner] = input.shape, [, , ...made] = output.shape;
  if (steps === null || inner.includes(null)) throw site.fail("its steps and sides must be known");
  const rows = build.node("Reshape", [build.as(input, "last"), build.integers([-1, ...inner as number[]])]);
  const from: Flow = { shape: [null, ...inner], dtype: "float32", names: { last: rows } };
  const to: Flow = { shape: [null, ...made], dtype: "float32", names: {} };
  site.emitInner((site.layer as unknown as { layer: tf.layers.Layer }).layer, "layer", [from], [to]);
  const whole = build.integers([-1, steps, ...sizes(made).map((_, i) => made[i] as number)]);
  set(site, "last", build.node("Reshape", [build.as(to, "last"), whole]));
}

export const TIME_DISTRIBUTED: LayerDefinition = {
  className: "TimeDistributed",
  keras: {
    fields: { layer: "layer" },
    parts: (layer) => [{ path: "layer", owner: (layer as unknown as { layer: object }).layer }],
    create: stock("timeDistributed"),
  },
  onnx: emit,
};
