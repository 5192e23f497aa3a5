/** Zeros put around an image, and edges cut off it: ZeroPadding2D, Cropping2D. @module */
import { LAST, stock } from "./_fields.ts";
import type { LayerDefinition } from "./definition.ts";
import { axisIn, set } from "./onnx.ts";

const ZERO_PADDING: LayerDefinition = {
  className: "ZeroPadding2D",
  keras: { fields: { padding: "pairs" }, fixed: LAST, create: stock("zeroPadding2d") },
  onnx(site) {
    const { build, inputs: [input], settings: { padding } } = site;
    const [[top, bottom], [left, right]] = padding as [[number, number], [number, number]];
    const layout = build.common([input]);
    const pads = layout === "first"
      ? [0, 0, top, left, 0, 0, bottom, right]
      : [0, top, left, 0, 0, bottom, right, 0];
    set(site, layout, build.node("Pad", [build.as(input, layout), build.integers(pads)]));
  },
};

const CROPPING: LayerDefinition = {
  className: "Cropping2D",
  keras: { fields: { cropping: "pairs" }, fixed: LAST, create: stock("cropping2D") },
  onnx(site) {
    const { build, inputs: [input], settings: { cropping: [rows, columns] } } = site;
    const layout = build.common([input]);
    const axes = [1, 2].map((axis) => axisIn(layout, axis, 4));
    const ends = [rows, columns].map(([, end]) => end > 0 ? -end : 0x7fffffff);
    const parts = [[rows[0], columns[0]], ends, axes].map((list) => build.integers(list));
    set(site, layout, build.node("Slice", [build.as(input, layout), ...parts]));
  },
};

export const BORDERS: readonly LayerDefinition[] = [ZERO_PADDING, CROPPING];
