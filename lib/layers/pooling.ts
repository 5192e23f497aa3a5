/** The largest or the mean of a window that moves over 1, 2 or 3 axes: MaxPooling1D to 3D, AveragePooling1D to 3D. @module */
import { LAST, stock } from "./_fields.ts";
import type { LayerDefinition } from "./definition.ts";
import { paddings, scalar, set } from "./onnx.ts";

/** The lowest number of single precision. */
const LOWEST = -3.4028234663852886e38;

function pooling(kind: "Max" | "Average", rank: 1 | 2 | 3): LayerDefinition {
  return {
    className: `${kind}Pooling${rank}D`,
    keras: {
      fields: { poolSize: "integers", strides: "integers", padding: "padding" },
      fixed: LAST,
      create: stock(`${kind.toLowerCase()}Pooling${rank}d`),
    },
    onnx(site) {
      const { build, settings: { poolSize, strides }, inputs: [input] } = site;
      let x = build.as(input, "first");
      // ONNX Runtime takes a padding before into the pooling, whose own padding never is the largest value.
      if (kind === "Max" && input.padded) x = build.node("Max", [x, scalar(build, LOWEST)]);
      const name = build.node(`${kind}Pool`, [x], {
        kernel_shape: poolSize,
        strides,
        ...paddings(site, poolSize, poolSize.map(() => 1)),
      });
      set(site, "first", name);
    },
  };
}

export const POOLINGS: readonly LayerDefinition[] = ([1, 2, 3] as const).flatMap((rank) => [
  pooling("Max", rank),
  pooling("Average", rank),
]);
