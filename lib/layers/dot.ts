/** Dot: the product of two tensors over one axis of each. @module */
import { stock } from "./_fields.ts";
import type { LayerDefinition } from "./definition.ts";
import { axisIn, set } from "./onnx.ts";

export const DOT: LayerDefinition = {
  className: "Dot",
  keras: { fields: { axes: "integers", normalize: "boolean" }, merges: true, create: stock("dot") },
  onnx(site) {
    const { build, inputs, settings: { axes, normalize } } = site;
    const ranks = inputs.map(({ shape }) => shape.length);
    const pair = (typeof axes === "number" ? [axes, axes] : axes).map((axis, i) =>
      axisIn("last", axis, ranks[i])
    );
    if (ranks[0] !== ranks[1] || ranks[0] > 3 || pair.includes(0)) {
      throw site.fail("its inputs must both be of rank 2 or 3, and the batch no axis");
    }
    let [x, y] = inputs.map((input) => build.as(input, "last"));
    if (normalize) {
      [x, y] = [x, y].map((name, i) => build.node("LpNormalization", [name], { axis: pair[i], p: 2 }));
    }
    if (ranks[0] === 2) {
      const sum = build.node("ReduceSum", [build.node("Mul", [x, y]), build.integers([1])], { keepdims: 1 });
      return set(site, "last", sum);
    }
    if (pair[0] !== 2) x = build.node("Transpose", [x], { perm: [0, 2, 1] });
    if (pair[1] !== 1) y = build.node("Transpose", [y], { perm: [0, 2, 1] });
    set(site, "last", build.node("MatMul", [x, y]));
  },
};
