/** UpSampling2D: every pixel several times, or with values between. @module */
import { LAST, stock } from "./_fields.ts";
import type { LayerDefinition } from "./definition.ts";
import { set } from "./onnx.ts";

export const UP_SAMPLINGS: readonly LayerDefinition[] = [{
  className: "UpSampling2D",
  keras: {
    fields: { size: "integers", interpolation: "interpolation" },
    fixed: LAST,
    create: stock("upSampling2d"),
  },
  onnx(site) {
    const { build, inputs: [input], settings: { size: [rows, columns], interpolation } } = site;
    const scales = build.floats([1, 1, rows, columns], [4]);
    const name = build.node("Resize", [build.as(input, "first"), "", scales], {
      mode: interpolation === "bilinear" ? "linear" : "nearest",
      coordinate_transformation_mode: "asymmetric",
      nearest_mode: "floor",
    });
    set(site, "first", name);
  },
}];
